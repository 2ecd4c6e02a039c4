"""May a metric be trusted? The rules, and the reason in words."""

from collections.abc import Mapping

from eval.calibrate.catalogue import DISTORTIONS
from eval.calibrate.result import Cross, Level, MetricResult, Summary
from workflow.words import counted

ENOUGH = 0.8  # share of the clips that must agree
OVERWHELMED = 1.0  # a foreign distortion that moves a metric more than its own

UNMEASURED = "its own distortions were not measured"
"""The reason of metrics that nothing was aimed at this time."""

Verdict = tuple[Level, str]


def verdict(
    values: int, reason: str, aims: Mapping[str, Summary], cross: Mapping[str, Cross], aimed: bool, clips: int
) -> Verdict:
    """The level of trust and why, from what was found about one metric on ``clips`` clips.

    ``values`` counts the clips on which it has one, ``reason`` tells why it has none elsewhere, ``aimed`` whether any
    distortion there is aims at it. In this order it is

    - *not calibrated* without a value, or when no distortion aimed at it was measured;
    - *experimental* when, on more than a fifth of the clips, it does not follow one of them (turns back, or the wrong
      way), or does not see its reference strength through the repeat noise;
    - *experimental* when a distortion that should not move it moves it more than its own do, and more than noise;
    - *trusted* otherwise; the reason names the distortions that fewer clips than all speak for.
    """
    if not values:
        return "not calibrated", reason or "no value on any clip"
    if not aims:
        return "not calibrated", UNMEASURED if aimed else "no distortion aims at it"
    faults = [fault for name, one in aims.items() if (fault := _fault(name, one))]
    faults += _overwhelmed(cross)
    if faults:
        return "experimental", "; ".join(faults)
    return "trusted", "follows " + ", ".join(name + _only(one.clips, clips) for name, one in aims.items())


def told(one: MetricResult, clips: int) -> str:
    """The level, and on how many clips trust rests where that is fewer than the ``clips`` that were calibrated.

    A clip says nothing where the metric has no value, or no room to move: speech without a pause, a head at rest.
    """
    fewest = min((aim.clips for aim in one.aims.values()), default=clips)
    return f"{one.level} ({counted(fewest, 'clip')})" if one.level == "trusted" and fewest < clips else one.level


def _only(some: int, clips: int) -> str:
    return f" (on {counted(some, 'clip')} only)" if some < clips else ""


def _fault(name: str, one: Summary) -> str | None:
    row = DISTORTIONS[name]
    if one.following < ENOUGH * one.clips:
        if one.monotone >= ENOUGH * one.clips:
            return f"{name} does not move it beyond repeat noise{_of(one.clips - one.following, one.clips)}"
        return f"does not follow {name}{_of(one.clips - one.following, one.clips)}"
    if one.seen < ENOUGH * one.clips:
        return f"{name} of {row.reference:g} {row.unit} is lost in repeat noise{_of(one.clips - one.seen, one.clips)}"
    return None


def _of(some: int, clips: int) -> str:
    return f" on {some} of {clips} clips" if clips > 1 else ""


def _overwhelmed(cross: Mapping[str, Cross]) -> list[str]:
    worse = [
        (one.relative, name)
        for name, one in cross.items()
        if not one.expected and one.relative is not None and one.relative > OVERWHELMED and (one.in_noise or 0) > 2
    ]
    if not worse:
        return []
    most, name = max(worse)
    row = DISTORTIONS[name]
    more = f" (and {len(worse) - 1} more)" if len(worse) > 1 else ""
    return [f"{name} of {row.reference:g} {row.unit} moves it {most:.1f} times as much as its own{more}"]
