"""The MP4s of a folder: found without following links, and looked at twice where they may still grow."""

import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sweeps.adopt.words import Left, printable
from workflow.errors import HarnessError
from workflow.words import counted

SUFFIX: Final = ".mp4"
OTHERS: Final = frozenset({".webm", ".mkv", ".mov", ".avi", ".gif", ".webp"})
"""Other forms in which ComfyUI's nodes write videos; told, not taken."""
YOUNG_S: Final = 5.0
"""A file that was written to so lately is looked at again."""
AGAIN_S: Final = 1.0
GROWS: Final = "it is still being written: the same command takes it later"


class NoFolder(HarnessError):
    """The folder is not there, or is none, or may not be read."""

    code = "adopt-folder"


class NoVideos(HarnessError):
    """A folder without anything to adopt."""

    code = "adopt-no-videos"


@dataclass(frozen=True)
class Seen:
    """One file: ``name`` is its path below the folder as it may be shown, ``size`` in bytes, ``changed`` in ns."""

    path: Path
    name: str
    size: int
    changed: int

    @property
    def still(self) -> bool:
        """Whether it is as it was when it was seen."""
        try:
            now = self.path.lstat()
        except OSError:
            return False
        return (now.st_size, now.st_mtime_ns) == (self.size, self.changed)


def look(folder: Path, store: Path) -> tuple[list[Seen], list[Left]]:
    """The MP4s below ``folder``, by name, and what is left out; renders in ``store`` are known already.

    Raises NoFolder, NoVideos.
    """
    _check(folder, store)
    found: list[Seen] = []
    left: list[Left] = []
    others: list[Left] = []
    for path in _files(folder, store, left):
        name, suffix = printable(path.relative_to(folder).as_posix()), path.suffix.lower()
        if suffix in OTHERS:
            others.append(Left(name, f"{suffix} is not adopted: only MP4s are", bad=False))
        elif suffix == SUFFIX:
            one = _seen(path, name)
            (left if isinstance(one, Left) else found).append(one)  # type: ignore[arg-type]
    if not found and not left:
        forms = ", ".join(sorted({f".{one.name.rpartition('.')[2].lower()}" for one in others}))
        there = f"; {counted(len(others), 'video')} in other forms ({forms})" if others else ""
        raise NoVideos(f"{folder} holds no MP4{there}", hint="name the folder that ComfyUI writes to, or one below it")
    return _with_sound(sorted(found, key=lambda one: one.name), left + others)


def _check(folder: Path, store: Path) -> None:
    hint = "name the folder that ComfyUI writes its videos to"
    if not folder.exists():
        raise NoFolder(f"there is no folder {folder}", hint=hint)
    if not folder.is_dir():
        raise NoFolder(f"{folder} is a file, no folder", hint=f"{hint}: {folder.parent}")
    if folder.resolve().is_relative_to(store.resolve()):
        raise NoFolder(f"{folder} is inside the store: its renders are known already", hint=hint)
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise NoFolder(f"{folder} cannot be read: {error.strerror}", hint="its rights, or another folder") from error


def _files(folder: Path, store: Path, left: list[Left]) -> Iterator[Path]:
    """Every file below, hidden ones and the store's left out; folders that are links or cannot be read are told."""
    avoid = store.resolve()

    def refused(error: OSError) -> None:
        name = printable(Path(error.filename).relative_to(folder).as_posix())
        left.append(Left(f"{name}/", f"cannot be read: {error.strerror}"))

    for at, folders, files in os.walk(folder, onerror=refused, followlinks=False):
        home = Path(at)
        for one in [name for name in folders if (home / name).is_symlink()]:
            left.append(
                Left(f"{printable((home / one).relative_to(folder).as_posix())}/", "a link: not followed", False)
            )
        folders[:] = sorted(one for one in folders if not one.startswith(".") and (home / one).resolve() != avoid)
        yield from (home / one for one in sorted(files) if not one.startswith("."))


def _seen(path: Path, name: str) -> Seen | Left:
    try:
        facts = path.lstat()
    except OSError as error:
        return Left(name, f"cannot be read: {error.strerror}")
    if stat.S_ISLNK(facts.st_mode):
        return Left(name, "a link: not followed")
    if not stat.S_ISREG(facts.st_mode):
        return Left(name, "no file: a pipe or a device")
    return Seen(path, name, facts.st_size, facts.st_mtime_ns)


def _with_sound(found: list[Seen], left: list[Left]) -> tuple[list[Seen], list[Left]]:
    """VideoHelperSuite writes ``X.mp4`` without sound first and ``X-audio.mp4`` beside it: one render, taken once."""
    paths = {one.path for one in found}
    kept = []
    for one in found:
        twin = one.path.with_name(f"{one.path.stem}-audio{one.path.suffix}")
        if twin in paths:
            left.append(Left(one.name, f"the same render without its sound: {printable(twin.name)} is taken", False))
        else:
            kept.append(one)
    return kept, left


def settled(found: Sequence[Seen], wait: Callable[[float], None] = time.sleep) -> tuple[list[Seen], list[Left]]:
    """Those that do not change any more, and those that do; young ones are looked at twice, all at once."""
    oldest = time.time_ns() - int(YOUNG_S * 1e9)
    if any(one.changed > oldest for one in found):
        wait(AGAIN_S)
    kept = [one for one in found if one.still]
    return kept, [Left(one.name, GROWS) for one in found if one not in kept]
