"""The readable float64 twin of the kernels: renderer, gradients and losses in plain numpy.

Written from the equations, by brute force over all Gaussians, so that it shares nothing with the native
code that it checks. `g` is anything with the attributes xy (N, 2), scale (N, 2), angle (N,),
log_weight (N,), color (N, C), height, width and blend: a `Gaussians`, or a namespace of float64 arrays.
Points are (M, 2), (x, y) in canvas pixels; the pixel (column X, row Y) has its centre at
(X + 0.5, Y + 0.5).

The exponent of Gaussian i at p is e_i = w_i - 1/2 (p - mu_i)^T Sigma_i^-1 (p - mu_i).

- "softmax": of the Gaussians with e_i >= max e - cutoff, the top_k with the largest e; c(p) = sum of
  softmax(e) c_i over those.
- "paper" (Image-GS, arXiv 2407.01866, section 3): w_i = 0; of the Gaussians whose 3-sigma square touches
  the point's 16-pixel tile, the top_k with the largest e; c(p) = sum exp(e) c_i / (sum exp(e) + 1e-4).

Equal exponents rank by index, the lower one first.

Where `g` has `wrap` and it is true, centres are taken modulo the canvas, and behind the Gaussians come their
copies at -1, 0, 1 times its width and height, see `with_copies`.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imagegs.gaussians import BlendName, Gaussians

Array = NDArray[np.float64]

TOP_K = {"softmax": 10, "paper": 10}
CUTOFF = 7.0  # nats under the best exponent, "softmax" only
TILE = 16  # canvas pixels, "paper" only
EPSILON = 1e-4  # "paper" only
CHUNK = 1 << 20  # exponents held at once


class Selection(NamedTuple):
    """The Gaussians that a point is blended from, best first; K is the smaller of top_k and N."""

    chosen: NDArray[np.intp]  # (M, K)
    share: Array  # (M, K) factor of each one's colour, 0 where not selected


def conics(scale: Array, angle: Array) -> Array:
    """(N, 3): a, b, c of Sigma^-1 = [[a, b], [b, c]] = R diag(1 / s^2) R^T."""
    p1, p2 = 1 / np.asarray(scale, np.float64).T ** 2
    cos, sin = np.cos(np.asarray(angle, np.float64)), np.sin(np.asarray(angle, np.float64))
    return np.stack([cos**2 * p1 + sin**2 * p2, cos * sin * (p1 - p2), sin**2 * p1 + cos**2 * p2], axis=1)


def exponents(g: Any, points: Array, blend: BlendName | None = None) -> Array:
    """(M, N) exponents; the log-weights count in the "softmax" blend only."""
    a, b, c = conics(g.scale, g.angle).T
    dx, dy = (np.asarray(points, np.float64)[:, None] - np.asarray(g.xy, np.float64)).transpose(2, 0, 1)
    e = -0.5 * (a * dx**2 + 2 * b * dx * dy + c * dy**2)
    return e + np.asarray(g.log_weight, np.float64) if (blend or g.blend) == "softmax" else e


def visible(g: Any, points: Array) -> NDArray[np.bool_]:
    """(M, N): does the 3-sigma square touch the tile of the point?

    The first and last tile of a square are floor((mu -+ r) / 16). Float32 throughout, as in the kernels:
    on a tile border the two would disagree otherwise.
    """
    xy, scale = np.asarray(g.xy, np.float32), np.asarray(g.scale, np.float32)
    radius = np.float32(3) * scale.max(axis=1, keepdims=True)
    first, last = np.floor((xy - radius) / np.float32(TILE)), np.floor((xy + radius) / np.float32(TILE))
    last_tile = (np.array([g.width, g.height]) - 1) // TILE
    tile = np.clip(np.floor(np.asarray(points, np.float32) / np.float32(TILE)), 0, last_tile)[:, None]
    return ((first <= tile) & (tile <= last)).all(axis=2)


def ranked(
    g: Any, points: Array, blend: BlendName | None = None, limit: int | None = None
) -> tuple[NDArray[np.intp], Array]:
    """Indices and exponents (M, min(limit, N)) in falling order; invisible Gaussians have -inf."""
    e = exponents(g, points, blend)
    if (blend or g.blend) == "paper":
        e = np.where(visible(g, points), e, -np.inf)
    index = np.argsort(-e, axis=1, kind="stable")[:, :limit]
    return index, np.take_along_axis(e, index, axis=1)


def with_copies(g: Any) -> Any:
    """All candidates of a canvas that wraps, as one that does not: the N Gaussians, then eight copies of
    each, Gaussian by Gaussian, row by row. Others are given back as they are.
    """
    if not getattr(g, "wrap", False):
        return g
    sides = np.array([g.width, g.height], np.float64)
    xy = np.asarray(g.xy, np.float64) % sides
    away = np.array([(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1) if (x, y) != (0, 0)]) * sides
    fields = {"xy": np.concatenate([xy, (xy[:, None] + away).reshape(-1, 2)])}
    for name in ("scale", "angle", "log_weight", "color"):
        values = np.asarray(getattr(g, name), np.float64)
        fields[name] = np.concatenate([values, values.repeat(8, axis=0)])
    return SimpleNamespace(**fields, width=g.width, height=g.height, blend=g.blend)


def select(
    g: Any, points: Array, blend: BlendName | None = None, top_k: int | None = None, cutoff: float = CUTOFF
) -> Selection:
    """The selected Gaussians of each point and the factors of their colours."""
    blend = blend or g.blend
    index, e = ranked(g, points, blend, top_k or TOP_K[blend])
    if blend == "paper":
        weight = np.exp(e)
        return Selection(index, weight / (weight.sum(axis=1, keepdims=True) + EPSILON))
    below = e - e[:, :1]
    weight = np.exp(below) * (below >= -cutoff)
    return Selection(index, weight / weight.sum(axis=1, keepdims=True))


def selection_margin(
    g: Any, points: Array, blend: BlendName | None = None, top_k: int | None = None, cutoff: float = CUTOFF
) -> Array:
    """(M,) nats between each point and a change of its selected set; inf where none can come.

    It is the gap between the last one kept and the first one that top_k turns away, or the distance of
    one of the first top_k to the cutoff. The tile borders of "paper" are not looked at.
    """
    g, blend = with_copies(g), blend or g.blend
    k = top_k or TOP_K[blend]

    def margin(part: Array) -> Array:
        e = ranked(g, part, blend, k + 1)[1]
        nearest = np.full(len(part), np.inf)
        if e.shape[1] > k:
            possible = np.isfinite(e[:, k]) if blend == "paper" else e[:, k - 1] >= e[:, 0] - cutoff
            nearest[possible] = e[possible, k - 1] - e[possible, k]
        if blend == "softmax":
            nearest = np.minimum(nearest, np.abs(e[:, :k] - (e[:, :1] - cutoff)).min(axis=1))
        return nearest

    return np.concatenate([margin(points[part]) for part in chunks(g, len(points))])


def evaluate(
    g: Any, points: Array, blend: BlendName | None = None, top_k: int | None = None, cutoff: float = CUTOFF
) -> Array:
    """(M, C) colours at points (M, 2)."""
    g = with_copies(g)
    color = np.asarray(g.color, np.float64)
    out = np.empty((len(points), color.shape[1]))
    for part in chunks(g, len(points)):
        index, share = select(g, points[part], blend, top_k, cutoff)
        out[part] = np.einsum("mk,mkc->mc", share, color[index])
    return out


def pixel_centres(
    width: int, height: int, step: tuple[float, float] = (1, 1), offset: tuple[float, float] = (0, 0)
) -> Array:
    """(height * width, 2) points, row by row: ((offset_x + X + 0.5) step_x, (offset_y + Y + 0.5) step_y).

    `step` is (x, y) in canvas pixels, `offset` the top left pixel (x, y) in pixels of the view.
    """
    x = (offset[0] + np.arange(width) + 0.5) * step[0]
    y = (offset[1] + np.arange(height) + 0.5) * step[1]
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def render(
    g: Any, width: int, height: int, step: tuple[float, float] = (1, 1), offset: tuple[float, float] = (0, 0)
) -> Array:
    """(height, width, C) picture of the view that `pixel_centres` describes."""
    return evaluate(g, pixel_centres(width, height, step, offset)).reshape(height, width, -1)


def gradients(
    g: Any,
    points: Array,
    grad_out: Array,  # (M, C) dL/dout
    blend: BlendName | None = None,
    top_k: int | None = None,
    cutoff: float = CUTOFF,
) -> dict[str, Array]:
    """dL/d(xy, scale, angle, log_weight, color), shaped like the parameters, the selected sets held fixed.

    With the share p_k = exp(e_k) / (sum exp(e) + eps) and v = dL/dout, in both blends
    dL/de_k = p_k v.(c_k - out) and dL/dc_k = p_k v.
    """
    names = ("xy", "scale", "angle", "log_weight", "color")
    n, g = len(g.xy), with_copies(g)
    color = np.asarray(g.color, np.float64)
    total = {name: np.zeros(np.shape(getattr(g, name))) for name in names}
    for part in chunks(g, len(points)):
        index, share = select(g, points[part], blend, top_k, cutoff)
        v = np.asarray(grad_out, np.float64)[part]
        out = np.einsum("mk,mkc->mc", share, color[index])
        grad_e = share * np.einsum("mc,mkc->mk", v, color[index] - out[:, None])
        np.add.at(total["color"], index, share[:, :, None] * v[:, None])
        for name, slope in exponent_slopes(g, points[part], index).items():
            np.add.at(total[name], index, (grad_e.T * slope.T).T)
    if (blend or g.blend) == "paper":
        total["log_weight"][:] = 0
    return {name: _folded(values, n) for name, values in total.items()}


def in_own_units(g: Any, slopes: dict[str, Array]) -> dict[str, Array]:
    """What `gradients` gives, with respect to each Gaussian's own units instead: a shift along its axes in
    standard deviations (N, 2), the logarithms of its scales (N, 2); angle, log-weight and colour as they are.

    xy = mu + R diag(s) shift and s = exp(log_scale), so d shift = diag(s) R^T d xy.
    """
    cos, sin, scale = np.cos(g.angle), np.sin(g.angle), np.asarray(g.scale, np.float64)
    x, y = slopes["xy"].T
    along = np.stack([cos * x + sin * y, cos * y - sin * x], axis=1)
    others = {name: slopes[name] for name in ("angle", "log_weight", "color")}
    return {"shift": along * scale, "log_scale": slopes["scale"] * scale, **others}


def moved(g: Any, step: Array) -> SimpleNamespace:
    """Gaussians in float64 after a step (N, 6 + C) in own units, in the order of `in_own_units`."""
    cos, sin = np.cos(np.float64(g.angle)), np.sin(np.float64(g.angle))
    u, v = (step[:, :2] * g.scale).T
    return SimpleNamespace(
        xy=g.xy + np.stack([u * cos - v * sin, u * sin + v * cos], axis=1),
        scale=g.scale * np.exp(step[:, 2:4]),
        angle=g.angle + step[:, 4],
        log_weight=g.log_weight + step[:, 5],
        color=g.color + step[:, 6:],
        **{name: getattr(g, name) for name in ("height", "width", "blend")},
        wrap=getattr(g, "wrap", False),
    )


def _folded(values: Array, n: int) -> Array:
    """The sums of n Gaussians and those of their copies, added to them."""
    copies = values[n:].reshape(n, -1, *values.shape[1:])
    return values[:n] + copies.sum(axis=1)


def exponent_slopes(g: Any, points: Array, index: NDArray[np.intp]) -> dict[str, Array]:
    """de/d(xy, scale, angle, log_weight) of the Gaussians index (M, K) at points (M, 2).

    In the Gaussian's own axes u = R^T (p - mu), e = w - 1/2 (u1^2 / s1^2 + u2^2 / s2^2), du1/dt = u2 and
    du2/dt = -u1.
    """
    d = np.asarray(points, np.float64)[:, None] - np.asarray(g.xy, np.float64)[index]
    angle, scale = np.asarray(g.angle, np.float64)[index], np.asarray(g.scale, np.float64)[index]
    cos, sin = np.cos(angle), np.sin(angle)
    u = np.stack([cos * d[..., 0] + sin * d[..., 1], cos * d[..., 1] - sin * d[..., 0]], axis=-1)
    q1, q2 = np.moveaxis(u / scale**2, -1, 0)
    return {
        "xy": np.stack([cos * q1 - sin * q2, sin * q1 + cos * q2], axis=-1),
        "scale": u**2 / scale**3,
        "angle": u[..., 0] * q2 - u[..., 1] * q1,
        "log_weight": np.ones(index.shape),
    }


def chunks(g: Any, n_points: int) -> Iterator[slice]:
    """Slices of the points, short enough that N exponents a point fit into CHUNK."""
    size = max(1, CHUNK // len(g.xy))
    return (slice(start, start + size) for start in range(0, max(n_points, 1), size))


def window() -> Array:
    """(11,) taps of the SSIM window: a Gaussian of sigma 1.5 whose sum is 1."""
    taps = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    return taps / taps.sum()


def blur(image: Array) -> Array:
    """The window along both axes of (H, W, C), zeros outside; it is its own adjoint."""
    for axis in (0, 1):
        padding = [(5, 5) if a == axis else (0, 0) for a in range(3)]
        views = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), 11, axis=axis)
        image = views @ window()
    return image


def ssim_terms(r: Array, t: Array) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Both means, then the two numerators and the two denominators of SSIM (Wang et al. 2004), (H, W, C)."""
    mean_r, mean_t = blur(r), blur(t)
    cross = mean_r * mean_t
    power = mean_r**2 + mean_t**2
    covariance = blur(r * t) - cross
    variances = blur(r**2) + blur(t**2) - power
    return mean_r, mean_t, 2 * cross + 0.01**2, 2 * covariance + 0.03**2, power + 0.01**2, variances + 0.03**2


def ssim_map(rendered: Array, target: Array) -> Array:
    """(H, W, C) SSIM, data range 1, all five blurred maps extended by zeros."""
    r, t = np.asarray(rendered, np.float64), np.asarray(target, np.float64)
    _, _, n1, n2, d1, d2 = ssim_terms(r, t)
    return n1 * n2 / (d1 * d2)


def ssim_gradient(r: Array, t: Array, w: Array) -> Array:
    """(H, W, C) gradient of the sum of the SSIM map, times w (H, W, 1), towards r.

    The map depends on r through blur(r), blur(r^2) and blur(r t); each slope goes back through the blur.
    """
    mean_r, mean_t, n1, n2, d1, d2 = ssim_terms(r, t)
    value = n1 * n2 / (d1 * d2)
    to_product = w * 2 * n1 / (d1 * d2)
    to_square = -w * value / d2
    to_mean = w * 2 * mean_t * (n2 - n1) / (d1 * d2) + w * 2 * mean_r * value * (1 / d2 - 1 / d1)
    return blur(to_mean) + 2 * r * blur(to_square) + t * blur(to_product)


def loss(
    rendered: Array, target: Array, l1: float, l2: float, ssim: float, pixel_weights: Array | None = None
) -> tuple[float, Array]:
    """l1 mean|r - t| + l2 mean (r - t)^2 + ssim (1 - mean SSIM), and its gradient towards r, (H, W, C).

    pixel_weights, (H, W) or of each channel (C, H, W), weigh the means, that of 1 too.
    """
    r, t = np.asarray(rendered, np.float64), np.asarray(target, np.float64)
    difference = r - t
    w = np.ones((1, *r.shape[:2])) if pixel_weights is None else pixel_weights.astype(np.float64)
    w = np.moveaxis(w.reshape(-1, *r.shape[:2]), 0, -1)
    unlike = (w * (1 - ssim_map(r, t))).mean()
    value = l1 * (w * np.abs(difference)).mean() + l2 * (w * difference**2).mean() + ssim * unlike
    gradient = w * (l1 * np.sign(difference) + l2 * 2 * difference) - ssim * ssim_gradient(r, t, w)
    return float(value), gradient / r.size


def random_gaussians(
    rng: np.random.Generator,
    n: int,
    height: int,
    width: int,
    channels: int = 3,
    blend: BlendName = "softmax",
    scales: tuple[float, float] = (1, 8),  # px, drawn evenly in the logarithm
    margin: float = 4,  # px; centres lie up to this far outside of the canvas
) -> Gaussians:
    """Gaussians of all shapes and angles; log-weights are N(0, 1), or 0 in the "paper" blend."""
    return Gaussians(
        xy=rng.uniform(-margin, np.array([width, height]) + margin, (n, 2)).astype(np.float32),
        scale=np.exp(rng.uniform(*np.log(scales), (n, 2))).astype(np.float32),
        angle=rng.uniform(-np.pi, np.pi, n).astype(np.float32),
        log_weight=(rng.standard_normal(n) * (blend == "softmax")).astype(np.float32),
        color=rng.uniform(0, 1, (n, channels)).astype(np.float32),
        height=height,
        width=width,
        channels=tuple(f"c{i}" for i in range(channels)),
        blend=blend,
    )
