"""Weights of networks: where they are on this machine, and whether they are what they should be."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from eval.checksums import sum_of
from eval.weight_files import WEIGHTS, WeightFile, known_name, weights_named
from workflow.errors import HarnessError

__all__ = ["WEIGHTS", "Sources", "State", "WeightFile", "WeightsAbsent", "WeightsWrong", "find", "sha_of", "state"]

ABSENT = "weights absent"
"""How the reason begins why a network's metrics have no value."""

FOLDER_VARIABLE = "INFINITETALK_SWEEP_CACHE"
"""Environment variable that moves the cache folder."""


class WeightsConfigError(HarnessError):
    """A checksum, mirror or folder for weights that cannot be one."""

    code = "weights-config"


class WeightsAbsent(HarnessError):
    """The weights of a network are not on this machine."""

    code = "weights-absent"


class WeightsWrong(HarnessError):
    """A file has another SHA-256 than the weights it should be."""

    code = "weights-wrong"


@dataclass(frozen=True)
class Sources:
    """Where weights are looked for and fetched from."""

    folder: Path | None = None
    """Cache folder; None: the environment variable's, else the platform's own place."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Own files by name of the weights; they are never fetched or written."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """Own files' checksums, where they are not the published ones."""
    mirrors: tuple[str, ...] = ()
    """Base URLs or folders, tried before the publishers; the file name is appended."""

    def __post_init__(self) -> None:
        for given in ("files", "sha256"):
            named = {known_name(name): value for name, value in getattr(self, given).items()}
            object.__setattr__(self, given, named)  # frozen; later look-ups go by one name a network
        for name, digest in self.sha256.items():
            if not re.fullmatch("[0-9a-f]{64}", digest):
                raise WeightsConfigError(
                    f"the SHA-256 of {name} must be 64 hex digits, got {digest!r}", hint="as sha256sum prints it"
                )
            if name not in self.files:
                raise WeightsConfigError(
                    f"an own SHA-256 for {name} without an own file", hint="own sums are for own files: give its path"
                )
        for mirror in self.mirrors:
            if "://" in mirror and not mirror.startswith(("http://", "https://")):
                raise WeightsConfigError(
                    f"mirror {mirror!r} is neither http(s) nor a folder", hint="https://host/folder, or a local path"
                )

    @classmethod
    def read(
        cls,
        folder: str | Path | None = None,
        files: Mapping[str, str | Path | None] | None = None,
        sha256: Mapping[str, str | None] | None = None,
        mirrors: tuple[str, ...] | list[str] = (),
    ) -> "Sources":
        """From texts as a config or a command line has them; empty entries are none."""
        return cls(
            _absolute(folder) if folder else None,
            {name: _absolute(path) for name, path in (files or {}).items() if path},
            {name: digest.strip().lower() for name, digest in (sha256 or {}).items() if digest},
            tuple(mirror.strip().rstrip("/") for mirror in mirrors if mirror.strip()),
        )

    @property
    def cache(self) -> Path:
        """The folder that fetched weights lie in; it need not exist yet."""
        return self.folder or _default_folder()


@dataclass(frozen=True)
class State:
    """What there is of one weight file."""

    kind: Literal["present", "absent", "damaged", "partial"]
    path: Path
    own: bool
    bytes: int = 0
    detail: str = ""


def path_of(name: str, sources: Sources) -> Path:
    """Where the file lies, or would lie."""
    return sources.files.get(name) or sources.cache / weights_named(name).file


def note_of(name: str, sources: Sources) -> Path:
    """Where the sum of the file is remembered: in the cache, also for own files, whose folders are not ours."""
    return sources.cache / f"{weights_named(name).file}.{'own' if name in sources.files else 'checked'}.json"


def find(name: str, sources: Sources) -> Path:
    """The verified local file: an own one where it is configured, else the cache's.

    Raises WeightsAbsent where there is none, WeightsWrong (with both sums) where it is not the right one.
    """
    path, expected = path_of(name, sources), _expected(name, sources)
    try:
        if not path.is_file():
            raise _absent(name, sources)
        actual = sum_of(path, note_of(name, sources))
    except OSError as error:
        raise WeightsAbsent(f"{ABSENT}: {path} cannot be read ({error.strerror})") from None
    if actual != expected:
        raise wrong(name, str(path), actual, expected, _remedy(name, sources))
    return path


def sha_of(name: str, sources: Sources) -> str | None:
    """The SHA-256 of the weights that are there and right, None otherwise; cheap after the first time."""
    try:
        find(name, sources)
    except (WeightsAbsent, WeightsWrong):
        return None
    return _expected(name, sources)


def state(name: str, sources: Sources) -> State:
    """What there is of ``name``, with the file's bytes checked."""
    path, own = path_of(name, sources), name in sources.files
    part = path.with_name(path.name + ".part")
    try:
        find(name, sources)
    except WeightsAbsent as error:
        if part.is_file() and not own:
            return State("partial", path, own, part.stat().st_size)
        return State("absent", path, own, detail=error.message if own else "")
    except WeightsWrong as error:
        return State("damaged", path, own, path.stat().st_size, error.message)
    return State("present", path, own, path.stat().st_size)


def wrong(name: str, place: str, actual: str, expected: str, hint: str) -> WeightsWrong:
    """The error that names both sums."""
    return WeightsWrong(f"{place} is not {name}: its SHA-256 is {actual}, expected {expected}", hint=hint)


def _expected(name: str, sources: Sources) -> str:
    return sources.sha256.get(name, weights_named(name).sha256)


def _absent(name: str, sources: Sources) -> WeightsAbsent:
    if name in sources.files:
        return WeightsAbsent(f"{ABSENT}: the own file {sources.files[name]} of {name} is not there")
    return WeightsAbsent(f"{ABSENT}: run python -m eval weights fetch {name}")


def _remedy(name: str, sources: Sources) -> str:
    if name in sources.files:
        return "if this file is meant, give its own SHA-256 beside its path"
    return f"python -m eval weights fetch {name} replaces it"


def _default_folder() -> Path:
    moved = os.environ.get(FOLDER_VARIABLE, "").strip()
    if moved:
        return _absolute(moved)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _absolute(base) / "infinitetalk-sweep"


def _absolute(path: str | Path) -> Path:
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError:
        raise WeightsConfigError(
            f"{path} has no home folder to begin in", hint=f"set {FOLDER_VARIABLE} to a folder for weights"
        ) from None
