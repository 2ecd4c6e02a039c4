"""What a server says is shown word for word and does nothing."""

from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest

from sweeps.inert import inert
from sweeps.results import CellResult, SettingResult, SweepResult
from sweeps.summary_files import summary_markdown
from sweeps.tracking_content import note

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</td></table><iframe src='//evil'>",
    "[here](javascript:alert(1))",
    "a < b && c > d",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_hostile_words_and_runs_none(
    make_setting: Callable[..., SettingResult], make_sweep: Callable[..., SweepResult], text: str
) -> None:
    cell = CellResult("a", "clip", 1, "failed", reason=f"node error: {text}", stage="sample")
    setting = replace(make_setting("a", {}), cells=(cell,), notes=(text,))
    sweep = make_sweep(setting)
    for written in (note(sweep, setting), summary_markdown(sweep)):
        for tag in ("<script", "<img", "<iframe", "</td", "](javascript"):
            assert tag not in written
        assert text.replace("](", "]\\(") in unescape(written)
        assert inert(text) in written
