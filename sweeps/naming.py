"""What a sweep is called, and the folder of that name."""

import os
import re
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweeps.config import Config

LONGEST_FOLDER = 150
"""Bytes of a folder's name: most systems take 255, and files in it have names too."""
LONGEST_NAME = 100
"""Characters of a name made here; MLflow's tables take 256."""
USUAL_CLIPS = "sample"
MARKS = ("", "stand-in", "rehearsal")
"""What rendered a sweep, as its folder is marked; empty for a model."""


def sweep_name(config: "Config") -> str:
    """The sweep's name: as configured, else the experiment's, else what it compares: variant, axes, clips.

    Axis values are no part of it, so that one value more goes on with the same sweep. A variant always is: the name of
    an axis alone may be that of a shipped experiment.
    """
    from sweeps.settings import axis_names, space_names

    choices = config.choices
    if given := config.sweep.name or choices.get("experiment"):
        return given
    searched = config.search.proposes
    axes = sorted(space_names(config) if searched else axis_names(config))  # in another order it is still the same
    variant = "" if "variant" in axes else choices.get("variant", "")
    swept = "+".join(name.removeprefix("inputs.") for name in axes)
    clips = "" if "clips" in axes else _clips(config)
    # nothing that a shell, MLflow's queries or a folder would read as more than a name
    parts = [re.sub(r"[^\w.+-]+", "_", part) for part in ("search" if searched else "", variant, swept, clips) if part]
    name = "-".join(parts) or "sweep"
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 9]}-{sha256(name.encode()).hexdigest()[:8]}"


def _clips(config: "Config") -> str:
    """The folder of the user's own clips, or the option that was chosen; nothing where it is the usual one."""
    chosen = config.choices.get("clips", "")
    if config.clips.kind == "folder" and config.clips.dir:
        return Path(os.path.normpath(Path(config.clips.dir).expanduser().absolute())).name or chosen
    return "" if chosen == USUAL_CLIPS else chosen


def sweep_folder(outputs: Path, name: str, mark: str) -> Path:
    """Where the plans and tables of a sweep stand; those of stand-in and rehearsal apart, by their ``mark``."""
    return outputs / "sweeps" / folder_name(f"{name}-{mark}" if mark else name)


def sweeps_with(outputs: Path, file: str, name: str | None = None) -> list[Path]:
    """The folders of sweeps that have ``file``, the one that wrote it last first; of the sweep ``name`` only, if given.

    A name is meant with its mark, or without.
    """
    found = sorted((outputs / "sweeps").glob(f"*/{file}"), key=lambda path: path.stat().st_mtime, reverse=True)
    folders = [path.parent for path in found]
    if name is None:
        return folders
    wanted = {sweep_folder(outputs, name, mark).name for mark in MARKS}
    return [one for one in folders if one.name in wanted]


def folder_name(name: str) -> str:
    """``name`` as a folder on any system: what no folder may hold is percent-encoded, what is too long is cut.

    >>> folder_name("../动作 帧=9")
    '%2E.%2F动作 帧=9'
    """

    def encoded(sign: str) -> str:
        return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8"))

    safe = "".join(encoded(one) if one in '/\\:*?"<>|%' or not one.isprintable() else one for one in name)
    safe = encoded(safe[0]) + safe[1:] if safe[:1] in ". " else safe
    safe = safe[:-1] + encoded(safe[-1]) if safe[-1:] in ". " else safe
    raw = safe.encode("utf-8")
    if len(raw) <= LONGEST_FOLDER:
        return safe
    return raw[: LONGEST_FOLDER - 9].decode("utf-8", "ignore") + "-" + sha256(raw).hexdigest()[:8]
