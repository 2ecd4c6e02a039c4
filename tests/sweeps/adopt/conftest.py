"""Videos as somebody's output folder holds them: little ones with any graph inside, and those of a real sweep."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from workflow.graph import Graph
from workflow.media.encode import VideoWriter
from workflow.media.sound import write_wav

sys.path.insert(0, str(Path(__file__).parent))  # the helpers here

from olden import History

Write = Callable[..., Path]


@pytest.fixture(scope="session")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tone") / "tone.wav"
    write_wav(path, (np.sin(np.arange(16000) * 0.17) * 9000).astype(np.int16), 16000)
    return path


@pytest.fixture(scope="session")
def write(tone: Path) -> Write:
    """``write(path, graph or text, frames=…, fps=…)``: a video of 64×96 with that in its tags."""

    def written(path: Path, graph: Graph | str | None, *, frames: int = 20, fps: float = 25, comment: str = "") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        tags = {"comment": comment} if comment else {}
        if graph is not None:
            tags["prompt"] = graph if isinstance(graph, str) else json.dumps(graph)
        with VideoWriter(path, 64, 96, fps, audio=tone, tags=tags) as writer:
            for at in range(frames):
                frame = np.full((96, 64, 3), (40, 90, 140), np.uint8)
                frame[30:60, at % 30 : at % 30 + 25] = (220, 220, 60)
                writer.write(frame)
        return path

    return written


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory, tables: Callable[[Path], None]) -> History:
    """Two settings, two clips, adopted once."""
    return History(tmp_path_factory.mktemp("history"), tables)
