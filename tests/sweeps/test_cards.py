"""Costs of several cards: each by itself, never in one mean."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sweeps.aggregate import difference, summarise
from sweeps.cards import by_card, of_one_card, places
from sweeps.results import CellResult, SettingResult, SweepResult


def cell(setting: str, clip: str, card: str, seconds: float) -> CellResult:
    cost = {"cost/window_s": {"value": seconds, "missing": None, "flags": []}}
    return CellResult(setting, clip, 2, "done", folder=Path("somewhere"), cost=cost, card=card)


def sweep_of(make_sweep: Callable[..., SweepResult], cells: list[CellResult]) -> SweepResult:
    found = of_one_card({f"{one.setting}/{one.clip}": one for one in cells})
    names = dict.fromkeys(one.setting for one in cells)
    settings = [
        SettingResult(name, cells=tuple(one for one in found.values() if one.setting == name)) for name in names
    ]
    return make_sweep(*settings, stand_in=False, baseline="a")


def test_the_mean_is_of_the_card_that_rendered_most(make_sweep: Callable[..., SweepResult]) -> None:
    cells = [cell(s, c, "RTX 5090", v) for s, v in (("a", 10.0), ("b", 12.0)) for c in ("one", "two")]
    cells += [cell("a", "three", "A800", 100.0), cell("b", "three", "A800", 300.0)]
    sweep = sweep_of(make_sweep, cells)
    a, b = sweep.settings
    found = summarise(a, "cost/window_s")
    assert (found.mean, found.n, found.total) == (10.0, 2, 3)
    assert list(found.missing) == ["of another card (A800), see the table by card"]
    step = difference(b, a, "cost/window_s").interval
    assert step is not None and (step.mean, step.n) == (2.0, 2)
    table = by_card(sweep)
    assert table is not None
    assert table.head == ("setting", "RTX 5090", "A800")
    assert table.rows == (
        ("a", "10.0 s (2 of 2 videos)", "100 s (1 of 1 videos)"),
        ("b", "12.0 s (2 of 2 videos)", "300 s (1 of 1 videos)"),
    )


def test_kinds_of_server_are_told_and_whether_they_mix(make_sweep: Callable[..., SweepResult]) -> None:
    cells = [replace(cell(s, c, "A800", 1.0), place=f"A800, ComfyUI {c}") for s in "ab" for c in ("one", "two")]
    assert places(sweep_of(make_sweep, cells)) == [
        "rendered on 2 kinds of server, each clip and seed on one of them:"
        " A800, ComfyUI one (2 videos); A800, ComfyUI two (2 videos)"
    ]
    cells[0] = replace(cells[0], place="A800, ComfyUI two")
    assert "differences between settings may be theirs" in places(sweep_of(make_sweep, cells))[0]
    assert places(sweep_of(make_sweep, cells[2:3])) == []


def test_one_card_needs_no_table(make_sweep: Callable[..., SweepResult]) -> None:
    sweep = sweep_of(make_sweep, [cell("a", "one", "A800", 1.0), cell("a", "two", "", 2.0)])
    assert by_card(sweep) is None
    assert summarise(sweep.settings[0], "cost/window_s").n == 2
