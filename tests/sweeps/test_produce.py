"""A folder of one's own rendered with the tagged setting: MP4s as long as the speech, nothing made twice."""

import json
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

import sweep
from sweep import CONF
from sweeps.__main__ import main
from sweeps.compare import best
from sweeps.compose import configured
from sweeps.export import export
from workflow.binding import bind
from workflow.graph import default_graph, load_graph
from workflow.inside import graph_of
from workflow.media.probe import probe
from workflow.media.sound import write_wav

Capture = pytest.CaptureFixture[str]
SMALL = ["clips.width=128", "clips.height=224", "scoring=quick"]


@pytest.fixture
def outputs(tmp_path: Path, tables: Callable[[Path], None]) -> Path:
    tables(tmp_path / "outputs")
    return tmp_path / "outputs"


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Two pictures with speech of lengths that no window ends at."""
    folder = tmp_path / "我的 clips"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for name, seconds in (("anna", 1.3), ("李 雷", 2.06)):
        Image.fromarray(data.astronaut()).save(folder / f"{name}.png")
        write_wav(folder / f"{name}.wav", rng.normal(0, 0.1, int(16000 * seconds)).astype(np.float32), 16000)
    return folder


@pytest.fixture
def tagged(tmp_path: Path) -> Iterator[Path]:
    """The file of the tagged variant, which a test may write: the user's own, and those beside it, are put back."""
    home = tmp_path / "kept"
    for file in CONF.glob("*/best.*"):
        (home / file.parent.name).mkdir(parents=True, exist_ok=True)
        file.rename(home / file.parent.name / file.name)
    yield best.FILE
    for file in CONF.glob("*/best.*"):
        file.unlink()
    for file in home.glob("*/best.*"):
        shutil.move(file, CONF / file.parent.name / file.name)


def produce(outputs: Path, clips: Path, *words: str) -> int:
    command = ["action=produce", "clips=folder", f"clips.dir={clips}", *SMALL, f"outputs={outputs}", *words]
    return sweep.main(command)


def test_every_clip_is_delivered_as_long_as_its_speech_and_only_once(
    outputs: Path, clips: Path, capsys: Capture
) -> None:
    assert produce(outputs, clips, "variant=v4") == 0
    assert "2 rendered, 2 videos delivered, 0 there already" in capsys.readouterr().out
    folder = next((outputs / "produced").iterdir())
    assert "stand-in" in folder.name
    for name, seconds in (("anna", 1.3), ("李 雷", 2.06)):
        facts = probe(folder / f"{name}.mp4")
        assert facts.frames == math.ceil(seconds * 25) and facts.has_audio
        graph = graph_of(folder / f"{name}.mp4")
        assert any(node["inputs"].get("motion_frame") == 15 for node in graph.values()), "the graph is still inside"
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.mp4")}
    assert produce(outputs, clips, "variant=v4") == 0
    assert "0 rendered, 0 videos delivered, 2 there already" in capsys.readouterr().out
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("*.mp4")} == before
    (folder / "anna.mp4").unlink()
    assert produce(outputs, clips, "variant=v4") == 0
    assert "0 rendered, 1 video delivered, 1 there already" in capsys.readouterr().out
    assert not list((outputs / "sweeps").glob("*/report.html")), "nothing was judged"


def test_which_of_several_settings_is_a_persons_choice(outputs: Path, clips: Path, capsys: Capture) -> None:
    assert produce(outputs, clips, "sweep.axes.steps=[4,8]") == 2
    assert "needs one setting" in capsys.readouterr().err
    assert not (outputs / "produced").exists()


def test_best_is_what_was_tagged_and_nothing_else(outputs: Path, tagged: Path, tmp_path: Path, capsys: Capture) -> None:
    tagged.unlink(missing_ok=True)
    assert sweep.main(["variant=best", "action=plan", f"outputs={outputs}"]) == 2
    assert "python -m sweeps best" in capsys.readouterr().err
    words = ["sweep.name=tuned", "clips.names=[weather]", "sweep.axes.motion_frame=[9,17]", "limit=2"]
    words += ["workflow.positive_prompt=一个人，对着镜头: 说 #话"]
    assert sweep.main([*words, *SMALL, f"outputs={outputs}"]) == 0
    assert main(["best", "--outputs", str(outputs)]) == 2
    assert main(["best", "tuned:motion_frame=17", "--why", "looks <best>\nreally", "--outputs", str(outputs)]) == 0
    config = configured(["variant=best"])
    assert config.workflow.motion_frame == 17 and config.workflow.positive_prompt == "一个人，对着镜头: 说 #话"
    capsys.readouterr()
    assert main(["best", "--outputs", str(outputs)]) == 0
    said = capsys.readouterr().out
    assert "motion_frame=17" in said and "looks <best> really" in said and "not the model" in said
    assert main(["best", "nothing", "--outputs", str(outputs)]) == 2
    # what is tagged decides neither for a new model's release nor for another card
    graph = load_graph(export(["variant=best"], tmp_path / "best.json"))
    other = load_graph(export(["variant=best", "model=fp8_scaled", "gpu=a800_80gb"], tmp_path / "other.json"))
    there = load_graph(export(["variant=v2", "gpu=a800_80gb"], tmp_path / "v2.json"))
    read = bind(graph).read
    for name in ("i2v_model", "infinitetalk_model", "base_precision", "block_swap"):
        assert read(graph, name) != read(other, name) == read(there, name)
    assert read(other, "motion_frame") == 17


def test_the_best_of_ones_own_graph_is_that_graph(outputs: Path, tagged: Path, tmp_path: Path, capsys: Capture) -> None:
    own = json.loads(json.dumps(default_graph()))
    own["16"]["inputs"]["crf"] = 33
    own["14"]["inputs"]["riflex_freq_index"] = 6
    (tmp_path / "own.json").write_text(json.dumps(own), encoding="utf-8")
    words = ["sweep.name=mine", "clips.names=[weather]", "workflow.motion_frame=17", *SMALL, f"outputs={outputs}"]
    assert sweep.main([*words, f"workflow.graph={tmp_path / 'own.json'}"]) == 0
    (tmp_path / "own.json").unlink()
    assert main(["best", "mine", "--outputs", str(outputs)]) == 0
    graph = load_graph(export(["variant=best"], tmp_path / "best.json"))
    assert (graph["16"]["inputs"]["crf"], graph["14"]["inputs"]["riflex_freq_index"]) == (33, 6)
    assert graph["16"]["inputs"]["filename_prefix"] == own["16"]["inputs"]["filename_prefix"]
    assert bind(graph).read(graph, "motion_frame") == 17
    assert "its graph is not the shipped one" in capsys.readouterr().out
    assert sweep.main([*words[1:], "sweep.name=plain"]) == 0
    assert main(["best", "plain", "--outputs", str(outputs)]) == 0
    assert load_graph(export(["variant=best"], tmp_path / "best.json"))["16"]["inputs"]["crf"] == 19
    shutil.rmtree(outputs / "store")
    capsys.readouterr()
    assert main(["best", "mine", "--outputs", str(outputs)]) == 0
    assert "none of its renders is in this store" in capsys.readouterr().out
