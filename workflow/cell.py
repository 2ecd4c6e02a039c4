"""The values that describe one video to make: its clip, its input files, the cell itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workflow.windows import FPS, Windows


@dataclass(frozen=True)
class Clip:
    """What is spoken by whom: pictures already cropped to ``width`` × ``height``'s aspect, speech, and its length.

    ``seconds`` is the duration of ``speech``. ``prompt`` replaces the variant's positive prompt for this clip.
    """

    name: str
    frame: Path
    face: Path
    speech: Path
    width: int
    height: int
    seconds: float
    reference_video: Path | None = None
    prompt: str | None = None


@dataclass(frozen=True)
class InputFile:
    """A file a graph reads: where it lies here, its content's SHA-256, and the content-hashed name on the server."""

    path: Path
    sha256: str
    name: str


@dataclass(frozen=True)
class Cell:
    """One video to make: setting × clip × seed, with the exact graph to send (``filename_prefix`` still empty).

    ``values`` are the tunable parameters in effect, ``notes`` what binding and collapsing had to say, ``fps`` the
    frames a second of the video.
    """

    setting: str
    clip: Clip
    seed: int
    graph: dict[str, dict[str, Any]]
    files: tuple[InputFile, ...]
    windows: Windows
    recipe: str
    values: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    fps: float = FPS

    @property
    def name(self) -> str:
        """``setting/clip/seed``, as tables and logs name it."""
        return f"{self.setting}/{self.clip.name}/{self.seed}"
