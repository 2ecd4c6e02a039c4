"""The fault matrix: each row is a sweep of three cells during which one thing goes wrong, then the same command again.

Whatever the row: nothing lost, nothing twice, nothing mixed up, and the reason recorded (``invariants``).
"""

import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from house import House
from invariants import check, kept, nothing_left, reasons
from small_sweep import config, sweep

from runner.config import RetriesConfig
from runner.server import open_server
from sweeps.progress import Progress
from sweeps.store import Store
from workflow.cell import Cell

Cells = Callable[..., list[Cell]]
Matrix = Callable[[str, str, str], None]
Actor = Callable[[House, threading.Event], None]


@dataclass(frozen=True)
class Row:
    """One thing that goes wrong.

    ``faults`` wait when the sweep begins (``early``: when its session does), ``act`` runs beside it. ``first`` is what
    the first command must come to: *done* (all three cells), *stops* (the sweep ends early), or the status of the cell
    that fails. ``why`` are the (status, stage) pairs that may be recorded as reasons, ``words`` what must be said;
    without ``why`` no attempt may fail. ``runs`` is how often one cell may be begun on the server, by both commands;
    ``once``: each prompt was also sent just once.
    """

    name: str
    expected: str
    faults: tuple[str, ...] = ()
    act: Actor | None = None
    config: dict[str, Any] = field(default_factory=dict)
    first: str = "done"
    why: frozenset[tuple[str, str]] = frozenset()
    words: str = ""
    runs: int = 1
    once: bool = False
    early: bool = False
    seconds: float = 12.0


def pairs(*given: str) -> frozenset[tuple[str, str]]:
    """``status/stage`` words as pairs."""
    return frozenset((one.split("/")[0], one.split("/")[1]) for one in given)


def restarted(after_s: float) -> Actor:
    """Somebody sees that the server is dead, and starts it again."""

    def act(house: House, ended: threading.Event) -> None:
        while house.answers() and not ended.wait(0.02):
            pass
        if not ended.wait(after_s):
            house.start()

    return act


def outage(house: House, ended: threading.Event) -> None:
    """While a node works in silence nobody can reach the server, for longer than a silence may last."""
    while not house.fault().get("worker-stuck") and not ended.wait(0.02):
        pass
    ended.wait(0.3)  # by now it is followed
    house.fault("refused:seconds=1.2")


def strangers(house: House, ended: threading.Event) -> None:
    """Another client's jobs come in all the time, each at the front of the queue and behind it."""
    number = 0
    while not ended.is_set() and number < 6:
        for front in (True, False):
            number += 1
            prompt = {
                "1": {"class_type": "LoadImage", "inputs": {"image": "strange.png"}},
                "2": {"class_type": "VHS_VideoCombine", "inputs": {
                    "images": ["1", 0], "frame_rate": 25, "loop_count": 0, "filename_prefix": f"strange/{number}",
                    "format": "video/h264-mp4", "pingpong": False, "save_output": True}},
            }  # fmt: skip
            body = {"prompt": prompt, "prompt_id": f"5{uuid.uuid4()}"[:36], "client_id": "stranger", "front": front}
            requests.post(f"{house.url}/prompt", json=body, timeout=5).raise_for_status()
        ended.wait(0.05)


GONE = "knows this job no more|neither|out of reach|cannot reach|no word"
LOST = pairs("lost/wait", "lost/upload", "lost/submit", "lost/download")
SPOILT = pairs("corrupt/decode-check", "corrupt/sanity", "corrupt/download")
HTTP = {"unreachable_s": 6.0}
STALL = {"stall_timeout_s": 0.8, "silent_timeout_s": 0.8}
OURS = STALL | {"restart_command": "house"}
UNHURRIED = RetriesConfig(wait_s=1.0)
"""As users have it, nearly: what is retried without need takes longer than a row may."""

ROWS = (
    Row("server killed mid-render, stays away", "stops; the rest by the same command", ("died:after=5",),
        config={"unreachable_s": 0.5}, first="stops", why=LOST, words=GONE, runs=2),
    Row("server killed mid-render, restarted", "lost, then rendered again", ("died:after=5",), restarted(0.2),
        why=LOST, words=GONE, runs=2),
    Row("server killed while it encodes, restarted", "lost or corrupt, then rendered again",
        ("died:when=encoding,after=40",), restarted(0.0), why=LOST | SPOILT, runs=2),
    Row("server killed after the file was written, restarted", "its file is found by name",
        ("died:when=written,after=1",), restarted(0.0), why=LOST, runs=1),
    Row("server killed mid-render, our restart command", "restarted, rendered again", ("died:after=5",),
        config={"unreachable_s": 0.5, "restart_command": "house"}, why=LOST, words=GONE, runs=2),
    Row("socket silent for ever", "polling brings all home", ("socket-silent:after=3",)),
    Row("socket refused", "polling brings all home", ("socket-refused",), early=True),
    Row("socket closed, and closed again", "polling brings all home", ("socket-closed:after=500,times=2",)),
    Row("answer to POST lost, connection dropped", "found in the queue, not sent twice", ("post-lost:times=2",),
        once=True),
    Row("answer to POST lost, hangs", "found in the queue, not sent twice", ("post-lost",), once=True),
    Row("POST never arrived", "sent again under the same id", ("post-lost:taken=0,times=2",)),
    Row("POST arrives late, after it was sent again", "the copy is taken off the queue", ("post-late:seconds=0.5",
        "worker-stuck:seconds=5"), config={"stall_timeout_s": 20.0, "silent_timeout_s": 20.0}),
    Row("500 on every route", "asked again", ("http-500:times=8,after=3",), config=HTTP),
    Row("500 to POST", "looked up, sent again", ("http-500:path=/prompt,times=2",)),
    Row("502 with HTML", "asked again", ("http-502:times=8,after=2",), config=HTTP),
    Row("truncated JSON", "asked again", ("http-truncated:path=/queue,times=2", "http-truncated:path=/history,times=2",
        "http-truncated:path=/prompt",)),
    Row("download breaks off", "fetched again", ("http-truncated:path=/view,how=connection,times=2",)),
    Row("connection refused for a while", "waited out", ("refused:seconds=0.6,after=8",), config=HTTP),
    Row("out of reach for longer than a silence may last", "no silence: the job is followed on",
        ("worker-stuck:seconds=1.9",), outage, config=HTTP | {"stall_timeout_s": 1.1, "silent_timeout_s": 1.1}),
    Row("slow answers", "waited for", ("slow:seconds=0.1,times=12",)),
    Row("answers slower than our patience", "asked again", ("slow:seconds=1.4,path=/queue,times=2",)),
    Row("history evicted", "the file is found by its name", ("history-evicted",), why=LOST),
    Row("queue cleared by somebody", "lost while it waited, sent again", ("queue-cleared:after=1",), why=LOST,
        words=GONE),
    Row("another client's jobs", "not touched, and not taken for ours", (), strangers),
    Row("worker dead, HTTP alive", "stalled; stops and asks for a restart", ("worker-dead:after=5",), first="stops",
        config=STALL, why=pairs("stalled/wait"), words="worker", runs=2),
    Row("worker dead, our restart command", "stalled, restarted, rendered again", ("worker-dead:after=5",),
        config=OURS, why=pairs("stalled/wait", "lost/wait"), runs=2),
    Row("a node hangs", "stalled; interrupted, rendered again", ("worker-stuck:after=5,seconds=1.8",),
        config=OURS, why=pairs("stalled/wait", "lost/wait"), runs=3),
    Row("out of memory", "/free; a result, not repeated", ("out-of-memory:after=5",), first="out_of_memory",
        why=pairs("out_of_memory/sample", "cancelled/wait"), words="out of memory", runs=2),
    Row("memory that does not come back", "stops and asks for a restart", ("out-of-memory:after=5,keeps=1",),
        first="stops", why=pairs("out_of_memory/sample", "cancelled/wait"), words="GiB", runs=3),
    Row("memory back after our restart command", "restarted, rendered again", ("out-of-memory:after=5,keeps=1",),
        config={"restart_command": "house"}, why=pairs("out_of_memory/sample", "cancelled/wait", "lost/wait"), runs=3),
    Row("a node raises", "that cell fails with the node's words", ("node-error:after=5",), first="node_error",
        why=pairs("node_error/sample"), words="ModuleNotFoundError: No module named 'color_matcher'", runs=2),
    Row("interrupted by a person", "that cell is cancelled, not done anew unasked", ("interrupted:after=5",),
        first="cancelled", why=pairs("cancelled/sample"), words="somebody interrupted it", runs=2),
    Row("video cut off", "corrupt, rendered again", ("output-truncated",), why=SPOILT,
        words="does not decode|frames", runs=2),
    Row("video undecodable", "corrupt, rendered again", ("output-garbage",), why=SPOILT,
        words="does not decode", runs=2),
    Row("another prompt inside the video", "corrupt, rendered again", ("output-foreign",), why=SPOILT,
        words="made from another graph", runs=2),
    Row("video gone from the server", "recorded, rendered again", ("output-missing",), why=SPOILT | LOST,
        words="does not have", runs=2),
    Row("old file from the cache", "corrupt, rendered afresh", ("output-cached",), why=SPOILT, words="cache", runs=2),
    Row("another graph ran", "corrupt, rendered again", ("graph-altered",), why=SPOILT,
        words="ran another graph", runs=2),
    Row("server's disk full", "that cell fails with the server's words", ("disk-full",), first="node_error",
        why=pairs("node_error/encode"), words="No space left on device", runs=2),
    Row("server's disk full as sound is added", "that cell fails with the server's words", ("disk-full:how=mux",),
        first="node_error", why=pairs("node_error/encode"), words="moov atom not found", runs=2),
    Row("server's disk full, yet 'success'", "corrupt, rendered again", ("disk-full:how=truncated",), why=SPOILT,
        runs=2),
    Row("upload refused (413)", "rejected, with what to do", ("upload-refused:times=0",), first="rejected",
        why=pairs("rejected/upload"), words="larger than the server takes", config={"retries": UNHURRIED}),
    Row("no room for an upload", "asked again", ("upload-disk-full:times=3",), config=HTTP),
    Row("no room for uploads at all", "stops; the rest by the same command", ("upload-disk-full:times=0",),
        first="stops", why=LOST | pairs("rejected/upload"), words="500|reach",
        config={"retries": UNHURRIED, "unreachable_s": 0.5}),
)  # fmt: skip


def states(cells: list[Cell], progress: Progress, store: Store) -> str:
    """What came of each cell, and why attempts failed, in one line."""
    held = kept(store, cells)
    told = []
    for cell in cells:
        failure = progress.failures.get(f"{cell.setting}/{cell.clip.name}/{cell.seed}")
        before = [f"{one['status']}/{one['stage']}" for one in reasons(store, cell)]
        word = "done" if cell.recipe in held else failure.status if failure else "not begun"
        told.append(word + (f" ({', '.join(before)})" if before else ""))
    return ", ".join(told)


def first_command(house: House, row: Row, cells: list[Cell], store: Store, tmp_path: Path) -> Progress:
    """The sweep during which it goes wrong."""
    ended, cancel = threading.Event(), threading.Event()
    changes = {key: house.restart_command if value == "house" else value for key, value in row.config.items()}
    house.fault(*(row.faults if row.early else ()))
    with open_server(config(house.url, **changes), tmp_path) as server:
        house.fault(*(() if row.early else row.faults))
        actor = threading.Thread(target=row.act or (lambda *_: None), args=(house, ended), daemon=True)
        actor.start()
        enough = threading.Timer(row.seconds, cancel.set)  # a row that would wait for hours is stopped like a sweep
        enough.start()
        try:
            return sweep(server, cells, store, cancel=cancel)
        finally:
            enough.cancel()
            ended.set()
            actor.join(20)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(row: Row, house: House, cells: Cells, store: Store, matrix: Matrix, tmp_path: Path) -> None:
    three = cells(3)
    if row.act is strangers:
        picture = {"image": ("strange.png", three[0].files[0].path.read_bytes())}
        requests.post(f"{house.url}/upload/image", files=picture, timeout=5).raise_for_status()
    before = set(house.history())  # rows before this one left theirs
    number, began = last_number(house), time.monotonic()
    progress = first_command(house, row, three, store, tmp_path)
    seconds = time.monotonic() - began
    seen = states(three, progress, store)
    happened = [count > 0 for count in house.fault().values()] if house.answers() else []
    why = [one for cell in three for one in reasons(store, cell)] + [vars(f) for f in progress.failures.values()]
    try:
        check(store, three, progress, house)
        assert all(happened), "it did not go wrong"
        statuses = {failure.status for failure in progress.failures.values()}
        if row.first == "done":
            assert progress.stopped is None and not statuses and len(kept(store, three)) == 3, progress
        elif row.first == "stops":
            assert progress.stopped and re.search(row.words, progress.stopped), progress
        else:
            assert statuses == {row.first} and progress.stopped is None, progress
            assert len(kept(store, three)) == (0 if "times=0" in "".join(row.faults) else 2), progress
        assert seconds < row.seconds, f"it took {seconds:.0f} s"
        recorded = {(one["status"], one["stage"]) for one in why}
        assert recorded <= row.why, recorded
        if row.words and row.first != "stops":
            assert any(re.search(row.words, one["message"]) for one in why), why
        if row.once:
            assert last_number(house) - number == 3, "more prompts were sent than there are cells"
        the_same_command_again(house, three, store, tmp_path)
        assert max(house.runs(cell) for cell in three) <= row.runs
        if row.act is strangers:
            new = [entry for prompt, entry in house.history().items() if prompt not in before]
            assert {entry["status"]["status_str"] for entry in new} == {"success"}
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        matrix(row.name, row.expected, f"NOT AS EXPECTED: {first[:100]} · {seen}")
        raise
    matrix(row.name, row.expected, f"{seen} · {seconds:.1f} s")


def last_number(house: House) -> float:
    """The queue number of the last prompt that ended."""
    return max((entry["prompt"][0] for entry in house.history().values()), default=-1)


def the_same_command_again(house: House, cells: list[Cell], store: Store, tmp_path: Path) -> None:
    """With the server in order: all is there afterwards, and what was there before was not done again."""
    before = {cell.recipe: house.runs(cell) for cell in cells if cell.recipe in kept(store, cells)}
    if len(before) < len(cells):
        house.in_order()
        with open_server(config(house.url), tmp_path) as server:
            progress = sweep(server, cells, store)
        assert not progress.failures and progress.stopped is None, progress
    assert {cell.recipe: house.runs(cell) for cell in cells if cell.recipe in before} == before, "rendered twice"
    nothing_left(store, cells, house)
