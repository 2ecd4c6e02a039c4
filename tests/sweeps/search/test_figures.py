"""Figures of a search: on the clips that the baseline has, missing is missing, and what is surely worse is stopped."""

from typing import Any

import pytest

from sweeps.results import CellResult, SettingResult
from sweeps.search.aims import Bound, Objective
from sweeps.search.early import worse
from sweeps.search.figures import figure, objectives, violations

COST = Objective("cost/window_s", False)


def setting(name: str, **values: Any) -> SettingResult:
    """One cell a clip; None for one without a value, a text for one that failed."""
    cells = []
    for clip, value in values.items():
        if isinstance(value, str):
            cells.append(CellResult(name, clip, 2, "failed", reason=value))
            continue
        told = {"value": value} if value is not None else {"value": None, "missing": "cold"}
        score = {"status": "ok", "values": {"likeness/face": told}}
        cells.append(CellResult(name, clip, 2, "done", score=score, cost={"cost/window_s": told}))
    return SettingResult(name, cells=tuple(cells))


def test_the_mean_is_over_the_clips_that_the_baseline_has() -> None:
    base = setting("baseline", a=2.0, b=4.0, c=None)
    found = figure(setting("s", a=1.0, b=2.0, c=100.0), base, "likeness/face")
    assert (found.value, found.baseline) == (1.5, 3.0)


def test_a_clip_that_only_the_setting_lacks_makes_a_quality_missing_and_not_a_cost() -> None:
    base, other = setting("baseline", a=2.0, b=4.0), setting("s", a=1.0, b=None)
    assert figure(other, base, "likeness/face").value is None
    found = figure(other, base, "cost/window_s")
    assert (found.value, found.baseline) == (1.0, 2.0), "the baseline's over the same clips"


def test_a_failed_cell_makes_all_missing_with_its_reason() -> None:
    found = figure(setting("s", a=1.0, b="out of memory"), setting("baseline", a=2.0, b=4.0), "cost/window_s")
    assert found.value is None and "out of memory" in found.why
    assert objectives(setting("s", a="lost"), setting("baseline", a=2.0), [COST])[0] is None


def test_bounds_are_told_apart_from_those_that_cannot_be_told() -> None:
    base = setting("baseline", a=2.0, b=4.0)
    held, unknown = Bound("likeness/face", "ratio", 0.9), Bound("lipsync/confidence", "value", 3.0)
    broken, untold = violations(setting("s", a=1.0, b=2.0), base, [held, unknown])
    assert broken == {held.shown: pytest.approx((0.9 - 0.5) / 0.9)}
    assert list(untold) == [unknown.shown] and "not among the metrics scored" in untold[unknown.shown]


@pytest.mark.parametrize(
    ("own", "stops"),
    [
        ({"a": 3.0, "b": 4.1, "c": 5.0}, True),
        ({"a": 3.0, "b": 1.0, "c": 5.0}, False),
        ({"a": 1.0, "b": 2.0, "c": 3.0}, False),
        ({"a": 9.0, "b": 9.0}, False),
    ],
    ids=["surely worse", "worse by chance", "better", "too few clips"],
)
def test_what_is_surely_worse_on_the_same_clips_is_stopped(own: dict[str, float], stops: bool) -> None:
    best = setting("best", a=2.0, b=3.0, c=4.0)
    why = worse(setting("s", **own), best, COST, clips=3)
    assert bool(why) == stops
    if stops:
        assert "worse than best's" in why and "over 3 clips" in why
