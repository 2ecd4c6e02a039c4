"""Objectives and bounds: directions from the metrics, ends against the baseline, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metric import METRICS
from sweeps.config import BoundConfig
from sweeps.search.aims import AimError, Bound, bounds_of, objectives_of, total_violation

ALL = set(METRICS)


def test_the_direction_is_the_metrics_own() -> None:
    fast, alike = objectives_of(["cost/window_s", "likeness/face"], ALL)
    assert not fast.maximise and alike.maximise
    assert (fast.shown, alike.shown) == ("cost/window_s ↓", "likeness/face ↑")


@pytest.mark.parametrize(
    ("names", "produced", "words"),
    [
        ([], ALL, "is empty"),
        (["cost/windows"], ALL, "there is no metric cost/windows"),
        (["cost/window_s", "cost/window_s"], ALL, "twice"),
        (["lipsync/confidence"], {"cost/window_s"}, "not among the metrics that are scored"),
        (["mouth/aperture_p95"], ALL, "has no better side, both of its sides are faults"),
    ],
)
def test_an_objective_that_cannot_be_one_is_refused(names: list[str], produced: set[str], words: str) -> None:
    with pytest.raises(AimError) as refused:
        objectives_of(names, produced)
    assert words in refused.value.message and refused.value.hint


def test_bounds_hold_the_value_its_change_or_its_ratio() -> None:
    given_bounds = [
        BoundConfig("mouth/aperture_p95", max=40.0, max_ratio=1.25),
        BoundConfig("lipsync/confidence", min_change=-1.0),
    ]
    value, ratio, change = bounds_of(given_bounds, ALL)
    assert value.violation(39.0) is not None and (value.violation(39.0) or 1) <= 0 < (value.violation(44.0) or 0)
    assert ratio.violation(30.0, 20.0) == pytest.approx(0.2)
    assert ratio.violation(30.0, None) is None and ratio.violation(30.0, 0.0) is None
    assert change.violation(5.5, 6.0) == pytest.approx(-0.5) and change.violation(4.0, 6.0) == pytest.approx(1.0)
    assert [one.relative for one in (value, ratio, change)] == [False, True, True]
    assert "lipsync/confidence − baseline ≥ -1" in change.shown


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        (BoundConfig("lipsync/confidence"), "has no end"),
        (BoundConfig("lipsync/confidence", min=3.0, max=1.0), "is above"),
        (BoundConfig("lipsync/confidenze", min=3.0), "no metric"),
    ],
)
def test_a_bound_that_bounds_nothing_is_refused(bound: BoundConfig, words: str) -> None:
    with pytest.raises(AimError, match=words):
        bounds_of([bound], ALL)


@given(st.floats(-10, 10), st.floats(-5, 5), st.floats(0, 5))
def test_a_violation_is_above_0_exactly_outside(value: float, low: float, width: float) -> None:
    found = Bound("cost/window_s", "value", low, low + width).violation(value)
    assert found is not None
    assert (found > 0) == (value < low or value > low + width)


def test_violations_add_up_and_what_is_kept_does_not_make_up_for_what_is_not() -> None:
    assert total_violation({"a": -3.0, "b": 0.5, "c": 0.25}) == 0.75
