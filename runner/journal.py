"""The journal of one attempt: written before the prompt is sent, so that a killed harness can find its job again."""

import dataclasses
import hashlib
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import psutil

from runner.answers import FileRef
from runner.durable import save_json
from workflow.files import read_json
from workflow.graph import canonical_json
from workflow.timings import Timings

FORMAT: Final = 1
NAME: Final = "journal.json"
State = Literal["posting", "posted", "rendered", "downloaded"]


@dataclass(frozen=True)
class Journal:
    """What must be known to follow an attempt again. No secret is in it.

    ``posting``: about to be sent, or sent with the answer lost. ``posted``: the server took it. ``rendered``: the
    server's history was judged good, ``file`` is to be fetched and ``timings`` are final but for the download.
    ``downloaded``: the bytes lie here, with their SHA-256. ``at`` is Unix time. ``found`` says how the video was found
    where the history did not tell of it.
    """

    prompt_id: str
    client_id: str
    url: str
    server_kind: str
    prefix: str
    graph: str
    recipe: str
    cell: str
    at: float
    host: str
    pid: int
    pid_started: float
    state: State = "posting"
    file: Mapping[str, str] | None = None
    timings: Mapping[str, Any] | None = None
    video_sha256: str | None = None
    found: str = ""
    format: int = FORMAT

    def save(self, folder: Path) -> None:
        """Write the journal into the attempt's folder, flushed to the disk."""
        save_json(folder / NAME, dataclasses.asdict(self))

    def step(self, folder: Path, state: State, **changes: Any) -> "Journal":
        """The journal one state further, saved."""
        later = dataclasses.replace(self, state=state, **changes)
        later.save(folder)
        return later


def begin(
    *, prompt_id: str, client_id: str, url: str, server_kind: str, prefix: str, graph: Any, recipe: str, cell: str
) -> Journal:
    """A new journal of this process."""
    return Journal(
        prompt_id=prompt_id,
        client_id=client_id,
        url=url,
        server_kind=server_kind,
        prefix=prefix,
        graph=graph_sha256(graph),
        recipe=recipe,
        cell=cell,
        at=time.time(),
        host=socket.gethostname(),
        pid=os.getpid(),
        pid_started=psutil.Process().create_time(),
    )


def read_journal(folder: Path) -> Journal | None:
    """The journal in ``folder``; None where there is none, or none of this format that can be read."""
    value = read_json(folder / NAME)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        return None
    try:
        journal = Journal(**value)
        if journal.state in ("rendered", "downloaded"):
            file_of(journal)
    except (TypeError, ValueError):
        return None
    return journal


def file_of(journal: Journal) -> FileRef:
    """The video as the server names it; ValueError where a journal names none."""
    try:
        return FileRef(**journal.file or {})
    except TypeError as error:
        raise ValueError(f"the journal of {journal.cell} names no file") from error


def graph_sha256(graph: Any) -> str:
    """SHA-256 of a graph's canonical JSON."""
    return hashlib.sha256(canonical_json(graph).encode("utf-8")).hexdigest()


def timings_of(value: Mapping[str, Any] | None) -> Timings:
    """Timings out of a record."""
    return Timings.from_json(value)
