"""Putting a server in order between two cells, on real servers that are restarted, or out of memory."""

import json
import shlex
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
from aiohttp import web

from runner.outcome import Outcome
from runner.recover import Mender
from runner.server import Server

Session = Callable[..., Server]
GIB = 1 << 30


class Proxy(Protocol):
    """The fixture ``proxy``."""

    url: str
    seen: list[tuple[str, str]]
    faults: list[Callable[[web.Request, int, bytes], web.StreamResponse | None]]


class Restartable(Protocol):
    """What the fixture ``restartable`` makes."""

    folder: Path
    url: str
    command: str

    def start(self) -> str: ...

    def kill(self) -> None: ...


def mender(server: Server, cancel: threading.Event | None = None) -> tuple[Mender, list[str]]:
    said: list[str] = []
    return Mender(server, said.append, cancel or threading.Event()), said


def spoil_stats(proxy: Proxy, change: Callable[[dict[str, Any]], None]) -> None:
    """Let ``/system_stats`` say something else from now on."""

    def answer(request: web.Request, status: int, body: bytes) -> web.StreamResponse | None:
        if request.path != "/system_stats":
            return None
        stats = json.loads(body)
        change(stats)
        return web.json_response(stats)

    proxy.faults.append(answer)


def free_gib(value: float) -> Callable[[dict[str, Any]], None]:
    return lambda stats: stats["devices"][0].update(vram_free=int(value * GIB))


def test_after_out_of_memory_the_server_is_freed_and_looked_at(session: Session, proxy: Proxy) -> None:
    work, said = mender(session(proxy.url))
    mended = work.mend(Outcome("out_of_memory", "sample", "26.6 GiB allocated"))
    assert (mended.stop, mended.excused, said) == (None, False, [])
    assert proxy.seen[-2:] == [("POST", "/free"), ("GET", "/system_stats")]


def test_memory_that_comes_back_late_is_waited_for(session: Session, proxy: Proxy) -> None:
    server = session(proxy.url, free_patience_s=10.0)
    looks = iter([2.0, 2.0, 2.0])
    spoil_stats(proxy, lambda stats: free_gib(next(looks, 31.9))(stats))
    mended = mender(server)[0].mend(Outcome("out_of_memory"))
    assert (mended.stop, mended.excused) == (None, False)
    assert proxy.seen.count(("GET", "/system_stats")) == 5  # one at the start


def test_memory_that_stays_away_stops_the_sweep_and_says_what_to_do(session: Session, proxy: Proxy) -> None:
    server = session(proxy.url, free_patience_s=0.3)
    spoil_stats(proxy, free_gib(2.0))
    mended = mender(server)[0].mend(Outcome("out_of_memory"))
    assert mended.stop is not None and mended.excused
    assert "2.0 GiB free of the 32.0 GiB" in mended.stop
    assert "restart ComfyUI" in mended.stop and "server.restart_command" in mended.stop


def test_the_users_command_restarts_a_server_whose_memory_stays_away(
    session: Session, proxy: Proxy, tmp_path: Path
) -> None:
    script, mark = tmp_path / "my restart.py", tmp_path / "ran 我"
    script.write_text("import pathlib, sys; pathlib.Path(sys.argv[1]).touch()", encoding="utf-8")
    command = shlex.join([sys.executable, str(script), str(mark)])
    server = session(proxy.url, free_patience_s=0.2, restart_command=command, restart_answer_s=5.0)
    spoil_stats(proxy, lambda stats: free_gib(31.9 if mark.exists() else 2.0)(stats))
    work, said = mender(server)
    mended = work.mend(Outcome("out_of_memory"))
    assert (mended.stop, mended.excused) == (None, True)
    assert mark.exists()
    assert "2.0 GiB" in said[0] and "restart_command" in said[0]
    assert said[-1] == "the server is back"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit('no such unit: comfy')", "ended with 1: no such unit: comfy"),
        ("import time; time.sleep(60)", "did not end within 0.5 s"),
        ("print('x' * 100000); raise SystemExit(3)", "ended with 3"),
    ],
)
def test_a_restart_command_that_fails_is_told(session: Session, standin_url: str, code: str, words: str) -> None:
    command = shlex.join([sys.executable, "-c", code])
    server = session(standin_url, restart_command=command, restart_timeout_s=0.5 if "sleep" in code else 20.0)
    began = time.monotonic()
    mended = mender(server)[0].mend(Outcome("stalled", "wait", fault="worker"), "some-job")
    assert mended.stop is not None and words in mended.stop
    assert "\n" not in mended.stop and len(mended.stop) < 500
    assert time.monotonic() - began < 20


def test_a_dead_worker_without_a_command_stops_the_sweep(session: Session, standin_url: str) -> None:
    mended = mender(session(standin_url))[0].mend(Outcome("stalled", "wait", fault="worker"), "some-job")
    assert mended.stop is not None
    assert "worker is dead" in mended.stop and "server.restart_command" in mended.stop


def test_a_server_out_of_reach_is_restarted_and_the_same_environment_goes_on(
    session: Session, restartable: Callable[..., Restartable]
) -> None:
    made = restartable()
    server = session(made.start(), restart_command=made.command, restart_answer_s=20.0, unreachable_s=0.3)
    before = server.stamp()
    made.kill()
    work, said = mender(server)
    assert work.mend(Outcome("lost", "wait", "no word", fault="away")).stop is None
    assert server.stamp() == before
    assert said[0].startswith("the server is out of reach")
    for _ in range(2):
        assert work.mend(Outcome("lost", "wait", "no word", fault="away")).stop is None
    stop = work.mend(Outcome("lost", "wait", "no word", fault="away")).stop
    assert stop is not None and "3 restarts in a row" in stop
    work.worked()
    assert work.mend(Outcome("lost", "wait", "no word", fault="away")).stop is None


def test_a_server_that_came_back_another_one_stops_the_sweep(session: Session, proxy: Proxy) -> None:
    server = session(proxy.url)
    server.stamp(["WanVideoSampler"])
    assert mender(server)[0].mend(Outcome("lost", "wait", "it forgot")).stop is None
    spoil_stats(proxy, lambda stats: stats["system"].update(comfyui_version="9.9.9"))
    stop = mender(server)[0].mend(Outcome("lost", "wait", "it forgot")).stop
    assert stop is not None
    assert "comfyui was" in stop and "9.9.9" in stop and "no sweep mixes two" in stop


def test_more_memory_or_another_port_is_the_same_environment(session: Session, proxy: Proxy) -> None:
    server = session(proxy.url)
    server.stamp(["WanVideoSampler"])
    spoil_stats(proxy, lambda stats: stats["devices"][0].update(vram_total=64 * GIB))
    assert server.renew() == ()


@pytest.mark.parametrize(("began", "excused"), [(True, False), (False, True)])
def test_a_job_lost_before_it_began_is_not_its_own_failure(
    session: Session, standin_url: str, began: bool, excused: bool
) -> None:
    mended = mender(session(standin_url))[0].mend(Outcome("lost", "wait", "it forgot", began=began))
    assert (mended.stop, mended.excused) == (None, excused)
    assert not mender(session(standin_url))[0].mend(Outcome("rejected", "validate", "no", began=False)).excused


def test_a_server_out_of_reach_is_waited_for_once_more_and_then_the_sweep_stops_politely(
    session: Session, proxy: Proxy
) -> None:
    server = session(proxy.url, unreachable_s=0.5)
    began, away = time.monotonic(), [0.3]

    def tunnel(request: web.Request, status: int, body: bytes) -> web.StreamResponse | None:
        return web.Response(status=502) if time.monotonic() - began < away[0] else None

    proxy.faults.append(tunnel)
    assert mender(server)[0].mend(Outcome("lost", "wait", "no word", fault="away")).stop is None
    away[0] = 1000.0
    stop = mender(server)[0].mend(Outcome("lost", "wait", "no word", fault="away")).stop
    assert stop is not None and "out of reach" in stop


@pytest.mark.parametrize("status", ["node_error", "rejected", "corrupt", "cancelled"])
def test_other_failures_ask_for_nothing(session: Session, proxy: Proxy, status: Any) -> None:
    server = session(proxy.url)
    asked = len(proxy.seen)
    assert mender(server)[0].mend(Outcome(status)).stop is None
    assert len(proxy.seen) == asked


def test_ctrl_c_ends_every_wait(session: Session, proxy: Proxy) -> None:
    command = shlex.join([sys.executable, "-c", "import time; time.sleep(60)"])
    server, cancel = session(proxy.url, free_patience_s=60.0, restart_command=command), threading.Event()
    spoil_stats(proxy, free_gib(2.0))
    for outcome in (Outcome("out_of_memory"), Outcome("stalled", fault="worker")):
        cancel.clear()
        threading.Timer(0.4, cancel.set).start()
        began = time.monotonic()
        mender(server, cancel)[0].mend(outcome, "some-job")
        assert time.monotonic() - began < 5
