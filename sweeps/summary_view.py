"""What the summary table says, as words: shared by the terminal, Markdown and whoever else shows it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from eval.metric import METRICS
from eval.table import NOT_MEASURED, STAND_IN
from eval.trust import remark
from sweeps.aggregate import MetricSummary, difference, flags_of, metric_names, summarise, unfinished, value_of
from sweeps.results import OF_A_MODEL, SettingResult, SweepResult
from sweeps.summary_notes import DOUBTS, legend, missing

HEADLINE = (
    "lipsync/confidence",
    "lipsync/offset",
    "lipsync/envelope_strength",
    "lipsync/envelope_offset",
    "sharpness/laplacian",
    "colour/cheeks_mean",
    "motion/head_mean",
    "mouth/aperture_p95",
    "seam/colour",
    "likeness/lpips",
    "cost/window_s",
)
"""The columns of the table: one or two a group; every metric is in the CSV and in MLflow. One that no cell has a value
of is no column: a line under the table says why."""
ONLY_COST = "not measured: anything that shows in the videos"
INSTEAD = {"lipsync/envelope_strength": "lipsync/confidence"}
"""What stands in the table only where the other has no value: without SyncNet's weights, the envelope."""
FOOTAGE = "(real footage)"
"""The row of the user's own real videos."""
_ARROWS = {"higher": "↑", "lower": "↓", "band": "↔", "none": ""}


@dataclass(frozen=True)
class Entry:
    """One setting's value of one metric, in words.

    ``value`` is mean ± half-width, ``difference`` the same against the baseline, ``of`` how many clips have a value
    where not all do, ``pairs`` of how many clips the difference is where they are fewer still.
    """

    value: str
    difference: str = ""
    of: str = ""
    pairs: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """What there is to say, one line each."""
        return tuple(one for one in (self.value, self.difference, self.of, self.pairs) if one)


@dataclass(frozen=True)
class Line:
    """One setting's row; ``clips`` is how many have a video, of how many."""

    setting: str
    clips: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Column:
    """One metric's column; ``doubt`` is a short word where its figures are not to be relied on (``exp.``)."""

    metric: str
    unit: str
    doubt: str = ""


@dataclass(frozen=True)
class View:
    """The whole table: heading, columns, rows, and the lines that stand under it."""

    title: str
    stand_in: bool
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    failures: tuple[str, ...]
    collapsed: tuple[str, ...]
    missing: tuple[str, ...]
    legend: str
    not_measured: str


def view(sweep: SweepResult, metrics: Sequence[str] | None = None) -> View:
    """Put a sweep into words; the headline metrics that any cell names, or the ones given."""
    asked = tuple(metrics) if metrics is not None else _headline(sweep)
    names = tuple(one for one in asked if metrics is not None or _seen(sweep, one))
    base = sweep.setting(sweep.baseline)
    columns = tuple(Column(name, unit(name), _doubt(sweep, name)) for name in names)
    lines = (*(_line(one, base, names) for one in sweep.settings), *_ceiling(sweep, names))
    return View(
        title=_title(sweep),
        stand_in=sweep.stand_in,
        columns=columns,
        lines=lines,
        failures=tuple(f"{one.name}: {why}" for one in sweep.settings for why in unfinished(one.cells)),
        collapsed=tuple(f"{one.name}: {why}" for one in sweep.settings for why in unfinished(one.cells, ["collapsed"])),
        missing=tuple(missing(sweep, asked)),
        legend=legend(sweep, base, columns, [entry for line in lines for entry in line.entries]),
        not_measured=ONLY_COST if sweep.cost_only else NOT_MEASURED,
    )


def _headline(sweep: SweepResult) -> tuple[str, ...]:
    present = metric_names(sweep.cells)
    if sweep.cost_only:
        return present
    left_out = {name for name, better in INSTEAD.items() if _seen(sweep, better)}
    left_out |= set(OF_A_MODEL) if sweep.stand_in else set()
    return tuple(one for one in HEADLINE if one in present and one not in left_out)


def _doubt(sweep: SweepResult, metric: str) -> str:
    return DOUBTS.get(remark(metric, flags_of(sweep.cells, metric)) or "", "")


def unit(metric: str) -> str:
    """A metric's unit and an arrow to its better side (↔: both sides are faults), as far as it is declared."""
    found = METRICS.get(metric)
    return f"{found.unit} {_ARROWS[found.better]}".strip() if found else ""


def with_error(value: float, half: float | None, sign: bool = False) -> str:
    """A value and its half-width to the same decimals: one digit of the half-width (two of 1…), three of a value alone.

    >>> with_error(0.41234, 0.0512), with_error(0.41234, 0.0151), with_error(12.3456, None)
    ('0.41 ±0.05', '0.412 ±0.015', '12.3')
    >>> with_error(0.02, 0.3, sign=True)
    '+0.0 ±0.3'
    """
    by = abs(half or value)
    size = math.floor(math.log10(by)) if by and math.isfinite(by) else 0
    digits = 3 if not half else 2 if by < 2 * 10.0**size else 1
    decimals = min(max(digits - 1 - size, 0), 4)
    text = f"{value:{'+' if sign else ''}.{decimals}f}"
    return text if half is None else f"{text} ±{half:.{decimals}f}"


def _title(sweep: SweepResult) -> str:
    name = sweep.title or sweep.experiment
    mark = STAND_IN if sweep.stand_in else sweep.note or sweep.cost_only
    return f"{name} · {mark}" if mark else name


def _line(setting: SettingResult, base: SettingResult | None, names: Sequence[str]) -> Line:
    shown = sum(any(one.clip == clip and one.folder for one in setting.cells) for clip in setting.clips)
    mark = f"{setting.name} (baseline)" if base is not None and setting.name == base.name else setting.name
    entries = tuple(_entry(setting, base, name) if shown else Entry("–") for name in names)
    return Line(mark, f"{shown}/{len(setting.clips)}", entries)


def _ceiling(sweep: SweepResult, names: Sequence[str]) -> list[Line]:
    """A last row: what real video of the speakers scores. No render of them is expected to beat it."""
    if not sweep.footage:
        return []
    entries = []
    for name in names:
        values = [score["values"].get(name, {}).get("value") for score in sweep.footage.values()]
        there = [value for value in values if value is not None]
        entries.append(Entry(with_error(sum(there) / len(there), None) if there else "–"))
    return [Line(FOOTAGE, str(len(sweep.footage)), tuple(entries))]


def _entry(setting: SettingResult, base: SettingResult | None, metric: str) -> Entry:
    found = summarise(setting, metric)
    if found.mean is None:
        return Entry("–", of=_of(found))
    text = with_error(found.mean, found.half_width)
    if base is None or base.name == setting.name:
        return Entry(text, of=_of(found))
    step = difference(setting, base, metric).interval
    if step is None:
        return Entry(text, "Δ–", _of(found))
    pairs = f"Δ {step.n}/{found.total} clips" if step.n < found.n else ""
    return Entry(text, f"Δ{with_error(step.mean, step.half_width, sign=True)}", _of(found), pairs)


def _of(found: MetricSummary) -> str:
    """Clips counted, and videos where a clip counts with some of its seeds missing."""
    if found.n < found.total:
        return f"{found.n}/{found.total} clips"
    return f"{found.cells}/{found.cells_total} videos" if found.cells < found.cells_total else ""


def _seen(sweep: SweepResult, metric: str) -> bool:
    return any(value_of(cell, metric)[0] is not None for cell in sweep.cells)
