"""Binding: which node of somebody's graph each parameter and each of a clip's inputs is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflow import find
from workflow.errors import HarnessError
from workflow.find import Finder
from workflow.graph import Graph, is_link, label_of, nodes_of, upstream
from workflow.loras import LoraChain, find_chain
from workflow.models import canonical, is_model_file
from workflow.parameters import ALIASES
from workflow.trace import Path, Place, follow, places

OWNED = ("reference_frame", "speech", "num_frames", "seed", "filename_prefix")
"""Slots that a cell fills by itself: the clip, the seed and the runner decide them."""
OF_A_CLIP = ("width", "height", "positive_prompt")
"""Parameters that a clip may bring with it."""


class BindingError(HarnessError):
    """A graph in which a needed node or input could not be found."""

    code = "graph-binding"


class UnsupportedGraphError(HarnessError):
    """A graph that does what this product does not do."""

    code = "graph-unsupported"


@dataclass(frozen=True)
class Binding:
    """Where everything stands in one graph.

    ``slots`` maps each parameter that is one value, and ``num_frames``, ``seed``, ``filename_prefix``,
    ``reference_frame`` and ``speech``, to the inputs to write; ``missing`` maps parameters that the graph cannot take
    to the reason. ``face`` is the close-up's (node, input), None where image_2 is the reference frame or not there.
    ``nodes`` gives the ids of the nodes by role (sampler, windows, clip_vision, loader, combine, speech_embeds, …).
    ``foreign`` labels the nodes that load a file which no clip replaces.
    """

    slots: Mapping[str, tuple[Place, ...]]
    missing: Mapping[str, str]
    nodes: Mapping[str, str]
    face: tuple[str, str] | None
    loras: LoraChain
    notes: tuple[str, ...]
    foreign: tuple[str, ...] = ()

    def patch(self, graph: Graph, values: Mapping[str, Any], inputs: Mapping[str, Any] | None = None) -> "Patched":
        """A copy of ``graph`` with parameter ``values`` (None leaves a value) and raw ``inputs`` set.

        ``inputs`` maps "Node title.input" or "Class.input" to a value. Only nodes that change are copied. Raises
        :class:`workflow.patch.ParameterError` with every value that cannot be set.
        """
        from workflow.patch import patch

        return patch(self, graph, values, inputs or {})

    def read(self, graph: Graph, name: str) -> Any:
        """The value that ``name`` has in ``graph``; None where the graph computes it or does not set it."""
        if name == "second_image":
            return self._second_image(graph)
        if name == "loras":
            return self.loras.read(graph)
        if name == "merge_loras":
            chain = self.loras.walk(graph)
            return any(graph[node]["inputs"].get("merge_loras", True) for node in chain) if chain else None
        if name not in self.slots:
            return None
        place = self.slots[name][0]
        node = graph.get(place.node)
        value = node["inputs"].get(place.input) if node is not None else None
        if is_link(value):
            return None
        return canonical(value) if is_model_file(value) else value

    def values(self, graph: Graph) -> dict[str, Any]:
        """Every parameter's value in ``graph``, those left out that it does not have."""
        found = {name: self.read(graph, name) for name in ALIASES}
        return {name: value for name, value in found.items() if value is not None}

    def without_clip(self, graph: Graph) -> Graph:
        """``graph`` with nothing in the places that belong to clip, seed and runner: what is left is the setting's."""
        empty = {(one.node, one.input) for name in (*OWNED, *OF_A_CLIP) for one in self.slots.get(name, ())}
        empty |= {self.face} if self.face else set()
        return {
            key: node
            | {"inputs": {name: None if (key, name) in empty else one for name, one in node["inputs"].items()}}
            for key, node in graph.items()
        }

    def _second_image(self, graph: Graph) -> str | None:
        clip = graph[self.nodes["clip_vision"]]["inputs"] if "clip_vision" in self.nodes else {}
        image = clip.get("image_2")
        if not is_link(image) or image[0] not in graph:
            return None
        frames = {place.node for place in self.slots["reference_frame"]}
        return "frame" if upstream(graph, image[0]) & frames else "face"


@dataclass(frozen=True)
class Patched:
    """A patched graph, what there is to say about it, and where the face close-up goes (None: it is not used)."""

    graph: Graph
    notes: tuple[str, ...]
    face: tuple[str, str] | None


def bind(graph: Graph) -> Binding:
    """Find everything in ``graph``, or say exactly what is missing, all at once.

    Raises :class:`BindingError`, :class:`UnsupportedGraphError`.
    """
    finder = Finder(graph)
    sampler = find.find_sampler(finder)
    if sampler is None:
        raise _missed(finder)
    scope = upstream(graph, sampler)
    found: dict[str, str | None] = {
        "sampler": sampler,
        "windows": finder.need("window node", (find.I2V,), finder.behind(sampler, "image_embeds"), "Windows"),
        "speech_embeds": finder.need("speech embeds", (find.SPEECH,), finder.behind(sampler, "multitalk_embeds")),
        "combine": find.find_combine(finder, sampler),
    }
    _refuse(find.unsupported(finder, sampler, found["combine"], found["speech_embeds"]))
    reasons: dict[str, str] = {}
    for role, what, classes, title in (
        ("clip_vision", "image encoder", (find.CLIP_VISION,), "Image embeds"),
        ("text", "prompt", find.TEXT, "Prompt"),
        ("loader", "model loader", (find.MODEL,), "I2V model"),
        ("block_swap", "block swap", (find.BLOCK_SWAP,), "Block swap"),
        ("talk_model", "InfiniteTalk model", (find.TALK_MODEL,), "InfiniteTalk model"),
    ):
        found[role], reasons[role] = finder.one(what, classes, scope, title)
    frames = find.find_frames(finder, found["windows"], found["clip_vision"])
    face = find.find_face(finder, found["clip_vision"], frames)
    speech = find.find_speech(finder, found["speech_embeds"])
    if finder.misses or speech is None:
        raise _missed(finder)
    nodes = {role: node for role, node in found.items() if node is not None}
    slots, missing = _slots(finder, nodes, reasons, frames)
    slots["reference_frame"] = tuple(Place(node, "image") for node in frames)
    slots["speech"] = (Place(*speech),)
    return Binding(
        slots=slots,
        missing=missing,
        nodes=nodes,
        face=None if face is None else (face, "image"),
        loras=find_chain(graph, scope, nodes.get("loader")),
        notes=_notes(graph, nodes, frames, face, speech),
        foreign=tuple(_foreign(graph, nodes, {*frames, face, speech[0]})),
    )


_ROLE = {
    find.SAMPLER: "sampler",
    find.SPEECH: "speech_embeds",
    find.I2V: "windows",
    find.CLIP_VISION: "clip_vision",
    find.MODEL: "loader",
    find.BLOCK_SWAP: "block_swap",
    find.TALK_MODEL: "talk_model",
    find.TEXT[0]: "text",
}


def _slots(
    finder: Finder, nodes: Mapping[str, str], reasons: Mapping[str, str], frames: tuple[str, ...]
) -> tuple[dict[str, tuple[Place, ...]], dict[str, str]]:
    """Places of all plain values, and the parameters that have none with the reason."""
    graph, paths, missing = finder.graph, dict[str, tuple[Path, ...]](), dict[str, str]()
    resizes = find.find_resizes(finder, nodes["windows"], frames)
    for name, alias in ALIASES.items():
        if name in ("loras", "merge_loras"):
            continue
        role = _ROLE[alias.class_type]
        if role not in nodes:
            missing[name] = reasons[role]
        elif name != "second_image":
            own = [follow(graph, nodes[role], alias.input, alias.kind)]
            if name in ("width", "height"):
                own += [follow(graph, node, name, "INT") for node in resizes]
            paths[name] = tuple(own)
    paths["num_frames"] = (follow(graph, nodes["speech_embeds"], "num_frames", "INT"),)
    paths["seed"] = (follow(graph, nodes["sampler"], "seed", "INT"),)
    paths["filename_prefix"] = (((nodes["combine"], "filename_prefix"),),)
    return places(graph, paths), missing


def _notes(
    graph: Graph, nodes: Mapping[str, str], frames: tuple[str, ...], face: str | None, speech: tuple[str, str]
) -> tuple[str, ...]:
    """What a user should know of the graph before trusting its videos."""
    bound = {*frames, face, speech[0]}
    notes = [
        f"{label} loads a file of its own; its content is not part of the recipe."
        for label in _foreign(graph, nodes, bound)
    ]
    sound = graph[nodes["combine"]]["inputs"].get("audio")
    if not is_link(sound):
        notes.append(f"{label_of(graph, nodes['combine'])} has no audio: the videos will be silent.")
    elif sound[0] in graph and speech[0] not in upstream(graph, sound[0]):
        notes.append(f"{label_of(graph, nodes['combine'])} writes another sound than the speech that drives the lips.")
    if len(frames) > 1:
        names = " and ".join(label_of(graph, node) for node in frames)
        notes.append(f"{names} both take the reference frame.")
    return tuple(notes)


def _foreign(graph: Graph, nodes: Mapping[str, str], bound: set[str | None]) -> list[str]:
    """Labels of the nodes whose files no clip replaces: what they hold on the server is not known here."""
    used = upstream(graph, nodes["combine"])
    loaders = nodes_of(graph, "LoadImage", "LoadImageMask", "LoadAudio")
    return [label_of(graph, node) for node in loaders if node in used and node not in bound]


def _refuse(reasons: list[str]) -> None:
    if reasons:
        raise UnsupportedGraphError(
            f"The graph does what is not supported here: {'; '.join(reasons)}.",
            hint="One speaker, image to video, the sampler's own frames: export a graph with those parts taken out.",
        )


def _missed(finder: Finder) -> BindingError:
    return BindingError(
        "The graph cannot be bound:\n" + "\n".join(f"  - {miss}" for miss in finder.misses),
        hint="Nodes are found by class, by the links between them and by title; compare with the shipped graph.",
    )
