"""The stand-in's three folders, and the only way from a client's words to a path: nothing leaves its folder."""

import mimetypes
import posixpath
import re
import time
from dataclasses import dataclass
from pathlib import Path


class OutsideError(ValueError):
    """A name that would lead out of its folder."""


@dataclass(frozen=True)
class Folders:
    """``input`` takes uploads, ``output`` and ``temp`` take videos; ``temp`` is one process's own."""

    root: Path
    temp: Path

    @property
    def input(self) -> Path:
        """Where uploads go, and where LoadImage and LoadAudio read."""
        return self.root / "input"

    @property
    def output(self) -> Path:
        """Where VHS_VideoCombine saves."""
        return self.root / "output"

    def create(self) -> None:
        """Make what is missing."""
        for folder in (self.input, self.output, self.temp):
            folder.mkdir(parents=True, exist_ok=True)

    def of(self, kind: str) -> Path | None:
        """The folder a ``type`` names, or None for a word that names none."""
        return {"input": self.input, "output": self.output, "temp": self.temp}.get(kind)

    def exists(self, name: str) -> bool:
        """Whether a LoadImage or LoadAudio value names something here; a folder will do, as there."""
        return self.uploaded(name) is not None

    def uploaded(self, name: str) -> Path | None:
        """What a LoadImage or LoadAudio value names (``sub/a.wav``, ``a.wav [output]``), or None.

        A name that leads out of its folder names nothing; the real server follows it.
        """
        base, name = self.annotated(name)
        try:
            path = inside(base or self.input, name)
        except OutsideError:
            return None
        return path if path.exists() else None

    def annotated(self, name: str) -> tuple[Path | None, str]:
        """``a.wav [output]`` as the folder that it names and ``a.wav``; None for a name without such an ending."""
        for kind, base in (("output", self.output), ("input", self.input), ("temp", self.temp)):
            if name.endswith(f"[{kind}]"):
                return base, name[: -len(kind) - 3]
        return None, name

    def listing(self, *kinds: str) -> list[str]:
        """Names of the files directly in ``input`` whose content type begins with one of ``kinds``, sorted."""
        names = (path.name for path in self.input.iterdir() if path.is_file())
        return sorted(name for name in names if (mimetypes.guess_type(name)[0] or "").split("/")[0] in kinds)


def inside(base: Path, relative: str) -> Path:
    """``base/relative`` with links followed; raises OutsideError when that is not below ``base`` (or not a path)."""
    if "\0" in relative or "\\" in relative:
        raise OutsideError(relative)
    root = base.resolve()
    try:
        path = (root / relative).resolve()
    except (OSError, RuntimeError) as error:  # a name too long, a loop of links
        raise OutsideError(relative) from error
    if not path.is_relative_to(root):
        raise OutsideError(relative)
    return path


@dataclass(frozen=True)
class SavePlace:
    """Where one VHS_VideoCombine writes: ``folder/stem_00001….mp4``."""

    folder: Path
    subfolder: str
    stem: str
    counter: int

    def file(self, ending: str) -> Path:
        """The path with ``ending`` after the counter: ``.mp4``, ``-audio.mp4``, ``.png``."""
        return self.folder / f"{self.stem}_{self.counter:05}{ending}"


def save_place(base: Path, prefix: str) -> SavePlace:
    """Count as VideoHelperSuite does: one more than the highest ``stem_NNNNN…`` there. Raises OutsideError."""
    parent, stem = posixpath.split(posixpath.normpath(_dated(prefix)))
    try:
        folder = inside(base, parent)
    except OutsideError:
        output, outside = str(base.resolve()), posixpath.normpath(base.resolve() / parent)
        raise OutsideError(
            f"full_output_folder: {outside}\n         output_dir: {output}"
            f"\n         commonpath: {posixpath.commonpath((output, outside))}"
        ) from None
    folder.mkdir(parents=True, exist_ok=True)
    matcher = re.compile(rf"{re.escape(stem)}_(\d+)\D*\..+", re.IGNORECASE)
    numbers = [int(match[1]) for path in folder.iterdir() if (match := matcher.fullmatch(path.name))]
    return SavePlace(folder, parent, stem, max(numbers, default=0) + 1)


def _dated(prefix: str) -> str:
    now = time.localtime()
    for field, width in (("year", 4), ("month", 2), ("day", 2), ("hour", 2), ("minute", 2), ("second", 2)):
        name = {"month": "mon", "day": "mday", "minute": "min", "second": "sec"}.get(field, field)
        prefix = prefix.replace(f"%{field}%", str(getattr(now, f"tm_{name}")).zfill(width))
    return prefix
