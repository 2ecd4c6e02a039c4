"""Timings: steps that took too long, and records of older versions."""

import dataclasses
import json
import statistics

from hypothesis import given
from hypothesis import strategies as st

from workflow.timings import FEWEST, SHORTEST_S, SLOW, Timings, median_step, slow_steps

steps = st.lists(st.one_of(st.none(), st.floats(0.01, 50)), max_size=9).map(tuple)
windows = st.lists(steps, max_size=5).map(tuple)


@given(windows)
def test_a_slow_step_is_measured_long_and_far_above_the_median(step_s: tuple[tuple[float | None, ...], ...]) -> None:
    known = [one for window in step_s for one in window if one is not None]
    for slow in slow_steps(step_s):
        assert len(known) >= FEWEST
        assert step_s[slow.window - 1][slow.step - 1] == slow.seconds >= SHORTEST_S
        assert slow.seconds > SLOW * statistics.median(known)


@given(windows, st.floats(0.1, 10))
def test_steps_of_one_length_are_never_slow(step_s: tuple[tuple[float | None, ...], ...], seconds: float) -> None:
    even = tuple(tuple(seconds if one is not None else None for one in window) for window in step_s)
    assert slow_steps(even) == ()
    assert median_step(even) in (None, seconds)


@given(st.integers(0, 2), st.integers(1, 3), st.floats(3.1, 100))
def test_one_step_that_spills_is_found_where_it_is(window: int, step: int, times: float) -> None:
    rows = [[None, 2.0, 2.0, 2.0] for _ in range(3)]
    rows[window][step] = 2.0 * times
    (slow,) = slow_steps([tuple(row) for row in rows])
    assert (slow.window, slow.step) == (window + 1, step + 1)
    assert abs(slow.times - times) < 0.01


def test_news_that_came_late_is_no_slow_step() -> None:
    assert slow_steps([(None, 2.0, 2.0, 7.9, 0.1, 2.0)]) == ()
    assert slow_steps([(None, 2.0, 2.0, 7.9, 2.0, 2.0)]) != ()


@given(windows)
def test_timings_come_back_from_a_record_as_they_were(step_s: tuple[tuple[float | None, ...], ...]) -> None:
    made = Timings(1.0, node_s=(("13 X", 2.0),), window_s=(1.0, 2.0), step_s=step_s, slow=slow_steps(step_s), cold=True)
    assert Timings.from_json(json.loads(json.dumps(dataclasses.asdict(made)))) == made


def test_older_records_leave_unknown_what_they_did_not_tell() -> None:
    old = {
        "queue_s": 0.1,
        "total_s": 9.0,
        "node_s": [["14 WanVideoSampler", 7.0]],
        "window_s": [3.0, 4.0],
        "cold": False,
    }
    read = Timings.from_json(old | {"of a newer version": 1})
    assert (read.total_s, read.window_s, read.step_s, read.slow) == (9.0, (3.0, 4.0), (), ())
    assert Timings.from_json(None) == Timings.from_json({}) == Timings()
