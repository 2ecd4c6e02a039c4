"""The stand-in as our child: it starts, says what it is, and ends with us however we end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

import runner.embedded as embedded
from runner.client import ComfyClient
from runner.config import BadServerConfig, ServerConfig
from runner.server import open_server
from runner.transport import ServerUnreachable

PROJECT = Path(embedded.__file__).resolve().parents[1]


def test_a_session_on_the_embedded_server_says_stand_in(tmp_path: Path) -> None:
    with open_server(ServerConfig(), tmp_path / "我的 work") as server:
        assert server.kind == "stand-in"
        assert server.stamp().verified
        url = server.url
    with pytest.raises(ServerUnreachable):
        ComfyClient(url).system_stats()
    assert [path.suffix for path in (tmp_path / "我的 work").iterdir()] == [".log"], "only its log stays"


def test_ctrl_c_in_the_terminal_does_not_reach_it(tmp_path: Path, child_in: Callable[[Path], psutil.Process]) -> None:
    with open_server(ServerConfig(), tmp_path):
        child = child_in(tmp_path)
        assert os.getsid(child.pid) != os.getsid(0)


def test_it_dies_when_we_are_killed(tmp_path: Path) -> None:
    script = (
        "import json, sys, time; from pathlib import Path; from runner.config import ServerConfig\n"
        "from runner.server import open_server\n"
        "with open_server(ServerConfig(), Path(sys.argv[1])) as server:\n"
        "    print(json.dumps(server.url), flush=True); time.sleep(60)\n"
    )
    words = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.PIPE) as harness:
        assert harness.stdout is not None
        url = json.loads(harness.stdout.readline())
        ComfyClient(url).system_stats()
        harness.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    with pytest.raises(ServerUnreachable):
        while time.monotonic() < deadline:
            ComfyClient(url).queue()
            time.sleep(0.1)


def test_one_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "no python"
    broken.write_text("#!/bin/sh\necho 'it is broken'\nexit 3\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(embedded.StandInFailed, match="ended with code 3: it is broken"):
        embedded.StandIn(tmp_path / "work").start()


@pytest.mark.parametrize("config", [ServerConfig(kind="comfyui"), ServerConfig(kind="cloud")])
def test_a_config_that_does_not_fit_together_is_said(tmp_path: Path, config: ServerConfig) -> None:
    with pytest.raises(BadServerConfig), open_server(config, tmp_path):
        pass
