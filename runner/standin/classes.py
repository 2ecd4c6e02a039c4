"""The node classes that the stand-in knows: the shipped schema snapshot, with the file lists of its own folders."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import workflow
from runner.standin.checks import Checks
from runner.standin.folders import Folders
from runner.standin.release import Release

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

    def __init__(self, folders: Folders, release: Release | None = None, snapshot: Path = SNAPSHOT) -> None:
        self._folders, self.release = folders, release or Release()
        self.checks = Checks(folders)
        self._schemas: dict[str, dict[str, Any]] = json.loads(snapshot.read_text(encoding="utf-8"))
        self._schemas = {
            name: {**info, "display_name": info.get("display_name", name), "description": info.get("description", "")}
            for name, info in self._schemas.items()
            if not name.startswith("_")
        }

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
        options = {
            key: value for key, value in self._schemas[name]["input"]["required"][key][1].items() if key != "options"
        }
        if name == "LoadAudio" and self.release.writes_combos:
            shown: list[Any] = ["COMBO", {"multiselect": False, "options": values, **options}]
        else:
            shown = [values, options]
        self._schemas[name]["input"]["required"][key] = shown

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

    def returns(self, name: str) -> tuple[str, ...]:
        """Type names of a class's output slots; a tuple as there, whose errors show it."""
        return tuple(self._schemas[name]["output"])

    def is_output(self, name: str) -> bool:
        """True for classes that end a graph."""
        return bool(self._schemas[name].get("output_node"))

    def knows_its_id(self, name: str) -> bool:
        """True for classes whose cache entry depends on the node id (they take UNIQUE_ID)."""
        return "UNIQUE_ID" in self._schemas[name]["input"].get("hidden", {}).values()
