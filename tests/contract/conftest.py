"""One server for the contract: the real ComfyUI at COMFYUI_URL, or else the stand-in."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from runner.client import ComfyClient
from runner.embedded import StandIn
from workflow.binding import bind
from workflow.build import build_cell, clip_files
from workflow.cell import Clip
from workflow.files import sha256_file
from workflow.graph import load_graph
from workflow.media.sound import write_wav

# What LoadImage → VHS_VideoCombine is sent: every input of the combine node, so that no default is a server's own.
COMBINE = {
    "frame_rate": 25.0,
    "loop_count": 0,
    "format": "video/h264-mp4",
    "pingpong": False,
    "save_output": True,
    "pix_fmt": "yuv420p",
    "crf": 19,
    "save_metadata": True,
    "trim_to_audio": False,
}


@pytest.fixture(scope="session")
def contract_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server under test."""
    real = os.environ.get("COMFYUI_URL")
    if real:
        yield real
        return
    child = StandIn(tmp_path_factory.mktemp("contract"), pace_s=1.0)
    yield child.start()
    child.stop()


@pytest.fixture
def comfy(contract_url: str) -> ComfyClient:
    return ComfyClient(contract_url)


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of 64 × 96 that no other run has sent."""
    path = tmp_path_factory.mktemp("picture") / "picture.png"
    pixels = np.random.default_rng().integers(0, 255, (96, 64, 3), dtype=np.uint8)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return path


@pytest.fixture
def long_graph(comfy: ComfyClient, picture: Path, tmp_path: Path) -> Callable[[str], dict[str, dict[str, object]]]:
    """``long_graph(prefix)``: a prompt that runs for a while, and can be interrupted, wherever it is."""
    if "EmptyImage" in comfy.object_info():  # a real server, on which the models may be missing
        many = {"width": 256, "height": 256, "batch_size": 2000}

        def real(prefix: str) -> dict[str, dict[str, object]]:
            combine = {"images": ["1", 0], "filename_prefix": prefix, **COMBINE}
            color = {"color": int(np.random.default_rng().integers(1 << 24))}
            return {
                "1": {"class_type": "EmptyImage", "inputs": {**many, **color}},
                "2": {"class_type": "VHS_VideoCombine", "inputs": combine},
            }

        return real
    sound = tmp_path / "hum.wav"
    write_wav(sound, (6000 * np.sin(np.arange(16000) / 16.0)).astype(np.int16), 16000)
    graph = load_graph()
    binding, clip = bind(graph), Clip("hum", picture, picture, sound, 64, 96, 1.0)
    files = clip_files(clip)
    for file in (files.frame, files.face, files.speech):
        comfy.upload(file.path, file.name)

    def paced(prefix: str) -> dict[str, dict[str, object]]:
        seed = int(np.random.default_rng().integers(1 << 30))
        cell = build_cell(binding, graph, setting="long", values={}, inputs={}, clip=clip, seed=seed, files=files)
        cell.graph[binding.nodes["combine"]]["inputs"]["filename_prefix"] = prefix
        return cell.graph

    return paced


@pytest.fixture
def make_graph(comfy: ComfyClient, picture: Path) -> Callable[..., dict[str, dict[str, object]]]:
    """``make_graph(prefix, **changes of the combine node)``: one picture to one video."""
    name = comfy.upload(picture, f"{sha256_file(picture)[:40]}.png")

    def make(prefix: str, **changes: object) -> dict[str, dict[str, object]]:
        combine = {"images": ["1", 0], "filename_prefix": prefix, **COMBINE, **changes}
        return {
            "1": {"class_type": "LoadImage", "inputs": {"image": name}},
            "2": {"class_type": "VHS_VideoCombine", "inputs": combine},
        }

    return make
