"""The node classes that the stand-in knows: the shipped schema snapshot, with the file lists of its own folders."""

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import workflow
from runner.standin.folders import Folders

SNAPSHOT = Path(workflow.__file__).parent / "object_info.json"


@dataclass(frozen=True)
class InputSpec:
    """One input as a class declares it: ``kind`` is a type name, or the list of a combo."""

    name: str
    kind: str | list[Any]
    options: dict[str, Any]
    required: bool

    @property
    def config(self) -> list[Any]:
        """The pair that error answers carry as ``input_config``."""
        return [self.kind, self.options]


class NodeClasses:
    """Schemas by class name, as ``/object_info`` shows them at this moment."""

    def __init__(self, folders: Folders, snapshot: Path = SNAPSHOT) -> None:
        self._folders = folders
        self._schemas: dict[str, dict[str, Any]] = json.loads(snapshot.read_text(encoding="utf-8"))
        self._schemas = {name: info for name, info in self._schemas.items() if not name.startswith("_")}

    def __contains__(self, name: object) -> bool:
        return name in self._schemas

    def object_info(self, name: str | None = None) -> dict[str, Any]:
        """The answer of ``/object_info`` or ``/object_info/NAME`` (``{}`` for an unknown class)."""
        for class_name, key, kinds in (
            ("LoadImage", "image", ("image",)),
            ("LoadAudio", "audio", ("audio", "video")),
        ):
            if class_name in self._schemas:
                self._offer(class_name, key, self._folders.listing(*kinds))
        if name is None:
            return self._schemas
        return {name: self._schemas[name]} if name in self._schemas else {}

    def _offer(self, name: str, key: str, values: list[str]) -> None:
        kind, *rest = copy.deepcopy(self._schemas[name]["input"]["required"][key])
        if kind == "COMBO":
            rest[0]["options"] = values
        self._schemas[name]["input"]["required"][key] = [kind if kind == "COMBO" else values, *rest]

    def inputs(self, name: str) -> list[InputSpec]:
        """Required, then optional inputs of a class, in their declared order."""
        declared = self._schemas[name]["input"]
        specs = []
        for group in ("required", "optional"):
            for key, value in declared.get(group, {}).items():
                options = value[1] if len(value) > 1 and isinstance(value[1], dict) else {}
                kind = options.get("options", []) if value[0] == "COMBO" else value[0]
                specs.append(InputSpec(key, kind, options, group == "required"))
        return specs

    def returns(self, name: str) -> list[str]:
        """Type names of a class's output slots."""
        return list(self._schemas[name]["output"])

    def is_output(self, name: str) -> bool:
        """True for classes that end a graph."""
        return bool(self._schemas[name].get("output_node"))

    def knows_its_id(self, name: str) -> bool:
        """True for classes whose cache entry depends on the node id (they take UNIQUE_ID)."""
        return "UNIQUE_ID" in self._schemas[name]["input"].get("hidden", {}).values()

    def fault(self, name: str, inputs: dict[str, Any]) -> tuple[tuple[str, ...], str] | None:
        """What a class's own check (VALIDATE_INPUTS) objects to: the inputs it looked at, and its words."""
        for class_name, key, what in (("LoadImage", "image", "image"), ("LoadAudio", "audio", "audio")):
            if name == class_name and not isinstance(inputs.get(key), list):
                value = str(inputs.get(key))
                return None if self._folders.uploaded(value) else ((key,), f"Invalid {what} file: {value}")
        if name == "WanVideoDecode":
            for axis, word in (("x", "width"), ("y", "height")):
                if inputs.get(f"tile_{axis}", 0) <= inputs.get(f"tile_stride_{axis}", -1):
                    looked_at = ("tile_x", "tile_y", "tile_stride_x", "tile_stride_y")
                    return looked_at, f"Tile {word} must be larger than the tile stride {word}."
        return None


CHECKED_BY_CLASS = {
    "LoadImage": {"image"},
    "LoadAudio": {"audio"},
    "WanVideoDecode": {"tile_x", "tile_y", "tile_stride_x", "tile_stride_y"},
}
"""Inputs whose range and list the server leaves to the class itself."""
