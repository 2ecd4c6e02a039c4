"""Which node packs a server runs, and their revisions, from whichever source tells them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from runner.folder import revision_of, version_in
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


@dataclass(frozen=True)
class Local:
    """What a ComfyUI folder on this machine tells: revisions of ``packs``, its own ``core``, and why it is ``odd``."""

    packs: Mapping[str, str] = field(default_factory=dict)
    core: str = ""
    odd: str = ""


def from_folder(packs: Iterable[str], comfyui: Path, running: str) -> Local:
    """Revisions in the folder of a server of version ``running``, by git: see :func:`runner.folder.revision_of`.

    A folder that holds another version is not what the server runs: it tells nothing but that.
    """
    lying = version_in(comfyui)
    if lying != running:
        what = f"it holds ComfyUI {lying}, the server runs {running}" if lying else "no ComfyUI lies there"
        return Local(odd=f"server.folder={comfyui} ({what})")
    home = comfyui / "custom_nodes"
    known = {pack: revision_of(home / pack) for pack in packs if _is_folder_name(pack)}
    return Local({pack: one for pack, one in known.items() if one is not None}, revision_of(comfyui) or "")


def _is_folder_name(pack: str) -> bool:
    """Whether a name that the server tells stays in the folder that it is looked for in."""
    return pack not in ("", ".", "..") and not any(mark in pack for mark in "/\\:\0")
