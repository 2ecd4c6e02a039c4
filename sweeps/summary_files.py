"""The summary as files: Markdown for people, CSV with every metric for programs."""

import csv
import io

from eval.metric import METRICS
from sweeps.aggregate import difference, metric_names, summarise
from sweeps.results import STAND_IN_NOTE, SettingResult, SweepResult
from sweeps.summary_view import view

CSV_COLUMNS = (
    "setting", "metric", "unit", "mean", "low", "high", "n", "total", "cells", "cells_total",
    "difference", "difference_low", "difference_high", "difference_n", "up", "down", "missing", "note",
)  # fmt: skip
"""One row a setting and metric; empty where there is no value. ``up`` and ``down`` count clips against the baseline."""


def summary_markdown(sweep: SweepResult) -> str:
    """The summary table and the lines under it as Markdown."""
    seen = view(sweep)
    head = ["setting", "clips", *(["verdict"] if seen.stand_in else [])]
    head += [f"{name} ({unit})" if unit else name for name, unit in seen.columns]
    lines = [f"# {seen.title}", "", _row(head), _row(["---"] * len(head))]
    for line in seen.lines:
        cells = ["<br>".join(one.lines) for one in line.entries]
        lines.append(_row([line.setting, line.clips, *(["demo"] if seen.stand_in else []), *cells]))
    lines += [
        "",
        *(f"- {one}" for one in (*seen.failures, *seen.collapsed, *seen.missing)),
        "",
        seen.legend,
        "",
        seen.not_measured,
        "",
    ]
    return "\n".join(lines)


def summary_csv(sweep: SweepResult) -> str:
    """Every metric of every setting, unrounded, with CSV_COLUMNS as its head."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    base = sweep.setting(sweep.baseline)
    for setting in sweep.settings:
        for metric in metric_names(sweep.cells):
            writer.writerow([*_facts(setting, base, metric), STAND_IN_NOTE if sweep.stand_in else ""])
    return file.getvalue()


def _facts(setting: SettingResult, base: SettingResult | None, metric: str) -> list[object]:
    found = summarise(setting, metric)
    declared = METRICS.get(metric)
    facts: list[object] = [setting.name, metric, declared.unit if declared else ""]
    facts += [found.mean, found.low, found.high, found.n, found.total, found.cells, found.cells_total]
    step = difference(setting, base, metric) if base is not None and base.name != setting.name else None
    if step is None or step.interval is None:
        facts += [None] * 6
    else:
        facts += [step.interval.mean, step.interval.low, step.interval.high, step.interval.n, step.up, step.down]
    return [*facts, "; ".join(f"{count}× {why}" for why, count in found.missing.items())]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
