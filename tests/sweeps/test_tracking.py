"""MLflow on sqlite as it really is: one parent a sweep, one child a setting, written again without doubles."""

import json
import math
import os
import pickle
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eval.metric import METRICS
from sweeps.aggregate import summarise
from sweeps.config import TrackingConfig
from sweeps.results import STAND_IN_NOTE, CellResult, SettingResult, SweepResult
from sweeps.tracking import Tracker, rebuild
from sweeps.tracking_client import TrackingError, experiment_id, open_client
from sweeps.tracking_content import PARAM_LENGTH
from sweeps.tracking_runs import HOST, PID, SEEN, STARTED, owner_is_dead, owner_tags, reap_dead
from workflow.media.probe import probe

LOCAL = TrackingConfig(kind="local")
METRIC = "lipsync/envelope_strength"
Make = Callable[..., Any]


@pytest.fixture(scope="session")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for all tests: its first opening costs seconds."""
    return tmp_path_factory.mktemp("我的 outputs 100%")


@pytest.fixture(scope="session")
def client(outputs: Path) -> Any:
    return open_client(LOCAL, outputs)


@pytest.fixture
def sweep(request: pytest.FixtureRequest, rendered: Make, make_sweep: Make) -> Iterator[SweepResult]:
    """Two rendered settings and one impossible one, under an experiment of the test's own."""
    bad = SettingResult("v3", cells=(CellResult("v3", "a", 2, "impossible", "adain is not offered"),))
    name = request.node.name
    yield make_sweep(rendered(), rendered("motion_frame=13"), bad, experiment=name, plan_hash=name, baseline="v3")


def runs_of(client: Any, sweep: SweepResult) -> dict[str, Any]:
    """Every run of a sweep's experiment by setting, the parent under ''."""
    experiment = client.get_experiment_by_name(f"{sweep.experiment} (stand-in)")
    runs = client.search_runs([experiment.experiment_id])
    found = {run.data.tags.get("setting", ""): run for run in runs}
    assert len(found) == len(runs)
    return found


def artifacts(outputs: Path, run: Any) -> Path:
    folder = outputs / "mlartifacts" / run.info.run_id / "artifacts"
    assert folder.is_dir()
    return folder


def test_a_sweep_is_a_parent_and_a_child_for_each_setting(client: Any, outputs: Path, sweep: SweepResult) -> None:
    tracker = rebuild(LOCAL, outputs, sweep)
    runs = runs_of(client, sweep)
    assert set(runs) == {"", *(one.name for one in sweep.settings)}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert runs[""].info.run_id == tracker.run_id
    assert all(run.data.tags["mlflow.parentRunId"] == tracker.run_id for name, run in runs.items() if name)
    assert runs["v3"].data.tags["state"] == "impossible"
    assert "adain is not offered" in runs["v3"].data.tags["mlflow.note.content"]


def test_every_stand_in_run_says_so(client: Any, outputs: Path, sweep: SweepResult) -> None:
    rebuild(LOCAL, outputs, sweep)
    for run in runs_of(client, sweep).values():
        assert run.data.tags["stand_in"] == "true"
        assert STAND_IN_NOTE in run.data.tags["mlflow.note.content"]
    assert client.get_experiment_by_name(sweep.experiment) is None


def test_the_numbers_are_those_of_the_results(client: Any, outputs: Path, sweep: SweepResult) -> None:
    rebuild(LOCAL, outputs, sweep)
    setting = sweep.settings[0]
    run, found = runs_of(client, sweep)[setting.name], summarise(setting, METRIC)
    told = {suffix: run.data.metrics[f"{METRIC}{suffix}"] for suffix in ("", ".low", ".high", ".n")}
    assert told == pytest.approx({"": found.mean, ".low": found.low, ".high": found.high, ".n": found.n})
    assert not [one for one in run.data.metrics if one.startswith("lipsync/envelope_offset")], "no value, and no 0"
    names = sorted(run.data.metrics)
    assert names[0] in METRICS and all(one.startswith("total/") for one in names[-7:]), "counts come after figures"
    assert run.data.params["positive_prompt"] == setting.values["positive_prompt"]
    table = json.loads((artifacts(outputs, run) / "per_clip.json").read_text("utf-8"))
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert [row[METRIC] for row in rows] == list(found.by_clip.values())
    assert all("lipsync/envelope_offset: no evidence" in row["missing"] for row in rows)


def test_the_files_of_a_setting_lie_under_outputs(client: Any, outputs: Path, sweep: SweepResult) -> None:
    rebuild(LOCAL, outputs, replace(sweep, stamp={"comfyui": "0.3.64"}))
    runs = runs_of(client, sweep)
    folder = artifacts(outputs, runs[sweep.settings[0].name])
    names = {path.name for path in folder.iterdir()}
    assert names >= {
        "contact_sheet.png",
        "curves.png",
        "curves.json",
        "preview.mp4",
        "per_clip.csv",
        "workflow_api.json",
    }
    assert json.loads((folder / "stamp.json").read_text("utf-8")) == {"comfyui": "0.3.64"}
    assert probe(folder / "preview.mp4").tags["stand_in"] == "true"
    parent = artifacts(outputs, runs[""])
    assert {path.name for path in parent.iterdir()} == {"summary.md", "summary.csv", "config.yaml", "stamp.json"}


def test_the_same_results_again_write_nothing(client: Any, outputs: Path, sweep: SweepResult) -> None:
    rebuild(LOCAL, outputs, sweep)
    before = runs_of(client, sweep)
    with Tracker(LOCAL, outputs) as tracker:
        tracker.start(sweep)
        reused = tuple(
            replace(one, cells=tuple(replace(cell, reused=True) for cell in one.cells)) for one in sweep.settings
        )
        for pictures in (False, True, None):
            assert not any(tracker.log_setting(sweep, one, pictures=pictures) for one in reused)
        assert tracker.finish(sweep) == "FINISHED"
    after = runs_of(client, sweep)
    assert {name: run.info.run_id for name, run in after.items()} == {n: r.info.run_id for n, r in before.items()}
    assert all(after[name].info.end_time == before[name].info.end_time for name in after if name)


def test_a_resumed_plan_continues_its_runs_and_overwrites(client: Any, outputs: Path, sweep: SweepResult) -> None:
    whole = sweep.settings[0]
    half = replace(whole, cells=(whole.cells[0], CellResult(whole.name, "b", 2, "pending")))
    with pytest.raises(KeyboardInterrupt), Tracker(LOCAL, outputs) as tracker:
        tracker.start(sweep)
        tracker.log_setting(sweep, half)
        assert runs_of(client, sweep)[whole.name].info.status == "RUNNING"
        raise KeyboardInterrupt
    first = runs_of(client, sweep)
    assert {run.info.status for run in first.values()} == {"KILLED"}
    rebuild(LOCAL, outputs, sweep)
    again = runs_of(client, sweep)
    assert again[whole.name].info.run_id == first[whole.name].info.run_id
    assert {run.info.status for run in again.values()} == {"FINISHED"}
    assert [run[whole.name].data.metrics["total/cells_done"] for run in (first, again)] == [1, 2]
    table = json.loads((artifacts(outputs, again[whole.name]) / "per_clip.json").read_text("utf-8"))
    assert len(table["data"]) == 2


def test_a_value_that_is_missing_now_does_not_keep_its_old_number(
    client: Any, outputs: Path, sweep: SweepResult, make_score: Make
) -> None:
    rebuild(LOCAL, outputs, sweep)
    one = sweep.settings[0]
    cells = tuple(replace(cell, score=make_score({METRIC: None})) for cell in one.cells)
    rebuild(LOCAL, outputs, replace(sweep, settings=(replace(one, cells=cells), *sweep.settings[1:])))
    told = runs_of(client, sweep)[one.name].data.metrics
    assert all(math.isnan(told[f"{METRIC}{suffix}"]) for suffix in ("", ".low", ".high", ".n"))


@pytest.mark.parametrize(("expected", "status"), [(True, "FINISHED"), (False, "FAILED")])
def test_a_failure_is_truthful_and_a_declared_one_is_a_result(
    client: Any, outputs: Path, sweep: SweepResult, expected: bool, status: str
) -> None:
    failed = CellResult("big", "a", 2, "failed", "out of memory", "sample", expected=expected)
    told = replace(sweep, settings=(SettingResult("big", cells=(failed,)),))
    rebuild(LOCAL, outputs, told)
    assert {run.info.status for run in runs_of(client, told).values()} == {status}


def test_a_setting_that_did_not_change_is_not_written_again_while_it_waits(outputs: Path, sweep: SweepResult) -> None:
    one = sweep.settings[0]
    half = replace(one, cells=(one.cells[0], CellResult(one.name, "b", 2, "pending")))
    with Tracker(LOCAL, outputs) as tracker:
        tracker.start(sweep)
        assert [tracker.log_setting(sweep, half) for _ in range(2)] == [True, False]
        assert tracker.log_setting(sweep, one)
        assert tracker.finish(replace(sweep, settings=(half,))) == "FINISHED"


def test_a_tracker_that_could_not_start_says_so(tmp_path: Path, sweep: SweepResult) -> None:
    tracker = Tracker(LOCAL, tmp_path)
    with pytest.raises(TrackingError, match="has not begun"):
        tracker.log_setting(sweep, sweep.settings[0])
    tracker.close("KILLED")


def test_an_error_in_the_harness_ends_the_runs_as_failed(client: Any, outputs: Path, sweep: SweepResult) -> None:
    with pytest.raises(ZeroDivisionError), Tracker(LOCAL, outputs) as tracker:
        tracker.start(sweep)
        raise ZeroDivisionError
    assert runs_of(client, sweep)[""].info.status == "FAILED"


def test_long_and_oddly_named_parameters_are_taken(client: Any, outputs: Path, sweep: SweepResult) -> None:
    values = {
        "prompt": "说" * 9000,
        "KSampler (2).steps": 8,
        "KSampler [2].steps": 9,
        "loras": ["a", "b"],
        "none": None,
    }
    odd = replace(sweep.settings[0], values=values)
    rebuild(LOCAL, outputs, replace(sweep, settings=(odd,)))
    run = runs_of(client, sweep)[odd.name]
    assert len(run.data.params["prompt"]) == PARAM_LENGTH
    assert run.data.tags["truncated"] == "prompt"
    assert sorted(value for key, value in run.data.params.items() if key.startswith("KSampler")) == ["8", "9"]
    assert "none" not in run.data.params
    assert json.loads((artifacts(outputs, run) / "parameters.json").read_text("utf-8")) == values


def test_a_video_that_does_not_decode_costs_the_run_no_number(
    client: Any, outputs: Path, sweep: SweepResult, tmp_path: Path
) -> None:
    (tmp_path / "video.mp4").write_bytes(b"no video")
    one = sweep.settings[0]
    broken = replace(one, cells=tuple(replace(cell, folder=tmp_path) for cell in one.cells))
    tracker = rebuild(LOCAL, outputs, replace(sweep, settings=(broken,)))
    run = runs_of(client, sweep)[one.name]
    assert run.data.metrics[METRIC] == pytest.approx(summarise(one, METRIC).mean)
    assert len(tracker.troubles) == 1
    assert tracker.troubles[0] == run.data.tags["not_drawn"]


def _process(code: str, *arguments: str) -> "subprocess.Popen[str]":
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_only_the_runs_of_dead_owners_are_reaped(client: Any, outputs: Path, sweep: SweepResult) -> None:
    code = (
        "import json, time; from sweeps.tracking_runs import owner_tags;"
        "print(json.dumps(owner_tags()), flush=True); time.sleep(60)"
    )
    processes = [_process(code) for _ in range(2)]
    try:
        tags = [json.loads(process.stdout.readline()) for process in processes if process.stdout]
        experiment = experiment_id(client, LOCAL, outputs, sweep.experiment)
        foreign = {**tags[0], HOST: "another-host"}
        ids = [client.create_run(experiment, tags=one).info.run_id for one in (*tags, foreign, owner_tags(), {})]
        processes[0].kill()
        processes[0].wait()
        assert reap_dead(client) == [ids[0]]
        runs = [client.get_run(one) for one in ids]
        assert [run.info.status for run in runs] == ["KILLED", *["RUNNING"] * 4]
        assert runs[0].info.end_time >= runs[0].info.start_time
        assert tags[0][PID] in runs[0].data.tags["ended"]
    finally:
        for process in processes:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


def test_a_reused_process_number_is_not_the_owner() -> None:
    mine = owner_tags()
    assert not owner_is_dead(mine)
    assert owner_is_dead({**mine, STARTED: str(float(mine[STARTED]) - 500)})
    assert not owner_is_dead({SEEN: mine[SEEN]})


def test_a_killed_sweep_is_told_apart_and_taken_up_again(client: Any, outputs: Path, sweep: SweepResult) -> None:
    tracker = Tracker(LOCAL, outputs)
    tracker.start(sweep)
    assert tracker.run_id is not None
    gone = _process("pass")
    gone.communicate()
    client.set_tag(tracker.run_id, PID, str(gone.pid))  # as if that process had begun the run, and was killed
    client.set_tag(tracker.run_id, SEEN, str(int(time.time()) - 5))
    second = Tracker(LOCAL, outputs)
    second.start(sweep)
    assert second.reaped == [tracker.run_id] == [second.run_id]
    run = client.get_run(second.run_id)
    assert run.info.status == "RUNNING"
    assert "ended" not in run.data.tags
    second.close("KILLED")
    assert client.get_run(second.run_id).info.status == "KILLED"


@pytest.mark.usefixtures("client")
def test_a_moved_outputs_folder_takes_its_artifacts_along(outputs: Path, tmp_path: Path, sweep: SweepResult) -> None:
    before, after = tmp_path / "old 里", tmp_path / "new place"
    before.mkdir()
    shutil.copyfile(outputs / "mlflow.db", before / "mlflow.db")  # spares making the tables once more
    (tmp_path / "sweep").write_bytes(pickle.dumps(sweep))
    code = (
        "import pickle, sys; from pathlib import Path; from sweeps.config import TrackingConfig;"
        "from sweeps.tracking import rebuild; sweep = pickle.loads(Path(sys.argv[1]).read_bytes());"
        "rebuild(TrackingConfig('local'), Path(sys.argv[2]), sweep)"
    )
    # another process: MLflow remembers the place of a run's artifacts for as long as it lives
    assert _process(code, str(tmp_path / "sweep"), str(before)).communicate(timeout=120)[0] == ""
    before.rename(after)
    changed = replace(sweep, title="moved")
    tracker = rebuild(LOCAL, after, changed)
    client = open_client(LOCAL, after)
    assert not before.exists()
    for run in runs_of(client, changed).values():
        assert artifacts(after, run).as_uri() == run.info.artifact_uri
    assert tracker.run_id is not None
    assert "moved" in (artifacts(after, client.get_run(tracker.run_id)) / "summary.md").read_text("utf-8")


def test_parallel_first_starts_share_one_store_quietly(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from sweeps.config import TrackingConfig as T;"
        "from sweeps.tracking_client import open_client, experiment_id; c, p = T('local'), Path(sys.argv[1]);"
        "print(experiment_id(open_client(c, p), c, p, 'x'))"
    )
    processes = [_process(code, str(tmp_path / "o")) for _ in range(2)]
    told = [process.communicate(timeout=120)[0].split() for process in processes]
    assert told[0] == told[1]
    assert len(told[0]) == 1


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (TrackingConfig(kind="cloud"), "cloud"),
        (TrackingConfig(kind="server"), "address"),
        (TrackingConfig(kind="server", uri="host5000"), "host5000"),
    ],
)
def test_a_wrong_config_is_refused_before_anything_starts(config: TrackingConfig, said: str, tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match=said):
        Tracker(config, tmp_path)


def test_a_server_that_is_not_there_is_one_clear_error(tmp_path: Path, sweep: SweepResult) -> None:
    tracker = Tracker(TrackingConfig(kind="server", uri="http://127.0.0.1:9"), tmp_path)
    with pytest.raises(TrackingError, match=r"cannot reach http://127\.0\.0\.1:9"):
        tracker.start(sweep)


def test_a_folder_that_takes_no_files_is_refused_at_once(tmp_path: Path, sweep: SweepResult) -> None:
    (tmp_path / "outputs").write_text("a file in the way", "utf-8")
    tracker = Tracker(LOCAL, tmp_path / "outputs")
    with pytest.raises(TrackingError, match="outputs"):
        tracker.start(sweep)


def test_an_experiment_deleted_in_mlflow_says_how_to_go_on(client: Any, outputs: Path, sweep: SweepResult) -> None:
    tracker = Tracker(LOCAL, outputs)
    tracker.start(sweep)
    tracker.close("KILLED")
    client.delete_experiment(client.get_experiment_by_name(f"{sweep.experiment} (stand-in)").experiment_id)
    with pytest.raises(TrackingError, match="deleted") as caught:
        Tracker(LOCAL, outputs).start(sweep)
    assert "restore" in caught.value.hint


def test_an_mlflow_that_cannot_be_loaded_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow.tracking", None)
    with pytest.raises(TrackingError, match=r"MLflow cannot be loaded: .*mlflow\.tracking") as caught:
        open_client(LOCAL, tmp_path)
    assert "action=log" in (caught.value.hint or "")
