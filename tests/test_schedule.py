"""When things happen in a fit."""

from __future__ import annotations

import pytest

from imagegs.fitting import schedule
from imagegs.fitting.schedule import FINAL_RATE, Events, StepClock, WallClock, learning_rate


def events_of(steps, growths=(5, 5, 5, 4)):
    clock = StepClock(steps)
    events = Events(list(growths), clock.relocation_interval())
    grown, moved = {}, []
    for step in range(1, steps + 1):
        done = clock.done(step)
        if n := events.growth(done):
            grown[step] = n
        if events.relocation(done):
            moved.append(step)
    return grown, moved


def test_a_fit_grows_early_and_moves_in_its_middle():
    grown, moved = events_of(400)
    assert grown == {32: 5, 64: 5, 96: 5, 128: 4}
    assert moved == list(range(80, 301, 20))


def test_long_fits_move_gaussians_more_often():
    _, moved = events_of(4000)
    assert moved[:2] == [800, 840] and moved[-1] <= 3000


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 12])
def test_short_fits_grow_to_their_number(steps):
    grown, _ = events_of(steps)
    assert sum(grown.values()) == 19


def test_rates_warm_up_and_fall():
    rates = [learning_rate(s, s / 400) for s in range(1, 401)]
    assert rates[0] == pytest.approx(1 / 20, rel=1e-3) and 0.98 < max(rates) < 1
    assert rates.index(max(rates)) == 19 and rates[-1] == pytest.approx(FINAL_RATE)
    assert learning_rate(1, 1) == pytest.approx(FINAL_RATE)


def test_the_wall_clock_ends_before_a_step_too_many(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(schedule.time, "monotonic", lambda: now[0])
    clock = WallClock(10.0)
    done = []
    for step in range(1, 20):
        now[0] += 1.2
        done.append(clock.done(step))
        if done[-1] >= 1:
            break
    assert step == 8 and now[0] <= 110.0
    assert WallClock(10.0).done(1) > 0
    assert done[:2] == pytest.approx([0.12, 0.24])
