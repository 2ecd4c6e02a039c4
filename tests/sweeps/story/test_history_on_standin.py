"""The whole history on the stand-in: its story in the terminal, as Markdown and on the page; exported graphs are those
that were sent."""

import contextlib
import copy
import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from variants import HISTORY

import sweep
from sweeps.kept import NAME, read_kept
from sweeps.results import SweepResult
from workflow.__main__ import main
from workflow.binding import bind
from workflow.diff import changes
from workflow.graph import Graph, load_graph
from workflow.inside import graph_of

Capture = pytest.CaptureFixture[str]
SMALL = ["clips.width=128", "clips.height=224", "scoring=quick", "clips.names=[weather]"]
RENDERED = sorted({*HISTORY, "v2"} - {"v3"})


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, tables: Callable[[Path], None]) -> Path:
    """Every variant of the history on one clip; what the command said lies beside the outputs."""
    made = tmp_path_factory.mktemp("history") / "outputs"
    tables(made)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        assert sweep.main(["+experiment=tuning_history", *SMALL, f"outputs={made}"]) == 0
    (made.parent / "said.txt").write_text(said.getvalue(), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def folder(outputs: Path) -> Path:
    return outputs / "sweeps" / "tuning_history-stand-in"


@pytest.fixture(scope="module")
def result(outputs: Path, folder: Path) -> SweepResult:
    return read_kept(folder / NAME, outputs)[0]


def test_every_verdict_of_a_puppet_is_a_demo(folder: Path) -> None:
    lines = (folder / "story.md").read_text(encoding="utf-8").splitlines()
    assert "demo: this shows the method, not the model" in lines[2]
    table = [line for line in lines if line.startswith(("| v", "| current")) and not line.startswith("| variant")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert {row[0] for row in rows} == {*HISTORY, "v2"}
    status = {row[0]: row[-1] for row in rows}
    assert status.pop("v2") == "baseline"
    assert status.pop("v3") == "impossible here"
    assert set(status.values()) == {"demo"}
    (impossible,) = (row for row in rows if row[0] == "v3")
    assert (
        "adain" in impossible[3] and "impossible" in impossible[3] and "colormatch: disabled → adain" in impossible[1]
    )
    assert any("no variants of the history" in line for line in lines)


def test_the_terminal_and_the_page_say_the_same(outputs: Path, folder: Path) -> None:
    said = (outputs.parent / "said.txt").read_text(encoding="utf-8")
    assert "The tuning history, verdict by verdict · demo" in said
    for words in ("口型夸张", "motion_frame: 9 → 15", "impossible here"):
        assert words in said.split("verdict by verdict")[1]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert '"story":{"note":"demo' in page and "impossible here" in page


def test_what_was_measured_of_a_puppet_is_shown(folder: Path, result: SweepResult) -> None:
    """v5 opens the puppet's mouth further: the figure is the difference of the two scores."""

    def aperture(name: str) -> float:
        setting = result.setting(name)
        assert setting is not None and setting.cells[0].score is not None
        return float(setting.cells[0].score["values"]["mouth/aperture_p95"]["value"])

    row = next(line for line in (folder / "story.md").read_text("utf-8").splitlines() if line.startswith("| v5"))
    shown = row.split("mouth/aperture_p95 ↑ ")[1].split(" ")[0]
    assert float(shown) == pytest.approx(aperture("v5") - aperture("v2"), abs=0.02)
    assert float(shown) > 0 and "% face (margin" in row


def bare(graph: Graph) -> Graph:
    """A graph without what clip, seed and store decide."""
    left = copy.deepcopy(graph)
    for node in left.values():
        for kind, names in {
            "LoadImage": ("image",),
            "LoadAudio": ("audio",),
            "WanVideoImageToVideoMultiTalk": ("width", "height"),
            "MultiTalkWav2VecEmbeds": ("num_frames",),
            "WanVideoSampler": ("seed",),
            "VHS_VideoCombine": ("filename_prefix",),
        }.items():
            if node["class_type"] == kind:
                for name in names:
                    del node["inputs"][name]
    return left


def stored(result: SweepResult, variant: str) -> Path:
    setting = result.setting(variant)
    assert setting is not None and setting.cells[0].folder is not None
    return setting.cells[0].folder


@pytest.mark.parametrize("variant", RENDERED)
def test_an_exported_graph_is_the_one_that_was_sent(
    result: SweepResult, variant: str, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "out.json"
    assert main(["export", f"variant={variant}", "--output", str(path)]) == 0
    mine, sent = load_graph(path), json.loads((stored(result, variant) / "workflow_api.json").read_text("utf-8"))
    bind(mine)
    assert bare(mine) == bare(sent)
    video = stored(result, variant) / "video.mp4"
    assert changes(graph_of(video), sent) == ()
    clip_s = {
        "width",
        "height",
        "Speech.audio",
        "Reference frame.image",
        "Face close-up.image",
        "Speech embeds.num_frames",
    }
    capsys.readouterr()
    assert main(["diff", str(path), str(video)]) == 0
    named = {line.partition(": ")[0] for line in capsys.readouterr().out.splitlines()}
    assert named <= clip_s | {"Sampler.seed"} and {"width", "height"} <= named


@pytest.mark.parametrize("variant", sorted({*HISTORY} - {"v3"}))
def test_two_videos_differ_by_what_the_history_changed(result: SweepResult, variant: str, capsys: Capture) -> None:
    videos = [str(stored(result, name) / "video.mp4") for name in ("v2", variant)]
    assert main(["diff", *videos]) == 0
    names = {line.partition(": ")[0] for line in capsys.readouterr().out.splitlines()}
    assert names - {"Face close-up"} == set(HISTORY[variant])


def test_show_tells_what_a_video_was_made_with(result: SweepResult, capsys: Capture) -> None:
    assert main(["show", str(stored(result, "v4") / "video.mp4")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert {"motion_frame: 15", "second_image: face", "width: 128", "height: 224"} <= set(said)


def runs(outputs: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(outputs / "mlflow.db") as database:
        return list(database.execute("select name, status from runs"))


def test_a_story_that_cannot_be_told_costs_neither_table_nor_tracking(
    tmp_path: Path, tables: Callable[[Path], None], capsys: Capture
) -> None:
    outputs = tmp_path / "outputs"
    tables(outputs)
    words = ["+experiment=tuning_history", "sweep.axes.variant=[v2,v5]", *SMALL, f"outputs={outputs}"]
    assert sweep.main([*words, "compare.primaries=[colour/nonsense]"]) == 2
    seen = capsys.readouterr()
    assert "no such metric: colour/nonsense" in seen.err and "Traceback" not in seen.err
    assert (outputs / "sweeps" / "tuning_history-stand-in" / "summary.md").is_file()
    assert sorted(name for name, _ in runs(outputs)) == ["tuning_history", "v2", "v5"]
    assert sweep.main(words) == 0
    assert "nothing rendered, 2 reused, nothing scored" in capsys.readouterr().out
