"""A plan's forecast as values and as lines; what it came to."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps import needs
from sweeps.account import account, account_line, account_metrics, slow_lines, spent
from sweeps.app import App
from sweeps.config import Config
from sweeps.forecast import MODEL_SERVER
from sweeps.outlook import Outlook, outlook
from sweeps.outlook_lines import lines, saved, short_lines
from sweeps.plan import Plan, PlannedCell
from sweeps.results import CellResult, SettingResult, SweepResult
from sweeps.settings import Setting
from sweeps.show import forecast_lines
from workflow.cell import Cell, Clip
from workflow.cost import GIB
from workflow.windows import Windows

CLIP = Clip("c", Path("f"), Path("f"), Path("s"), 464, 832, 5.0)
NEEDS = {"vram": needs.vram_of([]), "ram": needs.ram_of([]), "disk": needs.disk_of([])}
HAS = {"vram": 32 * GIB, "ram": 64 * GIB}


def planned(setting: str, seed: int, state: Any = "run", loader: str = "a", **values: Any) -> PlannedCell:
    told = {"steps": 4, "block_swap": 20, **values}
    cell = Cell(setting, CLIP, seed, {}, (), Windows(81, 9, 132), f"{setting}{seed}", told)
    return PlannedCell(setting, CLIP, seed, state, cell, seconds=60.0, environment="e", loader=loader)


def ahead_of(*cells: PlannedCell, stand_in: bool = False, has: dict[str, Any] = HAS) -> tuple[Plan, Outlook]:
    names = dict.fromkeys(one.setting for one in cells)
    settings = tuple(Setting(name, {}, Config(), {}) for name in names)
    plan = Plan("sweep", settings, "s", cells, MODEL_SERVER.load.mid, stand_in=stand_in)
    kinds = {kind: need for kind, need in NEEDS.items() if not (stand_in and kind == "ram")}
    return plan, outlook(plan, MODEL_SERVER, kinds, machine="card", has=has)


def test_the_forecast_is_of_what_runs_and_what_is_reused_is_spared() -> None:
    plan, ahead = ahead_of(planned("s", 1), planned("s", 2), planned("s", 3, "reuse"), planned("t", 1, "impossible"))
    assert ahead.seconds.mid == 2 * 60 + MODEL_SERVER.load.mid
    assert ahead.saved.mid == 60
    head, time, *_ = forecast_lines(plan, ahead, None)
    assert "2 to render, 1 reused from the store (0.012 to 0.067 GPU-hours saved), 1 impossible" in head
    assert "GPU-hours" in time and "first guess from another machine" in time


def test_nothing_to_render_still_says_what_is_spared() -> None:
    plan, ahead = ahead_of(planned("s", 1, "reuse"))
    (line,) = forecast_lines(plan, ahead, None)
    assert "GPU-hours saved" in line and line.endswith("nothing to render")
    assert saved(ahead_of(planned("s", 1))[1]) == ""


def test_on_the_stand_in_no_gpu_is_counted_and_its_memory_is_called_its_own() -> None:
    plan, ahead = ahead_of(planned("s", 1), planned("s", 2, "reuse"), stand_in=True)
    told = "\n".join(forecast_lines(plan, ahead, None))
    assert "GPU-hours" not in told and "a stand-in's number" in told and "host memory" not in told


def test_loads_tell_what_the_order_costs_and_saves() -> None:
    order = [planned("s", 1, loader="a"), planned("t", 1, loader="b")]
    order += [planned("t", 2, loader="b"), planned("s", 2, loader="a")]
    (line,) = [one for one in lines(ahead_of(*order)[1]) if one.startswith("model loads")]
    assert line.startswith("model loads: 3") and "1 more than model after model" in line
    assert "1 fewer than setting after setting" in line
    assert not any("model loads" in one for one in lines(ahead_of(planned("s", 1), planned("s", 2))[1]))


def test_settings_that_need_more_than_there_is_are_named_before_the_run() -> None:
    large = replace(planned("large", 1), clip=replace(CLIP, width=1072, height=1920))
    assert large.cell is not None
    large = replace(large, cell=replace(large.cell, clip=large.clip))
    _, ahead = ahead_of(planned("s", 1), large)
    (line,) = short_lines(ahead)
    assert line.startswith("large: 33.3 to") and "the card has 32.0 GiB: likely to run out of memory" in line
    assert short_lines(ahead_of(planned("s", 1))[1]) == []
    assert any("host memory" in one for one in short_lines(ahead_of(planned("s", 1), has={"ram": 16 * GIB})[1]))
    assert short_lines(ahead_of(large, has={})[1]) == [], "nothing is known of the machine"
    assert ahead.to_json()["vram"] == list(ahead.vram.need if ahead.vram else ())


@given(st.lists(st.sampled_from(["run", "reuse", "collapsed", "impossible"]), max_size=12))
def test_any_mixture_has_a_forecast_in_order(states: list[str]) -> None:
    plan, ahead = ahead_of(*(planned(f"s{at % 3}", at, state) for at, state in enumerate(states)))
    for span in (ahead.seconds, ahead.saved, ahead.disk):
        assert 0 <= span.low <= span.mid <= span.high
    assert ahead.rendering == states.count("run") and ahead.reusing == states.count("reuse")
    assert forecast_lines(plan, ahead, None)


RECORD = {
    "forecast": {"seconds": [40, 60, 240], "load_s": [10, 12, 60], "vram": [14 * GIB, 16 * GIB, 17 * GIB]},
    "timings": {"total_s": 66.0, "cold": False},
    "memory": {"figures": {"vram_reserved": {"peak": 15 * GIB}, "ram_used": None}},
}


def done(record: dict[str, Any], **more: Any) -> CellResult:
    return CellResult("s", "c", 1, "done", spent=spent(record), **more)


def test_the_forecast_is_set_against_what_it_came_to() -> None:
    cold = {**RECORD, "timings": {"total_s": 80.0, "cold": True}}
    found = account([done(RECORD), done(cold), CellResult("s", "c", 2, "pending")])
    assert found is not None
    assert (found.renders, found.seconds, found.forecast.mid) == (2, 146.0, 60 + 60 + 12)
    line = account_line(found, stand_in=False)
    assert line.startswith("forecast 2 to 9 min for 2 renders, they took 2 min: 1.1× its middle")
    assert "VRAM 15.0 GiB, forecast 14.0 to 17.0 GiB" in line
    told = account_metrics(found)
    assert told["forecast/factor"] == pytest.approx(146 / 132) and told["forecast/vram_gib.actual"] == 15.0
    assert account_line(found, stand_in=True).endswith("(a stand-in's numbers)")


@pytest.mark.parametrize("record", [{}, {"timings": None}, {"forecast": None}, {"timings": {"total_s": 3.0}}])
def test_records_of_older_versions_have_no_account(record: dict[str, Any]) -> None:
    assert account([done(record)]) is None
    assert account_metrics(None) == {}


def test_a_collapsed_cell_took_nothing() -> None:
    twin = replace(done(RECORD), state="collapsed")
    found = account([done(RECORD), twin])
    assert found is not None and found.renders == 1


def test_slow_steps_are_told_of_what_was_rendered_now(make_sweep: Callable[..., SweepResult]) -> None:
    flags = [f"step {k} of window 2 took 5.0× the median (15.0 s): memory may be spilling" for k in range(2, 10)]
    slow = {"cost/slow_steps": {"value": 8.0, "missing": None, "flags": [*flags, "scoring ran on the same card"]}}
    cell = CellResult("s", "c", 1, "done", cost=slow)
    told = slow_lines(make_sweep(SettingResult("s", cells=(cell,))))
    assert told[0] == f"s/c/1: {flags[0]}" and told[-1] == "… and 4 slow steps more" and len(told) == 5
    assert slow_lines(make_sweep(SettingResult("s", cells=(replace(cell, reused=True),)))) == []


def said_by(app: App) -> str:
    return " ".join(app.console.file.getvalue().split())  # type: ignore[attr-defined]


def test_a_sweep_forecasts_learns_and_accounts(make_app: Callable[..., App]) -> None:
    words = ("sweep.axes.steps=[2,4]", "scoring.families=[tail]")
    app = make_app(*words)
    assert app.run() == 0
    first = said_by(app)
    assert "a first guess, no render yet to learn from" in first
    assert "for 2 renders, they took" in first and "(a stand-in's numbers)" in first
    again = make_app("sweep.axes.steps=[2,4,6]", "scoring.families=[tail]", "action=plan")
    assert again.run() == 0
    second = said_by(again)
    assert "learned from 2 renders" in second and "saved" in second
