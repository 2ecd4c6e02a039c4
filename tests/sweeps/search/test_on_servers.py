"""Everything on servers: a pool renders, runs and trials are in a PostgreSQL, MLflow's server has the artifacts."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
import requests
from postgres import Postgres

import sweep
from sweeps.app import App

pytestmark = pytest.mark.postgres
WORDS = [
    "clips.width=96",
    "clips.height=160",
    "scoring=quick",
    "clips.names=[weather,train]",
    "search=random",
    "search.space.steps=[2,4,6,8]",
    "search.objectives=[cost/window_s]",
    "search.trials=4",
    "search.batch=3",
    "sweep.name=far",
]


@pytest.fixture(scope="module")
def mlflow_server(database: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Its address, and the folder where only it writes artifacts."""
    folder = tmp_path_factory.mktemp("mlflow-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["--backend-store-uri", database.database("mlflow"), "--artifacts-destination", str(folder / "artifacts")]
    words += ["--serve-artifacts", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *words],
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,
            env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        )
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 120
    try:
        while True:
            try:
                requests.get(f"{url}/health", timeout=2).raise_for_status()
                break
            except requests.RequestException:
                assert child.poll() is None and time.monotonic() < deadline, (folder / "log").read_text("utf-8")
                time.sleep(0.2)
        yield url, folder / "artifacts"
    finally:
        os.killpg(child.pid, 9)
        child.wait()


def test_a_search_over_a_pool_lands_in_postgresql_and_its_artifacts_with_the_server(
    tmp_path: Path,
    database: Postgres,
    mlflow_server: tuple[str, Path],
    restartable: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    import mlflow

    url, artifacts = mlflow_server
    servers = [restartable("--pace", pace) for pace in ("0.3", "0.6")]
    for one in servers:
        one.start()
    trials = database.database("trials")
    pool = f"server.urls=[{','.join(one.url for one in servers)}]"
    where = ["tracking=server", f"tracking.uri={url}", "server=pool", pool, f"search.storage={trials}"]
    assert sweep.main([*WORDS, *where, f"outputs={tmp_path}"]) == 0, capsys.readouterr()
    assert not (tmp_path / "mlflow.db").exists() and not (tmp_path / "mlartifacts").exists()
    study = optuna.load_study(storage=trials, study_name="far-stand-in")
    assert len([one for one in study.trials if "copy_of" not in one.user_attrs]) == 4
    client = mlflow.MlflowClient(url)
    experiments = [one for one in client.search_experiments() if one.name != "Default"]
    runs = [run for one in experiments for run in client.search_runs([one.experiment_id])]
    assert len(runs) == 5 and {run.info.status for run in runs} == {"FINISHED"}
    parent = next(run for run in runs if "mlflow.parentRunId" not in run.data.tags)
    names = {item.path for item in client.list_artifacts(parent.info.run_id)}
    assert "search.md" in names
    assert parent.info.artifact_uri.startswith("mlflow-artifacts:")
    fetched = Path(client.download_artifacts(parent.info.run_id, "search.md", str(tmp_path)))
    assert "not the model" in fetched.read_text("utf-8")
    assert any(artifacts.rglob("search.md"))


def test_a_tracking_server_whose_database_is_away_is_waited_for(
    tmp_path: Path, database: Postgres, mlflow_server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    client, said = mlflow.MlflowClient(mlflow_server[0]), threading.Event()
    monkeypatch.setattr(App, "warn", lambda app, line: said.set() if "waiting for it" in line else None)

    def begun() -> list[Any]:
        places = [one.experiment_id for one in client.search_experiments()]
        return list(client.search_runs(places, "attributes.run_name = 'outage'"))

    def outage() -> None:
        until = time.monotonic() + 60
        while not begun() and time.monotonic() < until:
            time.sleep(0.1)
        database.stop()
        said.wait(60)
        database.start()

    thread = threading.Thread(target=outage)
    thread.start()
    where = ["tracking=server", f"tracking.uri={mlflow_server[0]}", f"outputs={tmp_path}", "sweep.name=outage"]
    words = ["clips.width=96", "clips.height=160", "clips.names=[weather]", "scoring=quick", "sweep.axes.steps=[2,4]"]
    assert sweep.main([*words, *where, "server.pace_s=3"]) == 0
    thread.join()
    assert said.is_set()
    (parent,) = begun()
    children = client.search_runs([parent.info.experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
    assert {run.info.status for run in (parent, *children)} == {"FINISHED"} and len(children) == 2
