"""The lines under the summary table: why values are missing, and what the marks in it mean."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sweeps.aggregate import value_of
from sweeps.results import SettingResult, SweepResult
from sweeps.statistics import BOOTSTRAP_FROM
from workflow.words import counted

if TYPE_CHECKING:
    from sweeps.summary_view import Column, Entry

DOUBTS = {"experimental": "exp.", "not calibrated": "uncal."}
"""How a heading says that a metric's figures are not to be relied on, by the words of ``eval.trust``."""
_TOLD = {
    "exp.": "(exp.): experimental, it failed its calibration (why: python -m eval calibrate --show)",
    "uncal.": "(uncal.): not calibrated",
}
MOST = 4
"""Settings that a line names before it counts the others."""
_DIGITS = re.compile(r"\d+(?:\.\d+)?")


def missing(sweep: SweepResult, names: Sequence[str]) -> list[str]:
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
            where = _named(counts) if len(found) < rendered or len(counts) == 1 else "every video"
            lines.setdefault(f"{_spanned([why for _, why in found])} ({where})", []).append(metric)
    return [f"{', '.join(metrics)} missing: {why}" for why, metrics in lines.items()]


def _named(counts: Mapping[str, int]) -> str:
    """Settings with how many of their videos; of many the first ones, and how many more there are.

    >>> _named({f"steps={at}": 2 for at in range(80)})
    'steps=0 2×, steps=1 2×, steps=2 2×, steps=3 2× and 76 more settings'
    """
    shown = list(counts.items())[: MOST if len(counts) > MOST + 1 else None]
    more = len(counts) - len(shown)
    text = ", ".join(f"{setting} {count}×" for setting, count in shown)
    return f"{text} and {counted(more, 'more setting')}" if more else text


def _spanned(reasons: Sequence[str]) -> str:
    """Texts that differ in their numbers only as one, each number from its least to its largest.

    >>> _spanned(["no evidence (p=0.3)", "no evidence (p=0.07)", "no evidence (p=0.21)"])
    'no evidence (p=0.07…0.3)'
    """
    numbers = zip(*(_DIGITS.findall(one) for one in reasons), strict=True)
    spans = [sorted(set(column), key=float) for column in numbers]
    told = iter([one[0] if len(one) == 1 else f"{one[0]}…{one[-1]}" for one in spans])
    return _DIGITS.sub(lambda _: next(told), reasons[0])


def legend(
    sweep: SweepResult, base: SettingResult | None, columns: "Sequence[Column]", entries: "Sequence[Entry]"
) -> str:
    """What the marks mean that this table has; nothing about those that it lacks."""
    parts = [_mean(sweep, any("±" in one.value for one in entries))]
    if base is not None and any(one.difference for one in entries):
        parts.append(f"Δ: difference to {base.name}, paired by clip and seed")
    if any(one.of for one in entries):
        parts.append("n/N: how many have a value")
    if any(one.pairs for one in entries):
        parts.append("Δ n/N: how many have one on both sides")
    pending = sum(one.state == "pending" for one in sweep.cells)
    if pending:
        parts.append(f"{pending} of {len(sweep.cells)} cells not yet done")
    parts += [text for doubt, text in _TOLD.items() if any(one.doubt == doubt for one in columns)]
    return "; ".join(part for part in parts if part)


def _mean(sweep: SweepResult, intervals: bool) -> str:
    """What a value stands for; nothing where it is that of the only video of its setting."""
    most = max((len(one.clips) for one in sweep.settings), default=0)
    how = "bootstrap over clips" if most >= BOOTSTRAP_FROM else "Student t"
    seeds = any(len({cell.seed for cell in one.cells}) > 1 for one in sweep.settings)
    parts = [f"mean ± half a 95 % interval over clips ({how})"] if intervals else ["mean over clips"] * (most > 1)
    return ", ".join([*parts, "seeds averaged inside a clip"] if seeds else parts)
