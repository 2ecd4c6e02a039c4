"""The folder on disk that holds renders and scores, keyed by recipe and environment."""

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow.errors import HarnessError
from workflow.files import read_json, sha256_file, sync_folder, write_json

KEY = 24
"""Hex digits of a hash in a folder's name; the full hashes stand in ``render.json`` and are compared on reading."""


REFUSED = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
"""What a disk says that takes nothing more, whichever file it was."""


class StoreError(HarnessError):
    """The store cannot be read or written."""

    code = "store-unusable"


@dataclass(frozen=True)
class Entry:
    """One stored render: its folder and what ``render.json`` says of it."""

    folder: Path
    record: Mapping[str, Any]

    @property
    def video(self) -> Path:
        """The video as it came from the server."""
        return self.folder / "video.mp4"

    @property
    def environment(self) -> str:
        """The full environment hash it was made in."""
        return str(self.record["environment"])


@dataclass(frozen=True)
class Store:
    """``root/<recipe>/<environment>/`` with ``render.json``, ``workflow_api.json``, ``video.mp4`` and ``scores/``."""

    root: Path

    def folder(self, recipe: str, environment: str) -> Path:
        """Where the render of ``recipe`` in ``environment`` stands, or would."""
        return self.root / recipe[:KEY] / environment[:KEY]

    def find(self, recipe: str, environment: str, *, thorough: bool = False) -> Entry | None:
        """The render of ``recipe`` in ``environment``; None where there is none or its files do not hold together.

        ``thorough`` reads the whole video and compares its SHA-256; otherwise its size is compared.
        """
        return self._entry(self.folder(recipe, environment), recipe, environment, thorough)

    def renders(self, recipe: str) -> Iterator[Entry]:
        """Every sound render of ``recipe``, whatever its environment."""
        home = self.root / recipe[:KEY]
        for folder in sorted(home.iterdir()) if home.is_dir() else []:
            if folder.is_dir() and not folder.suffix and (entry := self._entry(folder, recipe, None, False)):
                yield entry

    def _entry(self, folder: Path, recipe: str, environment: str | None, thorough: bool) -> Entry | None:
        record = read_json(folder / "render.json")
        if not isinstance(record, dict) or record.get("recipe") != recipe:
            return None
        if not isinstance(record.get("environment"), str) or environment not in (None, record["environment"]):
            return None
        video = folder / "video.mp4"
        try:
            sound = video.stat().st_size == record.get("video_bytes")
            if sound and thorough:
                sound = sha256_file(video) == record.get("video_sha256")
        except OSError:
            return None
        return Entry(folder, record) if sound else None

    def failure(self, recipe: str, environment: str) -> Mapping[str, Any] | None:
        """How the last attempt of ``recipe`` in ``environment`` failed, where it did."""
        record = read_json(self.folder(recipe, environment).with_suffix(".failed") / "failure.json")
        return record if isinstance(record, dict) and record.get("recipe") == recipe else None

    def attempt(self, recipe: str, environment: str) -> Path:
        """The folder of the running attempt; one left by a killed process is taken up again, journal and all.

        So is one that failed: its record joins the earlier attempts, and the server may know a lost job after all.
        """
        folder = self.folder(recipe, environment).with_suffix(".attempt")
        failed = folder.with_suffix(".failed")
        try:
            if not folder.exists() and failed.exists():
                failed.rename(folder)
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unusable(self.root, error) from error
        return folder

    def left(self, recipe: str, environment: str) -> Path | None:
        """The folder that :meth:`attempt` would take up; None where it would begin anew."""
        folder = self.folder(recipe, environment)
        return next((one for end in (".attempt", ".failed") if (one := folder.with_suffix(end)).is_dir()), None)

    def adopt(self, recipe: str, environment: str, facts: Mapping[str, Any]) -> Entry | None:
        """Make an entry of a render that was finished when its process was killed; None where there is none."""
        folder = self.folder(recipe, environment).with_suffix(".attempt")
        record = read_json(folder / "render.json")
        if not isinstance(record, dict) or not (folder / "video.mp4").is_file():
            return None
        if record.get("video_sha256") != sha256_file(folder / "video.mp4"):
            return None
        return self.commit(folder, recipe, environment, facts)

    def commit(self, attempt: Path, recipe: str, environment: str, facts: Mapping[str, Any]) -> Entry:
        """Make a finished attempt an entry; ``facts`` join its ``render.json``. A broken entry in its place goes."""
        video = attempt / "video.mp4"
        record = {
            **(read_json(attempt / "render.json") or {}),
            **facts,
            "recipe": recipe,
            "environment": environment,
            "video_bytes": video.stat().st_size,
            "video_sha256": sha256_file(video),
        }
        write_json(attempt / "render.json", record)
        final = self.folder(recipe, environment)
        if final.exists():
            shutil.rmtree(final)
        attempt.rename(final)
        sync_folder(final.parent)
        shutil.rmtree(final.with_suffix(".failed"), ignore_errors=True)
        return Entry(final, record)

    def fail(self, attempt: Path, recipe: str, environment: str, facts: Mapping[str, Any]) -> Path:
        """Keep a failed attempt beside where its entry would stand; a later success removes it."""
        record = {**(read_json(attempt / "failure.json") or {}), **facts}
        write_json(attempt / "failure.json", {**record, "recipe": recipe, "environment": environment})
        kept = self.folder(recipe, environment).with_suffix(".failed")
        if kept.exists():
            shutil.rmtree(kept)
        attempt.rename(kept)
        return kept

    def discard(self, attempt: Path) -> None:
        """Remove an attempt that nothing is to be kept of."""
        shutil.rmtree(attempt, ignore_errors=True)

    def score(self, entry: Entry, scorer: str) -> Mapping[str, Any] | None:
        """The score of ``entry`` by the scorer with hash ``scorer``; None where it is absent or torn."""
        record = read_json(score_path(entry.folder, scorer))
        return record if isinstance(record, dict) and record.get("scorer") == scorer else None

    def put_score(self, entry: Entry, scorer: str, score: Mapping[str, Any]) -> None:
        """Keep ``score`` with its entry."""
        write_json(score_path(entry.folder, scorer), {**score, "scorer": scorer})


def score_path(folder: Path, scorer: str) -> Path:
    """Where a score lies inside an entry's folder."""
    return folder / "scores" / f"metrics-{scorer[:KEY]}.json"


def unusable(root: Path, error: OSError) -> StoreError:
    """The plain error for a store that the file system refuses."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    hint = "free space there" if full else "make it a folder that may be written"
    return StoreError(
        f"{root} cannot be used: {error.strerror or error}", hint=f"{hint}, or choose another one with outputs=DIR"
    )


def check_writable(root: Path) -> None:
    """Raise StoreError unless a file can be made in ``root`` (a read-only folder or a full disk is said at once)."""
    probe = root / f".writable-{os.getpid()}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        try:
            probe.write_text(json.dumps("x" * 4096), encoding="utf-8")
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        raise unusable(root, error) from error
