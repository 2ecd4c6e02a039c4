"""The story in words: a terminal, a Markdown reader and a browser show what it says and run none of it."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from eval.metric import METRICS
from sweeps.results import STAND_IN_NOTE, SweepResult
from sweeps.statistics import Interval
from sweeps.story.claims import ARTEFACT, CLAIMS
from sweeps.story.story import Chapter, Measure
from sweeps.story.told import HEAD, for_report, markdown, measured, rows, show

markdown_it = pytest.importorskip("markdown_it", reason="rich brings markdown-it-py, this one does not")
RESULT = SweepResult("tuning_history", "s", "p", False, (), datetime(2026, 1, 1, tzinfo=UTC))
PUPPET = replace(RESULT, stand_in=True)
STEP = Interval(1.0, 0.5, 1.5, 6)
TAGS = {"h1", "p", "table", "thead", "tbody", "tr", "th", "td", "br", "ul", "li", "em", "strong", "code"}
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</td></tr></table><iframe src='//evil'>",
    "[here](javascript:alert(1))",
    "![seen](https://evil/pixel.png)",
    "[here]\\(javascript:alert(1))",
    "a | b \\| c \\\\| d",
    "C:\\models\\",
    "one\ntwo\r\nthree\rfour\u2028five\x0bsix",
    "# no heading",
    "| --- | --- |",
    "\x1b[31m\x9b2J\x07\x00\u202e",
    "&lt;b&gt; &amp; a < b",
]


def chapter(text: str = "x", **more: Any) -> Chapter:
    """A chapter that says ``text`` wherever a graph, a server or a config can bring words in."""
    measures = (Measure("motion/head_mean", "up", None, 0.1, "not measured", text),)
    return replace(Chapter(text, (f"Title: 1 → {text}", text), "says", "说", measures, "confirmed", text), **more)


def read(text: str) -> list[list[str]]:
    """The table's cells as a Markdown reader shows them, lines joined by newlines; its HTML must be only a table."""
    page = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    assert set(re.findall(r"<\s*/?\s*(\w+)", page)) <= TAGS
    assert "javascript:" not in re.sub(r">[^<]*<", "><", page) and not re.search(r"\son\w+=[^<]*>", page)
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in page.split("<tr>")[1:]]
    return [[unescape(cell.replace("<br>", "\n")) for cell in row] for row in found]


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_hostile_words_in_their_cells(text: str) -> None:
    told = [chapter(text), chapter("second")]
    head, first, second = read(markdown(RESULT, told))
    assert tuple(head) == HEAD
    for shown, row in zip((first, second), rows(told), strict=True):
        assert shown == ["\n".join(lines) for lines in row]


@given(st.text(alphabet=st.characters(exclude_characters="*_`~"), max_size=30))
def test_whatever_they_are(text: str) -> None:
    """But for what Markdown takes for emphasis, which is harmless."""
    told = [chapter(f"a{text}a")]
    assert read(markdown(RESULT, told))[1] == ["\n".join(lines) for lines in rows(told)[0]]


@given(st.text(max_size=30))
def test_no_words_make_another_row_or_cell(text: str) -> None:
    found = read(markdown(RESULT, [chapter(text), chapter("second")]))
    assert [len(row) for row in found] == [len(HEAD)] * 3


@pytest.mark.parametrize("text", HOSTILE)
def test_a_terminal_gets_no_escapes_of_theirs(text: str) -> None:
    file = io.StringIO()
    show(RESULT, [chapter(text)], Console(file=file, width=200))
    assert all(one.isprintable() or one == "\n" for one in file.getvalue())
    assert all(one.isprintable() for row in rows([chapter(text)]) for cell in row for line in cell for one in line)


def test_nor_is_rich_markup_read() -> None:
    file = io.StringIO()
    show(RESULT, [chapter("[bold]loud[/bold] [link=http://x]y[/link]")], Console(file=file, width=200))
    assert "[bold]loud[/bold]" in file.getvalue()


@pytest.mark.parametrize("metric", sorted({metric for one in CLAIMS for metric, _ in one.measures}))
def test_a_figure_has_its_whole_unit_and_its_margin(metric: str) -> None:
    said = measured(Measure(metric, "up", STEP, 0.25, "confirmed"))
    assert said == f"{metric} ↑ +1.0 ±0.5 {METRICS[metric].unit} (margin 0.25)"


def test_one_clip_has_no_error_and_none_has_a_reason() -> None:
    one = Measure("cost/window_s", "up", Interval(12.34, None, None, 1), 0.5, "not enough evidence")
    assert measured(one) == "cost/window_s ↑ +12.3 s (margin 0.5)"
    assert measured(replace(one, step=None, why="no timings")) == "cost/window_s ↑: no timings"


def test_a_puppet_s_story_says_that_it_is_one() -> None:
    for said in (markdown(PUPPET, [chapter()]), str(for_report(PUPPET, [chapter()]))):
        assert "demo" in said and "puppet" in said and STAND_IN_NOTE.split(": ")[1] in said
    assert "demo" not in markdown(RESULT, [chapter()])
    assert "random weights" in markdown(replace(RESULT, rehearsal="tiny"), [chapter()])


@pytest.mark.parametrize(("variant", "there"), [("v4_13", True), ("v4_17", True), ("v4", False), ("v40", False)])
def test_what_v4_13_and_v4_17_are_is_said_only_where_they_stand(variant: str, there: bool) -> None:
    assert (ARTEFACT in markdown(RESULT, [chapter(variant=variant)])) == there


def test_the_page_gets_the_same_rows() -> None:
    told = [chapter("v5"), chapter("v6", measures=(), changed=(), why="")]
    story = for_report(RESULT, told)["story"]
    assert (tuple(story["head"]), story["rows"]) == (HEAD, rows(told))
    assert story["rows"][1][1] == story["rows"][1][3] == ["–"]


def test_every_status_is_shown_as_it_is(make_sweep: Callable[..., SweepResult]) -> None:
    for status in ("confirmed", "contradicted", "not enough evidence", "impossible here", "demo", "baseline"):
        (row,) = rows([chapter(status=status)])
        assert row[-1] == [status]
