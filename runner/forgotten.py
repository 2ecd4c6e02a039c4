"""The video of a job that neither queue nor history knows: it may lie finished on the server under its unique name."""

from typing import Final

from runner.answers import FileRef
from runner.deliver import metadata_wanted
from runner.journal import Journal
from runner.server import Server
from workflow.graph import Graph, is_link, nodes_of

_FIRST: Final = "_00001"  # nobody else writes under an attempt's prefix
HOW: Final = "by its name: the server's history did not know the job any more"


def left_behind(server: Server, graph: Graph, journal: Journal) -> FileRef | None:
    """The file that the job would have written last, where the server has it; None too where it could not be proven.

    A server that was restarted, or whose history was emptied, keeps its output folder. One that was killed in the
    middle leaves half a file, which does not decode. What a file was made from is read out of the file itself, so one
    without metadata is not looked for. Raises ServerError.
    """
    nodes = nodes_of(graph, "VHS_VideoCombine")
    if len(nodes) != 1 or journal.state not in ("posting", "posted") or not metadata_wanted(server, graph):
        return None
    inputs = graph[nodes[0]]["inputs"]
    if inputs.get("save_output") is False:
        return None
    if not str(inputs.get("format", "video/h264-mp4")).endswith("mp4"):
        return None
    folder, _, stem = journal.prefix.rpartition("/")
    sound = "-audio" if is_link(inputs.get("audio")) else ""
    ref = FileRef(f"{stem}{_FIRST}{sound}.mp4", folder, "output")
    return ref if server.client.has(ref) else None
