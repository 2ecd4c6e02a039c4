"""Servers, disks and files that are not as they should be: one plain line, the right exit code, nothing lost."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import sweep

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["clips.width=96", "clips.height=160", "scoring=quick", "clips.names=[weather]"]
STATS = {"system": {"comfyui_version": "0.3.60"}, "devices": [{"name": "cuda:0 X", "type": "cuda"}]}
LOADER = {"LoadImage": {"input": {"required": {"image": [["a.png"], {}]}}, "output": ["IMAGE"]}}


def run(outputs: Path, *arguments: str) -> int:
    return sweep.main([*SMALL, f"outputs={outputs}", *arguments])


def renders(outputs: Path) -> dict[Path, float]:
    """Every stored video with the time it was written."""
    return {path: path.stat().st_mtime for path in (outputs / "store").glob("*/*/video.mp4") if not path.parent.suffix}


@pytest.fixture
def serve() -> Iterator[Callable[[dict[str, Any]], str]]:
    """``serve({path: JSON or text})``: the address of a real server that answers just that."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runners: list[web.AppRunner] = []

    async def start(answers: dict[str, Any]) -> str:
        async def answer(request: web.Request) -> web.Response:
            found = answers.get(request.path)
            if found is None:
                return web.Response(status=404)
            return web.Response(text=found) if isinstance(found, str) else web.json_response(found)

        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        runners.append(runner)
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield lambda answers: asyncio.run_coroutine_threadsafe(start(answers), loop).result(10)
    for runner in runners:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"/system_stats": STATS, "/object_info": LOADER}, "install ComfyUI-WanVideoWrapper"),
        ({"/system_stats": "<html>hello</html>"}, "is this ComfyUI, or a proxy in front of it?"),
        ({"/system_stats": [1]}, "is this ComfyUI?"),
        ({"/system_stats": STATS, "/object_info": [1]}, "is this ComfyUI?"),
        ({}, "404"),
    ],
    ids=["without the wrapper", "a page", "a list", "no schema", "nothing"],
)
def test_a_server_that_cannot_render_is_told_before_anything_runs(
    tmp_path: Path, serve: Callable[..., str], answers: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    url = serve(answers)
    assert run(tmp_path / "outputs", "server=comfyui", f"server.url={url}") == 2
    caught = capsys.readouterr()
    assert said in caught.err
    assert url in caught.err
    assert "Traceback" not in caught.err
    assert renders(tmp_path / "outputs") == {}


def test_a_server_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for url in ("http://127.0.0.1:9", "http://no.such.host.invalid:8188"):
        assert run(tmp_path / "outputs", "server=comfyui", f"server.url={url}") == 2
        assert f"cannot reach a server at {url}" in capsys.readouterr().err


def test_without_mlflow_the_renders_are_kept_and_logged_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = tmp_path / "outputs"
    assert run(outputs, "tracking=server", "tracking.uri=http://127.0.0.1:9") == 2
    caught = capsys.readouterr()
    assert "1 rendered, 0 reused, 1 scored" in caught.out
    assert "MLflow: cannot reach http://127.0.0.1:9: Connection refused\n" in caught.err
    assert "action=log" in caught.err
    kept = renders(outputs)
    assert len(kept) == 1
    assert run(outputs, "action=log") == 0
    assert renders(outputs) == kept


FOREIGN = b'{"machine": "stand-in", "shape": {"a": 1}, "stamp": {}, "schema": {}, "seen": "x"}'
CORRUPT = [b"", FOREIGN, b"\xff\xfe", b"[]", b"{"]


def test_corrupt_files_around_a_render_are_made_anew_and_it_is_reused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = tmp_path / "outputs"
    assert run(outputs) == 0
    kept = renders(outputs)
    patterns = ("sweeps/*/plan.json", "servers/*.json", "store/history.jsonl", "store/owner.json", "clips/*/facts.json")
    for content, pattern in zip(CORRUPT, patterns, strict=True):
        for path in list(outputs.glob(pattern)):
            path.write_bytes(content)
    assert run(outputs, "action=plan") == 0
    capsys.readouterr()
    assert run(outputs) == 0
    assert "nothing rendered, 1 reused" in capsys.readouterr().out
    assert renders(outputs) == kept


def test_a_corrupt_score_or_record_is_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = tmp_path / "outputs"
    assert run(outputs) == 0
    (score,) = outputs.glob("store/*/*/scores/*.json")
    score.write_bytes(FOREIGN)
    capsys.readouterr()
    assert run(outputs, "action=score") == 0
    assert "scored 1 render again" in capsys.readouterr().out
    (record,) = outputs.glob("store/*/*/render.json")
    record.write_bytes(FOREIGN)
    assert run(outputs) == 0
    assert "1 rendered, 0 reused, 1 scored" in capsys.readouterr().out


def test_a_file_in_place_of_the_outputs_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "outputs"
    file.write_text("", encoding="utf-8")
    assert run(file) == 2
    assert f"{file} cannot be used: File exists" in capsys.readouterr().err


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own of 24 MB; skips where none can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk to fill")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode(errors='replace').strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[str]:
    """The address of a stand-in whose own files lie elsewhere."""
    command = [sys.executable, "-m", "runner", "standin", "--port", "0", "--folder", str(tmp_path / "standin")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, line
        yield found[0]
        process.terminate()


def fill(disk: Path, leave: int) -> Path:
    """A file that leaves ``leave`` bytes free on ``disk``."""
    filler = disk / "filler"
    free = os.statvfs(disk)
    filler.write_bytes(b"x" * max(0, free.f_bavail * free.f_frsize - leave))
    return filler


def test_a_full_or_read_only_disk_is_told_before_anything_runs(
    small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filler = fill(small_disk, 0)
    assert run(small_disk / "outputs") == 2
    assert "cannot be used: No space left on device\n  hint: free space there" in capsys.readouterr().err
    filler.unlink()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert run(small_disk / "outputs") == 2
    assert "cannot be used: Read-only file system" in capsys.readouterr().err


def test_a_disk_that_fills_up_loses_nothing_and_the_same_command_goes_on(
    small_disk: Path, stand_in: str, tmp_path: Path, tables: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = small_disk / "outputs"
    tables(tmp_path)
    command = [
        *("server=comfyui", f"server.url={stand_in}", "sweep.axes.steps=[2,4,6,8,10,12]"),
        *("tracking=server", f"tracking.uri=sqlite:///{tmp_path / 'mlflow.db'}"),
    ]
    assert run(outputs, *command, "limit=1") == 0
    size = sum(path.stat().st_size for path in (outputs / "store").rglob("*") if path.is_file())
    filler = fill(small_disk, round(size * 2.5))
    capsys.readouterr()
    assert run(outputs, *command) in (2, 3)
    caught = capsys.readouterr()
    assert "No space left on device" in caught.err
    assert "Traceback" not in caught.err
    kept = renders(outputs)
    assert 2 <= len(kept) < 6
    filler.unlink()
    assert run(outputs, *command) == 0
    after = renders(outputs)
    assert len(after) == 6
    assert {path: after[path] for path in kept} == kept


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("place, said", [("/dev/full", "not all that was said could be written"), ("head", "")])
def test_a_sweep_that_cannot_be_heard_goes_on(
    tmp_path: Path, tables: Callable[[Path], None], place: str, said: str
) -> None:
    tables(tmp_path / "outputs")
    words = [*SMALL, "+experiment=smoke", f"outputs={tmp_path / 'outputs'}"]
    command = [sys.executable, str(ROOT / "sweep.py"), *words]
    if place == "head":
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        told, code = process.stderr.read(), process.wait(120)
    else:
        with Path(place).open("w", encoding="utf-8") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
        told, code = done.stderr, done.returncode
    assert code == 0 and len(renders(tmp_path / "outputs")) == 2, told
    assert said in told and "cannot be used" not in told and "Broken pipe" not in told
