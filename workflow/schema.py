"""What a server's nodes take and give, from ``/object_info`` or from the shipped snapshot of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from workflow.errors import HarnessError
from workflow.models import is_model_file

SNAPSHOT = Path(__file__).with_name("object_info.json")
WIDGETS = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"})
_LARGEST = 1e300
_UPLOADS = ("image_upload", "audio_upload", "video_upload", "animated_image_upload", "upload")


class SchemaError(HarnessError):
    """Node information that is no answer of ``/object_info``."""

    code = "schema-unreadable"


@dataclass(frozen=True)
class InputSpec:
    """One input: ``kind`` is INT, FLOAT, STRING, BOOLEAN, COMBO or the type of link it takes.

    ``options`` are a COMBO's values, None where they are not known or not to be checked (an uploaded file).
    """

    kind: str
    required: bool = True
    min: float | None = None
    max: float | None = None
    step: float | None = None
    options: tuple[Any, ...] | None = None
    default: Any = None
    upload: bool = False

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The kinds it takes, several where ``kind`` is a list with commas."""
        return tuple(part.strip() for part in self.kind.split(","))

    @cached_property
    def is_widget(self) -> bool:
        """Whether a plain value can stand here."""
        return any(kind in WIDGETS or kind == "*" for kind in self.kinds)

    @cached_property
    def lists_models(self) -> bool:
        """Whether its options are model files, which differ from server to server."""
        return any(is_model_file(option) for option in self.options or ())


@dataclass(frozen=True)
class ClassSpec:
    """One node class. ``formats`` maps a value of its ``format`` combo to the further inputs that value brings."""

    name: str
    inputs: Mapping[str, InputSpec]
    outputs: tuple[str, ...] = ()
    output_node: bool = False
    module: str = ""
    formats: Mapping[str, Mapping[str, InputSpec]] = field(default_factory=dict)

    def inputs_for(self, values: Mapping[str, Any]) -> Mapping[str, InputSpec]:
        """All inputs of a node with these values: the class's own, and those of the format it is set to."""
        extra = self.formats.get(str(values.get("format")), {}) if self.formats else {}
        return {**self.inputs, **extra} if extra else self.inputs


@dataclass(frozen=True)
class NodeSchema:
    """Node classes by name. A ``complete`` schema is a live server's: a class it lacks is missing there, and its lists
    of model files are the server's; of a snapshot neither is true."""

    classes: Mapping[str, ClassSpec]
    complete: bool = True

    def input(self, class_type: str, name: str) -> InputSpec | None:
        """The spec of one input, None where there is none; inputs of any format count."""
        spec = self.classes.get(class_type)
        if spec is None:
            return None
        found = spec.inputs.get(name)
        return found or next((table[name] for table in spec.formats.values() if name in table), None)

    @classmethod
    def from_object_info(cls, info: Any, *, complete: bool = True) -> "NodeSchema":
        """From the JSON of ``/object_info``; raises :class:`SchemaError` when it is something else."""
        if not isinstance(info, dict) or not info:
            raise SchemaError("The node information is empty or no JSON object.", hint="Is this a ComfyUI server?")
        classes = {}
        for name, entry in info.items():
            if not isinstance(entry, dict) or not isinstance(entry.get("input"), dict):
                raise SchemaError(f"The node information of {name!r} has no inputs.", hint="Is this a ComfyUI server?")
            classes[name] = _class_spec(name, entry)
        return cls(classes, complete)

    @classmethod
    def load(cls, path: Path | str | None = None, *, complete: bool | None = None) -> "NodeSchema":
        """From a file, the shipped snapshot for None; a file of one's own counts as complete."""
        file = SNAPSHOT if path is None else Path(path)
        try:
            info = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SchemaError(f"Cannot read the node information {file}: {error}.") from error
        return cls.from_object_info(info, complete=path is not None if complete is None else complete)


@cache
def default_schema() -> NodeSchema:
    """The shipped snapshot."""
    return NodeSchema.load()


def _class_spec(name: str, entry: Mapping[str, Any]) -> ClassSpec:
    inputs: dict[str, InputSpec] = {}
    formats: dict[str, Mapping[str, InputSpec]] = {}
    for group in ("required", "optional"):
        part = entry["input"].get(group)
        for key, config in part.items() if isinstance(part, dict) else ():
            inputs[key] = _input_spec(config, required=group == "required")
            table = _options_of(config).get("formats") if key == "format" else None
            if isinstance(table, dict):
                formats = {fmt: _format_inputs(rows) for fmt, rows in table.items()}
    # V3 nodes may give a list of options or several types as one output type; such an output fits any input.
    given = entry.get("output")
    outputs = tuple(item if isinstance(item, str) else "COMBO" for item in (given if isinstance(given, list) else ()))
    module = entry.get("python_module")
    return ClassSpec(
        name, inputs, outputs, bool(entry.get("output_node")), module if isinstance(module, str) else "", formats
    )


def _format_inputs(rows: Any) -> dict[str, InputSpec]:
    """The inputs of one format, from rows of name, kind and options; a row of another shape is none."""
    known = [row for row in (rows if isinstance(rows, list) else ()) if isinstance(row, list) and row]
    return {row[0]: _input_spec(row[1:3], required=False) for row in known if isinstance(row[0], str)}


def _options_of(config: Any) -> Mapping[str, Any]:
    return config[1] if isinstance(config, list) and len(config) > 1 and isinstance(config[1], dict) else {}


def _input_spec(config: Any, *, required: bool) -> InputSpec:
    """Both forms of a combo: ``[[options], {…}]`` and ``["COMBO", {"options": […]}]``."""
    given: Any = config[0] if isinstance(config, list) and config else "*"
    kind = given if isinstance(given, str) else "*"
    more = _options_of(config)
    options: tuple[Any, ...] | None = None
    if isinstance(given, list):
        kind, options = "COMBO", _scalars(given)
    elif kind == "COMBO" and isinstance(more.get("options"), list):
        options = _scalars(more["options"])
    upload = any(more.get(key) for key in _UPLOADS)
    default = more.get("default", options[0] if options else None)
    return InputSpec(
        kind=kind,
        required=required,
        min=_number(more.get("min")),
        max=_number(more.get("max")),
        step=_number(more.get("step")),
        options=None if upload or more.get("remote") else options,
        default=default,
        upload=upload,
    )


def _scalars(options: list[Any]) -> tuple[Any, ...]:
    return tuple(option for option in options if isinstance(option, str | int | float | bool))


def _number(value: Any) -> float | None:
    """A bound that can be computed with: a server's JSON may hold NaN, infinity and numbers beyond any float."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST
    return value if known else None
