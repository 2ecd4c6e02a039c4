"""A real stand-in process, and hands to talk to it with."""

import copy
import json
import signal
import subprocess
import sys
import threading
import time
import uuid
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import websocket

from workflow.media.facebox import detect
from workflow.media.picture import fit, save_png

PROJECT = Path(__file__).resolve().parents[3]
WIDTH, HEIGHT = 192, 336


@dataclass
class StandIn:
    """One process and its URL."""

    process: subprocess.Popen[str]
    url: str
    folder: Path
    client: str = field(default_factory=lambda: uuid.uuid4().hex)

    def post(self, prompt: dict[str, Any], **more: Any) -> requests.Response:
        body = {"prompt": prompt, "client_id": self.client, **more}
        return requests.post(f"{self.url}/prompt", json={k: v for k, v in body.items() if v is not None}, timeout=10)

    def get(self, path: str, **more: Any) -> Any:
        return requests.get(f"{self.url}{path}", timeout=10, **more).json()

    def wait(self, prompt_id: str, seconds: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            entry = self.get(f"/history/{prompt_id}")
            if entry:
                return dict(entry[prompt_id])
            time.sleep(0.02)
        raise AssertionError(f"prompt {prompt_id} did not end within {seconds} s")

    def render(self, prompt: dict[str, Any]) -> dict[str, Any]:
        answer = self.post(prompt)
        assert answer.status_code == 200, answer.text
        return self.wait(answer.json()["prompt_id"])

    def video(self, entry: dict[str, Any]) -> Path:
        shown = entry["outputs"]["16"]["gifs"][0]
        return self.folder / "output" / shown["subfolder"] / shown["filename"]

    def upload(self, path: Path, name: str | None = None, **fields: str) -> requests.Response:
        files = {"image": (name or path.name, path.read_bytes())}
        return requests.post(f"{self.url}/upload/image", files=files, data=fields, timeout=10)


@dataclass
class Events:
    """What a websocket heard."""

    seen: list[dict[str, Any]] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event["data"] for event in self.seen if event["type"] == kind]


def start(folder: Path, *words: str) -> StandIn:
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "standin", "--port", "0", "--folder", str(folder), *words],
        cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("stand-in listening on http://127.0.0.1:"), line
    return StandIn(process, line.rsplit(" ", 1)[1].strip(), folder)


def end(server: StandIn) -> int:
    server.process.send_signal(signal.SIGTERM)
    code = server.process.wait(10)
    if server.process.stdout is not None:
        server.process.stdout.close()
    return code


@pytest.fixture(scope="session")
def starter() -> Callable[..., StandIn]:
    return start


@pytest.fixture(scope="session")
def ender() -> Callable[[StandIn], int]:
    return end


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """skimage's astronaut at the tests' size."""
    from skimage.data import astronaut

    image = np.ascontiguousarray(astronaut()[:, :, ::-1])
    path = tmp_path_factory.mktemp("portrait") / "portrait.png"
    save_png(path, fit(image, WIDTH, HEIGHT, detect(image)[0]))
    return path


@pytest.fixture(scope="session")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a buzz that opens and closes four times a second, half a second of silence in the middle."""
    rate = 16000
    time_ = np.arange(2 * rate) / rate
    buzz = sum(np.sin(2 * np.pi * 120 * k * time_) / k for k in range(1, 12))
    loud = np.clip(np.sin(2 * np.pi * 4 * time_), 0, 1) * ((time_ < 0.75) | (time_ > 1.25))
    path = tmp_path_factory.mktemp("voice") / "voice.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((buzz * loud * 9000).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory, portrait: Path, voice: Path) -> Iterator[StandIn]:
    """One server for the session, with the portrait and the voice uploaded."""
    server = start(tmp_path_factory.mktemp("server"))
    assert server.upload(portrait).json()["name"] == "portrait.png"
    assert server.upload(voice).json()["name"] == "voice.wav"
    yield server
    assert end(server) == 0


@pytest.fixture
def graph() -> Callable[..., dict[str, Any]]:
    """The shipped graph, small: 37 frames in 2 windows of 21; ``change={"14.seed": 3}`` patches it."""
    shipped = json.loads((PROJECT / "workflow" / "workflow_api.json").read_text(encoding="utf-8"))

    def build(change: dict[str, Any] | None = None, prefix: str | None = None) -> dict[str, Any]:
        prompt = copy.deepcopy(shipped)
        small = {
            "6.audio": "voice.wav",
            "7.image": "portrait.png",
            "17.image": "portrait.png",
            "8.num_frames": 30,
            "10.width": WIDTH,
            "10.height": HEIGHT,
            "10.frame_window_size": 21,
            "10.motion_frame": 5,
            "16.filename_prefix": prefix or f"t/{uuid.uuid4().hex[:8]}",
        }
        for key, value in {**small, **(change or {})}.items():
            node, name = key.split(".")
            prompt[node]["inputs"][name] = value
        return prompt

    return build


@pytest.fixture
def listen(standin: StandIn) -> Iterator[Callable[[str], Events]]:
    """Open a websocket as one client and collect what it hears."""
    sockets: list[websocket.WebSocket] = []
    threads: list[threading.Thread] = []

    def open_(client: str) -> Events:
        socket = websocket.create_connection(
            standin.url.replace("http", "ws") + f"/ws?clientId={client}", timeout=10, suppress_origin=True
        )
        sockets.append(socket)
        events = Events()

        def read() -> None:
            while True:
                try:
                    text = socket.recv()
                except (OSError, websocket.WebSocketException):
                    return
                if not text:
                    return
                events.seen.append(json.loads(text))

        threads.append(threading.Thread(target=read, daemon=True))
        threads[-1].start()
        return events

    yield open_
    for socket in sockets:
        socket.close()
    for thread in threads:
        thread.join(5)
