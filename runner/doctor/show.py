"""A report on one screen, and as JSON."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.doctor.finding import MARKS, Finding, Mark, Report

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_STYLES: dict[Mark, str] = {"ok": "green", "risk": "yellow", "fault": "bold red", "unknown": "cyan"}
_TOPIC = 32
_MARGIN = 22  # mark, gaps, and the word hint


def show(console: "Console", report: Report) -> None:
    """Print ``report``: a line a finding, its mark as a word and a colour, hints under what is not well."""
    heading(console, report.url, report.kind)
    console.print(findings_table(report.findings, console.width))
    verdict(console, report)


def heading(console: "Console", what: str, kind: str) -> None:
    """The first line: what was looked at."""
    from rich.text import Text

    console.print(Text(f"doctor: {what}" + (" (stand-in)" if kind == "stand-in" else ""), style="bold"))


def verdict(console: "Console", report: Report) -> None:
    """The last line."""
    from rich.text import Text

    console.print(Text(report.verdict, style=_STYLES[worst(report.findings)]))


def findings_table(findings: Sequence[Finding], width: int) -> "Table":
    """Mark, topic and text, a hint beside its text where ``width`` allows; a server's words are never markup."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", max_width=_TOPIC)
    table.add_column(overflow="fold")
    margin = _MARGIN + min(_TOPIC, max((len(one.topic) for one in findings), default=0))
    topic = ""
    for one in findings:
        text = Text(one.text)
        if one.hint and one.mark != "ok":
            gap = "  " if len(one.text) + len(one.hint) + margin <= width else "\n"
            text.append(f"{gap}hint: {one.hint}", style="dim")
        table.add_row(Text(one.mark, style=_STYLES[one.mark]), Text(one.topic if one.topic != topic else ""), text)
        topic = one.topic
    return table


def worst(findings: Sequence[Finding]) -> Mark:
    """The worst mark among ``findings``."""
    return next((mark for mark in MARKS if any(one.mark == mark for one in findings)), "ok")


def as_json(report: Report) -> str:
    """The same as data."""
    return json.dumps(report.to_json(), ensure_ascii=False, indent=2)
