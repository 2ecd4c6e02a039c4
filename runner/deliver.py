"""From the end of a prompt to a finished render: judge, download, verify, record."""

import dataclasses
import errno
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runner import durable, record
from runner.answers import FileRef, Finished
from runner.client import OutputMissing
from runner.journal import Journal, file_of, timings_of
from runner.judge import judge
from runner.outcome import Outcome, Stage
from runner.patience import patiently
from runner.progress import Progress
from runner.server import Server
from runner.stamp import Stamp
from runner.text import plain
from runner.transport import ServerError
from runner.verify import Expected, Flaw, flaw_in
from workflow.cell import Cell
from workflow.files import sha256_file
from workflow.graph import Graph, nodes_of
from workflow.timings import Timings

_HOPELESS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM})
_SIZED = "WanVideoImageToVideoMultiTalk"


class Delivery:
    """One attempt after its prompt ended; ``journal`` follows each step, so that a killed harness goes on here."""

    def __init__(
        self,
        server: Server,
        cell: Cell,
        folder: Path,
        graph: Graph,
        journal: Journal,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._server, self._cell, self._folder, self._graph = server, cell, folder, graph
        self._on_progress = on_progress
        self.journal = journal

    def judge(self, finished: Finished, timings: Timings) -> Outcome | None:
        """None where the history promises our video (then noted in the journal), else the outcome."""
        found = judge(self._graph, self.journal.prefix, finished, timings)
        if isinstance(found, Outcome):
            return self._after_cached(found) if timings.cached else found
        self._step("rendered", file=dataclasses.asdict(found), timings=dataclasses.asdict(timings))
        return None

    def bring(self, cancel: threading.Event) -> Outcome:
        """Download where needed, verify, give the video its name, write ``render.json`` last."""
        fresh = self.journal.state != "downloaded"
        try:
            if fresh:
                self._fetch(cancel)
            flaw, path = self._look()
            if flaw is not None and fresh and self._fetch(cancel):
                flaw, path = self._look()  # other bytes came: the first were damaged on their way
        except OutputMissing as error:
            return Outcome("corrupt", "download", error.message, timings_of(self.journal.timings))
        timings = timings_of(self.journal.timings)
        if flaw is not None:
            return Outcome("corrupt", flaw.stage, flaw.message, timings)
        video, part = self._folder / record.VIDEO, self._folder / record.PART
        if path == part:
            durable.publish(part, video)
        outcome = Outcome("done", message=self.journal.found, timings=timings, video=video)
        record.write_render(self._folder, self._cell, self.journal, outcome, self._stamp())
        return outcome

    def have(self) -> bool:
        """Whether the bytes that the journal says were downloaded lie here."""
        paths = (self._folder / record.PART, self._folder / record.VIDEO)
        wanted = self.journal.video_sha256
        return any(path.is_file() and sha256_file(path) == wanted for path in paths)

    def found(self, ref: FileRef, how: str, timings: Timings) -> None:
        """Note a video that lies on the server though its history does not tell of it."""
        self._step("rendered", file=dataclasses.asdict(ref), timings=dataclasses.asdict(timings), found=how)

    def _look(self) -> tuple[Flaw | None, Path]:
        """What is wrong with the bytes that lie here, and under which name they do."""
        video, part = self._folder / record.VIDEO, self._folder / record.PART
        path = part if part.exists() else video
        self._tell(Progress("checking", maximum=self._cell.windows.frames))
        return flaw_in(path, self._expected(), self._counted), path

    def _fetch(self, cancel: threading.Event) -> bool:
        """Download the video; whether its bytes differ from those that came before."""
        part, ref = self._folder / record.PART, file_of(self.journal)
        self._tell(Progress("downloading"))
        began = time.monotonic()
        patiently(self._server, lambda: self._server.client.view(ref, part), cancel)
        timings = dataclasses.asdict(timings_of(self.journal.timings))
        timings["download_s"] = round(time.monotonic() - began, 4)
        before, now = self.journal.video_sha256, sha256_file(part)
        self._step("downloaded", timings=timings, video_sha256=now)
        return before != now

    def _expected(self) -> Expected:
        sized = next(iter(nodes_of(self._graph, _SIZED)), None)
        inputs: dict[str, Any] = self._graph[sized]["inputs"] if sized is not None else {}
        width, height = inputs.get("width"), inputs.get("height")
        clip = self._cell.clip
        return Expected(
            frames=self._cell.windows.frames,
            width=width if isinstance(width, int) else clip.width,
            height=height if isinstance(height, int) else clip.height,
            graph=self._graph,
            prompt_inside=metadata_wanted(self._server, self._graph),
        )

    def _after_cached(self, outcome: Outcome) -> Outcome:
        """Have the server drop its caches, so that another attempt is computed."""
        try:
            self._server.client.free()
            return dataclasses.replace(outcome, message=f"{outcome.message}; its caches are dropped")
        except ServerError as error:
            return dataclasses.replace(outcome, message=f"{outcome.message}; not dropped: {plain(error.message)}")

    def _stamp(self) -> Stamp:
        return self._server.stamp(classes_of(self._graph))

    def _step(self, state: Any, **changes: Any) -> None:
        self.journal = self.journal.step(self._folder, state, **changes)

    def _counted(self, frame: int) -> None:
        if frame % 25 == 0:
            self._tell(Progress("checking", value=frame, maximum=self._cell.windows.frames))

    def _tell(self, progress: Progress) -> None:
        if self._on_progress is not None:
            self._on_progress(progress)


def metadata_wanted(server: Server, graph: Graph) -> bool:
    """Whether the server writes the graph into the video."""
    combine = next(iter(nodes_of(graph, "VHS_VideoCombine")), None)
    off = combine is not None and graph[combine]["inputs"].get("save_metadata") is False
    return not off and "--disable-metadata" not in server.stamp(classes_of(graph)).flags


def classes_of(graph: Graph) -> frozenset[str]:
    """The node classes a graph uses."""
    return frozenset(str(node["class_type"]) for node in graph.values())


def disk_trouble(error: OSError, stage: Stage) -> Outcome:
    """The outcome of an error of the disk here; where it is full or not writable no later cell can do better."""
    where = f": {error.filename}" if error.filename else ""
    words = f"the disk here: {error.strerror or type(error).__name__}{where}"
    return Outcome("corrupt", stage, words, stop=error.errno in _HOPELESS, fault="disk")
