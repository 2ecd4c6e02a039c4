"""A search on the real stand-in, from the command line to Optuna, MLflow and its tables."""

import csv
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

import sweep
from sweeps.status import read_status

ROOT = Path(__file__).resolve().parents[3]
SMALL = [
    "clips.width=128",
    "clips.height=224",
    "scoring=quick",
    "clips.names=[weather,train]",
    "search=tpe",
    "search.batch=2",
]
SPACE = ["search.space.steps=[2,4,6,8]", "search.space.cfg=[1.0,2.0]", "search.objectives=[cost/window_s]"]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outputs")


def run(outputs: Path, *arguments: str) -> int:
    return sweep.main([*SMALL, f"outputs={outputs}", *arguments])


def study(outputs: Path, name: str) -> optuna.Study:
    return optuna.load_study(storage=f"sqlite:///{outputs}/optuna.db", study_name=f"{name}-stand-in")


def rendered(outputs: Path) -> set[Path]:
    return {path for path in (outputs / "store").glob("*/*/video.mp4") if not path.parent.suffix}


def test_a_search_tells_optuna_mlflow_and_its_tables(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(outputs, *SPACE, "search.trials=5", "sweep.name=five") == 0
    said = capsys.readouterr().out
    assert "stand-in: shows the method, not the model" in " ".join(said.split())
    trials = [one for one in study(outputs, "five").trials if "copy_of" not in one.user_attrs]
    assert len(trials) == 5 and all(one.state in (TrialState.COMPLETE, TrialState.PRUNED) for one in trials)
    assert trials[0].params == {"steps": 4, "cfg": 1.0}, "the baseline is the first"
    folder = outputs / "sweeps" / "five-stand-in"
    rows = list(csv.DictReader((folder / "search.csv").open(encoding="utf-8")))
    assert {row["trial"] for row in rows} >= {"baseline"} and all("stand-in" in row["note"] for row in rows)
    assert "not the model" in (folder / "search.md").read_text(encoding="utf-8")
    status = read_status(folder)
    assert status is not None and status.ended == "done" and status.rendered > 0
    with sqlite3.connect(outputs / "mlflow.db") as database:
        runs = list(database.execute("select name, status from runs"))
    assert ("five", "FINISHED") in runs
    assert len([name for name, status in runs if status == "FINISHED"]) == 6, "one run a setting, one for the search"
    files = {path.name for path in (outputs / "mlartifacts").rglob("search*")} or {
        path.name for path in outputs.rglob("artifacts/search*")
    }
    assert {"search.md", "search.csv", "search_slice.png"} <= files


def test_the_same_search_again_renders_nothing_and_more_trials_go_on(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = rendered(outputs)
    capsys.readouterr()
    assert run(outputs, *SPACE, "search.trials=5", "sweep.name=five") == 0
    assert "nothing rendered" in capsys.readouterr().out and rendered(outputs) == before
    assert run(outputs, *SPACE, "search.trials=20", "sweep.name=five") == 0
    assert "every point of the space was tried" in capsys.readouterr().out
    points = {str(one.params) for one in study(outputs, "five").trials}
    assert len(points) == 8 and len(rendered(outputs)) == 16


def test_a_proposal_that_meets_a_finished_cell_costs_nothing(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another search over the same points, by chance this time: the store has them all."""
    before = rendered(outputs)
    capsys.readouterr()
    assert run(outputs, *SPACE, "search=random", "search.trials=6", "sweep.name=again") == 0
    assert "nothing rendered" in capsys.readouterr().out and rendered(outputs) == before
    assert len([one for one in study(outputs, "again").trials if "copy_of" not in one.user_attrs]) == 6


def test_another_space_under_the_same_name_is_refused(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(outputs, *SPACE, "search.space.cfg=[1.0,3.0]", "search.trials=5", "sweep.name=five") == 2
    assert "space cfg: 1, 2 before, 1, 3 now" in " ".join(capsys.readouterr().err.split())


def test_a_bound_that_nothing_meets_shows_what_comes_nearest(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bound = "search.bounds=[{metric: sharpness/laplacian, min: 50.0}]"
    assert run(outputs, *SPACE, bound, "search.trials=3", "sweep.name=sharp") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "no setting keeps every bound" in said and "comes nearest, breaking sharpness/laplacian" in said


def test_one_cell_a_setting_has_no_cost_to_search_by(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, *SPACE, "clips.names=[weather]", "search.trials=3") == 2
    assert "one cell a setting" in " ".join(capsys.readouterr().err.split())


def test_two_objectives_have_a_front(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two = ["search=nsga2", "search.objectives=[cost/window_s,colour/cheeks_mean]", "search.trials=4"]
    assert run(outputs, *SPACE, *two, "sweep.name=front") == 0
    assert "◆" in capsys.readouterr().out
    assert (outputs / "sweeps" / "front-stand-in" / "search_pareto.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["search.space.steps=[4]"], "one point only"),
        ([], "search.space is empty"),
        ([SPACE[0], "search.objectives=[]"], "search.objectives is empty"),
        ([SPACE[0], "search.objectives=[lipsync/confidence]"], "search.objectives"),
        ([SPACE[0], "search.objectives=[cost/window_s]", "sweep.axes.cfg=[1.0,2.0]"], "axes make a grid"),
        ([SPACE[0], "search.objectives=[cost/window_s]", "limit=2"], "limit=2 would cut settings short"),
        ([SPACE[0], "search.objectives=[cost/window_s]", "search.sampler=CmaEsSampler", "search.trials=1"], "trials=1"),
    ],
)
def test_a_search_that_makes_no_sense_is_refused_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert run(tmp_path, *arguments) == 2
    said = capsys.readouterr().err
    assert words in " ".join(said.split()) and "hint:" in said
    assert not rendered(tmp_path)


def test_a_search_killed_with_9_goes_on_to_the_same_total(outputs: Path) -> None:
    arguments = [*SMALL, *SPACE, f"outputs={outputs}", "sweep.name=killed", "sweep.seeds=[5]", "search.trials=6"]
    command = [sys.executable, str(ROOT / "sweep.py"), *arguments]
    before = len(rendered(outputs))
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    until = time.monotonic() + 120
    while len(rendered(outputs)) < before + 3 and time.monotonic() < until and child.poll() is None:
        time.sleep(0.1)
    assert child.poll() is None, f"it ended by itself: {child.returncode}"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    made = rendered(outputs)
    assert len(made) >= before + 3
    left = [one.number for one in study(outputs, "killed").trials if one.state == TrialState.RUNNING]
    stamps = {path: path.stat().st_mtime_ns for path in made}
    assert sweep.main(arguments) == 0
    trials = [one for one in study(outputs, "killed").trials if "copy_of" not in one.user_attrs]
    assert len(trials) == 6 and all(one.state.is_finished() for one in trials)
    assert len({str(one.params) for one in trials}) == 6, "no proposal twice"
    assert all(trials[number].state != TrialState.FAIL for number in left)
    assert {path: path.stat().st_mtime_ns for path in made} == stamps, "nothing was rendered twice"
    assert len(rendered(outputs)) == before + 12


def test_a_plan_tells_what_is_searched_and_touches_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, *SPACE, "action=plan", "search.trials=9") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "steps: 2, 4, 6, 8" in said and "for cost/window_s ↓, by TPESampler, 8 points in all" in said
    assert "9 trials at most" in said
    assert not list(tmp_path.iterdir())


def test_the_same_space_is_a_grid_where_that_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, *SPACE, "action=plan", "search=grid") == 0
    assert "16 cells: 16 to render" in " ".join(capsys.readouterr().out.split())
    assert run(tmp_path, "search.space.cfg={low:1.0,high:2.0}", "action=plan", "search=grid") == 2
    assert "that is no grid" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("action", ["score", "log"])
def test_what_a_search_cannot_do_yet_is_said(outputs: Path, capsys: pytest.CaptureFixture[str], action: str) -> None:
    assert run(outputs, *SPACE, f"action={action}", "sweep.name=five") == 2
    assert "action=run scores and logs" in " ".join(capsys.readouterr().err.split())
