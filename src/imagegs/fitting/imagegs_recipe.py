"""The imagegs recipe: the softmax blend, trained by the squared error with steps in each Gaussian's own
units.

Against the published method: Gaussians are born at the size of their neighbourhood instead of 5 px; new ones
go where one more would mend most (pursuit.py), early, and Adam's state is kept; those that are worth least
move there too; each steps in its own units (parameters.py); the rates fall by a cosine; tuned for PSNR,
Gauss-Newton steps end the fit (gauss_newton.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count

import numpy as np
from numpy.typing import NDArray

from imagegs._native import Engine
from imagegs.fitting.adam import Adam
from imagegs.fitting.device.choosing import objective_on
from imagegs.fitting.gauss_newton import Polished, polish
from imagegs.fitting.growth import growth_plan, growth_shares, worst_pixels
from imagegs.fitting.layering import Layering, rows_of
from imagegs.fitting.looking import Looks
from imagegs.fitting.losses import aim_near, loss_of
from imagegs.fitting.neighbours import nearest
from imagegs.fitting.objective import (
    SQUARED_ERROR,
    GaussianArrays,
    KeptRender,
    Objective,
    Room,
)
from imagegs.fitting.parameters import BETAS, Mover, Parameters, from_arrays, round_gaussians
from imagegs.fitting.placement import centers, colors_at, place
from imagegs.fitting.progress import FitOptions, Progress
from imagegs.fitting.pursuit import Blobs, residual_blobs
from imagegs.fitting.schedule import (
    GROWTH_SHARE,
    Clock,
    Events,
    StepClock,
    WallClock,
    learning_rate,
)
from imagegs.fitting.small_copies import SmallCopies
from imagegs.gaussians import FloatArray, Gaussians
from imagegs.metrics import decibels

TUNED_FROM = 0.5  # of the fit: before, the squared error alone leads to the same end, at half the price
BIRTH_SCALE = 0.7  # of the first ones: x mean distance to the three nearest neighbours
BLOB_SCALE = 0.7  # of later ones: x the blob's
BIRTH_RANGE = 0.7, 25.0  # pixels
RELOCATED_SHARE = 0.04  # of the Gaussians, each time
PRUNED_SHARE = 0.1  # of the number wanted, each time, until there are no more than that
# Tuned for PSNR, this share of the fit are Gauss-Newton steps; one takes as long as about seven of Adam.
POLISH_SHARE, POLISH_TIME_SHARE = 0.03, 0.2
# When a fit goes on from Gaussians that are fitted already:
WARM_RATE = 0.3  # of the full one
WARM_INTERVALS = 4  # the time between two relocations, in those of a fit from scratch


def fit_record(
    target: FloatArray,
    options: FitOptions,
    threads: int | None,
    finish: Callable[[GaussianArrays], Gaussians],
) -> Iterator[Progress]:
    """Fits Gaussians of the "softmax" blend to a target (C, H, W); `finish` makes Gaussians of arrays."""
    weights = options.pixel_weights
    room = Room(0.0, 0.0, target.shape[2], target.shape[1], options.largest_scale)
    given = target, "softmax", threads, weights, options.wrap, options.observer, room
    copies = SmallCopies(objective_on(options.device, *given))
    polishes = options.tune == "psnr"
    extra = round(POLISH_SHARE * options.steps) if polishes and options.time_budget is None else 0
    deadline = None if options.time_budget is None else time.monotonic() + options.time_budget
    if options.time_budget is None:
        clock: Clock = StepClock(options.steps - extra)
    else:
        clock = WallClock(options.time_budget * (1 - POLISH_TIME_SHARE * polishes))
    last: Progress | None = None
    for step, steps, arrays, loss, l2 in _train(copies, options, clock):
        if last is not None:
            yield last
        snapshot = partial(finish, arrays)
        last = Progress(step, steps + extra, len(arrays), loss, decibels(l2), snapshot)
    assert last is not None  # a clock lets at least one step pass
    if polishes:
        better = polish(copies, arrays, None if deadline else extra, ends=options.ends)
        for arrays, l2, _ in _until(deadline, better):
            yield last
            step, snapshot = last.step + 1, partial(finish, arrays)
            steps, n, psnr = max(step, last.steps), len(arrays), decibels(l2)
            last = Progress(step, steps, n, l2, psnr, snapshot, phase="gauss-newton")
    yield replace(last, done=True)


def _train(
    copies: SmallCopies, options: FitOptions, clock: Clock
) -> Iterator[tuple[int, int, GaussianArrays, float, float]]:
    """Adam, growth and relocation: step, steps in all as far as known, arrays, loss, mean squared error."""
    rng = np.random.default_rng(options.seed)
    objective = copies.objective
    _, height, width = objective.target.shape
    parameters, growths = _begin(rng, objective, options)
    cold = options.start is None
    peak = 1.0 if cold else WARM_RATE
    events = Events(growths, clock.relocation_interval(1 if cold else WARM_INTERVALS))
    mover = Mover(Adam(objective.engine, *BETAS), height, width, options.wrap, options.largest_scale)
    layering = Layering(options.ends, options.seed)
    looks = Looks(objective, options.steps)
    painted, l2 = parameters.arrays(), 0.0
    for step in count(1):
        done = clock.done(step)
        relocates, grown = events.relocation(done), events.growth(done)
        loss = loss_of(options.tune, l2) if done >= TUNED_FROM or not cold else SQUARED_ERROR
        kept = objective.kept(painted) if relocates or grown else None
        result = looks.evaluated(painted, loss, kept, is_last=done >= 1)
        l2 = result.l2
        metric = aim_near(kept).metric if kept else None
        useless = _least_useful(kept, layering.first_movable, metric) if kept and relocates else None
        layering.add_gradient(step, copies, painted, result)
        mover.move(parameters, painted, result.gradient, peak * learning_rate(step, done))
        done = clock.done(step)  # later than before, where it is time that counts
        if done >= 1 and (missing := events.growth(done)):
            if kept is None:
                kept = objective.kept(painted)
                metric = aim_near(kept).metric
            grown += missing
        if kept and grown:
            parameters.append(born_where_worst(rng, kept, grown, metric))
            mover.adam.grow(grown)
        elif kept and useless is not None and len(useless):
            parameters.replace(useless, born_where_worst(rng, kept, len(useless), metric))
            mover.adam.forget(useless)
        kept, metric, painted = None, None, parameters.arrays()  # memory for what comes now
        if (order := layering.split(done, objective, painted)) is not None:
            parameters.reorder(order)
            mover.adam.reorder(order)
            painted = parameters.arrays()
        yield step, max(step, round(step / done)), painted, result.loss, result.l2
        if done >= 1:
            return


def _begin(
    rng: np.random.Generator, objective: Objective, options: FitOptions
) -> tuple[Parameters, list[int]]:
    """The Gaussians that a fit begins with, and how many each growth adds."""
    n, start, target = options.n_gaussians, options.start, objective.target
    if start is None:
        steps = 100 if options.time_budget is not None else options.steps
        first, growths = growth_plan(n, max(1, round(GROWTH_SHARE * steps)), steps)
        weights = objective.pixel_weights, options.wrap, options.alphas
        pixels = place(rng, target, options.placement, first, *weights)
        xy = centers(pixels, target.shape[2])
        scale = np.clip(BIRTH_SCALE * neighbour_distance(objective.engine, xy), *BIRTH_RANGE)
        return round_gaussians(xy, scale, colors_at(target, pixels)), growths
    arrays = GaussianArrays(
        *(np.array(a) for a in (start.xy, start.scale, start.angle, start.log_weight, start.color))
    )
    while len(arrays) > n:
        arrays = _pruned(objective, arrays, min(len(arrays) - n, max(1, round(PRUNED_SHARE * n))))
    return from_arrays(arrays), growth_shares(n - len(arrays))


def _pruned(objective: Objective, arrays: GaussianArrays, n: int) -> GaussianArrays:
    """Without the n that are worth least."""
    kept = objective.kept(arrays)
    cost = kept.removal_cost(aim_near(kept).metric)
    return rows_of(arrays, np.sort(np.argpartition(cost, n - 1)[n:]))


def _least_useful(kept: KeptRender, first: int, metric: FloatArray | None) -> NDArray[np.intp]:
    """The Gaussians whose removal would cost least, from row `first` on; none of very few."""
    share = round(RELOCATED_SHARE * len(kept))
    movable = kept.removal_cost(metric)[first:]
    return first + np.argpartition(movable, share)[:share] if share < len(movable) else first + np.arange(0)


def born_where_worst(
    rng: np.random.Generator, kept: KeptRender, n: int, metric: FloatArray | None
) -> Parameters:
    """n new Gaussians where a picture lacks them most; at the worst pixels where blobs are too few. The
    objective's scratch is overwritten.
    """
    objective, rendered = kept.objective, kept.picture
    target = objective.target
    objective.rest()  # here a fit takes the most memory
    residual = kept.residual(objective.scratch)
    blobs = residual_blobs(objective.engine, residual, n, len(kept), metric, objective.wrap)
    x, y = blobs.xy.astype(np.intp).T
    color = (
        rendered[:, np.minimum(y, target.shape[1] - 1), np.minimum(x, target.shape[2] - 1)].T
        + blobs.amplitude
    )
    if (missing := n - len(x)) > 0:
        pixels, _ = worst_pixels(rng, target, rendered, missing, metric, objective.scratch)
        xy, ones = centers(pixels, target.shape[2]), np.ones(missing, np.float32)
        blobs = Blobs(np.concatenate([blobs.xy, xy]), np.concatenate([blobs.scale, ones]), blobs.amplitude)
        color = np.concatenate([color, colors_at(target, pixels)])
    scale = np.clip(BLOB_SCALE * blobs.scale, *BIRTH_RANGE)
    return round_gaussians(blobs.xy, scale, np.ascontiguousarray(color))


def neighbour_distance(engine: Engine, xy: FloatArray) -> FloatArray:
    """Mean distance (N,) in pixels of each of the points (N, 2) to its three nearest neighbours, to fewer
    where there are fewer; BIRTH_RANGE's end for a single point.
    """
    k = min(4, len(xy))
    if k == 1:
        return np.full(len(xy), BIRTH_RANGE[1], np.float32)
    distances, _ = nearest(engine, xy, xy, k)
    mean: FloatArray = np.mean(distances[:, 1:], axis=1).astype(np.float32)
    return mean


def _until(deadline: float | None, results: Iterator[Polished]) -> Iterator[Polished]:
    """Results while there is time for one more like the last."""
    before = time.monotonic()
    for result in results:
        yield result
        now = time.monotonic()
        if deadline is not None and now + (now - before) > deadline:
            return
        before = now
