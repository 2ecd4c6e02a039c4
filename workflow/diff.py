"""What differs between two graphs, node by node: tunable parameters by their names first, then every other input."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from workflow.graph import Graph, is_link, title_of
from workflow.parameters import ALIASES
from workflow.recipe import VOLATILE

ABSENT: Final = "absent"
_BY_PLACE: Final = {(one.class_type, one.input): name for name, one in ALIASES.items()}


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


def changes(before: Graph, after: Graph) -> tuple[Change, ...]:
    """Every difference that can change a video; ids do not count, nor do names of files to write.

    Nodes are matched by id where the class is the same, else by class and title, else by class.
    """
    pairs, gone, new = _matched(before, after)
    found = [Change(title_of(before, one), "", before[one]["class_type"], ABSENT) for one in gone]
    found += [Change(title_of(after, one), "", ABSENT, after[one]["class_type"]) for one in new]
    for old, now in pairs.items():
        found += _inputs(before, after, old, now, pairs)
    order = list(ALIASES)
    found.sort(key=lambda one: order.index(one.parameter) if one.parameter else len(order))
    return tuple(found)


def _inputs(before: Graph, after: Graph, old: str, now: str, pairs: Mapping[str, str]) -> list[Change]:
    ours, theirs = before[old]["inputs"], after[now]["inputs"]
    class_type = after[now]["class_type"]
    found = []
    for name in dict.fromkeys((*ours, *theirs)):
        if name in VOLATILE:
            continue
        one, other = ours.get(name, ABSENT), theirs.get(name, ABSENT)
        same = pairs.get(one[0]) == other[0] and one[1] == other[1] if is_link(one) and is_link(other) else one == other
        if not same:
            parameter = _BY_PLACE.get((class_type, name), "")
            found.append(Change(title_of(after, now), name, _said(before, one), _said(after, other), parameter))
    return found


def _said(graph: Graph, value: Any) -> str:
    """A value in words; of a link, in brackets, the node that it comes from."""
    if is_link(value):
        return f"[{title_of(graph, value[0])}]" if value[0] in graph else f"[{value[0]}, not there]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _matched(before: Graph, after: Graph) -> tuple[dict[str, str], list[str], list[str]]:
    """Pairs of node ids, those of ``before`` without a partner, those of ``after``."""
    pairs = {one: one for one in before if one in after and before[one]["class_type"] == after[one]["class_type"]}
    left, free = [one for one in before if one not in pairs], [one for one in after if one not in pairs.values()]
    for by_title in (True, False):
        for one in list(left):
            partner = next((other for other in free if _alike(before, one, after, other, by_title)), None)
            if partner is not None:
                pairs[one] = partner
                left.remove(one)
                free.remove(partner)
    return pairs, left, free


def _alike(before: Graph, one: str, after: Graph, other: str, by_title: bool) -> bool:
    if before[one]["class_type"] != after[other]["class_type"]:
        return False
    return not by_title or title_of(before, one) == title_of(after, other)
