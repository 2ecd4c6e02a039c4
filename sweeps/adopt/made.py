"""How a video was made, by its own word: the graph inside it, read as something that anybody may have written."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from eval.embedded import origin, windows_of
from sweeps.adopt.words import reason
from workflow.binding import Binding, bind
from workflow.errors import HarnessError
from workflow.graph import Graph, check_graph
from workflow.inside import prompt_inside, why_no_prompt
from workflow.media.probe import Probe, probe
from workflow.parameters import ALIASES
from workflow.rates import rates_of
from workflow.windows import FPS, Windows

DEEPEST: Final = 20
"""Levels of a graph; a link in an input is the fourth."""
LARGEST: Final = 2**64
OTHER_RATE: Final = 0.5
"""Frames a second off what the graph wrote: the video was changed afterwards, its seams lie elsewhere."""
_ROOT: Final = re.compile(r" \[(input|output|temp)\]$")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class NotAdopted(HarnessError):
    """A file of which it cannot be told how it was made."""

    code = "adopt-file"


@dataclass(frozen=True)
class Source:
    """A file that the graph reads: its name there, and, where ComfyUI wrote it down, the SHA-256 of its content."""

    name: str
    sha256: str | None = None


@dataclass(frozen=True)
class Made:
    """What the graph in a video says of it.

    ``values`` are the tunable parameters, ``computed`` the names of those that the graph does not tell. ``windows``
    None: not known, or the video was changed since. ``rest`` is the graph without what belongs to clip and seed: what
    else differs between two videos of one setting shows there.
    """

    graph: Graph
    values: Mapping[str, Any]
    computed: tuple[str, ...]
    seed: int
    speech: Source
    picture: Source
    face: Source | None = None
    windows: Windows | None = None
    stand_in: bool = False
    notes: tuple[str, ...] = ()
    rest: Graph = field(default_factory=dict)


def made_by(path: Path) -> Made:
    """Read it. Raises NotAdopted, with a reason that does not name the file, for whatever is inside."""
    try:
        facts = probe(path)
    except HarnessError as error:
        raise NotAdopted(reason(error.message.removesuffix(f": {path}").replace(str(path), "it"))) from error
    if facts.kind != "video":
        raise NotAdopted(f"no video: {'a picture' if facts.kind == 'image' else 'sound only'}")
    inside = prompt_inside(facts.tags)
    if inside is None:
        raise NotAdopted(f"it does not say how it was made: {why_no_prompt(facts.tags)}")
    try:
        return _made(inside, facts)
    except NotAdopted:
        raise
    except HarnessError as error:
        raise NotAdopted(reason(error.message)) from error
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        # whatever stands in a stranger's file: it costs that file alone
        raise NotAdopted(reason(f"the graph inside makes no sense ({type(error).__name__}: {error})")) from error


def _made(inside: Mapping[str, Any], facts: Probe) -> Made:
    graph = check_graph(_plain(inside), "the graph inside")
    files = {key: _content(node) for key, node in graph.items()}
    graph = {
        key: {name: node[name] for name in ("class_type", "inputs", "_meta") if name in node}
        for key, node in graph.items()
    }
    binding = bind(graph)
    values, computed = parameters(binding, graph)
    seed = binding.read(graph, "seed")
    if type(seed) is not int or not 0 <= seed < LARGEST:
        raise NotAdopted("its seed cannot be told from the graph: the server computed it, or it is none")
    rates = rates_of(graph, binding.nodes["speech_embeds"], binding.nodes["combine"])
    own = abs(facts.fps - (rates.video or FPS)) < OTHER_RATE
    window, motion = values.get("frame_window_size"), values.get("motion_frame")
    known = own and facts.frames is not None and window is not None and motion is not None
    notes = [f"{', '.join(computed)}: not known, only the server could tell"] if computed else []
    return Made(
        graph,
        values,
        computed,
        seed,
        _source(binding, graph, "speech", files),
        _source(binding, graph, "reference_frame", files),
        None if binding.face is None else _file(graph, *binding.face, files),
        windows_of(int(window or 0), int(motion or 0), facts.frames or 0) if known else None,
        origin(facts.tags, facts.frames).stand_in,
        (*notes, *map(reason, binding.notes)),
        binding.without_clip(graph),
    )


def _plain(value: Any, depth: int = 0) -> Any:
    """``value`` as JSON that can be written again: no NaN, no halves of characters, no endless nesting."""
    if depth > DEEPEST:
        raise NotAdopted("the graph inside is nested too deeply to be a workflow")
    if isinstance(value, dict):
        return {_plain(key): _plain(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, depth + 1) for one in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _content(node: Mapping[str, Any]) -> str | None:
    """ComfyUI's loaders tell by the SHA-256 of their file whether it changed, and that is written into the prompt."""
    told = node.get("is_changed")
    one = told[0] if isinstance(told, list) and len(told) == 1 else told
    return one if isinstance(one, str) and _SHA256.fullmatch(one) else None


def _source(binding: Binding, graph: Graph, slot: str, files: Mapping[str, str | None]) -> Source:
    place = binding.slots[slot][0]
    found = _file(graph, place.node, place.input, files)
    if found is None:
        what = "speech" if slot == "speech" else "reference frame"
        raise NotAdopted(f"its {what} was computed on the server: which clip it is cannot be told")
    return found


def _file(graph: Graph, node: str, name: str, files: Mapping[str, str | None]) -> Source | None:
    value = graph[node]["inputs"].get(name)
    return Source(_ROOT.sub("", value), files.get(node)) if isinstance(value, str) and value.strip() else None


def parameters(binding: Binding, graph: Graph) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Every tunable parameter that stands in the graph as its type has it, and the names of those that do not."""
    found: dict[str, Any] = {}
    computed = []
    for name, alias in ALIASES.items():
        value = binding.read(graph, name)
        if value is not None and (typed := _typed(alias.kind, value)) is not None:
            found[name] = typed
        elif value is not None or _is_set(binding, graph, name):
            computed.append(name)
    return found, tuple(computed)


def _is_set(binding: Binding, graph: Graph, name: str) -> bool:
    """Whether the graph has something there, be it a link or no value at all."""
    return any(one.input in graph[one.node]["inputs"] for one in binding.slots.get(name, ())[:1])


def _typed(kind: str, value: Any) -> Any:
    """``value`` where it is of its parameter's kind; None for anything else."""
    if kind == "WANVIDLORA":
        sound = all(_typed("FLOAT", one["strength"]) is not None for one in value)
        return value if sound else None
    if kind == "BOOLEAN":
        return value if isinstance(value, bool) else None
    if kind in ("INT", "FLOAT"):
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST:
            return None
        return value if kind == "FLOAT" or isinstance(value, int) else int(value) if value == int(value) else None
    return value if isinstance(value, str) else None
