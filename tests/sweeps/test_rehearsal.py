"""A rehearsal's figures are cost only, and neither its renders nor a model's ever stand for the other's."""

import io
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from rich.console import Console

import sweep
from eval.value import number
from runner.rehearse.mark import notice_name
from sweeps.judging import cost_only
from sweeps.rehearsal import grid
from sweeps.results import REHEARSAL_NOTE, CellResult, SettingResult, SweepResult
from sweeps.summary import print_summary
from sweeps.summary_files import summary_csv, summary_markdown
from sweeps.tracking import experiment_name
from workflow.files import read_json

ROOT = Path(__file__).resolve().parents[2]
Make = Callable[..., SweepResult]


class Disguised(ThreadingHTTPServer):
    """The stand-in as a client would see a ComfyUI; while ``rehearsed``, with a rehearsal's notice among its VAEs."""

    daemon_threads = True
    rehearsed = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Forward)
        self.behind = behind
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Forward(BaseHTTPRequestHandler):
    server: Disguised

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        told = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        found = requests.request(self.command, self.server.behind + self.path, data=body, headers=told, timeout=60)
        content = found.content
        if self.path.startswith("/system_stats"):
            stats = json.loads(content)
            del stats["system"]["stand_in"]
            content = json.dumps(stats).encode()
        if self.path.startswith("/object_info") and self.server.rehearsed:
            schema = json.loads(content)
            schema["WanVideoVAELoader"]["input"]["required"]["model_name"][0].append(notice_name("tiny", 0))
            content = json.dumps(schema).encode()
        self.send_response(found.status_code)
        kind = found.headers.get("Content-Type")
        self.send_header("Content-Type", kind or "application/octet-stream")
        length = found.headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_POST = do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Disguised]:
    command = [sys.executable, "-m", "runner", "standin", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    disguised = Disguised(process.stdout.readline().split()[-1])
    threading.Thread(target=disguised.serve_forever, daemon=True).start()
    yield disguised
    disguised.shutdown()
    disguised.server_close()
    process.terminate()
    process.communicate(timeout=20)


def test_nothing_mixes_with_renders_of_a_model(
    tmp_path: Path, server: Disguised, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["clips.width=96", "clips.height=160", "clips.names=[weather]", "scoring=quick", "sweep.name=mixed"]
    command += [f"outputs={tmp_path}", "server=comfyui", f"server.url={server.url}", "server.release=one"]
    assert sweep.main(command) == 0
    told = capsys.readouterr().out
    assert "rehearsal (tiny-0)" in told and REHEARSAL_NOTE in told and "nothing scored" in told
    assert len(list(tmp_path.glob("sweeps/mixed*rehearsal*/summary.md"))) == 1
    assert not list(tmp_path.glob("store/*/*/scores/*"))
    assert sweep.main(command) == 0
    assert "1 reused" in capsys.readouterr().out

    server.rehearsed = False
    for reuse in ("exact", "graph"):
        assert sweep.main([*command, f"sweep.reuse={reuse}"]) == 0
        told = capsys.readouterr().out
        assert REHEARSAL_NOTE not in told and "rehearsal (tiny-0)" not in told
        assert ("1 rendered, 0 reused, 1 scored" if reuse == "exact" else "1 reused") in told
    rehearsals = [read_json(path)["stamp"]["rehearsal"] for path in tmp_path.glob("store/*/*/render.json")]
    assert sorted(rehearsals) == ["", "tiny-0"]


def test_a_rehearsal_is_judged_by_cost_whatever_the_profile_says(composed: Callable[..., Any]) -> None:
    assert cost_only(composed(), "tiny-0") == REHEARSAL_NOTE
    assert cost_only(composed(), "") == ""
    assert "scoring.families=[cost]" in cost_only(composed("+experiment=rehearsal"), "")


def cost(seconds: float | None, load: float | None = None) -> dict[str, Any]:
    values = {"cost/window_s": seconds, "cost/load_s": load}
    return {
        name: number(value).to_json() if value is not None else {"value": None, "missing": "cold"}
        for name, value in values.items()
    }


@pytest.fixture
def card(make_sweep: Make) -> SweepResult:
    def one(width: int, height: int, swap: int, **more: Any) -> SettingResult:
        name = f"{width}×{height}/{swap}"
        cell = CellResult(name, "weather", 2, **{"state": "done", "folder": Path("x"), **more})
        return SettingResult(name, {"width": width, "height": height, "block_swap": swap}, cells=(cell,))

    full: dict[str, Any] = {"state": "failed", "reason": "out of memory: 26.6 GiB allocated", "expected": True}
    return make_sweep(
        one(240, 432, 0, cost=cost(None, 17.0)),
        one(464, 832, 0, cost=cost(24.31)),
        one(1080, 1080, 0, state="impossible", reason="not divisible by 16"),
        one(240, 432, 20, cost=cost(None, 16.0)),
        one(464, 832, 20, **full),
        stand_in=False,
        rehearsal="full-0",
        cost_only=REHEARSAL_NOTE,
        stamp={"gpu": "NVIDIA H200"},
    )


def test_the_grid_says_what_the_card_holds(card: SweepResult) -> None:
    found = grid(card)
    assert found is not None
    assert found.title == f"NVIDIA H200: seconds a window ({REHEARSAL_NOTE})"
    assert found.head == ("resolution", "block_swap 0", "block_swap 20")
    assert found.rows == (
        ("240×432", "read the model: 17.0 s", "read the model: 16.0 s"),
        ("464×832", "24.3 s", "out of memory"),
        ("1080×1080", "impossible", ""),
    )


def test_there_is_no_grid_without_sizes_or_where_videos_are_judged(card: SweepResult) -> None:
    assert grid(replace(card, cost_only="")) is None
    assert grid(replace(card, settings=card.settings[:1])) is None
    assert grid(replace(card, settings=(*card.settings, SettingResult("plain")))) is None


def test_every_table_and_the_experiment_say_rehearsal(card: SweepResult) -> None:
    console = Console(file=io.StringIO(), width=120)
    print_summary(card, console)
    for text in (console.file.getvalue(), summary_markdown(card)):  # type: ignore[attr-defined]
        assert REHEARSAL_NOTE in text and "NVIDIA H200: seconds a window" in text
    assert all(REHEARSAL_NOTE in line for line in summary_csv(card).splitlines()[1:])
    assert experiment_name(card) == "motion_frame (rehearsal)"
    assert card.mark == "rehearsal" and not card.failed
