"""The SHA-256 of large files, computed once for as long as a file stays what it is."""

import contextlib
from pathlib import Path
from typing import Any

from workflow.files import read_json, sha256_file, write_json

_KNOWN: dict[Path, tuple[list[int], str]] = {}


def sum_of(path: Path, note: Path) -> str:
    """Hex SHA-256 of the bytes of ``path``, remembered in this process and, for the next ones, in the file ``note``.

    A file counts as the same while its size, its times of change (ns) and its inode are; reading 244 MB for each
    scored video would take longer than some metrics. Raises OSError where the file cannot be read.
    """
    stamp = _stamp(path)
    known = _KNOWN.get(path)
    if known is not None and known[0] == stamp:
        return known[1]
    noted = _noted(note, path, stamp)
    digest = noted or sha256_file(path)
    if _stamp(path) != stamp:  # it was being written while it was read
        return sha256_file(path)
    _KNOWN[path] = (stamp, digest)
    if noted is None:
        with contextlib.suppress(OSError):  # a cache that cannot be written only costs the next process a reading
            write_json(note, {"path": str(path), "stamp": stamp, "sha256": digest})
    return digest


def _stamp(path: Path) -> list[int]:
    facts = path.stat()
    return [facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino]


def _noted(note: Path, path: Path, stamp: list[int]) -> str | None:
    noted: Any = read_json(note)
    if not isinstance(noted, dict) or noted.get("path") != str(path) or noted.get("stamp") != stamp:
        return None
    digest = noted.get("sha256")
    return digest if isinstance(digest, str) else None
