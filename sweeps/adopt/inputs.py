"""Speech and pictures beside the videos: looked for by the names that stand in graphs, never outside their folder."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sweeps.adopt.made import Source
from workflow.errors import HarnessError
from workflow.files import sha256_file


class NoInputs(HarnessError):
    """A folder of speech or pictures that is not there."""

    code = "adopt-inputs"


@dataclass(frozen=True)
class Input:
    """A file that was found, and its SHA-256."""

    path: Path
    sha256: str


@dataclass
class Inputs:
    """The files of one folder; None for no folder. ``option`` names it in messages."""

    folder: Path | None
    option: str

    def __post_init__(self) -> None:
        self._known: dict[Source, Input | str] = {}
        if self.folder is not None and not self.folder.is_dir():
            hint = "ComfyUI keeps them in its folder input/"
            raise NoInputs(f"{self.option} {self.folder} is no folder", hint=hint)

    def find(self, source: Source) -> Input | str:
        """The file that ``source`` names, or why it is not used."""
        if source not in self._known:
            self._known[source] = self._find(source)
        return self._known[source]

    def _find(self, source: Source) -> Input | str:
        if self.folder is None:
            return f"no {self.option} was given"
        path = below(self.folder, source.name)
        if path is None:
            return f"it is not in {self.option}"
        try:
            sha256 = sha256_file(path)
        except OSError as error:
            return f"it cannot be read: {error.strerror}"
        if source.sha256 not in (None, sha256):
            return f"the file of that name in {self.option} is not what the video was made with"
        return Input(path, sha256)


def below(folder: Path, name: str) -> Path | None:
    """The file called ``name`` in ``folder``: where it says, else right there; nothing that leads out of it."""
    home = folder.resolve()
    told = PurePosixPath(name.replace("\\", "/"))
    for part in (told, PurePosixPath(told.name)):
        try:
            path = (home / part).resolve()
            if not part.is_absolute() and path.is_relative_to(home) and path.is_file():
                return path
        except (OSError, ValueError):  # names too long, or with a zero in them
            continue
    return None
