"""``variant=best``: the setting that a person tagged, by eye or after a comparison; it is never picked silently.

Kept as config: what the model files and the card decide in groups of their own, so that ``model=`` and ``gpu=`` still
choose, and the graph where it is not the shipped one.
"""

import getpass
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sweeps.compare.sides import NoSide, Side, find_side
from sweeps.store import Store
from workflow.binding import bind
from workflow.diff import changes
from workflow.files import write_atomically
from workflow.graph import Graph, GraphError, default_graph, load_graph
from workflow.words import one_line

if TYPE_CHECKING:
    from sweeps.config import TrackingConfig

FILE: Final = Path(__file__).resolve().parents[2] / "conf" / "variant" / "best.yaml"
"""Git-ignored, as are the files beside it: they are the user's own."""
_GROUPS: Final = {
    "model": ("i2v_model", "infinitetalk_model", "base_precision", "quantization", "merge_loras", "loras"),
    "gpu": ("block_swap",),
}
"""Parameters that belong to other groups of the config than variant."""


def tag_best(words: str, why: str, outputs: Path, tracking: "TrackingConfig", file: Path = FILE) -> str:
    """Make the setting that ``words`` name the variant ``best``; what it is, in words.

    Raises NoSide for renders of random weights, and where nothing of that name is found.
    """
    side = find_side(words, outputs, tracking)
    if side.sweep.rehearsal:
        raise NoSide(f"{side.name} was rendered from random weights", hint="nobody has seen what it looks like")
    values = {name: value for name, value in side.setting.values.items() if "." not in name and value is not None}
    inputs = {name: value for name, value in side.setting.values.items() if "." in name}
    own, note = _graph(side, outputs, values, inputs)
    who, when = getpass.getuser(), f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    said = [f"The best: {side.name}", f"tagged by {who}, {when}", *([f"why: {why}"] if why else [])]
    said += [one for one in (side.sweep.note, note) if one]
    workflow: dict[str, Any] = {}
    place = file.with_suffix(".json")
    if own is None:
        place.unlink(missing_ok=True)
    else:
        write_atomically(place, json.dumps(own, ensure_ascii=False, indent=1) + "\n")
        workflow["graph"] = str(place)
    elsewhere = [name for names in _GROUPS.values() for name in names]
    workflow |= {name: value for name, value in values.items() if name not in elsewhere}
    workflow |= {"inputs": inputs} if inputs else {}
    for group, names in _GROUPS.items():
        lines = _lines("", {name: values.get(name) for name in names})
        write_atomically(file.parents[1] / group / file.name, f"# @package workflow\n# Of variant=best.\n{lines}")
    head = "".join(f"# {one_line(one)}\n" for one in said)
    groups = "".join(f"  - override /{group}: {file.stem}\n" for group in _GROUPS)
    write_atomically(
        file, f"# @package _global_\n{head}defaults:\n{groups}\nworkflow:\n{_lines('  ', workflow) or '  {}'}"
    )
    return side.name


def read_best(file: Path = FILE) -> list[str]:
    """What is tagged, in lines; empty where nothing is."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        return []
    return [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ") and "@package" not in line]


def _graph(side: Side, outputs: Path, values: Mapping[str, Any], inputs: Mapping[str, Any]) -> tuple[Graph | None, str]:
    """The graph of the setting's renders where it is more than the shipped one with these values; a note on it."""
    graph = next(_graphs(side, outputs), None)
    if graph is None:
        return None, "none of its renders is in this store: the shipped graph is taken with its values"
    shipped, bound = default_graph(), bind(graph)
    patched = bind(shipped).patch(shipped, values, inputs).graph
    if not changes(bind(patched).without_clip(patched), bound.without_clip(graph)):
        return None, ""
    prefix = next(iter(bind(shipped).slots["filename_prefix"]))
    for place in bound.slots.get("filename_prefix", ()):
        graph[place.node]["inputs"][place.input] = shipped[prefix.node]["inputs"][prefix.input]
    return graph, "its graph is not the shipped one: it stands in best.json beside this file"


def _graphs(side: Side, outputs: Path) -> Iterator[Graph]:
    store = Store(outputs / "store")
    for cell in side.setting.cells:
        entry = store.find(cell.recipe, cell.environment) if cell.recipe and cell.environment else None
        if entry is not None:
            try:
                yield load_graph(entry.folder / "workflow_api.json")
            except GraphError:
                continue


def _lines(indent: str, values: Mapping[str, Any]) -> str:
    return "".join(f"{indent}{name}: {_value(value)}\n" for name, value in values.items())


def _value(value: Any) -> str:
    """JSON, which is YAML too; ``${`` stays what it is and names no other key."""
    return json.dumps(value, ensure_ascii=False).replace("${", "\\\\${")
