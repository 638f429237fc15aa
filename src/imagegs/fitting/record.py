"""The imagegs recipe: the softmax blend, trained by L2 with steps in each Gaussian's own units.

Against the published method: Gaussians are born at the size of their neighbourhood instead of 5 px; growth
comes early and keeps Adam's state; Gaussians that are worth least move to where the picture is worst; a
position moves by a share of its own sigma, a scale by a factor; the rates fall by a cosine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from imagegs.fitting.adam import Adam
from imagegs.fitting.growth import growth_plan, worst_pixels
from imagegs.fitting.objective import LossWeights, Objective, Shapes
from imagegs.fitting.placement import centers, colors_at, place
from imagegs.fitting.progress import FitOptions, Progress
from imagegs.gaussians import MAX_LOG_WEIGHT, FloatArray, Gaussians
from imagegs.metrics import decibels

WEIGHTS = LossWeights(l2=1.0)
BETAS = 0.8, 0.95
# A step of Adam at full rate: position in units of sigma, scale as a factor's log, angle in radians.
RATES = {"xy": 0.20, "log_scale": 0.25, "angle": 0.10, "log_weight": 0.10, "color": 0.04}
WARM_UP = 20  # steps
FINAL_RATE = 0.02  # of the full one, at the end of the cosine
GROWTH_SHARE = 0.08  # of the steps between two growths
BIRTH_SCALE, GROWTH_SCALE = 0.7, 0.35  # x mean distance to the three nearest neighbours
BIRTH_RANGE = 1.0, 25.0  # pixels
RESIDUAL_SHARE = 0.5  # of the error, added to the target's colour at birth
SMALLEST_SCALE = 0.1  # pixels
RELOCATED_SHARE = 0.04  # of the Gaussians, each time
RELOCATION_INTERVAL = 0.05  # of the steps
RELOCATION_SPAN = 0.20, 0.75  # of the steps

Values = dict[str, FloatArray]


def fit_record(
    target: FloatArray, options: FitOptions, threads: int | None, finish: Callable[[Shapes], Gaussians]
) -> Iterator[Progress]:
    """Fits Gaussians of the "softmax" blend to a target (C, H, W); `finish` makes Gaussians of shapes."""
    rng = np.random.default_rng(options.seed)
    objective = Objective(target, "softmax", threads)
    interval = max(1, round(GROWTH_SHARE * options.steps))
    first, growths = growth_plan(options.n_gaussians, interval, options.steps)
    values = _place(rng, target, options, first)
    adam = Adam(objective.engine, *BETAS)
    shapes = _shapes(values)
    for step in range(1, options.steps + 1):
        result = objective.evaluate(shapes, WEIGHTS)
        useless = _least_useful(objective, len(shapes)) if _relocates(step, options.steps) else None
        _move(adam, values, shapes.scale, result.gradient, learning_rate(step, options.steps), target.shape)
        if growths and step % interval == 0:
            n = growths.pop(0)
            born = _born_where_worst(rng, objective, values["xy"], n)
            values = {name: np.concatenate([value, born[name]]) for name, value in values.items()}
            adam.grow(n)
        elif useless is not None:
            stay = np.delete(values["xy"], useless, axis=0)
            born = _born_where_worst(rng, objective, stay, len(useless))
            for name, value in values.items():
                value[useless] = born[name]
            adam.forget(useless)
        shapes = _shapes(values)
        n, psnr, done = len(shapes), decibels(result.l2), step == options.steps
        yield Progress(step, options.steps, n, result.loss, psnr, partial(finish, shapes), done)


def learning_rate(step: int, steps: int) -> float:
    """The share of the full rate at step 1..steps: a linear warm-up, then a cosine down to FINAL_RATE."""
    warm_up = min(WARM_UP, steps // 4)
    if step <= warm_up:
        return step / warm_up
    done = (step - warm_up) / max(1, steps - warm_up)
    return FINAL_RATE + (1 - FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * done))


def _place(rng: np.random.Generator, target: FloatArray, options: FitOptions, n: int) -> Values:
    pixels = place(rng, target, options.placement, n)
    xy = centers(pixels, target.shape[2])
    return _born(xy, neighbour_distance(xy, xy) * BIRTH_SCALE, colors_at(target, pixels))


def _born(xy: FloatArray, scale: FloatArray, color: FloatArray) -> Values:
    log_scale = np.log(np.clip(scale, *BIRTH_RANGE))
    return {
        "xy": xy,
        "log_scale": np.repeat(log_scale[:, None], 2, axis=1),
        "angle": np.zeros(len(xy), np.float32),
        "log_weight": np.zeros(len(xy), np.float32),
        "color": color,
    }


def _born_where_worst(rng: np.random.Generator, objective: Objective, others: FloatArray, n: int) -> Values:
    """n new Gaussians where the last picture was worst, beside others (N, 2); uses up that picture."""
    pixels, residual = worst_pixels(rng, objective.target, objective.rendered, n)
    xy = centers(pixels, objective.target.shape[2])
    distance = neighbour_distance(xy, np.concatenate([others, xy]))
    color = colors_at(objective.target, pixels) + np.float32(RESIDUAL_SHARE) * residual
    return _born(xy, distance * GROWTH_SCALE, color)


def _relocates(step: int, steps: int) -> bool:
    first, last = RELOCATION_SPAN
    return first * steps <= step <= last * steps and step % max(1, round(RELOCATION_INTERVAL * steps)) == 0


def _least_useful(objective: Objective, n: int) -> NDArray[np.intp]:
    """The Gaussians whose removal would cost least, of the n just evaluated."""
    share = max(1, round(RELOCATED_SHARE * n))
    return np.argpartition(objective.removal_cost(n), share - 1)[:share]


def neighbour_distance(xy: FloatArray, others: FloatArray) -> FloatArray:
    """Mean distance (N,) of points (N, 2) to their three nearest neighbours among others, which include them.

    In pixels; BIRTH_RANGE's end where there are no others.
    """
    from scipy.spatial import cKDTree

    k = min(4, len(others))
    if k == 1:
        return np.full(len(xy), BIRTH_RANGE[1], np.float32)
    distances, _ = cKDTree(others).query(xy, k)
    mean: FloatArray = np.mean(distances[:, 1:], axis=1).astype(np.float32)
    return mean


def _shapes(values: Values) -> Shapes:
    """What is painted; a copy, since the values move on."""
    others = (values[name].copy() for name in ("angle", "log_weight", "color"))
    return Shapes(values["xy"].copy(), np.exp(values["log_scale"]), *others)


def _move(
    adam: Adam, values: Values, scale: FloatArray, g: Shapes, rate: float, shape: tuple[int, ...]
) -> None:
    """One step, then back into the allowed ranges; scale (N, 2) = exp(log_scale)."""
    _, height, width = shape
    gradients = {
        "xy": g.xy,
        "log_scale": g.scale * scale,
        "angle": g.angle,
        "log_weight": g.log_weight,
        "color": g.color,
    }
    sigma = np.sqrt(scale[:, :1] * scale[:, 1:])
    units = {"xy": np.repeat(sigma, 2, axis=1)}
    adam.step(values, gradients, {name: r * rate for name, r in RATES.items()}, units)
    np.clip(values["xy"], 0, np.array([width, height], np.float32), out=values["xy"])
    largest_scale = 2 * max(height, width)
    np.clip(values["log_scale"], math.log(SMALLEST_SCALE), math.log(largest_scale), out=values["log_scale"])
    np.clip(values["log_weight"], -MAX_LOG_WEIGHT, MAX_LOG_WEIGHT, out=values["log_weight"])
