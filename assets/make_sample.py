"""Draw the project's sample picture, assets/sample.png: an evening at a lake, 512 x 384.

It has what a picture codec can meet: smooth gradients (the sky), flat areas and sharp edges (hills, boat,
sign), lettering, repeated stripes (the sail) and fine texture (the meadow, the water). Everything is drawn
at three times the size and averaged down; the same program always makes the same picture.

Run: python assets/make_sample.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 512, 384
OVERSAMPLING = 3
HORIZON = 226  # the far shore
SHORE = 300  # where the meadow begins, at the left edge
SUN = (307.0, 170.0)  # centre
TARGET = Path(__file__).with_name("sample.png")

Color = tuple[float, float, float]  # 0..255
Canvas = NDArray[np.float64]  # (height, width, 3), 0..255, oversampled
Plane = NDArray[np.float64]  # (height, width), oversampled


def coordinates() -> tuple[Plane, Plane]:
    """x and y of the oversampled pixels' centres, in pixels of the finished picture."""
    x = (np.arange(WIDTH * OVERSAMPLING) + 0.5) / OVERSAMPLING
    y = (np.arange(HEIGHT * OVERSAMPLING) + 0.5) / OVERSAMPLING
    grid = np.meshgrid(x, y)
    return grid[0], grid[1]


def ramp(position: Plane, stops: list[tuple[float, Color]]) -> Canvas:
    """Colours along a position, linear between (position, colour) stops."""
    places = [place for place, _ in stops]
    return np.stack([np.interp(position, places, [c[i] for _, c in stops]) for i in range(3)], axis=-1)


def blend(canvas: Canvas, color: Color | Canvas, opacity: Plane) -> None:
    """Lay a colour over the canvas, in place."""
    canvas += (np.asarray(color, dtype=np.float64) - canvas) * opacity[..., np.newaxis]


def noise(shape: tuple[int, int], cell: tuple[float, float], seed: int) -> Plane:
    """Smooth noise, 0..1, with cells of (height, width) pixels of the finished picture."""
    rows, columns = (int(side / (c * OVERSAMPLING)) + 2 for side, c in zip(shape, cell, strict=True))
    lattice = np.random.default_rng(seed).random((rows, columns))
    y = np.arange(shape[0]) / (cell[0] * OVERSAMPLING)
    x = np.arange(shape[1]) / (cell[1] * OVERSAMPLING)
    i, j = y.astype(int), x.astype(int)
    u, v = (t * t * (3 - 2 * t) for t in (y - i, x - j))
    top = lattice[np.ix_(i, j)] * (1 - v) + lattice[np.ix_(i, j + 1)] * v
    bottom = lattice[np.ix_(i + 1, j)] * (1 - v) + lattice[np.ix_(i + 1, j + 1)] * v
    return np.asarray(top * (1 - u[:, np.newaxis]) + bottom * u[:, np.newaxis])


def ridge(x: Plane, base: float, height: float, waves: list[tuple[float, float, float]]) -> Plane:
    """The y of a mountain ridge: a sum of (amplitude, length, phase) waves with pointed tops."""
    total = sum(a * (1 - np.abs(np.sin(np.pi * x / length + phase)) ** 0.8) for a, length, phase in waves)
    return np.asarray(base - height * total)


def sky(canvas: Canvas, x: Plane, y: Plane) -> None:
    """A gradient from dusk blue to gold, the sun with its glow, and bands of cloud."""
    stops = [(0, (38, 54, 112)), (80, (98, 92, 158)), (140, (214, 128, 142)), (185, (252, 178, 120)),
             (HORIZON, (255, 226, 160))]  # fmt: skip
    canvas[:] = ramp(y, stops)
    distance = np.hypot(x - SUN[0], y - SUN[1])
    blend(canvas, (255, 214, 140), 0.75 * np.exp(-((distance / 95) ** 1.3)))
    blend(canvas, (255, 250, 222), (distance < 27).astype(float))
    bands = noise(x.shape, (9, 88), 3) * 0.65 + noise(x.shape, (4, 36), 4) * 0.35
    cover = np.clip((bands - 0.56) * 5, 0, 1) * np.clip((y - 22) / 40, 0, 1) * np.clip((175 - y) / 50, 0, 1)
    blend(
        canvas, ramp(y, [(20, (150, 128, 178)), (110, (255, 176, 156)), (180, (255, 222, 170))]), 0.8 * cover
    )


def mountains(canvas: Canvas, x: Plane, y: Plane) -> None:
    """Three ranges, the nearer the darker; the farthest has snow on its lit side."""
    far = ridge(x, HORIZON, 96, [(0.75, 210, 1.1), (0.22, 67, 0.3), (0.07, 23, 1.9)])
    haze = np.clip((y - far) / 100, 0, 1)
    blend(canvas, ramp(haze, [(0, (112, 96, 150)), (1, (222, 160, 158))]), (y > far).astype(float))
    snow = far + 13 + 9 * np.sin(x / 3.1) * np.sin(x / 7.7) + 0.2 * (far - 135)
    blend(canvas, (246, 224, 232), ((y > far) & (y < snow) & (far < 152)).astype(float))
    middle = ridge(x, HORIZON + 4, 62, [(0.8, 148, 0.35), (0.2, 41, 1.2), (0.06, 13, 0.5)])
    blend(canvas, ramp(y, [(160, (86, 70, 122)), (HORIZON, (150, 104, 130))]), (y > middle).astype(float))
    woods = ridge(x, HORIZON + 3, 17, [(0.7, 260, 2.2), (0.25, 5.3, 0.4), (0.25, 3.7, 1.0), (0.3, 71, 0.1)])
    blend(canvas, (48, 44, 82), (y > woods).astype(float))


def lake(canvas: Canvas, x: Plane, y: Plane) -> None:
    """The mirrored scene, darker, drawn out by ripples, with the sun's path of glitter."""
    row = HORIZON * OVERSAMPLING
    depth = y[row:] - HORIZON
    ripple = noise(depth.shape, (2.2, 26), 11) - 0.5 + 0.6 * (noise(depth.shape, (1.1, 9), 12) - 0.5)
    source = row - 1 - ((depth * 1.15 + ripple * (2 + depth * 0.22)) * OVERSAMPLING).astype(int)
    mirrored = canvas[np.clip(source, 0, row - 1), np.arange(canvas.shape[1])]
    water = mirrored * 0.72 + np.array([18.0, 44.0, 82.0]) * 0.42
    path = np.exp(-(((x[row:] - SUN[0]) / (12 + 0.35 * depth)) ** 2))
    glitter = np.clip((noise(depth.shape, (1.4, 12), 13) - 0.46) * 6, 0, 1) * path
    canvas[row:] = water
    blend(canvas[row:], (255, 226, 164), 0.9 * glitter)


def meadow(canvas: Canvas, x: Plane, y: Plane) -> None:
    """The near shore: grass of many blades, with flowers."""
    edge = SHORE + 26 * np.sin(x / 150 + 2.3) + 0.055 * x + 2.5 * noise(x.shape, (40, 6), 20)
    depth = y - edge
    tone = noise(x.shape, (26, 60), 21) * 0.5 + noise(x.shape, (7, 2.0), 22) * 0.5
    near = np.clip(depth / 85, 0, 1)
    grass = ramp(near * 0.75 + tone * 0.35, [(0, (66, 92, 66)), (0.5, (58, 108, 56)), (1.1, (24, 60, 44))])
    blend(canvas, grass, (depth > 0).astype(float))


def blades(draw: ImageDraw.ImageDraw, first: float, last: float, seed: int) -> None:
    """Blades of grass and flowers that stand on the meadow between two y, back to front."""
    rng = np.random.default_rng(seed)
    s = OVERSAMPLING
    for y in np.sort(rng.uniform(first, last, int(52 * (last - first)))):
        x = rng.uniform(0, WIDTH)
        if y < SHORE + 26 * np.sin(x / 150 + 2.3) + 0.055 * x + 4:
            continue
        near = (y - SHORE + 30) / 110
        length, lean = rng.uniform(4, 11) * near, rng.normal(0, 3) * near
        light = rng.uniform(0.35, 1.0)
        color = (int(150 * light), int(176 * light), int(84 * light))
        draw.line(
            [(x * s, y * s), ((x + lean) * s, (y - length) * s)],
            fill=color,
            width=max(1, int(s * near * 0.8)),
        )
        if rng.random() < 0.035:
            radius = rng.uniform(0.9, 1.9) * near * s
            petal = [(250, 208, 84), (244, 244, 236), (232, 92, 106)][rng.integers(3)]
            cx, cy = (x + lean) * s, (y - length) * s
            draw.ellipse([cx - radius, cy - radius, cx + radius, cy + radius], fill=petal)


def polygon(
    draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], color: tuple[int, int, int]
) -> None:
    """A filled polygon in coordinates of the finished picture."""
    draw.polygon([(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in points], fill=color)


def boat(draw: ImageDraw.ImageDraw) -> None:
    """A sail boat: a sail of red and white stripes, a plain jib, a dark hull with a light rail."""
    mast, top, foot, water = 186.0, 128.0, 248.0, 266.0
    right = 262.0

    def leech(t: float) -> float:
        """x of the sail's outer edge, t from 0 at the top to 1 at the foot: slightly full."""
        return mast + 3 + (right - mast) * t + 9 * np.sin(np.pi * t)

    stripes = 9
    for i in range(stripes):
        t0, t1 = i / stripes, (i + 1) / stripes
        steps = np.linspace(t0, t1, 12)
        outer = [(leech(t), top + (foot - top) * t) for t in steps]
        inner = [(mast + 3, top + (foot - top) * t) for t in steps[::-1]]
        polygon(draw, outer + inner, (214, 62, 66) if i % 2 == 0 else (250, 240, 224))
    polygon(draw, [(mast - 3, top + 10), (mast - 3, foot - 4), (mast - 44, foot - 2), (mast - 30, foot - 34)],
            (252, 228, 190))  # fmt: skip
    port, starboard = mast - 1.5, mast + 1.5
    pole = [(port, top - 10), (starboard, top - 10), (starboard, foot + 4), (port, foot + 4)]
    polygon(draw, pole, (84, 54, 44))
    polygon(draw, [(mast + 1.5, top - 10), (mast + 18, top - 5), (mast + 1.5, top - 1)], (255, 196, 60))
    hull = [(mast - 56, foot + 3), (right + 16, foot + 3), (right + 2, water - 3), (right - 8, water),
            (mast - 34, water), (mast - 46, water - 5)]  # fmt: skip
    polygon(draw, hull, (36, 52, 92))
    rail = [(mast - 57, foot + 1), (right + 17, foot + 1), (right + 15, foot + 6), (mast - 54, foot + 6)]
    polygon(draw, rail, (244, 232, 212))


def mirrored_boat(canvas: Image.Image) -> Image.Image:
    """The boat's picture in the water, over the lake: upside down, squeezed, broken into ripples."""
    layer = Image.new("RGBA", canvas.size)
    boat(ImageDraw.Draw(layer))
    s, water = OVERSAMPLING, 265
    shown = layer.crop((0, 0, layer.width, water * s)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    rows = np.asarray(shown.resize((layer.width, int(water * s * 0.5)), Image.Resampling.BOX)).copy()
    y, x = np.mgrid[: rows.shape[0], : rows.shape[1]]
    wave = (noise(y.shape, (2.4, 40), 41) - 0.5) * (4 + y / s * 0.30) * s
    rows = rows[y, np.clip(x + wave.astype(int), 0, rows.shape[1] - 1)]
    rows[..., 3] = rows[..., 3] * np.clip(0.62 - y / s / 130, 0, 1)
    reflection = Image.new("RGBA", canvas.size)
    reflection.paste(Image.fromarray(rows), (0, water * s))
    return Image.alpha_composite(canvas.convert("RGBA"), reflection).convert("RGB")


def sign(draw: ImageDraw.ImageDraw) -> None:
    """A wooden sign with the project's name."""
    s = OVERSAMPLING
    for x in (344.0, 462.0):
        polygon(draw, [(x, 292), (x + 9, 292), (x + 9, 372), (x, 374)], (88, 58, 44))
        polygon(draw, [(x, 292), (x + 3, 292), (x + 3, 374), (x, 374)], (124, 84, 58))
    polygon(draw, [(329, 303), (489, 299), (489, 347), (329, 349)], (66, 42, 36))
    polygon(draw, [(326, 300), (486, 296), (486, 344), (326, 346)], (196, 142, 88))
    rng = np.random.default_rng(50)
    for _ in range(60):
        x, y, length = rng.uniform(328, 470), rng.uniform(303, 341), rng.uniform(8, 50)
        grain = (176 + int(rng.integers(0, 34)), 124 + int(rng.integers(0, 24)), 76)
        end = min(x + length, 484)
        draw.line([(x * s, y * s), (end * s, (y - (end - x) * 0.02) * s)], fill=grain, width=2)
    font = ImageFont.load_default(size=33 * s)
    draw.text((406 * s, 321 * s), "imagegs", font=font, fill=(52, 32, 30), anchor="mm")


def draw_sample() -> Image.Image:
    """The finished picture, (384, 512) RGB."""
    x, y = coordinates()
    canvas = np.zeros((*x.shape, 3))
    for part in (sky, mountains, lake):
        part(canvas, x, y)
    image = mirrored_boat(Image.fromarray((canvas.clip(0, 255) + 0.5).astype(np.uint8)))
    boat(ImageDraw.Draw(image))
    canvas = np.asarray(image, np.float64).copy()
    meadow(canvas, x, y)
    image = Image.fromarray((canvas.clip(0, 255) + 0.5).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    blades(draw, SHORE - 4, 372, 30)
    sign(draw)
    blades(draw, 366, HEIGHT + 12, 31)  # in front of the posts
    return image.resize((WIDTH, HEIGHT), Image.Resampling.BOX)


if __name__ == "__main__":
    draw_sample().save(TARGET, optimize=True)
