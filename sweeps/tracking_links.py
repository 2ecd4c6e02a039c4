"""Ways from a sweep's run to what MLflow's pages would have one gather by hand: columns that differ, comparisons."""

import json
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from sweeps.aggregate import value_of
from sweeps.inert import inert
from sweeps.report.data import differing
from sweeps.results import SweepResult
from sweeps.summary_view import HEADLINE
from sweeps.tracking_content import PLACE, safe_name

VIEW: Final = "mlflow.sharedViewState."
"""An experiment's tag that begins so holds a view of its table of runs, which an address names by what follows."""
_VIEW_LENGTH: Final = 5000
"""What MLflow takes as an experiment's tag."""
MOST: Final = 12
"""Settings that are linked, at most: a description is 5,000 letters long."""


def view(sweep: SweepResult, parent: str) -> str:
    """The table of ``sweep``'s settings with the parameters that differ and the headline metrics, as MLflow reads it.

    Without it MLflow shows no parameter and no metric until each was chosen among hundreds.
    """
    params = [f"params.`{safe_name(name)}`" for name in differing(sweep.settings)]
    cells = sweep.cells
    seen = [name for name in HEADLINE if any(value_of(cell, name)[0] is not None for cell in cells)]
    columns = [*params, *(f"metrics.`{safe_name(name)}`" for name in seen), "tags.`state`"]
    while True:
        told = {
            "searchFilter": f"tags.`mlflow.parentRunId` = '{parent}'",
            "orderByKey": f"tags.`{PLACE}`",  # by time, its own way, MLflow would fold them under the sweep
            "orderByAsc": True,
            "selectedColumns": columns,
        }
        text = json.dumps(told, ensure_ascii=False)
        if len(text) <= _VIEW_LENGTH:
            return text
        columns = columns[:-1]


def links(sweep: SweepResult, experiment: str, parent: str, children: Mapping[str, str], files: Sequence[str]) -> str:
    """Markdown for the description of the sweep's run: its page, its settings as a table, each against the baseline."""
    lines = [f"[{name}](#/experiments/{experiment}/runs/{parent}/artifacts/{quote(name)})" for name in files]
    lines.append(f"[the settings, with what differs](#/experiments/{experiment}/runs?viewStateShareKey={parent})")
    names = [one.name for one in sweep.settings if one.name in children][:MOST]
    if len(names) > 1:
        lines.append(f"[all side by side]({_compared([children[name] for name in names], experiment)})")
    text = " · ".join(lines)
    base = children.get(sweep.baseline or "")
    if base is not None and len(names) > 1:
        others = [
            f"[{_label(name)}]({_compared([base, children[name]], experiment)})"
            for name in names
            if name != sweep.baseline
        ]
        text += f"\n\nagainst {inert(sweep.baseline or '')}: " + " · ".join(others)
    return text


def _compared(runs: Sequence[str], experiment: str) -> str:
    """The address of MLflow's page that compares these runs."""
    ids, within = (quote(json.dumps(one, separators=(",", ":")), safe=",") for one in (runs, [experiment]))
    return f"#/compare-runs?runs={ids}&experiments={within}"


def _label(name: str) -> str:
    """A name inside a link of Markdown."""
    return inert(name).replace("[", "(").replace("]", ")")
