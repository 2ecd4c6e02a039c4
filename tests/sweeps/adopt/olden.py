"""What the tests of adoption share: graphs, commands, a sweep whose videos lie in a folder."""

import io
import shutil
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from copy import deepcopy
from pathlib import Path
from typing import Any

import sweep
from sweeps.__main__ import main
from sweeps.kept import read_kept
from sweeps.results import SweepResult
from workflow.binding import bind
from workflow.files import sha256_file
from workflow.graph import Graph, default_graph

WORDS = ["+experiment=motion_frame", "sweep.axes.motion_frame=[9,13]", "clips.names=[weather,new_year]"]
SMALL = ["clips.width=128", "clips.height=224", "sweep.seeds=[7]", "scoring=default"]
SAMPLE = Path(sweep.__file__).parent / "sweeps" / "sample"


def graph_of(
    *, seed: Any = 2, speech: Any = "hello.wav", picture: Any = "anna.png", values: Mapping[str, Any] | None = None
) -> Graph:
    """The shipped graph with these values, as ComfyUI would have been sent it."""
    binding = bind(default_graph())
    graph = deepcopy(dict(binding.patch(default_graph(), {"width": 64, "height": 96, **(values or {})}).graph))
    for slot, value in (("seed", seed), ("speech", speech), ("reference_frame", picture)):
        for place in binding.slots[slot]:
            graph[place.node]["inputs"][place.input] = value
    if binding.face is not None:
        graph[binding.face[0]]["inputs"][binding.face[1]] = "face.png"
    return graph


def said(*words: str | Path) -> tuple[int, str]:
    """``python -m sweeps …``: the exit code, and what it said."""
    told = io.StringIO()
    with redirect_stdout(told):
        code = main([str(one) for one in words])
    return code, told.getvalue()


def kept(outputs: Path, sweep: str) -> SweepResult:
    """The result that a sweep kept."""
    return read_kept(outputs / "sweeps" / sweep / "result.json", outputs)[0]


class History:
    """A sweep of the stand-in, and its videos in a folder as if ComfyUI had left them there long ago."""

    def __init__(self, home: Path, tables: Callable[[Path], None]) -> None:
        self.theirs, self.outputs = home / "sweep", home / "outputs"
        self.folder, self.inputs = home / "我的 old's <b>videos", home / "input"
        tables(self.theirs)
        tables(self.outputs)
        assert sweep.main([*WORDS, *SMALL, f"outputs={self.theirs}"]) == 0
        self.sweep = kept(self.theirs, "motion_frame-stand-in")
        self.folder.mkdir()
        self.inputs.mkdir()
        for at, cell in enumerate(self.sweep.cells):
            assert cell.video is not None
            shutil.copyfile(cell.video, self.folder / f"InfiniteTalk_{at:05}-audio.mp4")
        for file in (*SAMPLE.glob("*.wav"), *(self.theirs / "clips").glob("*/*.png")):
            shutil.copyfile(file, self.inputs / f"{sha256_file(file)[:40]}{file.suffix}")
        self.words = (*map(str, ("adopt", self.folder, "--audio-dir", self.inputs, "--outputs", self.outputs)),)
        self.code, self.told = said(*self.words)
        self.name = "adopted-我的_old_s_b_videos"

    @property
    def result(self) -> SweepResult:
        return kept(self.outputs, f"{self.name}-stand-in")
