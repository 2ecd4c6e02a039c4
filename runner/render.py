"""The render of one cell, in two halves: ``submit`` queues it, ``follow`` brings the video home.

Everything happens inside the attempt folder that the caller gives. A folder with ``render.json`` is a finished
render; one with only ``journal.json`` is a job to ``resume``; ``failure.json`` says how the last attempt ended, and
``attempts.json`` holds those before it.
"""

import contextlib
import dataclasses
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from runner import record
from runner.answers import Finished
from runner.attempts import put_aside
from runner.client import UploadRefused
from runner.deliver import Delivery, classes_of, disk_trouble
from runner.durable import save_json
from runner.forgotten import HOW, left_behind
from runner.journal import Journal, begin, file_of, graph_sha256, read_journal
from runner.outcome import Outcome
from runner.patience import patiently
from runner.post import post, worth_following
from runner.prepare import prefix_for, prepare
from runner.progress import shape_of
from runner.rejection import PromptRejected
from runner.server import Server
from runner.stamp import Stamp
from runner.transport import ServerDenied, ServerError, ServerRedirects
from runner.wait import OnProgress, Waiter
from runner.watch import Watch
from workflow.cell import Cell
from workflow.graph import Graph, GraphError, load_graph
from workflow.timings import Timings

_FILE_GONE = frozenset({"custom_validation_failed", "value_not_in_list"})
_LAST_EVENTS_S = 2.0


@dataclass(frozen=True)
class Submitted:
    """A cell on its way. ``ended`` is set where it ended already: refused, out of reach, cancelled.

    ``posted`` is the monotonic clock when it was sent, None for a job of an earlier process.
    """

    cell: Cell
    folder: Path
    graph: Graph
    watch: Watch
    journal: Journal | None = None
    posted: float | None = None
    ended: Outcome | None = None


def submit(
    server: Server, cell: Cell, folder: Path, *, cancel: threading.Event | None = None, counted: bool = True
) -> Submitted:
    """Upload the cell's files, write the journal into ``folder`` (which exists), queue the graph.

    A job that an earlier process or attempt left in ``folder`` is taken up instead (see ``resume``); a failure that
    lies there becomes an earlier attempt, ``counted`` or not. Never raises for trouble of the server or the disk: that
    is ``ended`` of what comes back, and ``follow`` returns it. Several cells may be submitted before the first is
    followed.
    """
    cancel = cancel or threading.Event()
    draft = Submitted(cell, folder, cell.graph, Watch(shape_of(cell.graph, cell.windows)))
    try:
        put_aside(folder, counted=counted)
        left = resume(server, folder, cell, cancel)
        if left is not None:
            return left
        try:
            return _attempt(server, draft, cancel)
        except PromptRejected as error:
            if not (error.types & _FILE_GONE and cell.files):
                raise
            server.forget_uploads()  # perhaps its input folder was emptied: send the files once more
            return _attempt(server, draft, cancel)
    except PromptRejected as error:
        outcome = Outcome("rejected", "validate", error.message)
    except UploadRefused as error:
        outcome = Outcome("rejected", "upload", error.message)
    except (ServerDenied, ServerRedirects) as error:
        outcome = Outcome("rejected", "upload", str(error), stop=True)
    except ServerError as error:
        outcome = Outcome("cancelled" if cancel.is_set() else "lost", "upload", error.message, fault="away")
    except OSError as error:
        outcome = disk_trouble(error, "upload")
    return dataclasses.replace(draft, ended=dataclasses.replace(outcome, began=False))


def _attempt(server: Server, draft: Submitted, cancel: threading.Event) -> Submitted:
    cell, folder = draft.cell, draft.folder
    for name in (record.RENDER, record.FAILURE, record.PART, record.VIDEO):
        (folder / name).unlink(missing_ok=True)
    names = {file.name: patiently(server, partial(server.upload, file), cancel) for file in cell.files}
    schema = patiently(server, server.schema, cancel)
    patiently(server, partial(server.stamp, classes_of(cell.graph)), cancel)  # now: later the server may be gone
    prefix, prompt_id = prefix_for(cell.recipe, uuid.uuid4().hex), str(uuid.uuid4())
    graph = prepare(cell.graph, names=names, prefix=prefix, schema=schema)
    journal = begin(
        prompt_id=prompt_id,
        client_id=server.events.client_id,
        url=server.url,
        server_kind=server.kind,
        prefix=prefix,
        graph=graph,
        recipe=cell.recipe,
        cell=cell.name,
    )
    save_json(folder / record.GRAPH, graph)
    journal.save(folder)
    server.events.watch(prompt_id, draft.watch)
    server.memory.hold(prompt_id)
    sent = dataclasses.replace(draft, graph=graph, journal=journal, posted=time.monotonic())
    try:
        refused = post(server, graph, journal, cancel)
    except PromptRejected:
        server.events.unwatch(prompt_id)
        server.memory.release(prompt_id)
        raise
    if refused is not None:
        return dataclasses.replace(sent, ended=refused)
    return dataclasses.replace(sent, journal=journal.step(folder, "posted"))


def resume(server: Server, folder: Path, cell: Cell, cancel: threading.Event | None = None) -> Submitted | None:
    """The job that an earlier process or attempt left in ``folder``, to be followed instead of submitted again.

    None where there is none: no journal, another recipe, a server that knows neither the job nor its file, or a job
    that was interrupted. The address may be another one: prompt ids and file names are unique. A video that was
    downloaded, or is rendered and still on the server, needs no history.
    """
    journal = read_journal(folder)
    if journal is None or journal.recipe != cell.recipe:
        return None
    try:
        graph = load_graph(folder / record.GRAPH)
    except GraphError:
        return None
    if graph_sha256(graph) != journal.graph:
        return None
    found = Submitted(cell, folder, graph, Watch(shape_of(cell.graph, cell.windows)), journal)
    if journal.state == "downloaded":
        return found if Delivery(server, cell, folder, graph, journal).have() else None
    cancel = cancel or threading.Event()
    if journal.state == "rendered":
        return found if patiently(server, partial(server.client.has, file_of(journal)), cancel) else None
    known = patiently(server, partial(worth_following, server, journal), cancel)
    if known is False:
        return None
    if known is None:
        ref = patiently(server, partial(left_behind, server, graph, journal), cancel)
        if ref is None:
            return None
        delivery = Delivery(server, cell, folder, graph, journal)
        delivery.found(ref, HOW, Timings())
        return dataclasses.replace(found, journal=delivery.journal)
    server.events.watch(journal.prompt_id, found.watch)
    return found


def withdraw(server: Server, submitted: Submitted, why: str, patience_s: float = 60.0) -> bool:
    """Take back a job that waits or has just begun, so that its cell can be submitted again in the same folder.

    False where there is nothing to take back, or it could not be: it ended by itself, the server cannot be asked, or
    does not let go of it. Then it is to be followed.
    """
    journal = submitted.journal
    if journal is None or submitted.ended is not None or journal.state not in ("posting", "posted"):
        return False
    try:
        if not server.client.cancel(journal.prompt_id, patience_s) or worth_following(server, journal):
            return False
    except ServerError:
        return False
    server.events.unwatch(journal.prompt_id)
    server.memory.release(journal.prompt_id)
    outcome = Outcome("cancelled", "wait", f"taken back: {why}", began=False)
    record.write_failure(submitted.folder, submitted.cell, journal, outcome, _stamp(server, submitted))
    put_aside(submitted.folder, counted=False)
    return True


def recall(server: Server, submitted: Submitted) -> None:
    """Take a job off the server without waiting for it and without a word: whoever follows it finds it gone."""
    if submitted.journal is not None and submitted.ended is None:
        with contextlib.suppress(ServerError):
            server.client.cancel(submitted.journal.prompt_id, patience_s=0.0)


def follow(
    server: Server,
    submitted: Submitted,
    *,
    on_progress: OnProgress | None = None,
    on_rendered: Callable[[], None] = lambda: None,
    cancel: threading.Event | None = None,
    on_cancel: Callable[[], None] = lambda: None,
) -> Outcome:
    """Wait for a submitted cell, download, verify and record its video. Failures come back, they are not raised.

    Afterwards the folder holds ``video.mp4``, ``workflow_api.json`` (the exact graph sent) and, last of all,
    ``render.json``; after a failure ``failure.json``. ``cancel`` takes the job back from the server; ``on_cancel`` is
    called right before, so that jobs behind it need not begin. ``on_rendered`` is called when the server is done with
    it, before the download: the time to send another.
    """
    cancel, journal = cancel or threading.Event(), submitted.journal
    try:
        outcome, journal = _follow(server, submitted, on_progress, on_rendered, cancel, on_cancel)
    except OSError as error:
        outcome = disk_trouble(error, "download")
    except (ServerDenied, ServerRedirects) as error:
        outcome = Outcome("rejected", "download", str(error), stop=True)
    except ServerError as error:
        outcome = Outcome("cancelled" if cancel.is_set() else "lost", "download", error.message, fault="away")
    finally:
        if submitted.journal is not None:
            server.events.unwatch(submitted.journal.prompt_id)
            server.memory.release(submitted.journal.prompt_id)
    if not outcome.done:
        hide = server.client.without_secrets
        outcome = dataclasses.replace(outcome, message=hide(outcome.message), detail=hide(outcome.detail))
        record.write_failure(submitted.folder, submitted.cell, journal, outcome, _stamp(server, submitted))
    return outcome


def _follow(
    server: Server,
    submitted: Submitted,
    on_progress: OnProgress | None,
    on_rendered: Callable[[], None],
    cancel: threading.Event,
    on_cancel: Callable[[], None],
) -> tuple[Outcome, Journal | None]:
    journal = submitted.journal
    if submitted.ended is not None or journal is None:
        return submitted.ended or Outcome("lost", "submit", "it was never sent"), journal
    delivery = Delivery(server, submitted.cell, submitted.folder, submitted.graph, journal, on_progress)
    if journal.state in ("posting", "posted"):
        since = server.memory.hold(journal.prompt_id)
        end = Waiter(server, journal, submitted.watch, on_progress, cancel, on_cancel).wait()
        server.memory.keep(submitted.folder, journal.prompt_id, submitted.watch.span, since)
        if not isinstance(end, Finished):
            timings = submitted.watch.timings(posted=submitted.posted, cached=None, seconds=None)
            ref = None
            if end.status == "lost" and not end.fault:
                ref = patiently(server, partial(left_behind, server, submitted.graph, journal), cancel)
            if ref is None:
                return dataclasses.replace(end, timings=timings), journal
            delivery.found(ref, HOW, timings)
            return delivery.bring(cancel), delivery.journal
        if submitted.watch.last is not None and server.events.hears(journal.client_id):
            submitted.watch.settle(_LAST_EVENTS_S)
        timings = submitted.watch.timings(posted=submitted.posted, cached=end.cached, seconds=end.seconds)
        refused = delivery.judge(end, timings)
        if refused is not None:
            return refused, delivery.journal
        on_rendered()
    return delivery.bring(cancel), delivery.journal


def _stamp(server: Server, submitted: Submitted) -> Stamp | None:
    try:
        return server.stamp(classes_of(submitted.graph))
    except ServerError:  # it was never asked before it went away: the record says null
        return None
