"""What differs between two graphs, node by node: tunable parameters by their names first, then every other input."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from workflow.binding import BindingError, UnsupportedGraphError, bind
from workflow.graph import Graph, canonical_json, is_link, links_of, title_of
from workflow.models import canonical, is_model_file
from workflow.parameters import ALIASES
from workflow.recipe import VOLATILE

ABSENT: Final = "absent"
_MISSING: Final = object()
_BY_PLACE: Final = {(one.class_type, one.input): name for name, one in ALIASES.items()}
_ORDER: Final = {name: at for at, name in enumerate(ALIASES)}
Place = tuple[str, str]
"""(node id, input)."""


@dataclass(frozen=True)
class Change:
    """One difference: ``before`` and ``after`` are values in words; a whole node has no ``input``.

    ``parameter`` is the tunable parameter's name, empty for any other input.
    """

    node: str
    input: str
    before: str
    after: str
    parameter: str = ""

    @property
    def shown(self) -> str:
        """``motion_frame: 9 → 15``, or ``Node title.input: …``."""
        place = self.parameter or (f"{self.node}.{self.input}" if self.input else self.node)
        return f"{place}: {self.before} → {self.after}"


@dataclass(frozen=True)
class _Side:
    """One of the two graphs; ``marks`` are the same for nodes that work out the same, whatever their ids."""

    graph: Graph
    marks: Mapping[str, str]
    names: Mapping[Place, str]


def changes(before: Graph, after: Graph) -> tuple[Change, ...]:
    """Every difference that can change a video; ids do not count, nor do titles and names of files to write.

    Nodes are matched within their class, by title, then by id; or first by what they work out, where that leaves
    fewer differences: ids that were dealt anew say nothing.
    """
    ours, theirs = (_Side(graph, _marks(graph), _names(graph)) for graph in (before, after))
    return min((_found(ours, theirs, _paired(ours, theirs, way)) for way in _WAYS), key=len)


Key = tuple[str, ...]
_USUAL: Final = ("title id", "title", "id", "")
_WAYS: Final = (_USUAL, ("mark title id", "mark title", "mark", *_USUAL))
"""Ways to match nodes of a class: what has to be alike, most first."""


def _key(side: _Side, node: str, alike: str) -> Key:
    """What has to be the same of two nodes that are partners."""
    told = {"mark": side.marks[node], "title": title_of(side.graph, node), "id": node}
    return (side.graph[node]["class_type"], *(told[one] for one in alike.split()))


def _paired(ours: _Side, theirs: _Side, way: tuple[str, ...]) -> dict[str, str]:
    """Partners by id, those that are more alike first, and in the graphs' order."""
    pairs: dict[str, str] = {}
    left, free = list(ours.graph), list(theirs.graph)
    for alike in way:
        groups: dict[Key, list[str]] = defaultdict(list)
        for one in reversed(free):
            groups[_key(theirs, one, alike)].append(one)
        for one in left:
            if group := groups.get(_key(ours, one, alike)):
                pairs[one] = group.pop()
        taken = set(pairs.values())
        left, free = [one for one in left if one not in pairs], [one for one in free if one not in taken]
    return pairs


def _found(ours: _Side, theirs: _Side, pairs: Mapping[str, str]) -> tuple[Change, ...]:
    """The differences where nodes are matched in this way, tunable parameters first."""
    found = [
        Change(title_of(ours.graph, one), "", ours.graph[one]["class_type"], ABSENT)
        for one in ours.graph
        if one not in pairs
    ]
    taken = set(pairs.values())
    found += [
        Change(title_of(theirs.graph, one), "", ABSENT, theirs.graph[one]["class_type"])
        for one in theirs.graph
        if one not in taken
    ]
    for old in ours.graph:
        found += _inputs(ours, theirs, old, pairs) if old in pairs else ()
    return tuple(sorted(found, key=lambda one: _ORDER.get(one.parameter, len(_ORDER))))


def _inputs(ours: _Side, theirs: _Side, old: str, pairs: Mapping[str, str]) -> Iterator[Change]:
    now = pairs[old]
    here, there = ours.graph[old]["inputs"], theirs.graph[now]["inputs"]
    for name in dict.fromkeys((*here, *there)):
        one, other = here.get(name, _MISSING), there.get(name, _MISSING)
        if name in VOLATILE or _same(ours, theirs, one, other, pairs):
            continue
        said, said_now = _said(ours.graph, one), _said(theirs.graph, other)
        if said == said_now:  # 1 and "1", or the second output of the same node
            said, said_now = _exactly(one), _exactly(other)
        parameter = theirs.names.get((now, name)) or ours.names.get((old, name)) or ""
        yield Change(title_of(theirs.graph, now), name, said, said_now, parameter)


def _same(ours: _Side, theirs: _Side, one: Any, other: Any, pairs: Mapping[str, str]) -> bool:
    """Whether two values mean the same: links, where what they come from is matched or works out the same."""
    if one is _MISSING or other is _MISSING:
        return one is other
    linked, linked_now = _leads(ours.graph, one), _leads(theirs.graph, other)
    if not (linked and linked_now):
        return not linked and not linked_now and _text(one) == _text(other)
    paired = pairs.get(one[0]) == other[0] or ours.marks[one[0]] == theirs.marks[other[0]]
    return paired and bool(one[1] == other[1])


def _leads(graph: Graph, value: Any) -> bool:
    return is_link(value) and value[0] in graph


def _text(value: Any) -> str:
    """One text for values that a recipe does not tell apart; infinity and NaN are equal to themselves."""
    plain = canonical(value) if is_model_file(value) else value
    try:
        return canonical_json(plain)
    except ValueError:
        return json.dumps(plain, sort_keys=True)


def _said(graph: Graph, value: Any) -> str:
    """A value in words; of a link, in brackets, the node that it comes from."""
    if value is _MISSING:
        return ABSENT
    if is_link(value):
        return f"[{title_of(graph, value[0])}]" if value[0] in graph else f"[{value[0]}, not there]"
    if isinstance(value, str) and value.strip():
        return value
    return _exactly(value).removesuffix(".0")


def _exactly(value: Any) -> str:
    return ABSENT if value is _MISSING else json.dumps(value, ensure_ascii=False)


def _names(graph: Graph) -> dict[Place, str]:
    """Which inputs are tunable parameters: as the binding finds them, by class and input where it cannot."""
    try:
        bound = bind(graph)
    except (BindingError, UnsupportedGraphError):
        places = {(node, name): (one["class_type"], name) for node, one in graph.items() for name in one["inputs"]}
        return {place: _BY_PLACE[known] for place, known in places.items() if known in _BY_PLACE}
    names = {(place.node, place.input): name for name in ALIASES for place in bound.slots.get(name, ())}
    names |= {(node, name): _BY_PLACE[_LORA, name] for node in bound.loras.nodes for name in ("lora", "merge_loras")}
    return names | ({(bound.nodes["clip_vision"], "image_2"): "second_image"} if "clip_vision" in bound.nodes else {})


_LORA: Final = ALIASES["loras"].class_type


def _marks(graph: Graph) -> dict[str, str]:
    """A hash of all that a node and those before it hold, ids and titles aside; a loop is only marked as one."""
    marks: dict[str, str] = {}
    for start in graph:
        todo, opened = [start], set[str]()  # no recursion: a chain may be long
        while todo:
            node = todo[-1]
            if node not in marks and node not in opened:
                opened.add(node)
                todo += [source for _, source, _ in links_of(graph, node) if source not in marks]
                continue
            todo.pop()
            if node not in marks:
                marks[node] = _mark(graph, node, marks)
    return marks


def _mark(graph: Graph, node: str, marks: Mapping[str, str]) -> str:
    inputs = {
        name: [marks.get(value[0], "loop"), value[1]] if _leads(graph, value) else [_text(value)]
        for name, value in graph[node]["inputs"].items()
        if name not in VOLATILE
    }
    text = json.dumps([graph[node]["class_type"], inputs], sort_keys=True)
    return sha256(text.encode("ascii")).hexdigest()
