"""How the render of one cell ended."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from workflow.timings import Timings

Status = Literal["done", "rejected", "out_of_memory", "node_error", "lost", "stalled", "cancelled", "corrupt"]
Stage = Literal[
    "",
    "upload",
    "validate",
    "submit",
    "wait",
    "load",
    "sample",
    "decode",
    "encode",
    "node",
    "download",
    "decode-check",
    "sanity",
]
Fault = Literal["", "away", "worker", "disk"]
"""What is wrong with the server itself: it is out of reach, or its worker is dead while HTTP answers; or the disk here
is, and then the job goes on without us."""


@dataclass(frozen=True)
class Outcome:
    """``done`` with a video, or why not: at which stage, in words for a person, with what is known of the time.

    rejected: the server refused the graph or a file; nothing ran. out_of_memory, node_error: a node failed. lost:
    the server does not know the job any more, or is gone. stalled: it runs and nothing moves. cancelled: by us, or
    by somebody on the server. corrupt: a video came that is not what was asked for. ``stop`` is True where no later
    cell can do better (the disk here is full or not writable, the server wants a token). ``detail`` is a traceback,
    for the record. ``began`` is False where the job was lost before the server is known to have begun it, ``fault``
    what must be mended of the server before another cell is sent. The ``message`` of one that is done says how its
    video was found where the server's history did not tell of it: the server was restarted.
    """

    status: Status
    stage: Stage = ""
    message: str = ""
    timings: Timings = field(default_factory=Timings)
    video: Path | None = None
    detail: str = ""
    stop: bool = False
    began: bool = True
    fault: Fault = ""

    @property
    def done(self) -> bool:
        """Whether there is a video."""
        return self.status == "done"
