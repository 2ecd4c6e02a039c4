"""What the measures say of each verdict of the history: confirmed, contradicted, or not enough evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sweeps.aggregate import difference, summarise, unfinished, value_of
from sweeps.compare.rule import Margin, moved
from sweeps.results import SettingResult, SweepResult
from sweeps.statistics import Interval
from sweeps.story.claims import BASE, BASE_SAYS, CLAIMS, Claim, Expected

Status = Literal[
    "confirmed", "contradicted", "not enough evidence", "impossible here", "not measured", "demo", "baseline"
]


@dataclass(frozen=True)
class Measure:
    """One measure of a claim: the difference to the base, its margin, what that says; ``why`` where there is none.

    ``clips`` are those of the variant, of which the difference may have fewer.
    """

    metric: str
    expected: Expected
    step: Interval | None
    margin: float
    status: Status
    why: str = ""
    clips: int = 0


@dataclass(frozen=True)
class Chapter:
    """One claim of one variant: what changed in the graph, what was said, what was measured."""

    variant: str
    changed: tuple[str, ...]
    says: str
    says_zh: str
    measures: tuple[Measure, ...]
    status: Status
    why: str = ""


def chapters(
    result: SweepResult, margins: Mapping[str, Margin], changed: Mapping[str, Sequence[str]]
) -> tuple[Chapter, ...]:
    """The story of ``result``: a chapter for each claim whose variant is in it. ``changed`` tells graphs apart."""
    base = result.setting(BASE)
    if base is None:
        return ()
    told = [Chapter(BASE, (), *BASE_SAYS, (), "baseline")]
    for claim in CLAIMS:
        setting = result.setting(claim.variant)
        if setting is not None:
            told.append(_chapter(claim, setting, base, margins, tuple(changed.get(claim.variant, ())), result.stand_in))
    return tuple(told)


def _chapter(
    claim: Claim,
    setting: SettingResult,
    base: SettingResult,
    margins: Mapping[str, Margin],
    changed: tuple[str, ...],
    stand_in: bool,
) -> Chapter:
    measures = tuple(measure(setting, base, metric, wanted, margins) for metric, wanted in claim.measures)
    if all(cell.state == "impossible" for cell in setting.cells):
        why = "; ".join(unfinished(setting.cells))
        return Chapter(claim.variant, changed, claim.says, claim.says_zh, (), "impossible here", why)
    status = "demo" if stand_in else overall(claim, measures)
    return Chapter(claim.variant, changed, claim.says, claim.says_zh, measures, status)


def overall(claim: Claim, measures: Sequence[Measure]) -> Status:
    """One word for a claim.

    That something changed is confirmed by any measure that shows it, and contradicted where every one that could be
    measured excludes it. That all stayed the same needs all of them, also those without a value here.
    """
    known = [one.status for one in measures if one.step is not None]
    if not known:
        return "not measured"
    if all(expected == "same" for _, expected in claim.measures):
        if "contradicted" in known:
            return "contradicted"
        return "confirmed" if all(one.status == "confirmed" for one in measures) else "not enough evidence"
    if "confirmed" in known:
        return "confirmed"
    return "contradicted" if all(one == "contradicted" for one in known) else "not enough evidence"


def measure(
    setting: SettingResult, base: SettingResult, metric: str, expected: Expected, margins: Mapping[str, Margin]
) -> Measure:
    """How one metric of ``setting`` moved against ``base``, paired by clip, and whether that is what was expected."""
    if metric not in margins:
        return Measure(metric, expected, None, 0.0, "not measured", "compare.margins has none for it")
    step = difference(setting, base, metric).interval
    margin = margins[metric].of(summarise(base, metric).mean or 0.0)
    if step is None:
        why = next((why for cell in setting.cells if (why := value_of(cell, metric)[1])), "no value on both sides")
        return Measure(metric, expected, None, margin, "not measured", why)
    return Measure(metric, expected, step, margin, holds(step, margin, expected), clips=len(setting.clips))


def holds(step: Interval, margin: float, expected: Expected) -> Status:
    """Whether a difference is what was expected of it.

    >>> holds(Interval(0.4, 0.2, 0.6, 9), 0.1, "up"), holds(Interval(0.02, -0.05, 0.09, 9), 0.1, "up")
    ('confirmed', 'contradicted')
    >>> holds(Interval(0.02, -0.05, 0.09, 9), 0.1, "same"), holds(Interval(0.02, -0.5, 0.9, 9), 0.1, "up")
    ('confirmed', 'not enough evidence')
    """
    if step.low is None or step.high is None:
        return "not enough evidence"
    inside = -margin <= step.low and step.high <= margin
    rose, fell = moved(step, margin)
    shown = {"up": rose, "down": fell, "same": inside, "either": rose or fell}[expected]
    excluded = {"up": step.high <= margin, "down": step.low >= -margin, "same": rose or fell, "either": inside}[
        expected
    ]
    return "confirmed" if shown else "contradicted" if excluded else "not enough evidence"
