"""What was last seen of a server, so that a plan can be made while it is off."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config import ServerConfig, members_of
from workflow.files import read_json, write_json

if TYPE_CHECKING:
    from runner.server import Server
    from runner.stamp import Stamp


@dataclass(frozen=True)
class Known:
    """The node schema and stamp of a server; ``seen`` is when, None where it never was.

    Without a server ever seen, ``schema`` is None (the shipped snapshot is used) and so is ``stamp``. ``models`` maps
    model files to their SHA-256, where their folder is on this machine.
    """

    stand_in: bool
    schema: Mapping[str, Any] | None = None
    stamp: "Stamp | None" = None
    seen: datetime | None = None
    models: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def rehearsal(self) -> str:
        """Which rehearsal's random weights the server has; empty where its models are real, or it was never seen."""
        return self.stamp.rehearsal if self.stamp is not None else ""


def of_live(server: "Server", classes: Iterable[str]) -> Known:
    """What ``server`` tells now, for the node classes of a graph."""
    return Known(server.kind == "stand-in", server.schema(), server.stamp(classes), datetime.now())


def remember(folder: Path, config: ServerConfig, known: Known) -> None:
    """Keep ``known`` for the next plan of the same server."""
    if known.stamp is None or known.seen is None:
        return
    record = {
        "stand_in": known.stand_in,
        "seen": known.seen.timestamp(),
        "stamp": known.stamp.to_json(),
        "schema": known.schema,
        "models": dict(known.models),
    }
    write_json(folder / f"{_key(config)}.json", record)


def recall(folder: Path, config: ServerConfig) -> Known:
    """What was last seen of the configured server; a record that cannot be read counts as never seen."""
    from runner.stamp import Stamp

    record = read_json(folder / f"{_key(config)}.json")
    if not isinstance(record, dict) or not all(isinstance(record.get(part), dict) for part in ("stamp", "schema")):
        return Known(config.kind == "embedded")
    try:
        seen, stamp = datetime.fromtimestamp(float(record["seen"])), Stamp.from_json(record["stamp"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return Known(config.kind == "embedded")
    models = record.get("models")
    return Known(
        bool(record.get("stand_in")), record["schema"], stamp, seen, models if isinstance(models, dict) else {}
    )


def recall_all(folder: Path, config: ServerConfig) -> list[Known]:
    """What was last seen of each server of ``config``: of those of a pool that ever were, or of the only one."""
    found = [recall(folder, one) for one in members_of(config)]
    return [one for one in found if one.stamp is not None] or found[:1] or [Known(False)]


def _key(config: ServerConfig) -> str:
    """A file name for a server: what it is, where, and as which release."""
    where = json.dumps([config.kind, config.url, config.release])
    return f"{config.kind}-{hashlib.sha256(where.encode()).hexdigest()[:12]}"
