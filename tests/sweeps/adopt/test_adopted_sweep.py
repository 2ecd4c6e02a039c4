"""A sweep's own videos, adopted from a folder, say again what the sweep said."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from olden import History, kept, said

from sweeps.results import STAND_IN_NOTE, CellResult
from sweeps.tracking_client import open_client
from workflow.files import read_json, sha256_file


def originals(history: History) -> dict[str, CellResult]:
    """The sweep's cells by their videos' bytes."""
    return {sha256_file(one.video): one for one in history.sweep.cells if one.video is not None}


def test_parameters_seeds_and_scores_are_those_of_the_sweep(history: History) -> None:
    assert history.code == 0, history.told
    theirs = originals(history)
    assert len(history.result.cells) == len(theirs) == 4
    for one in history.result.cells:
        other = theirs[str(one.recipe)]
        assert (one.setting, one.seed, one.state) == (other.setting, 7, "done")
        assert one.score == other.score and one.score is not None
        assert one.inputs == other.inputs
    for ours, setting in zip(history.result.settings, history.sweep.settings, strict=True):
        shared = {name: value for name, value in ours.values.items() if name in setting.values}
        assert shared == dict(setting.values)
        assert set(ours.values) - set(setting.values) == {"width", "height"}
    assert len({one.clip for one in history.result.cells}) == 2
    assert history.result.judged == history.sweep.judged


def test_they_stay_marked_as_the_stand_ins_and_have_no_cost(history: History) -> None:
    assert history.result.stand_in and history.result.note == STAND_IN_NOTE
    assert not (history.outputs / "sweeps" / history.name).exists()
    for one in history.result.cells:
        assert {value["value"] for value in one.cost.values()} == {None}
        assert all("adopted" in value["missing"] for value in one.cost.values())
    assert "stand-in — demo" in history.told
    page = (history.outputs / "sweeps" / f"{history.name}-stand-in" / "report.html").read_text(encoding="utf-8")
    assert STAND_IN_NOTE in page


def test_an_entry_tells_nothing_of_where_the_file_lay(history: History) -> None:
    for one in history.result.cells:
        assert one.folder is not None
        record = read_json(one.folder / "render.json")
        assert record["adopted"] is True and record["stand_in"] is True
        assert record["recipe"] == record["video_sha256"] == sha256_file(one.folder / "video.mp4")
        assert re.fullmatch(r"InfiniteTalk_0000\d-audio\.mp4", record["name"])
        assert str(history.folder.parent) not in (one.folder / "render.json").read_text(encoding="utf-8")
        assert read_json(one.folder / "workflow_api.json").keys() >= {"6", "14"}


def files(folder: Path) -> dict[str, Any]:
    return {str(one): one.stat().st_mtime_ns for one in sorted(folder.rglob("*")) if one.is_file()}


def runs(outputs: Path) -> list[str]:
    from sweeps.config import TrackingConfig

    client = open_client(TrackingConfig("local"), outputs)
    ids = [one.experiment_id for one in client.search_experiments()]
    return sorted(one.info.run_name for one in client.search_runs(ids))


def test_again_nothing_is_copied_nothing_is_scored_and_mlflow_has_no_more_runs(history: History) -> None:
    entries = {name: at for name, at in files(history.outputs / "store").items() if "owner" not in name}
    before, theirs = runs(history.outputs), files(history.folder)
    code, told = said(*history.words)
    assert code == 0
    assert "nothing copied; 4 in the store already" in told
    assert "nothing scored" in told
    assert {name: at for name, at in files(history.outputs / "store").items() if "owner" not in name} == entries
    assert runs(history.outputs) == before == sorted([history.name, "motion_frame=9", "motion_frame=13"])
    assert files(history.folder) == theirs


def test_compare_and_report_take_it_as_any_sweep(history: History, tmp_path: Path) -> None:
    settings = ("motion_frame=9", "motion_frame=13")
    outcomes = []
    for name, outputs in (("motion_frame", history.theirs), (history.name, history.outputs)):
        file = tmp_path / f"{len(outcomes)}.json"
        sides = [f"{name}:{one}" for one in settings]
        deciding = ("--primaries", "lipsync/envelope_strength", "colour/cheeks_mean")
        code, _ = said("compare", *sides, "--outputs", outputs, "--json", file, *deciding)
        rows = read_json(file)["metrics"]
        rows = [row | {"steps": sorted(row["steps"].values())} for row in rows]  # clips have other names
        outcomes.append((code, [(row["metric"], row) for row in rows if not row["metric"].startswith("cost/")]))
    assert outcomes[0] == outcomes[1]
    code, told = said("compare", *(f"{history.name}:{one}" for one in settings), "--outputs", history.outputs)
    assert "adopted videos took" in " ".join(told.split()) and "invalid" not in told and code in (0, 4)
    code, told = said("report", history.name, "--outputs", history.outputs, "--output", tmp_path / "page.html")
    assert code == 0 and "4 videos" in told
    assert "python -m sweeps compare" in history.told


def test_tidying_up_leaves_adopted_renders_alone(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "outputs"
    for part in ("store", "sweeps"):
        shutil.copytree(history.outputs / part, copy / part)
    code, told = said("prune", "--yes", "--outputs", copy)
    assert code == 0 and "removed 0 entries" in told
    monkeypatch.setenv("COLUMNS", "200")
    assert f"{history.name}  " in said("du", "--outputs", copy)[1]
    assert all(one.video for one in kept(copy, f"{history.name}-stand-in").cells)


def test_without_the_speech_their_own_sound_is_heard_and_that_is_said(
    history: History, tmp_path: Path, tables: Any
) -> None:
    tables(tmp_path / "outputs")
    words = ("adopt", history.folder, "--outputs", tmp_path / "outputs", "--config", "scoring=quick", "sweep.name=own")
    assert said(*words)[0] == 0
    result = kept(tmp_path / "outputs", "own-stand-in")
    assert all(any("own sound: no --audio-dir was given" in note for note in one.notes) for one in result.settings)
    for one in result.cells:
        assert one.score is not None and one.score["status"] == "ok"
    assert [one.inputs for one in result.cells] == [one.inputs for one in history.result.cells]


def test_speech_that_is_another_one_by_now_is_not_listened_to(history: History, tmp_path: Path, tables: Any) -> None:
    tables(tmp_path / "outputs")
    wrong = tmp_path / "input"
    shutil.copytree(history.inputs, wrong)
    some = sorted(wrong.glob("*.wav"))
    for one in some:
        shutil.copyfile(some[0] if one != some[0] else some[1], one)
    words = ("adopt", history.folder, "--audio-dir", wrong, "--outputs", tmp_path / "outputs")
    assert said(*words, "--config", "scoring=quick", "sweep.name=wrong")[0] == 0
    result = kept(tmp_path / "outputs", "wrong-stand-in")
    assert all(any("is not what the video was made with" in note for note in one.notes) for one in result.settings)


@pytest.mark.parametrize("words", [("sweep.baseline=nonsense",), ("scoring.families=[nonsense]",)])
def test_a_config_that_cannot_be_meant_is_refused_before_anything_is_written(
    history: History, tmp_path: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert said("adopt", history.folder, "--outputs", tmp_path / "none", "--config", *words)[0] == 2
    assert "error [" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
