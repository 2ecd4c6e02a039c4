"""A comparison in words: for the terminal, for a pull request, for machines."""

import xml.etree.ElementTree as ET
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from eval.metric import METRICS
from sweeps.compare.compare import Comparison, Row
from sweeps.inert import table_cell, table_lines
from sweeps.results import note_of
from sweeps.summary_view import unit, with_error
from workflow.words import counted

if TYPE_CHECKING:
    from rich.console import Console

HEAD: Final = ("metric", "baseline", "candidate", "difference", "margin", "noise", "clips", "verdict")
WIDTH: Final = 120
"""Columns that the table takes, at least."""
COLOURS: Final = {"worse": "bold red", "better": "green", "same": "", "not enough evidence": "yellow"}


def cells(row: Row) -> list[str]:
    """One row in words, as :data:`HEAD` names its columns."""
    found = row.difference
    half = None if found is None else found.half_width
    return [
        f"{'* ' if row.primary else ''}{row.metric} {_unit(row)}".rstrip(),
        "–" if row.baseline is None else with_error(row.baseline, None),
        "–" if row.candidate is None else with_error(row.candidate, None),
        "–" if found is None else with_error(found.mean, half, sign=True),
        "" if row.margin is None else f"{row.margin:.3g}",
        "" if row.noise is None else f"±{row.noise:.2g}",
        f"{row.n}/{row.clips}",
        words(row),
    ]


def _unit(row: Row) -> str:
    """The unit and the arrow of a metric; ``↔`` too where it declares no better side and is judged on both."""
    return f"{row.unit} ↔" if row.band and METRICS[row.metric].better == "none" else unit(row.metric)


def words(row: Row) -> str:
    """The verdict, and what goes with it."""
    if row.lost:
        clip, why = next(iter(row.lost.items()))
        more = f" and {len(row.lost) - 1} more" if len(row.lost) > 1 else ""
        lost = f"missing on {clip}{more}: {why}"
        return f"{row.verdict or 'informs'}; {lost}"
    if row.verdict is None:
        return "informs"
    if row.verdict == "not enough evidence":
        more = f"about {counted(row.more, 'more clip')}" if row.more else "more clips than are worth it"
        return f"{row.verdict}: {more if row.n > 1 else 'two clips at least'}"
    return row.verdict


def conclusion(found: Comparison) -> str:
    """The gate's answer in one line."""
    if found.invalid:
        return f"invalid: {'; '.join(found.invalid)}"
    worse = found.regressions
    if worse:
        return f"REGRESSION in {', '.join(row.metric for row in worse)}"
    open_ = [row.metric for row in found.primaries if row.verdict == "not enough evidence"]
    better = [row.metric for row in found.primaries if row.verdict == "better"]
    said = f"no regression in {counted(len(found.primaries), 'primary metric')}"
    said += f"; better in {', '.join(better)}" if better else ""
    said += f"; not enough evidence on {', '.join(open_)}" if open_ else ""
    others = [row.metric for row in found.rows if row.verdict == "worse" and not row.primary]
    return said + (f"; worse among the others: {', '.join(others)}" if others else "")


def under(found: Comparison) -> list[str]:
    """What is to be said under the table."""
    powers = [f"{row.metric} {100 * row.power:.0f} %" for row in found.primaries if row.power is not None]
    said = [
        "* primary: they decide, by intervals after Holm over all of them; the others inform. same: within the margin"
    ]
    said += [f"power: a true change of one metric by twice its margin is called: {', '.join(powers)}"] if powers else []
    said += ["noise: what seeds alone do to the difference, 95 %"] if any(row.noise for row in found.rows) else []
    bare = [row.metric for row in found.rows if not row.steps and not row.lost and not row.primary]
    said += [f"no value on both sides: {', '.join(bare)}"] if bare else []
    return [*said, *found.notes]


def title(found: Comparison) -> str:
    """Both names, and what has to be said of what rendered them."""
    return f"{found.candidate.name} against {found.baseline.name}" + (f" · {note(found)}" if note(found) else "")


def note(found: Comparison) -> str:
    """What has to be said of what rendered them; nothing of a model's."""
    return note_of(found.candidate.sweep.mark) or note_of(found.baseline.sweep.mark)


def wide(console: "Console") -> "Console":
    """The same console with room for the whole table: it is read, or piped, whole."""
    from rich.console import Console

    return Console(file=console.file, width=max(console.width, WIDTH), highlight=False)


def show(found: Comparison, console: "Console", *, whole: bool = False) -> None:
    """Print it: the metrics that have a verdict and a value; ``whole`` prints all of them."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    console.print(Text(title(found), style="bold"))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for at, head in enumerate(HEAD):
        left = at in (0, len(HEAD) - 1)
        table.add_column(head, justify="left" if left else "right", overflow="fold", no_wrap=at < len(HEAD) - 1)
    for row in found.rows if whole else shown(found):
        *plain, verdict = cells(row)
        table.add_row(*map(Text, plain), Text(verdict, style=COLOURS.get(row.verdict or "", "dim")))
    console.print(table)
    for line in under(found):
        console.print(Text(line, style="dim"))
    style = "bold red" if found.regressions or found.invalid else "bold"
    console.print(Text(conclusion(found), style=style))


def markdown(found: Comparison) -> str:
    """The same for a pull request."""
    lines = [f"### {_plain(title(found))}", "", f"**{_plain(conclusion(found))}**", ""]
    lines += table_lines(HEAD, [[_plain(one) for one in cells(row)] for row in found.rows])
    return "\n".join([*lines, "", *(f"- {_plain(one)}" for one in under(found))]) + "\n"


def _plain(text: str) -> str:
    return table_cell(text).replace("* ", "\\* ")


def shown(found: Comparison) -> list[Row]:
    """The rows for eyes: primary ones, and those that have a verdict on something."""
    return [row for row in found.rows if row.primary or (row.verdict is not None and (row.steps or row.lost))]


def as_json(found: Comparison) -> dict[str, Any]:
    """Everything, as plain JSON."""
    sides = {
        name: {"setting": side.setting.name, "where": side.where, "mark": side.sweep.mark, "verified": side.verified}
        for name, side in (("baseline", found.baseline), ("candidate", found.candidate))
    }
    rows = [{**asdict(row), "steps": dict(row.steps), "lost": dict(row.lost), "n": row.n} for row in found.rows]
    gate = {"conclusion": conclusion(found), "regressions": [row.metric for row in found.regressions]}
    return {**sides, **gate, "invalid": list(found.invalid), "notes": list(found.notes), "metrics": rows}


def junit(found: Comparison) -> str:
    """A test suite with one case a primary metric, as CI systems read it."""
    cases = found.primaries
    broken = len(cases) if found.invalid else 0
    suite = ET.Element(
        "testsuite", name=_legal(title(found)), tests=str(len(cases)), failures=str(len(found.regressions)),
        errors=str(broken),
    )  # fmt: skip
    for row in cases:
        case = ET.SubElement(suite, "testcase", classname="compare", name=row.metric)
        if found.invalid:
            ET.SubElement(case, "error", message=_legal("; ".join(found.invalid)))
        elif row.verdict == "worse":
            ET.SubElement(case, "failure", message=_legal(" · ".join(cells(row)[1:])))
        else:
            ET.SubElement(case, "system-out").text = _legal(words(row))
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _legal(text: str) -> str:
    """Without what XML 1.0 does not allow."""
    return "".join(one for one in text if one in "\t\n" or (one >= " " and not "\ud800" <= one <= "\udfff"))
