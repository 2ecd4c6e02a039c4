"""What came of a plan, read from the store: the values that MLflow, tables and pictures are made of."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from sweeps.account import slow_steps, spent
from sweeps.cards import of_one_card, place_of
from sweeps.expected import is_expected
from sweeps.plan import Plan, PlannedCell
from sweeps.progress import Failure
from sweeps.results import OF_A_MODEL, CellResult, SettingResult, SweepResult
from sweeps.store import Entry, Store

SHARED_CARD = "scoring ran on the same card"
ScorerOf = Callable[[PlannedCell], str]


def collect(
    plan: Plan,
    store: Store,
    scorer_of: ScorerOf,
    *,
    sweep_id: str,
    started: datetime,
    failures: Mapping[str, Failure] = {},
    unscored: Mapping[str, str] = {},
    skipped: Mapping[str, str] = {},
    done: Collection[str] = (),
    expected: Any = (),
    config_yaml: str = "",
    title: str = "",
    footage: Mapping[str, Mapping[str, Any]] = {},
    stamp: Mapping[str, Any] | None = None,
    cost_only: str = "",
    judged: str = "",
) -> SweepResult:
    """The result of ``plan``: what it reuses, and what this call did (``done`` names the cells it rendered).

    A render in the store that was not planned for reuse counts for nothing: it may be damaged, or an older one whose
    repetition failed. Cells without a render or a known failure are pending.
    """
    results: dict[str, CellResult] = {}
    for one in plan.cells:
        sound = one.state == "reuse" or one.name in done
        results[one.name] = _cell(one, sound, store, scorer_of, failures, unscored, expected, cost_only)
        if results[one.name].state == "pending" and one.name in skipped:
            results[one.name] = _with(results[one.name], reason=skipped[one.name])
    results = of_one_card(results)
    for name, twin in plan.twins.items():
        results[name] = _as_twin(results[name], results[twin])
    by_setting: dict[str, list[CellResult]] = {}
    for one in plan.cells:
        by_setting.setdefault(one.setting, []).append(results[one.name])
    notes: dict[str, dict[str, None]] = {}
    for one in plan.cells:
        said = (*one.warnings, *(one.cell.notes if one.cell else ()))
        notes.setdefault(one.setting, {}).update(dict.fromkeys((*said, *slow_steps(results[one.name]))))
    settings = tuple(
        SettingResult(
            one.name, dict(one.values) | dict(one.inputs), tuple(notes.get(one.name, ())), tuple(by_setting[one.name])
        )
        for one in plan.settings
        if one.name in by_setting
    )
    return SweepResult(
        experiment=plan.name,
        sweep_id=sweep_id,
        plan_hash=plan.hash,
        stand_in=plan.stand_in,
        settings=settings,
        started=started,
        baseline=plan.baseline,
        config_yaml=config_yaml,
        stamp=stamp or {},
        title=title,
        footage=footage,
        rehearsal=plan.rehearsal,
        cost_only=cost_only,
        judged=judged,
    )


def _cell(
    one: PlannedCell,
    sound: bool,
    store: Store,
    scorer_of: ScorerOf,
    failures: Mapping[str, Failure],
    unscored: Mapping[str, str],
    expected: Any,
    cost_only: str,
) -> CellResult:
    base = CellResult(one.setting, one.clip.name, one.seed, "pending")
    if one.state == "impossible":
        return _with(base, state="impossible", stage="validate", reason=one.reason)
    if one.cell is None or one.environment is None:
        return _with(base, reason="no server was seen yet")
    read = tuple(sorted(file.sha256 for file in one.cell.files))
    placed = _with(base, recipe=one.cell.recipe, environment=one.environment, inputs=read)
    entry = store.find(one.cell.recipe, one.environment) if sound else None
    if entry is not None and one.name not in failures:
        return _with(
            placed,
            state="done",
            reused=one.state == "reuse",
            **_judged(one, entry, store, scorer_of, unscored, cost_only),
        )
    failure = failures.get(one.name) or _stored_failure(one, store, expected)
    if failure is None:
        return placed
    reason = f"{failure.status.replace('_', ' ')}: {failure.message}"
    reason += f" (after {failure.tries} attempts)" if failure.tries > 1 else ""
    told: dict[str, Any] = {"expected": failure.expected, "attempts": failure.tries}
    return _with(placed, state="failed", stage=failure.stage or None, reason=reason, **told)


def _judged(
    one: PlannedCell, entry: Entry, store: Store, scorer_of: ScorerOf, unscored: Mapping[str, str], cost_only: str
) -> dict[str, Any]:
    from eval.metrics.cost import cost_values
    from eval.value import absent

    score = None if cost_only else store.score(entry, scorer_of(one))
    seconds = one.cell.windows.frames / one.cell.fps if one.cell else None
    flags = (SHARED_CARD,) if entry.record.get("scored_on_card") else ()
    told = entry.record.get("timings"), entry.record.get("memory")
    cost = cost_values(told[0], generated_s=seconds, memory=told[1], flags=flags)
    if entry.record.get("stand_in"):  # a puppet draws a window in no time: the figure would only look like one
        cost |= dict.fromkeys(OF_A_MODEL, absent("of a model only, this is the stand-in"))
    return {
        "attempts": 1 + sum(one.get("counted", True) for one in entry.record.get("attempts") or ()),
        "folder": entry.folder,
        "score": score,
        "reason": None if score is not None else cost_only or unscored.get(one.name, "not scored yet"),
        "cost": {name: value.to_json() for name, value in cost.items()},
        "spent": spent(entry.record),
        "card": str(_stamp(entry).get("gpu") or ""),
        "place": place_of(_stamp(entry)),
    }


def _stamp(entry: Entry) -> Mapping[str, Any]:
    return entry.record.get("stamp") or {}


def _stored_failure(one: PlannedCell, store: Store, expected: Any) -> Failure | None:
    """A failure of an earlier call, where the experiment declared it as a result."""
    cell, environment = one.job
    record = store.failure(cell.recipe, environment)
    if record is None:
        return None
    status = str(record.get("status", ""))
    if not is_expected(one, status, expected):
        return None  # another call's trouble; this one has not tried
    return Failure(status, str(record.get("stage", "")), str(record.get("message", "")), expected=True)


def _as_twin(own: CellResult, twin: CellResult) -> CellResult:
    """A collapsed cell with what its twin has: they cannot differ."""
    from dataclasses import replace

    return replace(
        twin,
        setting=own.setting,
        clip=own.clip,
        seed=own.seed,
        reason=own.reason if twin.state == "done" else twin.reason,
        state="collapsed" if twin.state == "done" else twin.state,
    )


def _with(base: CellResult, **changes: Any) -> CellResult:
    from dataclasses import replace

    return replace(base, **changes)
