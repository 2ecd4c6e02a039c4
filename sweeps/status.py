"""What a running sweep tells those who watch it: one small file, written about once a second."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sweeps.lock import this_process
from workflow.files import read_json, write_json

if TYPE_CHECKING:
    from sweeps.engine import Engine
    from sweeps.site import Site

NAME: Final = "status.json"
EVERY_S: Final = 1.0


@dataclass(frozen=True)
class Status:
    """A moment of a sweep. Times of day are Unix seconds by the clock of whoever renders; durations are seconds.

    ``owner`` is the process that renders. ``running`` has a cell a server, ``servers`` what each did and whether it is
    there. ``ended`` says how it ended, empty while it goes on.
    """

    sweep: str
    mark: str = ""
    at: float = 0.0
    began: float = 0.0
    owner: Mapping[str, Any] = field(default_factory=dict)
    total: int = 0
    rendered: int = 0
    reused: int = 0
    failed: int = 0
    skipped: int = 0
    scored: int = 0
    to_score: int = 0
    left_s: float | None = None
    running: tuple[Mapping[str, Any], ...] = ()
    servers: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    ended: str = ""

    @property
    def over(self) -> int:
        """Cells of the plan's that need nothing more."""
        return self.rendered + self.failed + self.skipped


def read_status(folder: Path) -> Status | None:
    """The status in a sweep's folder; None where there is none that can be read."""
    record = read_json(folder / NAME)
    if not isinstance(record, dict):
        return None
    try:
        known = {name: record[name] for name in Status.__dataclass_fields__ if name in record}
        lists = {name: tuple(known.get(name) or ()) for name in ("running", "servers", "notes")}
        return Status(**{**known, **lists})
    except (TypeError, ValueError):
        return None


class Reporter:
    """Writes the status of the engines of one command into ``folder``, no more than once in ``EVERY_S``."""

    def __init__(self, folder: Path, sweep: str, mark: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._sweep, self._mark, self._clock = folder, sweep, mark, clock
        self._owner, self._began, self._due = this_process(), time.time(), 0.0
        self._engine: Engine | None = None

    def look(self, engine: "Engine") -> None:
        """Write how ``engine`` stands, where it is time. A disk that refuses costs the watchers, not the sweep."""
        self._engine = engine
        if self._clock() >= self._due:
            self._due = self._clock() + EVERY_S
            self._write(self._of(engine))

    def end(self, how: str) -> None:
        """Write how it ended, with what came of the last engine."""
        if self._engine is not None:
            self._write(replace(self._of(self._engine), running=(), left_s=None, ended=how))

    def _write(self, status: Status) -> None:
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            write_json(self._folder / NAME, asdict(status))

    def _of(self, engine: "Engine") -> Status:
        progress, sites = engine.progress, engine.dispatch.sites
        status = Status(
            sweep=self._sweep,
            mark=self._mark,
            at=time.time(),
            began=self._began,
            owner=self._owner,
            total=len(engine.plan.to_run),
            rendered=progress.rendered,
            reused=progress.reused,
            failed=len(progress.failures),
            skipped=len(progress.skipped),
            scored=progress.scored,
            to_score=engine.pool.waiting,
            running=tuple(one for one in map(_running, sites) if one),
            servers=tuple(map(_server, sites)),
            notes=tuple(engine.notes),
        )
        if not 0 < status.over < status.total:
            return status
        return replace(status, left_s=(status.at - status.began) / status.over * (status.total - status.over))


def _server(site: "Site") -> dict[str, Any]:
    return {"name": site.member.name, "here": site.here, "why": site.why, "done": site.done}


def _running(site: "Site") -> dict[str, Any]:
    from runner.live import where

    sent, seen = site.lane.followed if site.lane else None, site.seen
    if sent is None or site.lane is None:
        return {}
    spent = time.monotonic() - site.lane.since
    doing = where(seen) if seen is not None else "submitted"
    return {"cell": sent.planned.name, "server": site.member.name, "doing": doing, "seconds": round(spent, 1)}
