"""What of a user's own graph no rehearsal stands in for, with the way round it."""

from collections.abc import Iterator

from workflow.graph import Graph, label_of, nodes_of, upstream


def beyond(graph: Graph) -> Iterator[str]:
    """One line for each node on the way to a video that would fail, or fetch a real model, on rehearsal files alone."""
    used = set().union(*(upstream(graph, node_id) for node_id in nodes_of(graph, "VHS_VideoCombine")))
    for node_id in sorted(used & graph.keys()):
        node = graph[node_id]
        name = node["class_type"]
        if name == "WanVideoTextEncodeCached" and node["inputs"].get("use_disk_cache") is False:
            yield (
                f"{label_of(graph, node_id)} reads the real text encoder as long as use_disk_cache is off: "
                f'workflow.inputs.\\"{name}.use_disk_cache\\"=true takes the cached embeddings'
            )
        elif name.startswith("DownloadAndLoad"):
            yield f"{label_of(graph, node_id)} downloads a model of its own: link a node that reads a file instead"
