"""One server for the contract: the real ComfyUI at COMFYUI_URL, or else the stand-in, as two releases of it."""

import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import requests

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


class Raw:
    """Requests as they are, and answers as they come."""

    def __init__(self, url: str) -> None:
        self.url = url
        version = self.get("/system_stats")["system"]["comfyui_version"]
        self._release = tuple(int(part) for part in version.split(".") if part.isdigit())

    def since(self, *parts: int) -> bool:
        """Whether the server is of that release or a later one."""
        return self._release >= parts

    @staticmethod
    def unique() -> str:
        """A prefix that nobody used."""
        return f"contract/{uuid.uuid4().hex[:12]}"

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of an answer."""
        return requests.get(self.url + path, params=params, timeout=30).json()

    def body(self, path: str, text: str, method: str = "POST") -> tuple[int, Any]:
        """Status, and the JSON or the text of an answer."""
        answer = requests.request(method, self.url + path, data=text.encode(), timeout=30)
        kind = answer.headers.get("Content-Type", "")
        return answer.status_code, answer.json() if kind.startswith("application/json") else answer.text

    def prompt(self, graph: Any, **more: Any) -> tuple[int, Any]:
        """POST /prompt, under an id of its own unless told otherwise."""
        body = {"prompt": graph, "prompt_id": str(uuid.uuid4()), "client_id": uuid.uuid4().hex, **more}
        body = {key: value for key, value in body.items() if value is not None}
        answer = requests.post(f"{self.url}/prompt", json=body, timeout=30)
        kind = answer.headers.get("Content-Type", "")
        return answer.status_code, answer.json() if kind.startswith("application/json") else answer.text

    def run(self, graph: Any, **more: Any) -> dict[str, Any]:
        """The history's entry of a prompt once it ended."""
        status, answer = self.prompt(graph, **more)
        assert status == 200 and not answer["node_errors"], answer
        return self.ended(answer["prompt_id"])

    def ended(self, prompt_id: str, seconds: float = 60) -> dict[str, Any]:
        """The same of a prompt that was sent before."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.get(f"/history/{prompt_id}")
            if found:
                return dict(found[prompt_id])
            time.sleep(0.03)
        raise AssertionError(f"{prompt_id} does not end")

    def running(self, prompt_id: str, seconds: float = 30) -> None:
        """Wait until the server runs it."""
        deadline = time.monotonic() + seconds
        while prompt_id not in [item[1] for item in self.get("/queue")["queue_running"]]:
            assert time.monotonic() < deadline, f"{prompt_id} does not start"
            time.sleep(0.02)

    def upload(self, name: str, data: bytes, **fields: str) -> str:
        """The name that an upload got; a word of chance keeps it from meeting another's."""
        answer = self.send(f"{uuid.uuid4().hex[:12]}-{name}", data, **fields)
        assert answer.status_code == 200
        return str(answer.json()["name"])

    def send(self, name: str, data: bytes, **fields: str) -> requests.Response:
        """POST /upload/image."""
        return requests.post(f"{self.url}/upload/image", files={"image": (name, data)}, data=fields, timeout=30)

    def picture(self, width: int, height: int) -> str:
        """The name of an uploaded picture of noise."""
        pixels = np.random.default_rng().integers(0, 255, (height, width, 3), dtype=np.uint8)
        return self.upload("noise.png", cv2.imencode(".png", pixels)[1].tobytes())

    def view(self, entry: dict[str, Any], node: str = "2", **headers: str) -> requests.Response:
        """What the server gives for the video that an entry names."""
        shown = entry["outputs"][node]["gifs"][0]
        params = {key: shown[key] for key in ("filename", "subfolder", "type")}
        return requests.get(f"{self.url}/view", params=params, headers=headers, timeout=30)


@pytest.fixture(scope="session")
def raw(contract_url: str) -> Raw:
    """Hands without gloves."""
    return Raw(contract_url)


REAL = os.environ.get("COMFYUI_URL")


@pytest.fixture(scope="session", params=["given"] if REAL else ["0.3.64", "0.27.0"])
def contract_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server under test."""
    if REAL:
        yield REAL
        return
    child = StandIn(tmp_path_factory.mktemp("contract"), pace_s=1.0, release=request.param)
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
