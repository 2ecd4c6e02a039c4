"""SHA-256 of the model files in a ComfyUI folder on this machine, computed once for each file and kept."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from runner.folder import find_models
from workflow.files import read_json, write_json
from workflow.models import canonical

FORMAT: Final = 1
_PIECE: Final = 1 << 22
OnBytes = Callable[[Path, int, int], None]


class ModelFiles:
    """The content of model files by their names in graphs.

    A file that is as it was (path, size and time of its last change) is not read again: ``cache`` remembers it. One
    seen for the first time is read whole, some seconds a gigabyte; ``on_bytes`` is told file, bytes read and bytes in
    all. Where ``read`` is False nothing is read anew.
    """

    def __init__(self, comfyui: Path, cache: Path, on_bytes: OnBytes | None = None, *, read: bool = True) -> None:
        self._comfyui, self._cache, self._on_bytes, self._read = comfyui, cache, on_bytes, read
        told = read_json(cache)
        sound = isinstance(told, dict) and told.get("format") == FORMAT and isinstance(told.get("files"), dict)
        self._kept: dict[str, Any] = told["files"] if sound else {}
        self._known: dict[str, str | None] = {}

    def digest(self, name: str) -> str | None:
        """The SHA-256 of what ``name`` means; None where no such file lies there, or it cannot be read.

        Several files of that name, in folders for several kinds of models, count together.
        """
        name = canonical(name)
        if name not in self._known:
            found = [self._of(path) for path in find_models(self._comfyui, name)]
            whole = bool(found) and None not in found
            self._known[name] = "+".join(sorted({one for one in found if one})) if whole else None
        return self._known[name]

    def _of(self, path: Path) -> str | None:
        try:
            about = path.stat()
            kept = self._kept.get(str(path))
            is_like = {"size": about.st_size, "changed": about.st_mtime_ns}
            if isinstance(kept, dict) and all(kept.get(key) == value for key, value in is_like.items()):
                return str(kept.get("sha256")) if kept.get("sha256") else None
            if not self._read:
                return None
            digest = self._hash(path, about.st_size)
        except OSError:
            return None
        self._kept[str(path)] = {**is_like, "sha256": digest}
        write_json(self._cache, {"format": FORMAT, "files": self._kept})
        return digest

    def _hash(self, path: Path, size: int) -> str:
        digest, done = hashlib.sha256(), 0
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                done += len(piece)
                if self._on_bytes is not None:
                    self._on_bytes(path, done, size)
        return digest.hexdigest()
