"""The summary as files: Markdown for people, CSV with every metric for programs."""

import csv
import io
from collections.abc import Sequence

from eval.metric import METRICS
from eval.trust import remark
from sweeps.aggregate import difference, flags_of, metric_names, summarise
from sweeps.cards import by_card, places
from sweeps.inert import inert, table_cell, table_lines
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
    demo = ["demo"] if seen.stand_in else []
    rows = [[line.setting, line.clips, *demo, *(one.lines for one in line.entries)] for line in seen.lines]
    lines = [f"# {seen.title}", "", *_table(head, rows)]
    for found in (grid(sweep), by_card(sweep)):
        if found is not None:
            lines += ["", f"## {found.title}", "", *_table(found.head, found.rows)]
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


def _table(head: Sequence[str], rows: Sequence[Sequence[str | Sequence[str]]]) -> list[str]:
    """A table in Markdown; a cell is one line or several."""
    return table_lines(
        [table_cell(one) for one in head],
        [[table_cell(one) if isinstance(one, str) else table_cell(*one) for one in row] for row in rows],
    )
