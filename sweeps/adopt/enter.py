"""Copies of videos as entries of the store, keyed by their own bytes: the user's files are only read."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sweeps.adopt.folder import GROWS
from sweeps.adopt.group import Video
from sweeps.adopt.made import NotAdopted
from sweeps.store import Entry, Store
from workflow.files import write_json

ENVIRONMENT: Final = hashlib.sha256(b"adopted: nothing is known of what rendered it").hexdigest()
"""Of every adopted video: what it says of itself does not tell."""
_PIECE: Final = 1 << 20


def enter(store: Store, video: Video) -> tuple[Entry, bool]:
    """The entry of ``video``, and whether it was copied just now. Raises NotAdopted where it changes, OSError."""
    there = store.find(video.sha256, ENVIRONMENT)
    if there is not None:
        return there, False
    folder = store.attempt(video.sha256, ENVIRONMENT)
    try:
        if _copy(video.seen.path, folder / "video.mp4") != video.sha256:
            raise NotAdopted(GROWS)
        write_json(folder / "workflow_api.json", video.made.graph)
        return store.commit(folder, video.sha256, ENVIRONMENT, _facts(video)), True
    except BaseException:
        store.discard(folder)
        raise


def _copy(source: Path, target: Path) -> str:
    """Copy a file's bytes to the disk; their SHA-256."""
    digest = hashlib.sha256()
    with source.open("rb") as read, target.open("wb") as write:
        while piece := read.read(_PIECE):
            digest.update(piece)
            write.write(piece)
        write.flush()
        os.fsync(write.fileno())
    return digest.hexdigest()


def _facts(video: Video) -> Mapping[str, Any]:
    """What ``render.json`` says of it: nothing of where it lay but its name."""
    made = video.made
    return {
        "adopted": True,
        "name": video.name.rpartition("/")[2],
        "stand_in": made.stand_in,
        "seed": made.seed,
        "values": dict(made.values),
        "inputs": {
            what: {"name": one.name, "sha256": one.sha256}
            for what, one in (("speech", made.speech), ("picture", made.picture), ("face", made.face))
            if one is not None
        },
    }
