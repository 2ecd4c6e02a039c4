"""The API graph that ComfyUI writes into its videos: found in their tags, also as older versions stringified it."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from workflow.errors import HarnessError
from workflow.graph import Graph, GraphError, check_graph, load_graph

LARGEST: Final = 8_000_000
"""Characters, or bytes of a file; a real prompt has some 10,000."""


class NoGraphInside(HarnessError):
    """A video that does not say how it was made."""

    code = "graph-not-inside"


def prompt_inside(tags: Mapping[str, str]) -> dict[str, Any] | None:
    """The API graph in a video's tags: ``prompt``, or in older files ``prompt`` inside the JSON of ``comment``."""
    return next((one for one in map(_unpacked, _told(tags, "prompt")) if isinstance(one, dict)), None)


def why_no_prompt(tags: Mapping[str, str]) -> str:
    """What a video has instead, where ``prompt_inside`` finds nothing."""
    if any(_told(tags, "prompt")):
        return "the prompt inside is damaged, or too large to be a workflow"
    if any(isinstance(one, dict) for one in map(_unpacked, _told(tags, "workflow"))):
        return "only the canvas's workflow is inside, not the API prompt that ran"
    return "no graph of ComfyUI is inside (editors and messengers take it out)"


def _told(tags: Mapping[str, str], name: str) -> tuple[Any, Any]:
    """What stands under ``name``: in a tag of its own, and in the JSON of ``comment``."""
    named = {one.lower(): value for one, value in tags.items()}  # Matroska and WebM write names in capitals
    comment = _unpacked(named.get("comment"))
    return named.get(name), comment.get(name) if isinstance(comment, dict) else None


def graph_of(path: Path) -> Graph:
    """The graph in a JSON file, or the one inside a video.

    Raises GraphError, NoGraphInside, MediaError.
    """
    if path.suffix.lower() == ".json":
        with contextlib.suppress(OSError):  # load_graph says it better
            if path.is_file() and path.stat().st_size > LARGEST:
                hint = f"a workflow has some 10,000 bytes; more than {LARGEST:,} are not read"
                raise GraphError(f"{path} is too large to be a workflow", hint=hint)
        return load_graph(path)
    from workflow.media.probe import probe

    tags = probe(path).tags
    inside = prompt_inside(tags)
    if inside is None:
        raise NoGraphInside(
            f"{path} does not carry the graph it was made from: {why_no_prompt(tags)}",
            hint="VideoHelperSuite writes it with save_metadata on",
        )
    try:
        return check_graph(inside, f"the graph inside {path}")
    except GraphError as error:
        raise NoGraphInside(error.message, hint="it was written by something else, or damaged") from error


def _unpacked(value: Any) -> Any:
    """JSON text as what it holds; some versions stringified twice."""
    for _ in range(2):
        if not isinstance(value, str):
            break
        if len(value) > LARGEST:
            return None
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value
