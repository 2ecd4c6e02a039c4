"""Every trial as CSV."""

import csv
import io
from pathlib import Path

from sweeps.search.outcome import Outcome
from workflow.files import write_atomically


def write_table(outcome: Outcome, path: Path) -> None:
    """One row a setting that was looked at whole: number, objectives, bounds, parameters, and what rendered it."""
    text = io.StringIO()
    bounds = list(dict.fromkeys(name for row in outcome.rows for name in row.broken))
    writer = csv.writer(text)
    writer.writerow(
        ["trial", *outcome.objectives, *(f"violation: {name}" for name in bounds), *outcome.parameters, "note"]
    )
    for row in outcome.rows:
        points = [row.point.get(name, "") for name in outcome.parameters]
        writer.writerow([row.name, *row.values, *(row.broken.get(name, "") for name in bounds), *points, outcome.note])
    write_atomically(path, text.getvalue())
