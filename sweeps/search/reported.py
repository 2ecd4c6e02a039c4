"""What a search came to, as the report page shows it."""

from collections.abc import Sequence
from typing import Any

from sweeps.search.importance import EVALUATOR
from sweeps.search.outcome import Outcome, cells, headings
from sweeps.settings import short


def for_report(outcome: Outcome, settings: Sequence[str]) -> dict[str, Any]:
    """The rows best first, what is to be said, the points of the plots; and which ``settings`` to show at first."""
    points = [
        {
            "name": row.name,
            "baseline": row.baseline,
            "broken": row.violation > 0,
            "front": row.front,
            "values": list(row.values),
            "point": {name: _plain(value) for name, value in row.point.items()},
        }
        for row in outcome.rows
        if row.values
    ]
    importance = {
        aim: [[name, one.share, one.low, one.high] for name, one in found.items()]
        for aim, found in outcome.importance.items()
    }
    search = {
        "objectives": list(outcome.objectives),
        "parameters": list(outcome.parameters),
        "head": headings(outcome),
        "rows": [cells(outcome, row) for row in outcome.rows],
        "lines": [[weight, line] for weight, line in outcome.lines if line],
        "evaluator": EVALUATOR,
        "importance": importance,
        "points": points,
    }
    by_name = {name.split(" ")[0]: at for at, name in enumerate(settings)}
    return {"search": search, "first": [by_name[row.name] for row in outcome.rows if row.name in by_name]}


def _plain(value: Any) -> int | float | str:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return value if numeric else short(value, 24)
