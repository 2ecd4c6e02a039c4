"""The summary says what the numbers support, in any width, and never looks better than it is."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from eval.table import NOT_MEASURED, STAND_IN
from sweeps.aggregate import summarise
from sweeps.results import STAND_IN_NOTE, CellResult, SettingResult, SweepResult
from sweeps.summary import print_summary
from sweeps.summary_files import CSV_COLUMNS, summary_csv, summary_markdown
from sweeps.summary_view import HEADLINE, view

METRIC = "sharpness/laplacian"
Make = Callable[..., Any]


@pytest.fixture
def sweep(make_setting: Make, make_score: Make, make_sweep: Make) -> SweepResult:
    wide = make_score({name: 0.5 + index for index, name in enumerate(HEADLINE)})
    settings = []
    for number, name in enumerate(("v2", "motion_frame=25", "提示词=一个人在新闻演播室里说话")):
        plain = make_setting(name, {"a": [1.0 + number], "b": [1.3 + number * 1.1], "c": [None if number else 1.1]})
        first = replace(plain.cells[0], score={**wide, "values": {**wide["values"], **plain.cells[0].score["values"]}})
        settings.append(replace(plain, cells=(first, *plain.cells[1:])))
    bad = tuple(CellResult("v3", clip, 0, "impossible", "adain is not offered") for clip in "abc")
    return make_sweep(*settings, SettingResult("v3", cells=bad), baseline="v2")


def printed(sweep: SweepResult, width: int, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    print_summary(sweep, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(sweep: SweepResult, width: int) -> None:
    text = printed(sweep, width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "…" not in text
    for line in view(sweep).lines:
        for entry in line.entries:
            assert all(part in text for part in entry.lines)


def test_without_a_terminal_it_is_plain_text(sweep: SweepResult) -> None:
    assert "\x1b" not in printed(sweep, 100)


def test_a_stand_in_table_says_so_and_its_verdict_is_demo(sweep: SweepResult) -> None:
    for text in (printed(sweep, 200), summary_markdown(sweep)):
        assert STAND_IN in text
        assert "verdict" in text
        assert text.count("demo") > len(sweep.settings)
    real = replace(sweep, stand_in=False)
    for text in (printed(real, 200), summary_markdown(real), summary_csv(real)):
        assert "demo" not in text
        assert "stand-in" not in text


def test_what_failed_is_missing_or_unseen_is_said(sweep: SweepResult) -> None:
    for text in (printed(sweep, 300), summary_markdown(sweep)):
        assert "v3: impossible: adain is not offered (a/0, b/0, c/0)" in text
        assert f"{METRIC} missing: no evidence (motion_frame=25 1×" in text
        assert NOT_MEASURED in text


def test_a_collapsed_setting_is_told_and_is_no_failure(make_setting: Make, make_sweep: Make) -> None:
    plain = make_setting("a", {"x": [1.0]})
    twin = make_setting("b", {"x": [1.0]})
    same = replace(twin, cells=tuple(replace(one, state="collapsed", reason="same as a") for one in twin.cells))
    seen = view(make_sweep(plain, same), [METRIC])
    assert (seen.failures, seen.collapsed) == ((), ("b: collapsed: same as a (x/0)",))
    assert seen.lines[0].entries == seen.lines[1].entries


def test_the_baseline_is_named_and_has_no_difference_to_itself(sweep: SweepResult) -> None:
    first, second, *_ = view(sweep).lines
    assert first.setting == "v2 (baseline)"
    assert not any(entry.difference for entry in first.entries)
    assert any(entry.difference.startswith("Δ+") for entry in second.entries)


def test_an_incomplete_mean_carries_its_count(sweep: SweepResult) -> None:
    seen = view(sweep, [METRIC])
    assert [line.entries[0].of for line in seen.lines[:2]] == ["", "2/3 clips"]
    assert seen.lines[3].entries[0].value == "–"


def test_a_sweep_without_a_single_score_still_has_a_summary(make_sweep: Make) -> None:
    waiting = SettingResult("v2", cells=(CellResult("v2", "a", 1, "pending"),))
    for settings in ((), (waiting,)):
        assert "not measured" in printed(make_sweep(*settings), 80)
        assert summary_markdown(make_sweep(*settings))


def test_the_csv_holds_every_metric_of_every_setting_unrounded(sweep: SweepResult) -> None:
    rows = list(csv.DictReader(io.StringIO(summary_csv(sweep))))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert len({(row["setting"], row["metric"]) for row in rows}) == len(rows) == len(sweep.settings) * len(HEADLINE)
    for row in rows:
        setting = sweep.setting(row["setting"])
        assert setting is not None
        found = summarise(setting, row["metric"])
        assert row["mean"] == ("" if found.mean is None else str(found.mean))
        assert (int(row["n"]), int(row["total"])) == (found.n, found.total)
        assert row["note"] == STAND_IN_NOTE


def test_a_pipe_in_a_name_does_not_break_the_markdown_table(make_setting: Make, make_sweep: Make) -> None:
    text = summary_markdown(make_sweep(make_setting("a|b", {"x": [1.0]})))
    assert "a\\|b" in text
