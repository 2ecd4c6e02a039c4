"""A running stand-in, small real cells for it, and servers that misbehave: all of them real HTTP servers."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest

from runner.client import ComfyClient
from runner.config import ServerConfig
from runner.embedded import StandIn
from runner.server import Server, open_server
from workflow.binding import bind
from workflow.build import build_cell, clip_files
from workflow.cell import Cell, Clip
from workflow.graph import load_graph
from workflow.media.picture import save_png
from workflow.media.sound import write_wav


@pytest.fixture(scope="session")
def standin_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One stand-in for all tests that do not hurt it."""
    child = StandIn(tmp_path_factory.mktemp("standin"))
    yield child.start()
    child.stop()


@pytest.fixture
def slow_standin(tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in of one's own whose renders take one and a half seconds; not started yet."""
    child = StandIn(tmp_path / "slow", pace_s=1.5)
    yield child
    child.stop()


@pytest.fixture
def proxy(standin_url: str, proxied: Callable[[str], Any]) -> Any:
    """A proxy before the stand-in, without faults yet, and without a websocket."""
    return proxied(standin_url)


def quick_config(url: str, **changes: object) -> ServerConfig:
    """A config that is impatient enough for tests."""
    values: dict[str, object] = {"kind": "comfyui", "url": url, "poll_s": 0.05, "unreachable_s": 2.0}
    return ServerConfig(**(values | {"connect_timeout_s": 2.0, "read_timeout_s": 5.0} | changes))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """``session(url, **config)``: server sessions, closed after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda url, **changes: stack.enter_context(open_server(quick_config(url, **changes), tmp_path))


@pytest.fixture
def client(standin_url: str) -> ComfyClient:
    return ComfyClient(standin_url)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """A small portrait and 1.5 s of a hum: one window of 33 frames when asked so."""
    from skimage.data import astronaut

    folder = tmp_path_factory.mktemp("clip")
    face = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR)[:400, 60:288]
    frame, close = folder / "frame.png", folder / "face.png"
    save_png(frame, np.ascontiguousarray(cv2.resize(face, (64, 112))))
    save_png(close, np.ascontiguousarray(cv2.resize(face[40:260, 30:200], (64, 64))))
    hum = 6000 * np.sin(np.arange(24000) / 16.0) * (np.arange(24000) // 3000 % 2)
    write_wav(folder / "hum.wav", hum.astype(np.int16), 16000)
    return Clip("hum", frame, close, folder / "hum.wav", 64, 112, 1.5)


@pytest.fixture(scope="session")
def make_cell(clip: Clip) -> Callable[..., Cell]:
    """``make_cell(seed=1, steps=2, …)``: cells of the shipped graph, small enough to render in a blink."""
    graph = load_graph()
    binding, files = bind(graph), clip_files(clip)

    def make(seed: int = 1, **values: object) -> Cell:
        wanted = {"frame_window_size": 33, "motion_frame": 9, "steps": 2, **values}
        return build_cell(binding, graph, setting="test", values=wanted, inputs={}, clip=clip, seed=seed, files=files)

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[], Path]:
    """Attempt folders."""
    names = iter(range(1000))

    def make() -> Path:
        path = tmp_path / f"attempt-{next(names)}-{os.getpid()}"
        path.mkdir()
        return path

    return make


@pytest.fixture
def child_in() -> Callable[[Path], psutil.Process]:
    """``child_in(folder)``: our child process that works in ``folder``; others, dead ones too, are passed over."""

    def find(folder: Path) -> psutil.Process:
        for one in psutil.Process().children():
            with contextlib.suppress(psutil.Error):
                if str(folder) in " ".join(one.cmdline()):
                    return one
        raise AssertionError(f"no child works in {folder}")

    return find
