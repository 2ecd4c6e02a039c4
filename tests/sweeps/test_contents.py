"""Checksums of model files join the environment where the server's folder is here; they are computed once."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from runner.embedded import StandIn
from runner.standin import COMFYUI_VERSION
from sweeps.app import App
from workflow.files import sha256_file

MODEL = "diffusion_models/WanVideo/I2V/wan2.1-i2v-14b-480p-Q8_0.gguf"


@pytest.fixture
def comfyui(tmp_path: Path) -> Path:
    """A ComfyUI folder with one of the workflow's models."""
    folder = tmp_path / "ComfyUI"
    (folder / "models" / MODEL).parent.mkdir(parents=True)
    (folder / "models" / MODEL).write_bytes(b"weights")
    (folder / "comfyui_version.py").write_text(f'__version__ = "{COMFYUI_VERSION}"\n', encoding="utf-8")
    for words in (["init", "-q"], ["add", "comfyui_version.py"], ["commit", "-qm", "x"]):
        who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)
    return folder


@pytest.fixture
def disguised(tmp_path: Path, proxied: Callable[[str], Any]) -> Any:
    """A server that keeps to itself that it is a stand-in."""

    def strip(request: web.Request, status: int, raw: bytes) -> web.StreamResponse | None:
        if not request.path.endswith("/system_stats"):
            return None
        stats = json.loads(raw)
        del stats["system"]["stand_in"]
        stats["system"]["argv"] = ["main.py"]
        return web.json_response(stats)

    child = StandIn(tmp_path / "child")
    proxy = proxied(child.start())
    proxy.faults.append(strip)
    yield proxy
    child.stop()


def record_of(app: App) -> dict[str, Any]:
    newest = max((app.outputs / "store").glob("*/*/render.json"), key=lambda path: path.stat().st_mtime_ns)
    record: dict[str, Any] = json.loads(newest.read_text(encoding="utf-8"))
    return record


def said_by(app: App) -> str:
    return " ".join(app.console.file.getvalue().split())  # type: ignore[attr-defined]


def test_another_model_file_of_the_same_name_is_another_environment(
    make_app: Callable[..., App], comfyui: Path, disguised: Any
) -> None:
    words = ["server=comfyui", f"server.url={disguised.url}", f"server.folder={comfyui}", "server.release=r1"]
    words += ["scoring.families=[tail]", "workflow.normalize_loudness=false", "workflow.steps=2"]
    place = comfyui / "models" / MODEL

    first = make_app(*words)
    assert first.run() == 0
    record = record_of(first)
    name = MODEL.partition("/")[2]
    assert record["models"][name] == sha256_file(place)
    assert record["models"]["clip_vision_h.safetensors"] is None, "its file is not there: its name counts alone"
    assert len(record["stamp"]["core"]) == 40
    assert "SHA-256 of wan2.1-i2v-14b-480p-Q8_0.gguf" in said_by(first)

    again = make_app(*words)
    assert again.run() == 0
    assert "nothing rendered, 1 reused" in said_by(again) and "SHA-256 of" not in said_by(again)

    place.write_bytes(b"another")
    plan = make_app(*words, "action=plan")
    assert plan.run() == 0
    assert f"{name} is another file than when this server was last seen" in said_by(plan)

    other = make_app(*words)
    assert other.run() == 0
    assert "1 rendered, 0 reused" in said_by(other)
    assert record_of(other)["environment"] != record["environment"]


def test_a_folder_of_another_version_is_not_believed(
    make_app: Callable[..., App], comfyui: Path, disguised: Any
) -> None:
    (comfyui / "comfyui_version.py").write_text('__version__ = "9.9.9"\n', encoding="utf-8")
    words = ["server=comfyui", f"server.url={disguised.url}", f"server.folder={comfyui}", "scoring.families=[tail]"]
    app = make_app(*words, "workflow.normalize_loudness=false", "workflow.steps=2")
    assert app.run() == 0
    told = said_by(app)
    assert "unverified environment" in told and "it holds ComfyUI 9.9.9, the server runs" in told
    assert set(record_of(app)["models"].values()) == {None}
