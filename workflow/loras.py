"""The LoRA chain: WanVideoLoraSelect nodes joined by prev_lora, read and rebuilt."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

from workflow.find import LORA
from workflow.graph import Graph, Node, is_link, label_of, links_of, title_of
from workflow.models import canonical
from workflow.parameters import LoraSpec


@dataclass(frozen=True)
class LoraChain:
    """``head`` is the input that takes the chain (None: there is no place for one, ``why`` says so);
    ``nodes`` are its nodes, first applied first."""

    head: tuple[str, str] | None
    nodes: tuple[str, ...] = ()
    why: str = ""
    note: str = ""

    def read(self, graph: Graph) -> list[dict[str, Any]] | None:
        """Names and strengths as they stand in ``graph``, which may have been patched; None without a place."""
        if self.head is None:
            return None
        chain = [graph[node]["inputs"] for node in self.walk(graph)]
        return [{"name": canonical(str(inputs.get("lora"))), "strength": inputs.get("strength")} for inputs in chain]

    def walk(self, graph: Graph) -> list[str]:
        """The chain's nodes as they stand in ``graph``, first applied first."""
        return _walk(graph, self.head) if self.head is not None else []


def find_chain(graph: Graph, scope: Set[str], loader: str | None) -> LoraChain:
    """The chain among the nodes of ``scope``; an empty one at the loader where there is none."""
    heads = [
        (node, name)
        for node in scope
        if graph[node]["class_type"] != LORA
        for name, source, _ in links_of(graph, node)
        if graph[source]["class_type"] == LORA
    ]
    if len(heads) > 1:
        names = ", ".join(sorted(f"{label_of(graph, node)}.{name}" for node, name in heads))
        return LoraChain(None, why=f"LoRAs: the graph has several chains, at {names}")
    if not heads:
        if loader is None:
            return LoraChain(None, why=f"LoRAs: the graph has no WanVideoModelLoader to take a {LORA}")
        old = graph[loader]["inputs"].get("lora")
        note = ""
        if is_link(old) and old[0] in graph:
            note = f"loras: the link from {label_of(graph, old[0])} to {label_of(graph, loader)}.lora is replaced."
        return LoraChain((loader, "lora"), note=note)
    return LoraChain(heads[0], tuple(_walk(graph, heads[0])))


def _walk(graph: Graph, head: tuple[str, str]) -> list[str]:
    nodes, node = list[str](), _source(graph, *head)
    while node is not None and node not in nodes and graph[node]["class_type"] == LORA:
        nodes.append(node)
        node = _source(graph, node, "prev_lora")
    return nodes[::-1]


def _source(graph: Graph, node: str, name: str) -> str | None:
    value = graph[node]["inputs"].get(name)
    return value[0] if is_link(value) and value[0] in graph else None


def chain_changes(
    graph: Graph, chain: LoraChain, specs: Sequence[LoraSpec]
) -> tuple[dict[str, Node], dict[str, Any], tuple[str, ...]]:
    """What makes the chain hold ``specs``: nodes to write, the head's new value (absent: no input), nodes to remove.

    Existing nodes are used first; further ones are copies of the last, or new ones with every input set.
    """
    ids = list(chain.nodes[: len(specs)])
    ids += _new_ids(graph, len(specs) - len(ids))
    nodes: dict[str, Node] = {}
    for k, (node_id, spec) in enumerate(zip(ids, specs, strict=True)):
        pattern = graph[chain.nodes[min(k, len(chain.nodes) - 1)]] if chain.nodes else _FRESH
        inputs = pattern["inputs"] | {"lora": spec.name, "strength": spec.strength}
        inputs.pop("prev_lora", None)
        if k:
            inputs["prev_lora"] = [ids[k - 1], 0]
        title = title_of(graph, node_id) if node_id in graph else f"LoRA {k + 1}"
        nodes[node_id] = {"class_type": LORA, "inputs": inputs, "_meta": {"title": title}}
    head = {} if not ids else {"link": [ids[-1], 0]}
    return nodes, head, chain.nodes[len(specs) :]


_FRESH: Node = {"class_type": LORA, "inputs": {"low_mem_load": False, "merge_loras": False}}


def _new_ids(graph: Graph, count: int) -> list[str]:
    highest = max((int(node) for node in graph if node.isdecimal()), default=0)
    return [str(highest + 1 + k) for k in range(count)]


def new_id(graph: Graph) -> str:
    """An id that ``graph`` does not have."""
    return _new_ids(graph, 1)[0]
