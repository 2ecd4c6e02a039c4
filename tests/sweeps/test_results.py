"""What came of cells becomes one line a setting: nothing missing is dropped, nothing missing is zero."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.aggregate import difference, metric_names, summarise, unfinished, value_of
from sweeps.results import CellResult, SettingResult

METRIC = "sharpness/laplacian"
Make = Callable[..., SettingResult]


def test_seeds_are_averaged_inside_a_clip_first(make_setting: Make) -> None:
    found = summarise(make_setting("s", {"a": [1.0, 3.0], "b": [8.0]}), METRIC)
    assert found.by_clip == {"a": 2.0, "b": 8.0}
    assert found.mean == 5.0
    assert (found.n, found.total, found.cells, found.cells_total) == (2, 2, 3, 3)


def test_a_missing_value_is_counted_with_its_reason_and_is_no_zero(make_setting: Make) -> None:
    found = summarise(make_setting("s", {"a": [2.0], "b": [None], "c": [4.0]}), METRIC)
    assert found.mean == 3.0
    assert (found.n, found.total) == (2, 3)
    assert found.missing == {"no evidence": 1}


def test_a_seed_missing_inside_a_clip_is_told_though_the_clip_counts(make_setting: Make) -> None:
    found = summarise(make_setting("s", {"a": [2.0, None]}), METRIC)
    assert (found.n, found.total, found.cells, found.cells_total) == (1, 1, 1, 2)
    assert sum(found.missing.values()) == 1


def test_nothing_at_all_has_no_mean(make_setting: Make) -> None:
    found = summarise(make_setting("s", {"a": [None], "b": [None]}), METRIC)
    assert (found.mean, found.low, found.high, found.half_width) == (None, None, None, None)


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.none() | st.floats(-9, 9), min_size=1, max_size=4)))
def test_values_and_missing_ones_add_up_to_all_cells(table: dict[str, list[float | None]]) -> None:
    cells = tuple(
        CellResult("s", clip, seed, "done", score={"values": {METRIC: {"value": value, "missing": None}}})
        for clip, values in table.items()
        for seed, value in enumerate(values)
    )
    found = summarise(SettingResult("s", cells=cells), METRIC)
    assert found.cells + sum(found.missing.values()) == found.cells_total == len(cells)
    assert found.n <= found.total == len(table)
    assert (found.mean is None) == (found.n == 0)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (CellResult("s", "a", 1, "failed", "out of memory", "sample"), "failed at sample: out of memory"),
        (CellResult("s", "a", 1, "failed", "out of memory", expected=True), "failed as expected: out of memory"),
        (CellResult("s", "a", 1, "impossible", "not offered"), "impossible: not offered"),
        (CellResult("s", "a", 1, "collapsed", "same as v2"), "collapsed: same as v2"),
        (CellResult("s", "a", 1, "pending"), "pending"),
        (CellResult("s", "a", 1, "done"), "not scored"),
        (CellResult("s", "a", 1, "done", "scoring failed: killed"), "scoring failed: killed"),
        (CellResult("s", "a", 1, "done", score={"status": "no_face", "reason": None, "values": {}}), "no_face"),
        (CellResult("s", "a", 1, "done", score={"status": "broken", "reason": "black"}), "broken: black"),
        (CellResult("s", "a", 1, "done", score={"status": "ok", "values": {}}), "not among the metrics scored"),
        (
            CellResult("s", "a", 1, "done", score={"values": {METRIC: {"value": float("nan")}}}),
            "not a finite number (nan)",
        ),
    ],
)
def test_every_way_of_having_no_value_has_its_words(cell: CellResult, reason: str) -> None:
    assert value_of(cell, METRIC) == (None, reason)


def test_a_collapsed_cell_shows_what_its_twin_has(make_setting: Make) -> None:
    twin = make_setting("v2", {"a": [2.0]}).cells[0]
    assert value_of(replace(twin, state="collapsed", reason="same as v2"), METRIC) == (2.0, None)


def test_cost_comes_beside_the_score_and_after_it(make_setting: Make) -> None:
    cell = replace(make_setting("s", {"a": [2.0]}).cells[0], cost={"cost/window_s": {"value": 4.5}})
    assert value_of(cell, "cost/window_s") == (4.5, None)
    assert metric_names([cell]) == (METRIC, "cost/window_s")
    assert value_of(replace(cell, cost={}), "cost/window_s") == (None, "no timings")


def test_a_seed_that_one_side_lacks_does_not_move_the_difference(make_setting: Make) -> None:
    ours = make_setting("x", {"a": [1.0, 9.0], "b": [2.0, 2.0]})
    base = make_setting("v2", {"a": [0.0, None], "b": [1.0, 1.0]})
    found = difference(ours, base, METRIC)
    assert found.interval is not None
    assert (found.interval.mean, found.interval.n, found.up) == (1.0, 2, 2)


def test_equal_reasons_are_said_once_with_their_cells() -> None:
    cells = [CellResult("v3", clip, 2, "impossible", "not offered") for clip in "abcd"]
    assert unfinished(cells) == ["impossible: not offered (4 cells: a/2 … d/2)"]


def test_only_undeclared_failures_fail_a_sweep(make_sweep: Callable[..., Any]) -> None:
    def sweep_of(**more: Any) -> Any:
        return make_sweep(SettingResult("s", cells=(CellResult("s", "a", 1, **more),)))

    assert sweep_of(state="failed").failed
    assert not sweep_of(state="failed", expected=True).failed
    assert not sweep_of(state="impossible").failed


def test_a_folder_without_a_video_offers_none(tmp_path: Path) -> None:
    assert CellResult("s", "a", 1, "done", folder=tmp_path).video is None
