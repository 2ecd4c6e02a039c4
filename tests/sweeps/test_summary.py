"""The summary says what the numbers support, in any width, and never looks better than it is."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from eval.metric import METRICS
from eval.table import NOT_MEASURED, STAND_IN
from eval.trust import experimental, remark, uncalibrated
from sweeps.aggregate import summarise
from sweeps.results import STAND_IN_NOTE, CellResult, SettingResult, SweepResult
from sweeps.summary import heading, print_summary
from sweeps.summary_files import CSV_COLUMNS, summary_csv, summary_markdown
from sweeps.summary_notes import DOUBTS
from sweeps.summary_view import HEADLINE, view
from sweeps.tracking_content import per_clip_table

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


def test_why_most_of_many_settings_have_no_value_fits_a_line_and_counts_them_all(
    make_setting: Make, make_sweep: Make
) -> None:
    settings = [make_setting(f"steps={at}", {"a": [None if at else 1.0]}) for at in range(80)]
    (line,) = view(make_sweep(*settings), [METRIC]).missing
    named = line.count("steps=")
    assert 0 < named < 8 and f"and {79 - named} more settings" in line


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


def test_a_difference_of_fewer_clips_than_its_value_says_of_how_many(make_setting: Make, make_sweep: Make) -> None:
    table = {clip: [float(number)] for number, clip in enumerate("abcdef")}
    base = make_setting("v2", {**table, "c": [None]})
    for lacking, pairs in ((None, "Δ 5/6 clips"), ("c", ""), ("a", "Δ 4/6 clips")):
        other = make_setting("v4", table | ({lacking: [None]} if lacking else {}))
        seen = view(make_sweep(base, other, baseline="v2"), [METRIC])
        assert seen.lines[1].entries[0].pairs == pairs
        assert ("Δ n/N" in seen.legend) == bool(pairs)


def test_the_legend_explains_what_the_table_has_and_nothing_else(make_setting: Make, make_sweep: Make) -> None:
    one = make_setting("v2", {"a": [1.0]})
    assert view(make_sweep(one, baseline="v2"), [METRIC]).legend == ""
    two = make_sweep(one, make_setting("v4", {"a": [2.0]}), baseline="v2")
    assert view(two, [METRIC]).legend == "Δ: difference to v2, paired by clip and seed"
    many = view(make_sweep(make_setting("v2", {"a": [1.0, 2.0], "b": [3.0, 4.0], "c": [None, None]})), [METRIC])
    for said in ("± half a 95 % interval", "seeds averaged", "n/N"):
        assert said in many.legend
    assert "Δ" not in many.legend


def test_without_syncnet_the_envelope_is_in_the_table(make_setting: Make, make_score: Make, make_sweep: Make) -> None:
    def columns(confidence: float | None) -> list[str]:
        values = {"lipsync/confidence": confidence, "lipsync/envelope_strength": 0.8}
        cell = replace(make_setting("v2", {"a": [1.0]}).cells[0], score=make_score(values))
        return [column.metric for column in view(make_sweep(SettingResult("v2", cells=(cell,)))).columns]

    assert columns(None) == ["lipsync/envelope_strength"]
    assert columns(4.2) == ["lipsync/confidence"]


def test_what_is_not_to_be_relied_on_says_so_in_every_table(make_setting: Make, make_sweep: Make) -> None:
    doubted = next(iter(experimental()))
    trusted = next(name for name in METRICS if name not in {**experimental(), **uncalibrated()})
    for metric, marked in ((doubted, True), (trusted, False)):
        sweep = make_sweep(make_setting("v2", {"a": [1.0], "b": [2.0]}, metric))
        (column,) = view(sweep, [metric]).columns
        assert ("(exp.)" in heading(column).replace("\n", " ")) == marked
        assert ("(exp.)" in view(sweep, [metric]).legend) == marked
        (row,) = csv.DictReader(io.StringIO(summary_csv(sweep)))
        assert row["remark"] == (remark(metric) or "")
        table = per_clip_table(sweep.settings[0])
        for told in (dict(zip(table["columns"], one, strict=True))["remark"] for one in table["data"]):
            assert told == (f"experimental: {metric}" if marked else "")


def test_markdown_marks_a_doubtful_column(make_setting: Make, make_sweep: Make) -> None:
    metric = next(name for name in HEADLINE if remark(name))
    text = summary_markdown(make_sweep(make_setting("v2", {"a": [1.0]}, metric), stand_in=False))
    assert f"{metric} ({DOUBTS[str(remark(metric))]})" in text


def test_a_puppet_s_seconds_a_window_are_no_column(sweep: SweepResult) -> None:
    def shown(sweep: SweepResult) -> set[str]:
        return {column.metric for column in view(sweep).columns}

    assert "cost/window_s" in shown(replace(sweep, stand_in=False)) - shown(sweep)


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
