"""The main job on the real stand-in, from the command line to MLflow."""

import csv
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

import sweep
from sweeps.__main__ import main as commands
from workflow.media.decode import frames
from workflow.media.probe import probe

Capture = pytest.CaptureFixture[str]
ROOT = Path(__file__).resolve().parents[2]
SMALL = ["clips.width=96", "clips.height=160", "scoring=quick"]
EXPERIMENTS = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml"))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("我的 outputs")


def run(outputs: Path, *arguments: str) -> int:
    return sweep.main([*SMALL, f"outputs={outputs}", *arguments])


@pytest.fixture
def fresh(tmp_path: Path, tables: Callable[[Path], None]) -> Path:
    """A folder of outputs of the test's own, without runs."""
    tables(tmp_path / "outputs")
    return tmp_path / "outputs"


def started(outputs: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, str(ROOT / "sweep.py"), *SMALL, f"outputs={outputs}", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", cwd=outputs.parent
    )


def renders(outputs: Path) -> dict[Path, float]:
    """Every stored video with the time it was written."""
    return {path: path.stat().st_mtime for path in (outputs / "store").glob("*/*/video.mp4") if not path.parent.suffix}


def runs(outputs: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(outputs / "mlflow.db") as database:
        return list(database.execute("select name, status from runs"))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_shipped_experiment_runs(outputs: Path, name: str, capsys: Capture) -> None:
    clip = "spring_festival" if name == "long" else "weather"
    few = ["search.trials=3", "scoring=default", "clips.names=[weather,train]"] if name == "search" else ["limit=2"]
    if name == "regression":
        faces = ["clips.width=128", "clips.height=224"]
        assert run(outputs, "sweep.name=release", "clips=benchmark", f"clips.names=[{clip}]", *faces) == 0
        assert commands(["baseline", "set", "release", "--outputs", str(outputs)]) == 0
        few = ["compare.primaries=[colour/cheeks_mean]", "sweep.seeds=[2,3]", *faces]
        capsys.readouterr()
    assert run(outputs, f"+experiment={name}", f"clips.names=[{clip}]", *few) == 0
    said = capsys.readouterr().out
    assert "stand-in" in said
    counts = re.search(r"(nothing|\d+) rendered, (\d+) reused", said)
    assert counts is not None
    impossible = 1 if name == "tuning_history" and "v3" in said.split("forecast")[0] else 0
    assert sum(int(one) for one in counts.groups() if one != "nothing") + impossible >= 2


def test_the_same_command_again_renders_and_scores_nothing_and_says_so(outputs: Path, capsys: Capture) -> None:
    command = ["+experiment=cfg", "clips.names=[train]", "limit=2"]
    assert run(outputs, *command) == 0
    before, logged = renders(outputs), runs(outputs)
    capsys.readouterr()
    assert run(outputs, *command) == 0
    assert "nothing rendered, 2 reused, nothing scored" in capsys.readouterr().out
    assert (renders(outputs), runs(outputs)) == (before, logged)


def test_an_added_axis_value_renders_only_what_is_new(outputs: Path, capsys: Capture) -> None:
    assert run(outputs, "sweep.name=added", "clips.names=[museum]", "sweep.axes.steps=[4,6]") == 0
    capsys.readouterr()
    folder = outputs / "sweeps" / "added-stand-in"
    first = {file: (folder / file).read_bytes() for file in ("summary.md", "summary.csv")}
    assert run(outputs, "sweep.name=added", "clips.names=[museum]", "sweep.axes.steps=[4,6,8]") == 0
    assert "1 rendered, 2 reused, 1 scored" in capsys.readouterr().out
    for file, content in first.items():
        assert (folder / file).read_bytes() != content
        kept = {path.read_bytes() for path in (folder / "plans").glob(f"*{Path(file).suffix}")}
        assert kept == {content, (folder / file).read_bytes()}, "the table of the plan before is lost"


def test_a_puppet_s_time_is_not_given_as_a_model_s(outputs: Path) -> None:
    assert run(outputs, "sweep.name=paced", "clips.names=[museum]", "sweep.axes.steps=[4,6]") == 0
    with (outputs / "sweeps" / "paced-stand-in" / "summary.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == "cost/window_s"]
    assert [row["setting"] for row in rows] == ["steps=4", "steps=6"]
    assert all(row["mean"] == "" and "stand-in" in row["missing"] for row in rows)


def test_without_a_name_the_same_command_goes_on_with_the_same_sweep(outputs: Path, capsys: Capture) -> None:
    command = ["clips.names=[museum]", "sweep.axes.steps=[4,6]", "sweep.axes.shift=[5.0]"]
    assert run(outputs, *command) == 0
    logged = runs(outputs)
    capsys.readouterr()
    assert run(outputs, *command) == 0
    assert "nothing rendered, 2 reused, nothing scored" in capsys.readouterr().out
    assert runs(outputs) == logged
    assert ("current-shift+steps", "FINISHED") in logged


def test_cells_that_cannot_differ_share_one_render(outputs: Path, capsys: Capture) -> None:
    assert run(outputs, "sweep.name=same", "clips.names=[train]", "sweep.axes.negative_prompt=[blurry,ugly]") == 0
    said = capsys.readouterr().out
    assert "cannot differ" in said
    assert "1 rendered" in said


def test_planning_touches_nothing(tmp_path: Path, capsys: Capture) -> None:
    assert run(tmp_path / "outputs", "+experiment=motion_frame", "action=plan") == 0
    assert "30 to render" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_the_video_in_the_store_is_what_was_asked_for_and_says_stand_in(outputs: Path) -> None:
    assert run(outputs, "sweep.name=video", "clips.names=[weather]", "workflow.cfg=1.7") == 0
    plan = json.loads((outputs / "sweeps" / "video-stand-in" / "plan.json").read_text(encoding="utf-8"))
    (cell,) = plan["cells"]
    (folder,) = (outputs / "store" / cell["recipe"][:24]).iterdir()
    record = json.loads((folder / "render.json").read_text(encoding="utf-8"))
    found = probe(folder / "video.mp4")
    assert (found.width, found.height, found.has_audio) == (96, 160, True)
    assert sum(1 for _ in frames(folder / "video.mp4")) == found.frames
    assert record["stand_in"] is True
    assert "stand-in" in json.dumps(found.tags).lower()
    assert len(list((folder / "scores").glob("*.json"))) == 1


def test_a_corrupt_store_entry_is_found_out_and_rendered_again(outputs: Path, capsys: Capture) -> None:
    command = ["sweep.name=corrupt", "clips.names=[weather]", "workflow.cfg=1.9"]
    before = set(renders(outputs))
    assert run(outputs, *command) == 0
    (video,) = set(renders(outputs)) - before
    video.write_bytes(video.read_bytes()[::-1])
    capsys.readouterr()
    assert run(outputs, *command) == 0
    assert "1 rendered" in capsys.readouterr().out


def test_a_corrupt_score_is_made_again(outputs: Path, capsys: Capture) -> None:
    command = ["sweep.name=torn", "clips.names=[weather]", "workflow.cfg=1.8"]
    before = set(renders(outputs))
    assert run(outputs, *command) == 0
    (video,) = set(renders(outputs)) - before
    (score,) = (video.parent / "scores").glob("*.json")
    score.write_text(score.read_text(encoding="utf-8")[:50], encoding="utf-8")
    capsys.readouterr()
    assert run(outputs, *command, "action=score") == 0
    assert "scored 1 render" in capsys.readouterr().out


def test_mlflow_is_rebuilt_from_the_store(outputs: Path, tables: Callable[[Path], None]) -> None:
    command = ["sweep.name=rebuilt", "clips.names=[train]", "sweep.axes.steps=[4,6]"]
    assert run(outputs, *command) == 0
    (outputs / "mlflow.db").unlink()
    tables(outputs)
    again = started(outputs, *command, "action=log")
    said = again.communicate(timeout=120)[0]
    assert again.returncode == 0, said
    assert sorted(runs(outputs)) == [("rebuilt", "FINISHED"), ("steps=4", "FINISHED"), ("steps=6", "FINISHED")]


def until(process: "subprocess.Popen[str]", what: str) -> str:
    """Read lines until one holds ``what``."""
    said = ""
    for line in process.stdout or []:
        said += line
        if what in line:
            return said
    pytest.fail(f"the command ended without {what!r}:\n{said}")


def test_ctrl_c_ends_politely_and_the_same_command_goes_on(fresh: Path, capsys: Capture) -> None:
    outputs = fresh
    command = ["sweep.name=polite", "clips.names=[weather]", "sweep.axes.steps=[2,4,6]", "server.pace_s=4"]
    process = started(outputs, *command)
    until(process, "cell 2 of 3")
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 130, said
    assert time.monotonic() - begun < 30
    assert len(renders(outputs)) == 1
    assert {status for _, status in runs(outputs)} == {"KILLED"}
    assert run(outputs, *command[:-1]) == 0
    assert "2 rendered, 1 reused" in capsys.readouterr().out
    assert {status for _, status in runs(outputs)} == {"FINISHED"}


@pytest.mark.parametrize("moment", ["cell 1 of 3", "cell 2 of 3", "cell 3 of 3", "rendering ended"])
def test_kill_9_loses_no_finished_render_and_makes_none_twice(fresh: Path, moment: str) -> None:
    outputs = fresh
    command = ["sweep.name=killed", "clips.names=[weather]", "sweep.axes.steps=[2,4,6]", "server.pace_s=1.5"]
    process = started(outputs, *command)
    until(process, moment)
    process.kill()
    process.communicate(timeout=30)
    kept = renders(outputs)
    assert run(outputs, *command[:-1]) == 0
    after = renders(outputs)
    assert len(after) == 3
    assert {path: after[path] for path in kept} == kept
    statuses = [status for _, status in runs(outputs)]
    assert "RUNNING" not in statuses
    assert statuses.count("FINISHED") >= 4
    assert not list((outputs / "store").glob("*/*.attempt"))


@pytest.fixture
def server() -> Iterator[str]:
    """A stand-in of its own, which outlives the harness; its URL."""
    command = [sys.executable, "-m", "runner", "standin", "--port", "0", "--pace", "3"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    yield process.stdout.readline().split()[-1]
    process.terminate()
    process.communicate(timeout=20)


def jobs(server: str) -> int:
    """How many prompts the server ever took."""
    queue = requests.get(f"{server}/queue", timeout=10).json()
    history = requests.get(f"{server}/history", timeout=10).json()
    return len(queue["queue_running"]) + len(queue["queue_pending"]) + len(history)


def test_a_killed_harness_finds_its_jobs_on_the_server_again(fresh: Path, server: str, capsys: Capture) -> None:
    outputs = fresh
    command = ["sweep.name=again", "clips.names=[weather]", "sweep.axes.steps=[2,4]"]
    command += ["server=comfyui", f"server.url={server}", "server.poll_s=0.2"]
    process = started(outputs, *command)
    until(process, "cell 1 of 2")
    process.kill()
    process.communicate(timeout=30)
    taken = jobs(server)
    assert taken >= 1
    assert run(outputs, *command) == 0
    assert "2 rendered" in capsys.readouterr().out
    assert jobs(server) == 2, "a job was sent twice"


def test_ctrl_c_takes_the_jobs_off_the_server(fresh: Path, server: str, capsys: Capture) -> None:
    outputs = fresh
    command = ["sweep.name=off", "clips.names=[weather]", "sweep.axes.steps=[2,4]"]
    command += ["server=comfyui", f"server.url={server}", "server.poll_s=0.2"]
    process = started(outputs, *command)
    until(process, "cell 1 of 2")
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 130, said
    queue = requests.get(f"{server}/queue", timeout=10).json()
    assert queue["queue_pending"] == []
    assert run(outputs, *command) == 0
    assert "2 rendered" in capsys.readouterr().out


def test_two_sweeps_at_once_on_one_store_are_refused_with_the_owner_named(fresh: Path, capsys: Capture) -> None:
    outputs = fresh
    process = started(outputs, "sweep.name=first", "clips.names=[weather]", "server.pace_s=5")
    until(process, "cell 1 of 1")
    assert run(outputs, "sweep.name=second", "clips.names=[weather]") == 2
    said = capsys.readouterr().err
    assert "in use by first" in said
    assert f"process {process.pid}" in said
    out = process.communicate(timeout=60)[0]
    assert process.returncode == 0, out


def test_the_children_of_a_killed_harness_end_too(fresh: Path) -> None:
    import psutil

    process = started(fresh, "sweep.name=orphans", "clips.names=[weather]", "server.pace_s=20")
    until(process, "cell 1 of 1")
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.kill()
    process.communicate(timeout=30)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


def test_a_budget_stops_before_the_next_cell_and_the_same_command_goes_on(tmp_path: Path, capsys: Capture) -> None:
    command = ["sweep.name=budget", "clips.names=[weather]", "sweep.axes.steps=[2,4,6]"]
    assert run(tmp_path, *command, "sweep.budget.cells=1") == 0
    assert "sweep.budget.cells=1" in capsys.readouterr().out
    assert len(renders(tmp_path)) == 1
    assert run(tmp_path, *command, "sweep.budget.gpu_hours=0") == 0
    assert len(renders(tmp_path)) == 1
    assert run(tmp_path, *command) == 0
    assert len(renders(tmp_path)) == 3


@pytest.fixture
def hook(tmp_path: Path) -> tuple[str, Callable[[], dict[str, object]]]:
    out = tmp_path / "told.json"
    script = tmp_path / "hook.py"
    script.write_text(f"import sys, pathlib; pathlib.Path({str(out)!r}).write_bytes(sys.stdin.buffer.read())", "utf-8")
    return f"{sys.executable} {script}", lambda: json.loads(out.read_text(encoding="utf-8"))


def test_hooks_are_told_how_it_ended(tmp_path: Path, hook: tuple[str, Callable[[], dict[str, object]]]) -> None:
    command, told = hook
    assert run(tmp_path / "o", "sweep.name=hooked", "clips.names=[weather]", f"hooks.on_done={command}") == 0
    assert told()["rendered"] == 1
    assert told()["stand_in"] is True


def test_a_sweep_runs_under_a_c_locale_from_another_folder(tmp_path: Path) -> None:
    folder = tmp_path / "别处"
    folder.mkdir()
    command = [
        sys.executable,
        str(ROOT / "sweep.py"),
        *SMALL,
        "outputs=" + str(tmp_path / "我的 项目"),
        "clips.names=[weather]",
    ]
    environment = {**os.environ, "LC_ALL": "C", "LANG": "C"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(folder.iterdir()) == []
    assert (tmp_path / "我的 项目" / "mlflow.db").exists()
