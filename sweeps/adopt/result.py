"""Groups of adopted videos as a sweep's result and plan, so that all that reads those reads them."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from runner.harness import harness
from sweeps.adopt.enter import ENVIRONMENT
from sweeps.adopt.group import Group, Member
from sweeps.adopt.judge import Judged
from sweeps.cards import place_of
from sweeps.judging import cost_only, judged
from sweeps.naming import LONGEST_NAME
from sweeps.results import CellResult, SettingResult, SweepResult
from sweeps.store import Entry, Store
from workflow.errors import HarnessError
from workflow.graph import canonical_json

if TYPE_CHECKING:
    from sweeps.config import Config

UNTIMED: Final = "no timings: adopted, and a video does not tell what it took"


class NoSetting(HarnessError):
    """A baseline that no adopted video has."""

    code = "adopt-baseline"


@dataclass(frozen=True)
class Taken:
    """Groups with what became of their videos, by SHA-256.

    ``entries`` are their places in the store, with whether they were copied just now; ``lost`` could not be copied.
    """

    groups: Sequence[Group]
    entries: Mapping[str, tuple[Entry, bool]]
    lost: Collection[str] = ()
    judged: Mapping[str, Judged] = field(default_factory=dict)
    unscored: Mapping[str, str] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether no video of them is or will be in the store."""
        return all(one.video.sha256 in self.lost for group in self.groups for one in group.members)


def name_of(folder: Path) -> str:
    """``adopted-<folder name>``, with nothing that a shell, MLflow's queries or a folder would read as more.

    >>> name_of(Path("/videos/旧 output's"))
    'adopted-旧_output_s'
    """
    name = "adopted-" + (re.sub(r"[^\w.+-]+", "_", folder.resolve().name) or "root")
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def check_baseline(wanted: str | None, groups: Sequence[Group]) -> None:
    """Raise NoSetting where a baseline was named that none of the settings is."""
    names = [one.name for one in groups]
    if wanted is not None and wanted not in names:
        raise NoSetting(f"sweep.baseline={wanted} is none of the settings", hint=f"they are: {'; '.join(names)}")


def result_of(name: str, title: str, config: "Config", store: Store, taken: Taken) -> SweepResult:
    """What came of the adopted videos of ``taken``, as the store has it now: one at least, all of a model or none."""
    label = {"release": config.server.release} if config.server.release else {}
    settings = []
    for group in taken.groups:
        members = [one for one in group.members if one.video.sha256 not in taken.lost]
        cells = tuple(_cell(group.name, one, config, store, taken, place_of(label)) for one in members)
        how = [taken.judged[one.video.sha256] for one in members if one.video.sha256 in taken.judged]
        notes = dict.fromkeys((*group.notes, *(note for one in how for note in one.notes)))
        if cells:
            settings.append(SettingResult(group.name, group.values, tuple(notes), cells))
    stand_in = any(one.video.made.stand_in for group in taken.groups for one in group.members)
    return SweepResult(
        experiment=name,
        sweep_id=name,
        plan_hash=_hash(name, stand_in, settings),
        stand_in=stand_in,
        settings=tuple(settings),
        started=datetime.now(UTC),
        baseline=next((one.name for one in settings if one.name == config.sweep.baseline), settings[0].name),
        stamp={**label, "adopted": True, "verified": False, "harness": harness()},
        title=title,
        cost_only=cost_only(config, ""),
        judged=judged(config),
    )


def _cell(setting: str, member: Member, config: "Config", store: Store, taken: Taken, place: str) -> CellResult:
    from eval.metrics.cost import NAMES
    from eval.value import absent

    sha256 = member.video.sha256
    how = taken.judged.get(sha256)
    base = CellResult(
        setting,
        member.clip,
        member.seed,
        "pending",
        reason="not copied yet",
        recipe=sha256,
        environment=ENVIRONMENT,
        inputs=_inputs(member, how),
    )
    if sha256 not in taken.entries:
        return base
    entry, new = taken.entries[sha256]
    score = None if how is None else store.score(entry, how.task.scorer)
    why = cost_only(config, "") or taken.unscored.get(sha256, "not scored yet")
    return replace(
        base,
        state="done",
        reason=None if score is not None else why,
        reused=not new,
        folder=entry.folder,
        score=score,
        cost={name: absent(UNTIMED).to_json() for name in NAMES},
        place=place,
    )


def _inputs(member: Member, how: Judged | None) -> tuple[str, ...]:
    """SHA-256 of what it reads: as its graph tells, else of the files that it is judged against."""
    made = member.video.made
    found = [one.sha256 for one in (made.speech, made.picture, made.face) if one is not None]
    if how is not None:
        found += [how.task.speech_sha256, how.task.reference_sha256]
    return tuple(sorted({one for one in found if one is not None}))


def _hash(name: str, stand_in: bool, settings: Sequence[SettingResult]) -> str:
    made = [[one.setting, one.clip, one.seed, one.recipe] for setting in settings for one in setting.cells]
    return hashlib.sha256(canonical_json(["adopted", name, stand_in, made]).encode()).hexdigest()


def plan_of(result: SweepResult) -> dict[str, Any]:
    """The plan file of ``result``: what it names is in use, so that nothing tidies it away."""
    return {
        "name": result.sweep_id,
        "hash": result.plan_hash,
        "stand_in": result.stand_in,
        "rehearsal": "",
        "adopted": True,
        "baseline": result.baseline,
        "settings": [
            {"name": one.name, "axis": {}, "values": dict(one.values), "inputs": {}} for one in result.settings
        ],
        "cells": [
            {
                "setting": one.setting,
                "clip": one.clip,
                "seed": one.seed,
                "state": "reuse",
                "reason": "adopted",
                "recipe": one.recipe,
                "environment": one.environment,
                "seconds": 0.0,
            }
            for one in result.cells
        ],
    }
