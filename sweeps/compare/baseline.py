"""The registered baseline: which run new releases are held against, who said so, when and why."""

import getpass
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeps.compare.runs import evidence, one_run
from sweeps.compare.sides import RUN_ID, NoSide, Side, find_side, side_of_evidence
from sweeps.tracking_client import open_client, translated
from sweeps.tracking_runs import find_children, search_everywhere

if TYPE_CHECKING:
    from sweeps.config import TrackingConfig

TAG = "baseline.registered"
WHO, WHY, BEFORE = "baseline.who", "baseline.why", "baseline.before"
"""``BEFORE``: the earlier registrations of the same run, as JSON, the newest first."""


@dataclass(frozen=True)
class Registration:
    """One run that was a baseline from ``when`` on; ``name`` is its setting's and its release's."""

    run_id: str
    name: str
    when: str
    who: str
    why: str


def set_baseline(words: str, why: str, outputs: Path, tracking: "TrackingConfig") -> Registration:
    """Register the run that ``words`` name. Raises NoSide, NothingKept, TrackingError."""
    client = open_client(tracking, outputs)
    run = _run_of(client, words, outputs, tracking)
    side = side_of_evidence(evidence(client, run), f"run {run.info.run_id[:8]}")
    if not side.setting.finished:  # nothing could be compared with it
        raise NoSide(f"{side.name} is not finished", hint="its sweep's command goes on; then set it again")
    earlier = [[one.when, one.who, one.why] for one in _registrations(run)]
    tags = {TAG: datetime.now(UTC).isoformat(timespec="seconds"), WHO: getpass.getuser(), WHY: why}
    with translated("tag a run"):
        for key, value in {**tags, **({BEFORE: json.dumps(earlier)} if earlier else {})}.items():
            client.set_tag(run.info.run_id, key, value)
    return Registration(run.info.run_id, run.info.run_name, *tags.values())


def history(outputs: Path, tracking: "TrackingConfig") -> list[Registration]:
    """Every registration, the one in force first."""
    client = open_client(tracking, outputs)
    told = [one for run in _tagged(client) for one in _registrations(run)]
    return sorted(told, key=lambda one: one.when, reverse=True)


def registered(outputs: Path, tracking: "TrackingConfig") -> Side:
    """The baseline in force. Raises NoSide where none was ever set."""
    client = open_client(tracking, outputs)
    runs = _tagged(client)
    if not runs:
        raise NoSide("no baseline was ever set", hint="python -m sweeps baseline set RUN --why REASON registers one")
    one = _registrations(runs[0])[0]
    return side_of_evidence(evidence(client, runs[0]), f"baseline since {one.when[:10]}")


def _tagged(client: Any) -> list[Any]:
    with translated("search runs"):
        found = search_everywhere(client, f"tags.`{TAG}` LIKE '%'")
    return sorted(found, key=lambda run: str(run.data.tags[TAG]), reverse=True)


def _registrations(run: Any) -> list[Registration]:
    """Every time that ``run`` was registered, the last one first."""
    tags = run.data.tags
    if TAG not in tags:
        return []
    told = [[tags[TAG], tags.get(WHO, ""), tags.get(WHY, "")], *json.loads(tags.get(BEFORE, "[]"))]
    name = f"{run.info.run_name} of {tags['release']}" if tags.get("release") else run.info.run_name
    return [Registration(run.info.run_id, name, *one) for one in told]


def _run_of(client: Any, words: str, outputs: Path, tracking: "TrackingConfig") -> Any:
    """The run of a side: by its id, or the one of the setting that is meant."""
    if RUN_ID.fullmatch(words):
        return one_run(client, words)
    side = find_side(words, outputs, tracking)
    query = f"tags.plan_hash = '{side.sweep.plan_hash}' and tags.role = 'sweep'"
    with translated("search runs"):
        for parent in search_everywhere(client, query):
            child = find_children(client, parent.info.experiment_id, parent.info.run_id).get(side.setting.name)
            if child is not None:
                return child
    raise NoSide(f"{side.name} is in no MLflow run", hint="its sweep's command with action=log writes it")
