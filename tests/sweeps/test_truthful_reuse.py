"""Stale reuse, the worst fault this product could have: renders stand only for what they are."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sweep
from sweeps.samples import sentences_of
from workflow.files import write_json
from workflow.graph import default_graph

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["clips.width=96", "clips.height=160", "scoring=quick", "clips.names=[weather]"]


@pytest.fixture
def server() -> Iterator[str]:
    """A stand-in that outlives the sweeps, as a real server does; its URL."""
    command = [sys.executable, "-m", "runner", "standin", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    yield process.stdout.readline().split()[-1]
    process.terminate()
    process.communicate(timeout=20)


def run(outputs: Path, *arguments: str) -> int:
    return sweep.main([*SMALL, f"outputs={outputs}", *arguments])


def the_video(outputs: Path) -> Path:
    (video,) = [path for path in (outputs / "store").glob("*/*/video.mp4") if not path.parent.suffix]
    return video


def test_a_damaged_render_is_made_again_in_one_call_by_a_server_that_remembers_it(
    tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["server=comfyui", f"server.url={server}", "sweep.name=kept"]
    assert run(tmp_path, *command) == 0
    video = the_video(tmp_path)
    good = video.read_bytes()
    video.write_bytes(good[: len(good) // 2])
    capsys.readouterr()
    assert run(tmp_path, *command) == 0
    told = capsys.readouterr().out
    assert "1 rendered" in told
    assert "rendered afresh" in told
    assert len(the_video(tmp_path).read_bytes()) > len(good) // 2


def test_a_damaged_render_that_is_not_made_again_is_not_reported_as_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "sweep.name=damaged") == 0
    video = the_video(tmp_path)
    video.write_bytes(video.read_bytes()[::-1])
    capsys.readouterr()
    assert run(tmp_path, "sweep.name=damaged", "sweep.budget.cells=0") == 0
    told = capsys.readouterr().out
    assert "0 reused" in told
    assert "0/1" in told
    assert run(tmp_path, "sweep.name=damaged", "action=score") == 2


def graph_with_a_file_of_its_own(folder: Path) -> Path:
    """The shipped graph with one more picture mixed in, whose content nobody here knows."""
    graph = {key: {**node, "inputs": dict(node["inputs"])} for key, node in default_graph().items()}
    graph["50"] = {"class_type": "LoadImage", "inputs": {"image": "mask.png"}, "_meta": {"title": "Own mask"}}
    graph["16"]["inputs"]["vae"] = ["50", 0]
    write_json(folder / "own.json", graph)
    return folder / "own.json"


def test_what_is_not_known_whole_is_shared_by_no_two_sweeps(tmp_path: Path) -> None:
    from runner.stamp import Stamp
    from sweeps.config import Config
    from sweeps.known import Known
    from sweeps.planning import Planner
    from sweeps.store import Store

    def environment(name: str, release: str) -> str:
        stamp = Stamp("comfyui", comfyui="0.3.64", gpu="a card", packs={"wrapper": None}, release=release)
        known = Known(False, None, stamp)
        planner = Planner(Config(), lambda _: Config(), known, Store(tmp_path), name, tmp_path)
        cell = type("Cell", (), {"graph": default_graph(), "values": {}})()
        return str(planner.environment(cell))

    assert environment("a", "") == environment("a", "")
    assert environment("a", "") != environment("b", "")
    assert environment("a", "feb") == environment("b", "feb")


def test_a_graph_with_a_file_of_its_own_is_told_from_one_without(tmp_path: Path) -> None:
    from workflow.binding import bind
    from workflow.graph import load_graph

    assert bind(default_graph()).foreign == ()
    (label,) = bind(load_graph(graph_with_a_file_of_its_own(tmp_path))).foreign
    assert "Own mask" in label


def test_another_environment_is_reused_only_when_asked_and_said(
    tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "sweep.name=graph", "server=comfyui", f"server.url={server}", "server.release=one") == 0
    other = ["sweep.name=graph", "server=comfyui", f"server.url={server}", "server.release=two"]
    capsys.readouterr()
    assert run(tmp_path, *other, "sweep.reuse=graph") == 0
    told = capsys.readouterr().out
    assert "made in another environment" in told
    assert "nothing rendered, 1 reused" in told
    assert run(tmp_path, *other) == 0
    assert "1 rendered" in capsys.readouterr().out


def test_a_speech_changed_after_planning_is_never_kept_under_the_old_recipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from runner.client import UploadRefused
    from runner.config import ServerConfig
    from runner.server import open_server
    from workflow.build import input_file

    first, second = (one.wav for one in sentences_of("sample")[:2])
    speech = tmp_path / "speech.wav"
    shutil.copyfile(first, speech)
    planned = input_file(speech)
    shutil.copyfile(second, speech)
    with open_server(ServerConfig(), tmp_path) as live, pytest.raises(UploadRefused, match="changed since"):
        live.upload(planned)


def test_what_is_stored_stands_for_what_cannot_differ(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "sweep.name=twins", "sweep.axes.negative_prompt=[aaa]") == 0
    capsys.readouterr()
    assert run(tmp_path, "sweep.name=twins", "sweep.axes.negative_prompt=[bbb,aaa]") == 0
    assert "nothing rendered, 1 reused" in capsys.readouterr().out


def test_a_password_in_an_address_is_kept_nowhere(tmp_path: Path, server: str) -> None:
    url = server.replace("http://", "http://anna:s3cr3tpw@")
    run(tmp_path, "sweep.name=secret", "server=comfyui", f"server.url={url}")
    found = [path for path in tmp_path.rglob("*") if path.is_file() and b"s3cr3tpw" in path.read_bytes()]
    assert found == []


def test_a_hook_hears_of_a_sweep_that_never_began(tmp_path: Path) -> None:
    out, script = tmp_path / "told.json", tmp_path / "hook.py"
    script.write_text(f"import sys, pathlib; pathlib.Path({str(out)!r}).write_bytes(sys.stdin.buffer.read())", "utf-8")
    away = ["server=comfyui", "server.url=http://127.0.0.1:9", "server.connect_timeout_s=1", "server.unreachable_s=1"]
    assert run(tmp_path / "o", *away, f"hooks.on_failure={sys.executable} {script}") == 2
    assert "127.0.0.1:9" in out.read_text(encoding="utf-8")
