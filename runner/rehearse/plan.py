"""What a rehearsal will write where, looked at before a byte is written: what is there already, and the room."""

import os
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from runner.rehearse.checkpoint import Checkpoint, checkpoint
from runner.rehearse.embeds import WIDTH, cache_folder, entry_name
from runner.rehearse.errors import RehearsalError
from runner.rehearse.mark import mark_of
from runner.rehearse.wanted import FOLDERS, Wanted

State = Literal["write", "replace", "there", "foreign"]
"""write: new. replace: one of ours, of another size or seed. there: ours, as it would be written. foreign: a file that
is not ours, left as it is."""
HEADER: Final = 400_000
"""Room for a file's header."""


@dataclass(frozen=True)
class Target:
    """One file to write: a checkpoint, or the cached embedding of a prompt."""

    path: Path
    content: Checkpoint | str
    mark: str
    state: State

    @property
    def nbytes(self) -> int:
        """Bytes it takes, a header included."""
        return HEADER + (self.content.nbytes if isinstance(self.content, Checkpoint) else 64 * WIDTH * 2)

    @property
    def pending(self) -> bool:
        """Whether it is to be written."""
        return self.state in ("write", "replace")


@dataclass(frozen=True)
class Plan:
    """All files of one rehearsal of ``comfyui``."""

    comfyui: Path
    size: str
    seed: int
    targets: tuple[Target, ...]

    @property
    def mark(self) -> str:
        """What every file of it says of itself, before what is its own."""
        return f"{self.size} seed={self.seed}"

    def of(self, *states: State) -> tuple[Target, ...]:
        """The targets in these states."""
        return tuple(one for one in self.targets if one.state in states)

    @property
    def room(self) -> tuple[tuple[Path, int, int], ...]:
        """For each disk: a folder on it, the bytes needed there, and the bytes that are or will be free."""
        needed, freed, where = Counter[int](), Counter[int](), dict[int, Path]()
        for one in self.of("write", "replace"):
            folder = _existing(one.path.parent)
            device = folder.stat().st_dev
            where.setdefault(device, folder)
            needed[device] += one.nbytes
            freed[device] += one.path.stat().st_size if one.state == "replace" else 0
        return tuple(
            (folder, needed[device], shutil.disk_usage(folder).free + freed[device]) for device, folder in where.items()
        )


def comfyui_folder(text: str) -> Path:
    """The ComfyUI folder that a user named.

    Raises:
        RehearsalError: it is none: models and node packs are not in it.
    """
    folder = Path(os.path.abspath(Path(text).expanduser()))  # noqa: PTH100 (links stay links)
    if not folder.is_dir():
        raise RehearsalError(f"there is no folder {folder}", hint="--comfyui DIR is where ComfyUI's main.py lies")
    if not (folder / "models").is_dir() or not (folder / "custom_nodes").is_dir():
        inner = next((one for one in sorted(folder.glob("*/custom_nodes")) if (one.parent / "models").is_dir()), None)
        meant = f"did you mean {inner.parent}?" if inner else "it must hold the folders models and custom_nodes"
        raise RehearsalError(f"{folder} is no ComfyUI folder", hint=meant)
    return folder


def make_plan(comfyui: Path, wanted: Wanted, size: str, seed: int) -> Plan:
    """Look at what is there for every file of ``wanted``."""
    mark, targets = f"{size} seed={seed}", list[Target]()
    for model, name in wanted.files:
        content = checkpoint(model, FOLDERS[model], name, size)
        path = comfyui / "models" / content.folder / name
        own = f"{mark} table={content.table}"
        targets.append(Target(path, content, own, _state(path, own)))
    cache = cache_folder(comfyui)
    for prompt in _once(wanted.prompts):
        path = cache / entry_name(prompt)
        targets.append(Target(path, prompt, mark, _state(path, mark)))
    return Plan(comfyui, size, seed, tuple(targets))


def check_room(plan: Plan) -> None:
    """Raise RehearsalError where a disk has too little room for what is to be written."""
    for folder, needed, free in plan.room:
        if needed > free:
            raise RehearsalError(
                f"{folder} has {free / 1e9:.1f} GB free, the files need {needed / 1e9:.1f} GB",
                hint="free space there, or write fewer: --models q8",
            )


def _once(prompts: Iterable[str]) -> tuple[str, ...]:
    """Prompts that differ only in blanks around them share one entry."""
    return tuple({prompt.strip(): None for prompt in prompts})


def _state(path: Path, mark: str) -> State:
    if not os.path.lexists(path):
        return "write"
    there = mark_of(path) if not path.is_symlink() else None  # what a link leads to is not ours to replace
    return "foreign" if there is None else "there" if there == mark else "replace"


def _existing(folder: Path) -> Path:
    """The nearest folder above that exists."""
    return next(one for one in (folder, *folder.parents) if one.is_dir())
