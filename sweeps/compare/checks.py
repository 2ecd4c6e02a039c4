"""What makes a comparison invalid, and what has to be said beside one that is valid."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sweeps.compare.sides import Side
from sweeps.kept import GONE

if TYPE_CHECKING:
    from sweeps.compare.compare import Row


def invalid(baseline: Side, candidate: Side, rows: "Sequence[Row]", primaries: Sequence[str]) -> tuple[str, ...]:
    """Every reason why nothing may be concluded; empty for a valid comparison."""
    found = []
    marks = (baseline.sweep.mark or "a model", candidate.sweep.mark or "a model")
    if marks[0] != marks[1]:
        found.append(f"{baseline.name} was rendered by {marks[0]}, {candidate.name} by {marks[1]}")
    found += dict.fromkeys(why for side in (baseline, candidate) for why in _incomplete(side))
    common = [clip for clip in baseline.setting.clips if clip in candidate.setting.clips]
    if not common:
        found.append("the two sides have no clip in common")
    changed = [clip for clip in common if _changed(_inputs(baseline, clip), _inputs(candidate, clip))]
    if changed:
        found.append(f"pictures or speech changed: {', '.join(changed[:5])}")
    if baseline.sweep.judged != candidate.sweep.judged:
        found.append(
            "the two sides were judged differently (settings of scoring, versions of metrics, weights): action=score"
            " judges stored videos again"
        )
    there = {row.metric: row for row in rows}
    for name in primaries:
        row = there.get(name)
        if row is None or not row.steps:
            bare = [side.name for side in (baseline, candidate) if not side.has(name)]
            where = f"no value at all in {' and '.join(bare)}" if bare else "no clip with a value on both sides"
            found.append(f"{name}, a primary metric, has {where}")
    return tuple(found)


def notes(baseline: Side, candidate: Side) -> tuple[str, ...]:
    """What else is to be known of two sides."""
    said = [one] if (one := other_card(baseline, candidate)) else []
    only = [clip for clip in baseline.setting.clips if clip not in candidate.setting.clips]
    only += [clip for clip in candidate.setting.clips if clip not in baseline.setting.clips]
    if only:
        said.append(f"on one side only, and not compared: {', '.join(only[:8])}")
    for side in (baseline, candidate):
        if not side.verified:
            how = "sweeps adopt … --config server.release=LABEL" if side.adopted else "server.release=LABEL"
            said.append(f"the environment of {side.name} is unverified: name what is installed with {how}")
    if baseline.places != candidate.places and baseline.setting.values != candidate.setting.values:
        said.append("environment and settings both differ: a difference may be due to either")
    return tuple(said)


def other_card(baseline: Side, candidate: Side) -> str:
    """Why the costs of two sides are not compared; empty where one kind of card rendered both."""
    if baseline.adopted or candidate.adopted:
        return "what adopted videos took is not known"
    if set(baseline.cards) == set(candidate.cards):
        return ""
    cards = " against ".join(", ".join(one.cards) or "an unknown card" for one in (baseline, candidate))
    return f"rendered on different cards ({cards}), cost is theirs and not the settings'"


def _incomplete(side: Side) -> list[str]:
    """What a side lacks by no fault of what rendered it."""
    pending, gone = side.setting.count("pending"), sum(cell.reason in GONE for cell in side.setting.cells)
    of = f"of {len(side.setting.cells)} cells of {side.name}"
    said = [f"{pending} {of} are not done: the sweep's command goes on"] if pending else []
    elsewhere = "are not in the store any more: its run's id may still name their figures in MLflow"
    return [*said, f"{gone} {of} {elsewhere}"] if gone else said


def _changed(ours: set[str], theirs: set[str]) -> bool:
    """Whether files differ; a setting may read one picture fewer (v1 has no close-up), which is no change of it."""
    return not (ours <= theirs or theirs <= ours)


def _inputs(side: Side, clip: str) -> set[str]:
    return {file for cell in side.setting.cells if cell.clip == clip for file in cell.inputs}
