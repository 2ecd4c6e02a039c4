"""The summary as files: Markdown for people, CSV with every metric for programs."""

import csv
import io

from eval.metric import METRICS
from eval.trust import remark
from sweeps.aggregate import difference, flags_of, metric_names, summarise
from sweeps.cards import by_card, places
from sweeps.inert import inert
from sweeps.rehearsal import grid
from sweeps.results import SettingResult, SweepResult
from sweeps.summary_view import view

CSV_COLUMNS = (
    "setting", "metric", "unit", "mean", "low", "high", "n", "total", "cells", "cells_total",
    "difference", "difference_low", "difference_high", "difference_n", "up", "down", "missing", "note", "remark",
)  # fmt: skip
"""One row a setting and metric; empty where there is no value. ``up`` and ``down`` count clips against the baseline,
``remark`` says where the metric is experimental or not calibrated."""


def summary_markdown(sweep: SweepResult) -> str:
    """The summary table and the lines under it as Markdown."""
    seen = view(sweep)
    head = ["setting", "clips", *(["verdict"] if seen.stand_in else [])]
    for column in seen.columns:
        marks = [column.doubt, column.unit] if column.doubt else [column.unit]
        head.append(column.metric + "".join(f" ({mark})" for mark in marks if mark))
    lines = [f"# {seen.title}", "", _row(head), _row(["---"] * len(head))]
    for line in seen.lines:
        cells = ["<br>".join(one.lines) for one in line.entries]
        lines.append(_row([inert(line.setting), line.clips, *(["demo"] if seen.stand_in else []), *cells]))
    for found in (grid(sweep), by_card(sweep)):
        if found is not None:
            lines += ["", f"## {found.title}", "", _row(list(map(inert, found.head))), _row(["---"] * len(found.head))]
            lines += [_row(list(map(inert, row))) for row in found.rows]
    lines += [
        "",
        *(f"- {inert(one)}" for one in (*seen.failures, *seen.collapsed, *places(sweep), *seen.missing)),
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
            doubt = remark(metric, flags_of(setting.cells, metric)) or ""
            writer.writerow([*_facts(setting, base, metric), sweep.note, doubt])
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
