"""Jobs that were lost, left, taken back or damaged on their way: each is brought home once, or begun afresh."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
from aiohttp import web

from runner import record
from runner.answers import Queue
from runner.attempts import read_attempts
from runner.embedded import StandIn
from runner.journal import read_journal
from runner.render import Submitted, follow, recall, resume, submit, withdraw
from runner.server import Server
from workflow.cell import Cell
from workflow.files import read_json

Session = Callable[..., Server]
MakeCell = Callable[..., Cell]
Folder = Callable[[], Path]


class Proxy(Protocol):
    """The fixture ``proxy``."""

    url: str
    target: str
    seen: list[tuple[str, str]]
    faults: list[Callable[[web.Request, int, bytes], web.StreamResponse | None]]


class Restartable(Protocol):
    """What the fixture ``restartable`` makes."""

    url: str

    def start(self) -> str: ...

    def kill(self) -> None: ...


def prompt_of(submitted: Submitted) -> str:
    assert submitted.journal is not None
    return submitted.journal.prompt_id


def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def answer(proxy: Proxy, path: str, response: Callable[[bytes], web.Response | None], times: int = 0) -> None:
    """Answer something else under ``path``, for ever or so many times."""
    left = [times or 1 << 30]

    def fault(request: web.Request, status: int, body: bytes) -> web.StreamResponse | None:
        if not request.path.startswith(path) or left[0] <= 0:
            return None
        left[0] -= 1
        return response(body)

    proxy.faults.append(fault)


def test_a_job_declared_lost_is_followed_when_the_server_is_back(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder
) -> None:
    server, cell, home = session(proxy.url, unreachable_s=0.3), make_cell(seed=101), folder()
    submitted = submit(server, cell, home)
    answer(proxy, "/", lambda body: web.Response(status=502, text="<h1>no tunnel</h1>"))
    outcome = follow(server, submitted)
    assert (outcome.status, outcome.fault) == ("lost", "away")
    proxy.faults.clear()
    again = submit(server, cell, home)
    assert prompt_of(again) == prompt_of(submitted)
    assert follow(server, again).done
    assert proxy.seen.count(("POST", "/prompt")) == 1
    kept = read_json(home / record.RENDER)
    assert kept["attempt"] == 2
    assert [(one["status"], one["prompt_id"]) for one in kept["attempts"]] == [("lost", prompt_of(submitted))]
    assert kept["attempts"][0]["began"] <= kept["attempts"][0]["ended"] <= kept["ended"]


@pytest.mark.parametrize("new_process", [False, True], ids=["followed", "taken up"])
def test_a_video_written_before_the_server_died_is_found_by_its_name(
    session: Session, restartable: Callable[..., Restartable], make_cell: MakeCell, folder: Folder, new_process: bool
) -> None:
    made, cell, home = restartable(), make_cell(seed=111), folder()
    server = session(made.start())
    submitted = submit(server, cell, home)
    until(lambda: server.client.history(prompt_of(submitted)) is not None)
    made.kill()
    made.start()
    assert server.client.history(prompt_of(submitted)) is None
    later = session(made.url) if new_process else server
    outcome = follow(later, submit(later, cell, home) if new_process else submitted)
    assert outcome.done, outcome
    kept = read_json(home / record.RENDER)
    assert kept["journal"]["prompt_id"] == prompt_of(submitted)
    assert "by its name" in kept["journal"]["found"]
    assert later.client.queue().running == ()


def test_a_server_killed_in_the_middle_loses_the_job_and_it_is_rendered_afresh(
    session: Session, restartable: Callable[..., Restartable], make_cell: MakeCell, folder: Folder
) -> None:
    made, home, waiting = restartable("--pace", "1"), folder(), folder()
    server = session(made.start())
    first, second = submit(server, make_cell(seed=112), home), submit(server, make_cell(seed=113), waiting)
    until(lambda: prompt_of(first) in server.client.queue().running and first.watch.last is not None)
    made.kill()
    made.start()
    lost = follow(server, first)
    assert (lost.status, lost.began, lost.fault) == ("lost", True, "")
    never = follow(server, second)
    assert (never.status, never.began) == ("lost", False)
    server.renew()
    again = submit(server, make_cell(seed=112), home)
    assert prompt_of(again) != prompt_of(first)
    assert follow(server, again).done
    assert [one.status for one in read_attempts(home)] == ["lost"]


def test_half_a_file_that_was_left_behind_is_corrupt_and_not_taken_twice(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder
) -> None:
    server, cell, home = session(proxy.url), make_cell(seed=114), folder()
    submitted = submit(server, cell, home)
    until(lambda: server.client.history(prompt_of(submitted)) is not None)
    answer(proxy, "/history/", lambda body: web.json_response({}))
    answer(proxy, "/view", lambda body: web.Response(body=body[: len(body) // 2]) if body else None)
    outcome = follow(server, submitted)
    assert (outcome.status, outcome.stage) == ("corrupt", "decode-check")
    proxy.faults.clear()
    again = submit(server, cell, home)
    assert prompt_of(again) != prompt_of(submitted)
    assert follow(server, again).status == "corrupt"  # from the cache, as the server was not told to drop it
    assert follow(server, submit(server, cell, home)).done
    assert [one.status for one in read_attempts(home)] == ["corrupt", "corrupt"]


@pytest.mark.parametrize("runs", [True, False], ids=["running", "waiting"])
def test_a_job_taken_back_is_off_the_server_and_can_be_sent_again(
    session: Session, slow_standin: StandIn, make_cell: MakeCell, folder: Folder, runs: bool
) -> None:
    server, home = session(slow_standin.start()), folder()
    first = submit(server, make_cell(seed=1), home if runs else folder())
    second = first if runs else submit(server, make_cell(seed=2), home)
    until(lambda: prompt_of(first) in server.client.queue().running)
    assert withdraw(server, second, "memory is looked at")
    queue = server.client.queue()
    assert prompt_of(second) not in queue.running + queue.pending
    (attempt,) = read_attempts(home)
    assert (attempt.status, attempt.counted) == ("cancelled", False)
    assert "memory is looked at" in attempt.message
    again = submit(server, second.cell, home)
    assert prompt_of(again) != prompt_of(second)
    assert follow(server, again).done
    assert read_json(home / record.RENDER)["attempt"] == 2


def test_a_job_that_ended_is_not_taken_back(
    session: Session, standin_url: str, make_cell: MakeCell, folder: Folder
) -> None:
    server = session(standin_url)
    submitted = submit(server, make_cell(seed=121), folder())
    until(lambda: server.client.history(prompt_of(submitted)) is not None)
    assert not withdraw(server, submitted, "anything")
    assert follow(server, submitted).done


def test_a_video_damaged_on_its_way_is_fetched_once_more_not_rendered_again(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder
) -> None:
    server, home = session(proxy.url), folder()
    answer(proxy, "/view", lambda body: web.Response(body=body[: len(body) * 2 // 3]), times=1)
    assert follow(server, submit(server, make_cell(seed=131), home)).done
    assert proxy.seen.count(("GET", "/view")) == 2
    assert proxy.seen.count(("POST", "/prompt")) == 1


def test_a_video_that_is_gone_is_corrupt_at_once(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder
) -> None:
    server = session(proxy.url)
    answer(proxy, "/view", lambda body: web.Response(status=404))
    began = time.monotonic()
    outcome = follow(server, submit(server, make_cell(seed=132), folder()))
    assert (outcome.status, outcome.stage) == ("corrupt", "download")
    assert time.monotonic() - began < server.config.unreachable_s


def test_the_server_may_have_the_next_job_before_the_video_is_fetched(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder
) -> None:
    server, fetched = session(proxy.url), list[int]()
    submitted = submit(server, make_cell(seed=133), folder())
    outcome = follow(server, submitted, on_rendered=lambda: fetched.append(proxy.seen.count(("GET", "/view"))))
    assert outcome.done
    assert fetched == [0]


def test_a_prompt_that_arrived_twice_is_one_render(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder
) -> None:
    server, home, posts = session(proxy.url), folder(), [0]

    def hide(request: web.Request, status: int, body: bytes) -> web.StreamResponse | None:
        if request.path == "/prompt":
            posts[0] += 1
            return web.Response(status=502, text="<html>") if posts[0] == 1 else None
        if posts[0] == 1 and request.path == "/queue":
            return web.json_response({"queue_running": [], "queue_pending": []})
        return web.json_response({}) if posts[0] == 1 and request.path.startswith("/history/") else None

    proxy.faults.append(hide)
    outcome = follow(server, submit(server, make_cell(seed=134), home))
    assert outcome.done, outcome
    assert posts == [2]
    assert outcome.timings.cached in (True, False)
    names = [ref["filename"] for ref in [read_json(home / record.RENDER)["journal"]["file"]]]
    assert all(name.startswith(read_json(home / record.RENDER)["journal"]["prefix"].split("/")[1]) for name in names)


def test_a_copy_that_arrives_behind_the_next_job_is_not_rendered_once_more(
    slow_standin: StandIn, session: Session, make_cell: MakeCell, folder: Folder, tmp_path: Path
) -> None:
    server = session(slow_standin.start())
    first, second = (submit(server, make_cell(seed=seed), folder()) for seed in (171, 172))
    assert first.journal is not None
    server.client.submit(first.graph, first.journal.prompt_id, first.journal.client_id)  # the answer was lost, say
    assert follow(server, first).done and prompt_of(second) in server.client.queue().running
    assert server.client.queue().pending == ()
    assert follow(server, second).done
    assert list(tmp_path.rglob("*_00002*")) == []


def test_a_copy_is_taken_off_while_the_first_still_runs(
    slow_standin: StandIn, session: Session, make_cell: MakeCell, folder: Folder
) -> None:
    server = session(slow_standin.start())
    first = submit(server, make_cell(seed=176), folder())
    until(lambda: prompt_of(first) in server.client.queue().running)
    assert first.journal is not None
    server.client.submit(first.graph, first.journal.prompt_id, first.journal.client_id)
    assert server.client.queue().pending == (prompt_of(first),)
    seen: list[Queue] = []
    assert follow(server, first, on_progress=lambda _: seen.append(server.client.queue())).done
    assert Queue((prompt_of(first),), ()) in seen and server.client.queue() == Queue((), ())


@pytest.mark.parametrize("waits", [True, False])
def test_a_copy_of_what_ended_is_rendered_again_where_nobody_takes_it_back(
    slow_standin: StandIn, session: Session, make_cell: MakeCell, folder: Folder, waits: bool, tmp_path: Path
) -> None:
    """As on a real server: only with nothing between the two is the second found cached."""
    server = session(slow_standin.start())
    first = submit(server, make_cell(seed=173), folder())
    if waits:
        submit(server, make_cell(seed=174), folder())
    assert first.journal is not None
    server.client.submit(first.graph, first.journal.prompt_id, first.journal.client_id)
    until(lambda: server.client.queue() == Queue((), ()), 20)
    assert len(list(tmp_path.rglob("*_00002.png"))) == waits


def test_an_interrupt_that_the_server_forgot_is_said_again(
    slow_standin: StandIn, session: Session, make_cell: MakeCell, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, told = session(slow_standin.start()), [0]
    submitted = submit(server, make_cell(seed=175), folder())
    until(lambda: prompt_of(submitted) in server.client.queue().running)
    interrupt = server.client.interrupt

    def forgotten_once(prompt_id: str) -> None:
        told[0] += 1
        if told[0] > 1:
            interrupt(prompt_id)

    monkeypatch.setattr(server.client, "interrupt", forgotten_once)
    assert server.client.cancel(prompt_of(submitted), 1.4) and told == [2]


def test_what_waits_does_not_begin_when_the_job_before_it_is_cancelled(
    slow_standin: StandIn, session: Session, make_cell: MakeCell, folder: Folder
) -> None:
    server, cancel = session(slow_standin.start()), threading.Event()
    first, second = (submit(server, make_cell(seed=seed), folder()) for seed in (176, 177))
    until(lambda: prompt_of(first) in server.client.queue().running)
    cancel.set()
    assert follow(server, first, cancel=cancel, on_cancel=lambda: recall(server, second)).status == "cancelled"
    assert follow(server, second, cancel=cancel).status == "cancelled"
    assert server.client.history(prompt_of(second)) is None, "it had begun"


def test_a_job_stuck_behind_somebody_elses_dead_one_is_stalled(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder
) -> None:
    server = session(proxy.url, silent_timeout_s=0.5)
    submitted = submit(server, make_cell(seed=144), folder())
    stuck = {
        "queue_running": [[1, "theirs", {}, {}, []]],
        "queue_pending": [[2, prompt_of(submitted), {}, {}, []]],
    }
    answer(proxy, "/queue", lambda body: web.json_response(stuck) if body else None)
    answer(proxy, "/history", lambda body: web.json_response({}))
    outcome = follow(server, submitted)
    assert (outcome.status, outcome.fault, outcome.began) == ("stalled", "worker", False)


def test_a_job_may_be_taken_up_under_another_address(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder
) -> None:
    cell, home = make_cell(seed=145), folder()
    first = submit(session(proxy.target), cell, home)
    tunnel = session(proxy.url)  # the same server
    second = resume(tunnel, home, cell)
    assert second is not None and prompt_of(second) == prompt_of(first)
    assert follow(tunnel, second).done


def test_what_the_record_of_a_failure_tells(
    session: Session, standin_url: str, make_cell: MakeCell, folder: Folder
) -> None:
    server, home = session(standin_url), folder()
    cell = make_cell(width=1072, height=1920, frame_window_size=81)
    for attempt in (1, 2):
        outcome = follow(server, submit(server, cell, home, counted=False))
        assert outcome.status == "out_of_memory"
        kept = read_json(home / record.FAILURE)
        assert kept["attempt"] == attempt
        assert kept["outcome"]["stage"] == "sample"
        assert kept["began"] <= kept["ended"]
        assert kept["timings"]["total_s"] is not None
        assert [one["counted"] for one in kept["attempts"]] == [False] * (attempt - 1)
    journal = read_journal(home)
    assert journal is not None and json.dumps(kept["attempts"][0]["timings"])


def test_cancelling_ends_the_wait_for_a_server_that_is_away(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder
) -> None:
    server, home, cancel = session(proxy.url, unreachable_s=60.0), folder(), threading.Event()
    submitted = submit(server, make_cell(seed=146), home)
    answer(proxy, "/", lambda body: web.Response(status=502))
    told: list[Any] = []
    threading.Timer(0.4, cancel.set).start()
    began = time.monotonic()
    outcome = follow(server, submitted, on_progress=lambda seen: told.append(seen.phase), cancel=cancel)
    assert outcome.status == "cancelled"
    assert "out of reach" in told
    assert time.monotonic() - began < 5
