"""Whether a server renders from random weights: it is asked, since nothing in a graph tells."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from runner.combo import choices, inputs_of
from runner.rehearse.mark import KEY, noticed
from runner.rehearse.wanted import LOADERS
from runner.text import plain
from workflow.graph import default_graph
from workflow.models import server_spelling


class Metadata(Protocol):
    """A client that reads the metadata of a model file on its server."""

    def model_metadata(self, folder: str, name: str) -> Mapping[str, Any]:
        """The metadata of a safetensors file; empty where it has none, or where the server does not tell."""


def rehearsal_of(client: Metadata, schema: Mapping[str, Any]) -> str:
    """Which rehearsal wrote the server's models, such as ``tiny-0``; empty where none did.

    The notice among the model files says so; were it deleted by hand, the workflow's own files are asked for the mark
    inside them. GGUF files are not: servers tell the metadata of safetensors only.
    """
    told = noticed(schema) or next(_marks(client, schema), "")
    return plain(told, 60)


def _marks(client: Metadata, schema: Mapping[str, Any]) -> Iterator[str]:
    for node in default_graph().values():
        for name, value in node["inputs"].items():
            loader = LOADERS.get((node["class_type"], name))
            offered = choices(inputs_of(schema, node["class_type"]).get(name)) or []
            spelling = server_spelling(value, offered) if loader and isinstance(value, str) else None
            if loader and spelling and spelling.lower().endswith(".safetensors"):
                mark = client.model_metadata(loader[1], spelling).get(KEY)
                if isinstance(mark, str):
                    size, _, rest = mark.partition(" seed=")
                    yield f"{size}-{rest.partition(' ')[0]}"
