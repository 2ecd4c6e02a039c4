"""Renders on a real stand-in process: whole ones, and ones that something happens to."""

import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import psutil
import pytest
import requests
from aiohttp import web

from runner import record
from runner.embedded import StandIn
from runner.journal import read_journal
from runner.progress import Progress
from runner.render import Submitted, follow, resume, submit
from runner.server import Server
from workflow.cell import Cell
from workflow.files import read_json, sha256_file
from workflow.media.decode import frames

Session = Callable[..., Server]
MakeCell = Callable[..., Cell]
Folder = Callable[[], Path]
Fault = Callable[[web.Request, int, bytes], web.StreamResponse | None]


class Proxy(Protocol):
    """The fixture ``proxy``: what it saw, and the faults it is told to make."""

    url: str
    seen: list[tuple[str, str]]
    faults: list[Fault]


def running(server: Server, submitted: Submitted) -> None:
    """Wait until the server runs the job."""
    assert submitted.journal is not None
    deadline = time.monotonic() + 5
    while submitted.journal.prompt_id not in server.client.queue().running:
        assert time.monotonic() < deadline, "the job does not start"
        time.sleep(0.02)


def test_a_render_leaves_video_graph_and_record(
    session: Session, standin_url: str, make_cell: MakeCell, folder: Folder
) -> None:
    server, cell, home, seen = session(standin_url), make_cell(seed=11), folder(), list[Progress]()
    submitted = submit(server, cell, home)
    outcome = follow(server, submitted, on_progress=seen.append)
    assert (outcome.status, outcome.message) == ("done", "")
    assert outcome.video == home / "video.mp4"
    assert sum(1 for _ in frames(outcome.video)) == cell.windows.frames
    kept = read_json(home / record.RENDER)
    assert kept["video_sha256"] == sha256_file(outcome.video)
    assert kept["stand_in"] is True
    assert kept["stamp"]["verified"] is True
    assert kept["cell"]["recipe"] == cell.recipe
    assert read_json(home / record.GRAPH) == submitted.graph
    assert not list(home.glob("*.part"))
    assert "checking" in {one.phase for one in seen}


def test_timings_come_from_events_and_cold_from_the_cache(
    session: Session, standin_url: str, make_cell: MakeCell, folder: Folder
) -> None:
    server = session(standin_url)
    cells = [make_cell(seed=21, block_swap=7), make_cell(seed=22, block_swap=7)]
    first, second = (follow(server, submit(server, cell, folder())).timings for cell in cells)
    assert (first.cold, second.cold) == (True, False)
    assert first.cached is False
    assert len(first.window_s) == cells[0].windows.count
    for timings in (first, second):
        assert None not in (timings.total_s, timings.queue_s, timings.load_s, timings.sample_s, timings.download_s)


def test_two_cells_may_be_submitted_before_the_first_is_followed(
    session: Session, tmp_path: Path, request: pytest.FixtureRequest, make_cell: MakeCell, folder: Folder
) -> None:
    slow = StandIn(tmp_path / "slow", pace_s=5)  # more than two submissions take on a busy machine
    request.addfinalizer(slow.stop)
    server = session(url := slow.start())
    waiting = [submit(server, make_cell(seed=seed), folder()) for seed in (1, 2)]
    queue = requests.get(f"{url}/queue", timeout=5).json()
    assert [len(queue["queue_running"]), len(queue["queue_pending"])] == [1, 1], "submitting waits for nothing"
    outcomes = [follow(server, one) for one in waiting]
    assert [outcome.status for outcome in outcomes] == ["done", "done"]
    assert outcomes[1].timings.queue_s is not None and outcomes[1].timings.queue_s > 1.0
    assert sha256_file(waiting[0].folder / "video.mp4") != sha256_file(waiting[1].folder / "video.mp4")


def test_input_files_are_uploaded_once_a_session(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder
) -> None:
    server = session(proxy.url)
    for seed in (31, 32):
        assert follow(server, submit(server, make_cell(seed=seed), folder())).done
    assert proxy.seen.count(("POST", "/upload/image")) == len(make_cell().files)


def test_a_refused_graph_is_an_outcome_that_names_node_input_and_value(
    session: Session, standin_url: str, make_cell: MakeCell, folder: Folder
) -> None:
    server, home = session(standin_url), folder()
    outcome = follow(server, submit(server, make_cell(colormatch="adain"), home))
    assert (outcome.status, outcome.stage) == ("rejected", "validate")
    assert "WanVideoImageToVideoMultiTalk.colormatch: 'adain' is not offered" in outcome.message
    assert "reinhard" in outcome.message
    assert read_json(home / record.FAILURE)["outcome"]["status"] == "rejected"
    assert not (home / record.RENDER).exists()


def test_out_of_memory_is_told_apart_from_other_node_errors(
    session: Session, standin_url: str, make_cell: MakeCell, folder: Folder
) -> None:
    server = session(standin_url)
    outcome = follow(server, submit(server, make_cell(width=1072, height=1920, frame_window_size=81), folder()))
    assert (outcome.status, outcome.stage) == ("out_of_memory", "sample")
    odd = follow(server, submit(server, make_cell(width=1080, height=1080, block_swap=40), folder()))
    assert (odd.status, odd.stage) == ("node_error", "sample")
    assert "invalid for input of size" in odd.message


def test_cancel_takes_the_job_back_from_the_server(
    session: Session, slow_standin: StandIn, make_cell: MakeCell, folder: Folder
) -> None:
    server, cancel = session(slow_standin.start()), threading.Event()
    one, two = (submit(server, make_cell(seed=seed), folder()) for seed in (1, 2))
    running(server, one)
    cancel.set()
    began = time.monotonic()
    assert [follow(server, each, cancel=cancel).status for each in (one, two)] == ["cancelled", "cancelled"]
    assert time.monotonic() - began < 2.5
    queue = server.client.queue()
    assert (queue.running, queue.pending) == ((), ())


def test_a_job_interrupted_by_somebody_else_is_cancelled_and_done_anew_later(
    session: Session, slow_standin: StandIn, make_cell: MakeCell, folder: Folder
) -> None:
    server, home = session(slow_standin.start()), folder()
    submitted = submit(server, make_cell(), home)
    running(server, submitted)
    assert submitted.journal is not None
    server.client.interrupt(submitted.journal.prompt_id)
    outcome = follow(server, submitted)
    assert outcome.status == "cancelled" and "somebody" in outcome.message
    assert resume(server, home, make_cell()) is None


def test_a_job_of_a_killed_harness_is_followed_not_sent_again(
    session: Session, slow_standin: StandIn, make_cell: MakeCell, folder: Folder
) -> None:
    url, home, cell = slow_standin.start(), folder(), make_cell(seed=5)
    first = submit(session(url), cell, home)
    later = session(url)  # what a new process would open
    second = submit(later, cell, home)
    assert first.journal is not None and second.journal is not None
    assert second.journal.prompt_id == first.journal.prompt_id
    outcome = follow(later, second)
    assert outcome.done and outcome.timings.queue_s is None and outcome.timings.total_s is not None
    assert later.client.queue().running == ()


@pytest.mark.parametrize("state", ["posting", "posted", "rendered", "downloaded"])
def test_whatever_the_journal_says_a_finished_job_is_brought_home_once(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder, state: str
) -> None:
    server, cell, home = session(proxy.url), make_cell(seed=40 + len(state)), folder()
    assert follow(server, submit(server, cell, home)).done
    (home / record.RENDER).unlink()
    (home / record.VIDEO).rename(home / record.PART)
    journal = read_journal(home)
    assert journal is not None
    journal.step(home, state)  # type: ignore[arg-type]
    if state != "downloaded":
        (home / record.PART).write_bytes(b"half")
    outcome = follow(server, submit(server, cell, home))
    assert outcome.done and (home / record.RENDER).exists()
    assert proxy.seen.count(("POST", "/prompt")) == 1


def test_a_journal_of_another_cell_is_not_followed(
    session: Session, standin_url: str, make_cell: MakeCell, folder: Folder
) -> None:
    server, home = session(standin_url), folder()
    assert follow(server, submit(server, make_cell(seed=51), home)).done
    assert resume(server, home, make_cell(seed=52)) is None
    assert follow(server, submit(server, make_cell(seed=52), home)).done


def test_a_killed_stand_in_means_lost_at_once(
    tmp_path: Path, make_cell: MakeCell, folder: Folder, child_in: Callable[[Path], psutil.Process]
) -> None:
    from runner.config import ServerConfig
    from runner.server import open_server

    with open_server(ServerConfig(pace_s=20.0), tmp_path / "work") as server:
        submitted = submit(server, make_cell(), folder())
        running(server, submitted)
        child = child_in(tmp_path)
        child.send_signal(signal.SIGKILL)
        began = time.monotonic()
        outcome = follow(server, submitted)
    assert (outcome.status, outcome.stage) == ("lost", "wait")
    assert "-9" in outcome.message and time.monotonic() - began < 3


def test_an_answer_to_post_that_got_lost_does_not_render_twice(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder
) -> None:
    lost = iter([True])

    def drop(request: web.Request, status: int, body: bytes) -> web.StreamResponse | None:
        if request.path == "/prompt" and next(lost, False):
            return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
        return None

    proxy.faults.append(drop)
    server = session(proxy.url)
    assert follow(server, submit(server, make_cell(seed=61), folder())).done
    assert proxy.seen.count(("POST", "/prompt")) == 1


def test_passing_trouble_while_waiting_loses_nothing(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder
) -> None:
    turns = {"/queue": 0, "/view": 0}

    def spoil(request: web.Request, status: int, body: bytes) -> web.StreamResponse | None:
        if request.path in turns:
            turns[request.path] += 1
        if request.path == "/queue" and turns["/queue"] in (2, 3):
            return web.Response(body=body[: len(body) // 2], content_type="application/json")
        if request.path.startswith("/history/") and turns["/queue"] < 6:
            return web.Response(status=500, text="500 Internal Server Error")
        if request.path == "/view" and turns["/view"] < 3:
            return web.Response(status=502, text="<h1>proxy</h1>")
        return None

    proxy.faults.append(spoil)
    server = session(proxy.url)
    outcome = follow(server, submit(server, make_cell(seed=62), folder()))
    assert outcome.done, outcome
    assert turns["/view"] == 3


def test_a_forgotten_job_is_lost_after_two_looks(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder
) -> None:
    def forget(request: web.Request, status: int, body: bytes) -> web.StreamResponse | None:
        if request.path == "/queue":
            return web.json_response({"queue_running": [], "queue_pending": []})
        if request.path == "/view":
            return web.Response(status=404)
        return web.json_response({}) if request.path.startswith("/history/") else None

    server = session(proxy.url)
    submitted = submit(server, make_cell(seed=63), folder())
    proxy.faults.append(forget)
    outcome = follow(server, submitted)
    assert (outcome.status, outcome.stage) == ("lost", "wait")


def test_a_job_that_never_moves_is_stalled(session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder) -> None:
    server = session(proxy.url, silent_timeout_s=0.5, stall_timeout_s=0.5)
    submitted = submit(server, make_cell(seed=64), folder())
    assert submitted.journal is not None
    running_for_ever = [[1, submitted.journal.prompt_id, {}, {}, []]]

    def zombie(request: web.Request, status: int, body: bytes) -> web.StreamResponse | None:
        if request.path == "/queue":
            return web.json_response({"queue_running": running_for_ever, "queue_pending": []})
        return None

    proxy.faults.append(zombie)
    outcome = follow(server, submitted)
    assert outcome.status == "stalled"
    assert ("POST", "/interrupt") in proxy.seen


@pytest.mark.parametrize(
    ("spoil", "stage", "words"),
    [
        (lambda video, other: video[: len(video) * 2 // 3], "decode-check", ""),
        (lambda video, other: b"", "decode-check", "empty"),
        (lambda video, other: other, "sanity", "another graph"),
    ],
    ids=["truncated", "empty", "another cell's video"],
)
def test_a_wrong_file_is_corrupt(
    session: Session,
    proxy: Proxy,
    make_cell: MakeCell,
    folder: Folder,
    spoil: Callable[[bytes, bytes], bytes],
    stage: str,
    words: str,
) -> None:
    server, elsewhere = session(proxy.url), folder()
    assert follow(server, submit(server, make_cell(seed=71), elsewhere)).done
    other = (elsewhere / "video.mp4").read_bytes()

    def swap(request: web.Request, status: int, body: bytes) -> web.StreamResponse | None:
        return web.Response(body=spoil(body, other), content_type="video/mp4") if request.path == "/view" else None

    proxy.faults.append(swap)
    home = folder()
    outcome = follow(server, submit(server, make_cell(seed=72 + len(words)), home))
    assert (outcome.status, outcome.stage) == ("corrupt", stage), outcome
    assert words in outcome.message
    assert not (home / "video.mp4").exists() and not (home / record.RENDER).exists()


def test_another_graph_in_the_history_is_corrupt(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder
) -> None:
    def meddle(request: web.Request, status: int, body: bytes) -> web.StreamResponse | None:
        if not request.path.startswith("/history/") or body == b"{}":
            return None
        entry = json.loads(body)
        for item in entry.values():
            item["prompt"][2]["14"]["inputs"]["steps"] = 99
        return web.json_response(entry)

    proxy.faults.append(meddle)
    server = session(proxy.url)
    outcome = follow(server, submit(server, make_cell(seed=81), folder()))
    assert (outcome.status, outcome.stage) == ("corrupt", "sanity")
    assert "WanVideoSampler.steps: sent 2, ran 99" in outcome.message


def test_a_cached_sampler_is_refused_and_the_next_attempt_is_computed(
    session: Session, standin_url: str, make_cell: MakeCell, folder: Folder
) -> None:
    server, cell = session(standin_url), make_cell(seed=91)
    assert follow(server, submit(server, cell, folder())).done
    again = follow(server, submit(server, cell, folder()))
    assert (again.status, again.stage) == ("corrupt", "sanity")
    assert "cache" in again.message
    assert follow(server, submit(server, cell, folder())).done


def test_trouble_of_the_disk_here_is_an_outcome(
    session: Session, standin_url: str, make_cell: MakeCell, folder: Folder
) -> None:
    server, home = session(standin_url), folder()
    submitted = submit(server, make_cell(seed=95), home)
    (home / record.PART).mkdir()
    outcome = follow(server, submitted)
    assert (outcome.status, outcome.stage) == ("corrupt", "download")
    assert "the disk here" in outcome.message


def test_a_server_that_is_gone_is_an_outcome_of_submit(
    session: Session, slow_standin: StandIn, make_cell: MakeCell, folder: Folder
) -> None:
    server = session(slow_standin.start(), unreachable_s=0.3)
    slow_standin.stop()
    outcome = follow(server, submit(server, make_cell(), folder()))
    assert outcome.status == "lost" and "cannot reach" in outcome.message


def test_a_secret_header_is_sent_and_stands_in_no_file(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str | None] = []

    def look(request: web.Request, status: int, body: bytes) -> web.StreamResponse | None:
        sent.append(request.headers.get("X-Token"))
        return None

    proxy.faults.append(look)
    monkeypatch.setenv("PROXY_HEADERS", "X-Token: planted-4711")
    server, home, bad = session(proxy.url, headers_env="PROXY_HEADERS"), folder(), folder()
    assert follow(server, submit(server, make_cell(seed=96), home)).done
    assert not follow(server, submit(server, make_cell(colormatch="adain"), bad)).done
    assert set(sent) == {"planted-4711"}
    for path in (*home.iterdir(), *bad.iterdir()):
        assert b"planted-4711" not in path.read_bytes()
