"""The checks that node classes bring themselves. They bear the real names: Python shows those in its own errors."""

import inspect
from collections.abc import Mapping
from typing import Any

from runner.standin.folders import Folders
from runner.standin.jobs import is_link


class LoadImage:
    """Its file must be there; the name is taken as it is, so that a number is an AttributeError as on the server."""

    folders: Folders

    @classmethod
    def VALIDATE_INPUTS(cls, image: Any) -> Any:  # noqa: D102, N802
        return True if cls.folders.exists(image) else f"Invalid image file: {image}"


class LoadAudio:
    """The same for a sound."""

    folders: Folders

    @classmethod
    def VALIDATE_INPUTS(cls, audio: Any) -> Any:  # noqa: D102, N802
        return True if cls.folders.exists(audio) else f"Invalid audio file: {audio}"


class WanVideoDecode:
    """Tiles must overlap."""

    @classmethod
    def VALIDATE_INPUTS(cls, tile_x: Any, tile_y: Any, tile_stride_x: Any, tile_stride_y: Any) -> Any:  # noqa: D102, N802
        if tile_x <= tile_stride_x:
            return "Tile width must be larger than the tile stride width."
        if tile_y <= tile_stride_y:
            return "Tile height must be larger than the tile stride height."
        return True


_CLASSES: tuple[Any, ...] = (LoadImage, LoadAudio, WanVideoDecode)
CHECKED_BY_CLASS = {kind.__name__: tuple(inspect.signature(kind.VALIDATE_INPUTS).parameters) for kind in _CLASSES}
"""Inputs whose range and list the server leaves to the class itself."""


class Checks:
    """Calls a class's own check as the server does."""

    def __init__(self, folders: Folders) -> None:
        # A subclass a stand-in: its methods keep the real class's name in their errors.
        self._classes: dict[str, Any] = {
            kind.__name__: type(kind.__name__, (kind,), {"folders": folders}) for kind in _CLASSES
        }

    def objections(self, name: str, inputs: Mapping[str, Any]) -> tuple[list[str], str] | None:
        """The inputs that a class looked at and its words, None where it has nothing against them.

        Inputs that were not sent are not passed and links count as None: the check then raises, and that error is
        what the server answers.
        """
        known = self._classes.get(name)
        if known is None:
            return None
        given = {key: None if is_link(inputs[key]) else inputs[key] for key in inputs if key in CHECKED_BY_CLASS[name]}
        said = known.VALIDATE_INPUTS(**given)
        return None if said is True else (list(given), str(said))
