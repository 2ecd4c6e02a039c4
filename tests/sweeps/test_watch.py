"""A sweep at a glance: from what it wrote, in a terminal and on a page that only its token opens."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from sweeps.__main__ import main
from sweeps.app import App
from sweeps.lock import this_process
from sweeps.status import EVERY_S, NAME, Reporter, Status, read_status
from sweeps.watch import find, lines, look
from sweeps.watch_page import application

RUNNING = Status(
    "motion_frame",
    "stand-in",
    at=1000.0,
    began=900.0,
    total=30,
    rendered=10,
    running=({"cell": "motion_frame=9/a/2", "server": "gpu1:8188", "doing": "window 2/8 step 1/4", "seconds": 75},),
    servers=({"name": "gpu1:8188", "here": True, "done": 10}, {"name": "gpu2:8188", "here": False, "why": "no answer"}),
)


def write(outputs: Path, status: Status, name: str = "motion_frame-stand-in") -> Path:
    folder = outputs / "sweeps" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NAME).write_text(json.dumps(asdict(status)), encoding="utf-8")
    return folder


def test_a_running_sweep_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    folder = write(tmp_path, replace(RUNNING, owner=this_process()))
    (folder / "summary.csv").write_text("setting,metric,mean\nmotion_frame=9,sharpness/laplacian,0.91234\n", "utf-8")
    assert main(["watch", "motion_frame", "--once", "--outputs", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    for words in (
        "running",
        "shows the method, not the model",
        "10/30 cells",
        "window 2/8 step 1/4",
        "1:15",
        "out: no answer",
        "0.912",
    ):
        assert words in told, words


def test_one_whose_process_is_gone_says_so(tmp_path: Path) -> None:
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    owner = {"host": socket.gethostname(), "pid": int(child.stdout), "started": time.time()}
    seen = look(write(tmp_path, replace(RUNNING, owner=owner)))
    assert seen.gone and "the same command goes on" in seen.state
    reused = owner | {"pid": os.getpid(), "started": 1.0}  # the number is another process's by now
    assert look(write(tmp_path, replace(RUNNING, owner=reused))).gone
    assert not look(write(tmp_path, replace(RUNNING, owner=owner | {"host": "elsewhere"}))).gone
    assert look(write(tmp_path, replace(RUNNING, owner=owner, ended="done"))).state == "done"


def test_the_newest_is_shown_and_unknown_names_say_what_there_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = write(tmp_path, RUNNING, "old"), write(tmp_path, RUNNING, "new")
    os.utime(old / NAME, (1, 1))
    assert find(tmp_path, None) == new
    assert main(["watch", "nothing", "--once", "--outputs", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "no sweep nothing" in told and "new, old" in told


def test_a_clock_that_is_behind_makes_no_time_negative(tmp_path: Path) -> None:
    skewed = replace(RUNNING, at=900.0, began=5000.0)
    assert "0 s so far" in lines(look(write(tmp_path, skewed)))[1]


@pytest.mark.parametrize("text", ["{", "[]", '{"sweep": 1, "running": 3}', "{}"])
def test_half_a_status_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text, encoding="utf-8")
    assert read_status(tmp_path) is None


def asked(outputs: Path, token: str, path: str, **more: Any) -> tuple[int, str]:
    async def ask() -> tuple[int, str]:
        async with TestClient(TestServer(application(outputs, None, token))) as client:
            answer = await client.get(path, **more)
            assert answer.status == 404 or "default-src 'none'" in answer.headers["Content-Security-Policy"]
            return answer.status, await answer.text()

    return asyncio.run(ask())


def test_the_page_opens_with_its_token_only(tmp_path: Path) -> None:
    write(tmp_path, RUNNING)
    for path in ("/", "/?token=", "/?token=sesamE", "/?token=sesame%20"):
        status, text = asked(tmp_path, "sesame", path)
        assert status == 403 and "motion_frame" not in text
    assert asked(tmp_path, "sesame", "/?token=sesame")[0] == 200
    assert asked(tmp_path, "sesame", "/", headers={"Authorization": "Bearer sesame"})[0] == 200
    assert asked(tmp_path, "sesame", "/../../etc/passwd?token=sesame")[0] == 404


def test_names_and_messages_are_text_on_the_page(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    hostile = replace(RUNNING, sweep=evil, notes=(evil,), ended=evil)
    folder = write(tmp_path, hostile)
    (folder / "summary.csv").write_text(f"setting,metric,mean\n{evil},{evil},1\n", encoding="utf-8")
    _, text = asked(tmp_path, "t", "/?token=t")
    assert "<script" not in text and "&lt;script&gt;" in text
    _, text = asked(tmp_path / "empty", "t", "/?token=t")
    assert "no sweep" in text


def test_a_real_sweep_tells_how_it_stands(make_app: Callable[..., App], quick: Any) -> None:
    app = make_app("sweep.axes.steps=[2,3]", f"server.pace_s={1.5 * EVERY_S}", scorer=quick)
    seen: list[Status] = []
    keep = Reporter._write

    def write_down(self: Reporter, status: Status) -> None:
        keep(self, status)
        seen.append(status)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reporter, "_write", write_down)
        assert app.run() == 0
    last = look(find(app.outputs, None)).status
    assert (last.rendered, last.scored, last.total, last.ended, last.mark) == (2, 2, 2, "done", "stand-in")
    assert not last.running
    assert any(one.running for one in seen[:-1])
