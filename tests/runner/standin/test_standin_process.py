"""The process: it says where it listens, and goes when it should."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

PROJECT = Path(__file__).resolve().parents[3]
Graph = Callable[..., dict[str, Any]]


def gone(pid: int, seconds: float = 8) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_it_listens_on_loopback_only(standin: Any) -> None:
    port = int(standin.url.rsplit(":", 1)[1])
    listening = {
        connection.laddr.ip
        for connection in psutil.Process(standin.process.pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    }
    assert listening == {"127.0.0.1"}


def test_sigterm_ends_it_promptly_in_the_middle_of_a_render(
    starter: Any, tmp_path: Path, graph: Graph, portrait: Path, voice: Path
) -> None:
    folder = tmp_path / "folder"
    server = starter(folder, "--pace", "60")
    server.upload(portrait)
    server.upload(voice)
    server.post(graph({"14.seed": 1}))
    while not server.get("/queue")["queue_running"]:
        time.sleep(0.02)
    time.sleep(0.5)
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(5) == 0
    assert time.monotonic() - began < 3
    server.process.stdout.close()
    assert sorted(path.name for path in folder.iterdir()) == ["input", "output"]
    assert list((folder / "output").rglob("*.mp4")) == []


def test_without_a_folder_it_leaves_nothing(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "runner", "standin", "--port", "0"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as it:
        assert it.stdout is not None and it.stdout.readline().startswith(b"stand-in listening on ")
        assert len(list(tmp_path.iterdir())) == 1
        it.terminate()
        assert it.wait(5) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("told", [True, False])
def test_it_ends_when_its_parent_is_killed(tmp_path: Path, told: bool) -> None:
    code = (
        "import os, subprocess, sys, time\n"
        f"words = [sys.executable, '-m', 'runner', 'standin', '--port', '0', '--folder', {str(tmp_path / 'f')!r}]\n"
        f"words += ['--parent', str(os.getpid())] if {told} else []\n"
        "child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)\n"
        "print(child.pid, child.stdout.readline().decode(), flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid, _, url = parent.stdout.readline().strip().partition(" ")
        address = url.rsplit(" ", 1)[1]
        assert requests.get(f"{address}/system_stats", timeout=5).ok
        parent.kill()
    assert gone(int(pid))


def test_a_port_that_is_taken_is_one_line_and_code_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        words = [sys.executable, "-m", "runner", "standin", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert "cannot listen" in done.stderr and "Traceback" not in done.stderr
