"""When a server reads the models again: whenever anything that the loader depends on is not as in the prompt before."""

from workflow.find import MODEL
from workflow.graph import Graph, canonical_json, nodes_of, upstream


def loader_key(graph: Graph) -> str:
    """Equal for graphs that follow each other without a reload.

    It is what ComfyUI's cache compares: class and inputs of the loader and of every node before it (block swap, LoRAs,
    the InfiniteTalk model). Only the prompt just before counts: A, B, A reads A twice.
    """
    loaders = nodes_of(graph, MODEL)
    used = sorted(set().union(*(upstream(graph, node) for node in loaders))) if loaders else []
    return canonical_json([[node, graph[node]["class_type"], graph[node]["inputs"]] for node in used if node in graph])
