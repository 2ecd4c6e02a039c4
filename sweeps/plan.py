"""The plan of a sweep: its cells, expanded, collapsed, checked, ordered and frozen before they run."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sweeps.order import Reloads, balanced, blocks_joined, compared
from sweeps.results import mark_of
from sweeps.settings import Setting
from workflow.cell import Cell, Clip
from workflow.errors import HarnessError
from workflow.graph import canonical_json
from workflow.loader import loader_key
from workflow.words import counted

State = Literal["run", "reuse", "collapsed", "impossible"]


@dataclass(frozen=True)
class PlannedCell:
    """One cell of a plan and what will be done with it.

    ``cell`` is None only where no graph could be built (``impossible``). ``reason`` says why it is impossible, or whose
    video it shares. ``environment`` is known once a server has been seen. ``seconds`` forecasts a render. ``loader`` is
    equal for cells that follow each other without a reload; ``facts`` join the render's record.
    """

    setting: str
    clip: Clip
    seed: int
    state: State
    cell: Cell | None = None
    reason: str = ""
    seconds: float = 0.0
    environment: str | None = None
    warnings: tuple[str, ...] = ()
    loader: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """``setting/clip/seed``."""
        return f"{self.setting}/{self.clip.name}/{self.seed}"

    @property
    def job(self) -> tuple[Cell, str]:
        """Cell and environment of one that can be rendered or found; ValueError for an impossible one."""
        if self.cell is None or self.environment is None:
            raise ValueError(f"{self.name} has no place in the store")
        return self.cell, self.environment


@dataclass(frozen=True)
class Plan:
    """The cells of a sweep in the order in which they run, and the settings they belong to."""

    name: str
    settings: tuple[Setting, ...]
    baseline: str
    cells: tuple[PlannedCell, ...]
    reload_s: float
    warnings: tuple[str, ...] = ()
    stand_in: bool = False
    twins: Mapping[str, str] = field(default_factory=dict)
    rehearsal: str = ""
    """Which random weights the server has; empty for a model."""
    anew: str = ""
    """What marks renders that reuse none of before; empty where stored ones may be reused."""
    joined: int = 1
    """How many blocks the order takes together, to spare reloads."""

    @property
    def mark(self) -> str:
        """One word for what renders, empty for a model: results never mix across it."""
        return mark_of(self.stand_in, self.rehearsal)

    @property
    def hash(self) -> str:
        """SHA-256 of what is to be made, in order: the same plan resumed continues the same runs."""
        made = [[one.setting, one.clip.name, one.seed, one.cell.recipe if one.cell else None] for one in self.cells]
        told = [self.name, self.stand_in, made, *(one for one in (self.rehearsal, self.anew) if one)]
        return hashlib.sha256(canonical_json(told).encode()).hexdigest()

    def count(self, state: State) -> int:
        """How many cells are in ``state``."""
        return sum(one.state == state for one in self.cells)

    @property
    def to_run(self) -> list[PlannedCell]:
        """The cells to render, in order."""
        return [one for one in self.cells if one.state == "run"]

    @property
    def reloads(self) -> Reloads:
        """How often the model is read in this order, and in others."""
        places = {one.name: at for at, one in enumerate(self.settings)}
        return compared(
            self.to_run,
            loader=lambda one: one.loader,
            block=lambda one: (one.clip.name, one.seed),
            place=lambda one: places[one.setting],
        )


@dataclass(frozen=True)
class Checked:
    """What is known of a cell beforehand: what makes it impossible, and what is worth saying."""

    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checks:
    """The questions a plan asks of the rooms around it, each a function so that a plan needs no server.

    ``build`` makes a cell; ``check`` says what makes it impossible and what is worth saying; ``same`` is a key equal
    for cells that cannot differ; ``environment`` the hash a cell would be made in; ``stored`` the environment of a
    stored render that may stand for it, if there is one; ``seconds`` forecasts it; ``facts`` are for its record.
    """

    build: Callable[[Setting, Clip, int], Cell]
    check: Callable[[Setting, Cell], Checked]
    same: Callable[[Cell], str]
    environment: Callable[[Cell], str | None]
    stored: Callable[[Cell, str], str | None]
    seconds: Callable[[Cell], float]
    facts: Callable[[Cell], Mapping[str, Any]] = lambda _: {}


def make_plan(
    name: str,
    settings: Sequence[Setting],
    baseline: str,
    clips: Callable[[Setting], Sequence[Clip]],
    seeds: Sequence[int],
    checks: Checks,
    *,
    reload_s: float,
    stand_in: bool,
    rehearsal: str = "",
    anew: str = "",
    limit: int | None = None,
) -> Plan:
    """Plan every setting over its clips and ``seeds``; ``limit`` keeps the first cells only."""
    planned: dict[tuple[str, int], list[PlannedCell]] = {}
    for setting in settings:
        for clip in clips(setting):
            for one in _cells(setting, clip, seeds, checks):
                planned.setdefault((clip.name, one.seed), []).append(one)
    blocks = [planned[key] for key in sorted(planned, key=lambda key: seeds.index(key[1]))]
    joined = blocks_joined(blocks, lambda one: one.loader, lambda one: one.seconds, reload_s)
    cells = balanced(blocks, lambda one: one.loader, joined)
    cells, twins = _collapse(cells if limit is None else cells[:limit], checks)
    told = (reload_s, _said(cells), stand_in, twins, rehearsal, anew, joined)
    return Plan(name, tuple(settings), baseline, tuple(cells), *told)


def _said(cells: Sequence[PlannedCell]) -> tuple[str, ...]:
    """Each warning once, with the settings it is about."""
    about: dict[str, dict[str, None]] = {}
    for one in cells:
        for text in one.warnings:
            about.setdefault(text, {})[one.setting] = None
    return tuple(
        f"{', '.join(list(names)[:3])}{' …' if len(names) > 3 else ''}: {text}" for text, names in about.items()
    )


def _cells(setting: Setting, clip: Clip, seeds: Sequence[int], checks: Checks) -> list[PlannedCell]:
    """The cells of one setting and clip: checked once, since a seed changes nothing that can be wrong."""
    try:
        cells = [checks.build(setting, clip, seed) for seed in seeds]
    except HarnessError as error:
        return [PlannedCell(setting.name, clip, seed, "impossible", reason=error.message) for seed in seeds]
    checked, loader = checks.check(setting, cells[0]), loader_key(cells[0].graph)
    warnings = checked.warnings
    if checked.problems:
        reason = "; ".join(one.removesuffix(".") for one in checked.problems)
        return [
            PlannedCell(setting.name, clip, cell.seed, "impossible", cell, reason, warnings=warnings, loader=loader)
            for cell in cells
        ]
    seconds, facts = checks.seconds(cells[0]), checks.facts(cells[0])
    planned = []
    for cell in cells:
        environment = checks.environment(cell)
        there = checks.stored(cell, environment) if environment is not None else None
        reason = "made in another environment" if there not in (None, environment) else ""
        state: State = "reuse" if there else "run"
        place = there or environment
        planned.append(
            PlannedCell(setting.name, clip, cell.seed, state, cell, reason, seconds, place, warnings, loader, facts)
        )
    return planned


def _collapse(cells: Sequence[PlannedCell], checks: Checks) -> tuple[list[PlannedCell], dict[str, str]]:
    """Cells that cannot differ share one video, a stored one if there is; ``twins`` maps their names to its cell."""
    keys = [checks.same(one.cell) if one.cell and one.state != "impossible" else "" for one in cells]
    first: dict[str, PlannedCell] = {}
    for key, one in zip(keys, cells, strict=True):
        if first.setdefault(key, one).state != "reuse" and one.state == "reuse":
            first[key] = one  # what is stored already stands for the others
    kept: list[PlannedCell] = []
    twins: dict[str, str] = {}
    for key, one in zip(keys, cells, strict=True):
        twin = first[key]
        if key and twin is not one:
            twins[one.name] = twin.name
            one = replace(one, state="collapsed", reason=f"cannot differ from {twin.name}")
        kept.append(one)
    return kept, twins


class NothingPossible(HarnessError):
    """Every cell of a plan is impossible: that is a mistake in the config, not a result."""

    code = "nothing-possible"


def require_possible(plan: Plan) -> None:
    """Raise NothingPossible, with the reasons, unless some cell of ``plan`` can be made."""
    if not plan.cells or any(one.state != "impossible" for one in plan.cells):
        return
    reasons = list(dict.fromkeys(one.reason for one in plan.cells))
    more = f" (and {counted(len(reasons) - 1, 'reason')} more)" if len(reasons) > 1 else ""
    count = "the only cell" if len(plan.cells) == 1 else f"none of the {len(plan.cells)} cells"
    can = "cannot be made" if len(plan.cells) == 1 else "can be made"
    raise NothingPossible(
        f"{count} {can}: {reasons[0]}{more}",
        hint="change the value that is named there; python sweep.py --cfg job shows what is set",
    )


def frozen(plan: Plan) -> dict[str, Any]:
    """The plan as JSON, as it is kept before the first cell runs; a collapsed cell names its twin's place."""
    by_name = {one.name: one for one in plan.cells}
    places = {one.name: by_name[plan.twins.get(one.name, one.name)] for one in plan.cells}
    return {
        "name": plan.name,
        "hash": plan.hash,
        "stand_in": plan.stand_in,
        "rehearsal": plan.rehearsal,
        "baseline": plan.baseline,
        "settings": [
            {"name": one.name, "axis": dict(one.axis), "values": dict(one.values), "inputs": dict(one.inputs)}
            for one in plan.settings
        ],
        "cells": [
            {
                "setting": one.setting,
                "clip": one.clip.name,
                "seed": one.seed,
                "state": one.state,
                "reason": one.reason,
                "recipe": place.cell.recipe if place.cell else None,
                "environment": place.environment,
                "seconds": round(one.seconds, 1),
            }
            for one, place in ((one, places[one.name]) for one in plan.cells)
        ],
    }
