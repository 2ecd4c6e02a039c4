"""Takes every rehearsal file away again: those that carry the mark inside, and nothing else."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from runner.rehearse.embeds import CACHE
from runner.rehearse.mark import PART, mark_of
from runner.rehearse.notice import folders_of, standing

_ENDINGS: Final = (".safetensors", ".gguf", ".pt", PART)


def ours(comfyui: Path) -> list[Path]:
    """Every file of a rehearsal below ``comfyui``, the notices last: while one of them stands, files may be left."""
    notices = standing(comfyui)
    caches = sorted((comfyui / "custom_nodes").glob(f"*/{CACHE}"))
    found = [path for root in (comfyui / "models", *caches) for path in _files(root) if _is_ours(path)]
    return [*(path for path in found if path not in notices), *notices]


def take_away(comfyui: Path, files: list[Path]) -> None:
    """Remove ``files`` in their order, then the folders that were made for them, where they are empty now."""
    notices = standing(comfyui)
    folders = {folder for notice in notices for folder in folders_of(notice)}
    for path in files:
        path.unlink(missing_ok=True)
    for folder in sorted((_below(comfyui, name) for name in folders), key=lambda one: len(one.parts), reverse=True):
        with suppress(OSError):  # something else is in it, or it is gone
            folder.rmdir()


def _is_ours(path: Path) -> bool:
    if path.is_symlink():
        return False
    empty = path.name.startswith(".") and path.name.endswith(PART) and path.stat().st_size == 0
    return empty or mark_of(path) is not None


def _files(root: Path) -> Iterator[Path]:
    """Files below ``root``, through links to folders too (models often lie on another disk), each folder once."""
    seen: set[str] = set()
    for folder, inner, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            inner.clear()
            continue
        seen.add(real)
        yield from (Path(folder) / name for name in sorted(names) if name.lower().endswith(_ENDINGS))


def _below(comfyui: Path, name: str) -> Path:
    """A folder of a notice; one that leads out of ``comfyui`` counts as ComfyUI's own folder, which is never empty."""
    path = comfyui / name
    return comfyui if ".." in path.parts or not path.is_relative_to(comfyui) else path
