"""The tuning history on the page: what it says is shown line by line, and hostile words do nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sweeps.report.write import write_report
from sweeps.results import SettingResult, SweepResult
from sweeps.story.story import Chapter, Measure
from sweeps.story.told import HEAD, for_report, rows

HOSTILE = (
    "<img src=x onerror=\"document.title='run'\"></script><script>document.title='run'</script> | [a](javascript:b)"
)
"""Inside a page that holds its data as JSON in a script."""


@pytest.mark.parametrize("text", [HOSTILE, "口型夸张 <!-- <script>", "a\u2028b ${x} `y`"])
def test_the_story_stands_first_and_is_only_letters(
    look: Callable[..., Any],
    rendered: Callable[..., SettingResult],
    make_sweep: Callable[..., SweepResult],
    tmp_path: Path,
    text: str,
) -> None:
    result = make_sweep(rendered("v2"), rendered("v5"))
    measure = Measure("motion/head_mean", "up", None, 0.1, "not measured", text)
    told = [Chapter(text, (f"Title: 1 → {text}", "steps: 4 → 8"), "says", "说", (measure,), "demo")]
    write_report(result, tmp_path / "report.html", extra=for_report(result, told))
    seen = look(tmp_path / "report.html")
    page = seen.page
    assert page.locator("main section, body section").first.get_attribute("id") == "story"
    table = page.locator("#story table")
    assert table.locator("thead th").all_inner_texts() == list(HEAD)
    shown = [
        cell.locator("div").all_text_contents() for cell in table.locator("tbody tr").first.locator("th, td").all()
    ]
    assert shown == rows(told)[0]
    assert "demo" in page.locator("#story .note").inner_text()
    assert page.title() != "run" and seen.asked() == [] and seen.errors == []


def test_without_a_story_there_is_no_such_part(
    look: Callable[..., Any],
    rendered: Callable[..., SettingResult],
    make_sweep: Callable[..., SweepResult],
    tmp_path: Path,
) -> None:
    write_report(make_sweep(rendered("v2"), rendered("v5")), tmp_path / "report.html")
    assert look(tmp_path / "report.html").page.locator("#story").count() == 0


def test_a_variant_of_two_verdicts_tells_once_what_it_changed_and_chinese_readers_see_chinese_words(
    look: Callable[..., Any],
    rendered: Callable[..., SettingResult],
    make_sweep: Callable[..., SweepResult],
    tmp_path: Path,
) -> None:
    changed = ("steps: 4 → 8",)
    told = [Chapter("v7", changed, f"says {at}", f"说 {at}", (), "demo", f"why {at}") for at in (1, 2)]
    write_report(make_sweep(rendered("v2")), tmp_path / "report.html", extra=for_report(make_sweep(), told))
    page = look(tmp_path / "report.html").page
    lines = page.locator("#story tbody tr")
    assert [lines.nth(at).locator("th, td").nth(1).inner_text() for at in (0, 1)] == ["steps: 4 → 8", "″"]
    assert lines.nth(1).locator("th, td").nth(2).locator("div").all_inner_texts() == ["says 2", "说 2"]
    page.get_by_role("button", name="中文").click()
    assert lines.nth(1).locator("th, td").nth(2).locator("div").all_inner_texts() == ["说 2"]
