"""What the summary table says, as words: shared by the terminal, Markdown and whoever else shows it."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from eval.metric import METRICS
from eval.table import NOT_MEASURED, STAND_IN
from eval.trust import remark
from sweeps.aggregate import MetricSummary, difference, flags_of, metric_names, summarise, unfinished, value_of
from sweeps.results import SettingResult, SweepResult
from sweeps.statistics import BOOTSTRAP_FROM

HEADLINE = (
    "lipsync/confidence",
    "lipsync/offset",
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
FOOTAGE = "(real footage)"
"""The row of the user's own real videos."""
_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_ARROWS = {"higher": "↑", "lower": "↓", "band": "↔", "none": ""}


@dataclass(frozen=True)
class Entry:
    """One setting's value of one metric, in words.

    ``value`` is mean ± half-width, ``difference`` the same against the baseline, ``of`` how many clips have a value
    where not all do.
    """

    value: str
    difference: str = ""
    of: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """What there is to say, one line each."""
        return tuple(one for one in (self.value, self.difference, self.of) if one)


@dataclass(frozen=True)
class Line:
    """One setting's row; ``clips`` is how many have a video, of how many."""

    setting: str
    clips: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class View:
    """The whole table: heading, columns as (metric, unit), rows, and the lines that stand under it."""

    title: str
    stand_in: bool
    columns: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    failures: tuple[str, ...]
    collapsed: tuple[str, ...]
    missing: tuple[str, ...]
    legend: str
    not_measured: str


def view(sweep: SweepResult, metrics: Sequence[str] | None = None) -> View:
    """Put a sweep into words; the headline metrics that any cell names, or the ones given."""
    present = metric_names(sweep.cells)
    asked = tuple(metrics) if metrics is not None else tuple(one for one in HEADLINE if one in present)
    names = tuple(one for one in asked if metrics is not None or _seen(sweep, one))
    base = sweep.setting(sweep.baseline)
    return View(
        title=_title(sweep),
        stand_in=sweep.stand_in,
        columns=tuple((name, unit(name)) for name in names),
        lines=(*(_line(one, base, names) for one in sweep.settings), *_ceiling(sweep, names)),
        failures=tuple(f"{one.name}: {why}" for one in sweep.settings for why in unfinished(one.cells)),
        collapsed=tuple(f"{one.name}: {why}" for one in sweep.settings for why in unfinished(one.cells, ["collapsed"])),
        missing=tuple(_missing(sweep, asked)),
        legend=_legend(sweep, base, names),
        not_measured=NOT_MEASURED,
    )


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
    return f"{name} · {STAND_IN}" if sweep.stand_in else name


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
    return Entry(text, f"Δ{with_error(step.mean, step.half_width, sign=True)}" if step else "Δ–", _of(found))


def _of(found: MetricSummary) -> str:
    """Clips counted, and videos where a clip counts with some of its seeds missing."""
    if found.n < found.total:
        return f"{found.n}/{found.total} clips"
    return f"{found.cells}/{found.cells_total} videos" if found.cells < found.cells_total else ""


def _seen(sweep: SweepResult, metric: str) -> bool:
    return any(value_of(cell, metric)[0] is not None for cell in sweep.cells)


def _missing(sweep: SweepResult, names: Sequence[str]) -> list[str]:
    """Why values are missing of videos that are there; what has no video is told as a failure.

    Metrics that lack it in the same cells for the same reason share a line, and so do reasons that differ in a number.
    """
    lines: dict[str, list[str]] = {}
    rendered = sum(cell.folder is not None for cell in sweep.cells)
    for metric in names:
        reasons: dict[str, list[tuple[str, str]]] = {}
        for cell in sweep.cells:
            value, why = value_of(cell, metric)
            if value is None and cell.folder is not None:
                reasons.setdefault(_DIGITS.sub("#", why or ""), []).append((cell.setting, why or ""))
        for found in reasons.values():
            counts = Counter(setting for setting, _ in found)
            where = ", ".join(f"{setting} {count}×" for setting, count in counts.items())
            where = where if len(found) < rendered or len(counts) == 1 else "every video"
            lines.setdefault(f"{_spanned([why for _, why in found])} ({where})", []).append(metric)
    return [f"{', '.join(metrics)} missing: {why}" for why, metrics in lines.items()]


def _spanned(reasons: Sequence[str]) -> str:
    """Texts that differ in their numbers only as one, each number from its least to its largest.

    >>> _spanned(["no evidence (p=0.3)", "no evidence (p=0.07)", "no evidence (p=0.21)"])
    'no evidence (p=0.07…0.3)'
    """
    numbers = zip(*(_DIGITS.findall(one) for one in reasons), strict=True)
    spans = [sorted(set(column), key=float) for column in numbers]
    told = iter([one[0] if len(one) == 1 else f"{one[0]}…{one[-1]}" for one in spans])
    return _DIGITS.sub(lambda _: next(told), reasons[0])


def _legend(sweep: SweepResult, base: SettingResult | None, names: Sequence[str]) -> str:
    most = max((len(one.clips) for one in sweep.settings), default=0)
    how = "bootstrap over clips" if most >= BOOTSTRAP_FROM else "Student t"
    parts = [f"mean ± half a 95 % interval over clips ({how}; seeds averaged inside a clip); n/N where clips lack it"]
    if base is not None:
        parts.append(f"Δ: difference to {base.name}, paired by clip and seed")
    pending = sum(one.state == "pending" for one in sweep.cells)
    if pending:
        parts.append(f"{pending} of {len(sweep.cells)} cells not yet done")
    doubted = [name for name in names if remark(name, flags_of(sweep.cells, name)) == "experimental"]
    if doubted:
        parts.append(f"experimental, as they failed their calibration: {', '.join(doubted)}")
    return "; ".join(parts)
