"""Which node packs a server runs, and their revisions, from whichever source tells them."""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from runner.text import plain

_PREFIX: Final = "custom_nodes."


def packs_of(schema: Mapping[str, Any], classes: Iterable[str]) -> frozenset[str]:
    """Folder names of the custom node packs that define ``classes``."""
    modules = {str(schema[name].get("python_module", "")) for name in classes if isinstance(schema.get(name), dict)}
    return frozenset(module.removeprefix(_PREFIX) for module in modules if module.startswith(_PREFIX))


def from_manager(packs: Iterable[str], installed: Mapping[str, Any] | None) -> dict[str, str]:
    """Revisions that ComfyUI-Manager tells, by pack; it keys them by folder, registry id or repository."""
    known: dict[str, str] = {}
    for key, value in (installed or {}).items():
        version = value.get("ver") if isinstance(value, dict) else None
        if not isinstance(version, str) or version in ("", "unknown", "nightly"):
            continue
        names = [key, value.get("cnr_id"), str(value.get("aux_id") or "").rpartition("/")[2]]
        known |= {name.lower(): plain(version, 80) for name in names if isinstance(name, str) and name}
    return {pack: known[pack.lower()] for pack in packs if pack.lower() in known}


def from_folder(packs: Iterable[str], comfyui: Path) -> dict[str, str]:
    """Revisions by git of the packs in a ComfyUI folder on this machine whose files are as committed."""
    found = {}
    for pack in packs:
        folder = comfyui / "custom_nodes" / pack
        head = _git(folder, "rev-parse", "HEAD") if (folder / ".git").exists() else None
        if head:
            edited = _git(folder, "status", "--porcelain", "--untracked-files=no")
            if edited == "":  # two edits of one revision could not be told apart: such a pack stays unknown
                found[pack] = head
    return found


def _git(folder: Path, *words: str) -> str | None:
    try:
        ran = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None
