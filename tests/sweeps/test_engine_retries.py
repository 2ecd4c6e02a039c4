"""Sweeps on servers that go wrong: nothing lost, nothing twice, nothing mixed up, and the reason recorded."""

import io
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import pytest
import requests

from runner.server import Server
from sweeps.app import App
from sweeps.collect import collect
from sweeps.limits import Limits
from sweeps.scoring import ScoreTask, ScoringPool
from sweeps.tracking_content import per_clip_table
from workflow.media.probe import probe

MakeApp = Callable[..., App]
Ready = Callable[..., AbstractContextManager[Any]]
THREE = "sweep.axes.steps=[2,4,6]"
QUICK = ("server.retries.wait_s=0.2", "server.poll_s=0.05", "server.unreachable_s=2")
OOM = "sweep.axes.width=[1072,160]", "sweep.axes.height=[1920,288]", "sweep.zip=[[width,height]]"


class Restartable(Protocol):
    """What the fixture ``restartable`` makes."""

    folder: Path
    url: str
    command: str

    def start(self) -> str: ...

    def kill(self) -> None: ...


class Unscored(ScoringPool):
    """Nobody judges: what comes of the renders is looked at here."""

    def submit(self, task: ScoreTask) -> None:
        """Leave it."""


def fault(server: Server, name: str, **settings: Any) -> None:
    """Let the stand-in go wrong."""
    asked = {"add": [{"name": name, **settings}]}
    requests.post(f"{server.url}/stand_in/faults", json=asked, timeout=5).raise_for_status()


def prompts(server: Server) -> list[str]:
    """Ids of every prompt that the server ended, in order."""
    history = requests.get(f"{server.url}/history", timeout=5).json()
    return sorted(history, key=lambda one: history[one]["prompt"][0])


def records(job: Any) -> dict[str, Any]:
    """``render.json`` of every cell that has a video."""
    found = {}
    for one in job.plan.cells:
        entry = job.store.find(*(lambda cell, place: (cell.recipe, place))(*one.job))
        if entry is not None:
            found[one.name] = entry.record
    return found


def said(app: App) -> str:
    assert isinstance(app.console.file, io.StringIO)
    return app.console.file.getvalue()


def check_each_has_its_own_video(job: Any) -> None:
    """Every video carries the graph of its own cell."""
    for one in job.plan.cells:
        cell, place = one.job
        entry = job.store.find(cell.recipe, place)
        assert entry is not None, one.name
        assert f'"steps": {cell.values["steps"]}' in probe(entry.video).tags["prompt"].replace('":', '": ').replace(
            ":  ", ": "
        )


def test_a_spoilt_video_is_rendered_once_more_and_the_first_attempt_stays_on_record(
    make_app: MakeApp, ready: Ready
) -> None:
    app = make_app(THREE, *QUICK)
    with ready(app, pool=Unscored()) as job:
        fault(job.server, "output-truncated", times=1)
        progress = job.engine.run()
        assert (progress.failures, progress.rendered, progress.stopped) == ({}, 3, None)
        assert len(prompts(job.server)) == 4
        first = job.plan.cells[0].name
        kept = records(job)
        assert {name: one["attempt"] for name, one in kept.items()} == {
            one.name: 2 if one.name == first else 1 for one in job.plan.cells
        }
        (attempt,) = kept[first]["attempts"]
        assert (attempt["status"], attempt["stage"], attempt["counted"]) == ("corrupt", "decode-check", True)
        assert attempt["prompt_id"] == prompts(job.server)[0] != kept[first]["journal"]["prompt_id"]
        assert attempt["timings"]["total_s"] is not None
        check_each_has_its_own_video(job)
        result = collect(job.plan, job.store, lambda one: "x", sweep_id="s", started=None, done=progress.done)  # type: ignore[arg-type]
        table = per_clip_table(result.settings[0])
        assert table["data"][0][table["columns"].index("attempts")] == 2
    assert "attempt 2 of 2 follows" in said(app)
    assert "attempt 2 of 2: steps=2" in said(app)


def test_a_video_that_stays_spoilt_fails_with_all_its_attempts(make_app: MakeApp, ready: Ready) -> None:
    app = make_app("server.retries.corrupt=2", *QUICK)
    with ready(app, pool=Unscored()) as job:
        fault(job.server, "output-garbage", times=0)
        progress = job.engine.run()
        ((name, failure),) = progress.failures.items()
        assert (failure.status, failure.tries) == ("corrupt", 3)
        cell, place = job.plan.cells[0].job
        record = job.store.failure(cell.recipe, place)
        assert record["attempt"] == 3
        assert [one["status"] for one in record["attempts"]] == ["corrupt", "corrupt"]
        result = collect(job.plan, job.store, lambda one: "x", sweep_id="s", started=None, failures=progress.failures)  # type: ignore[arg-type]
        assert "after 3 attempts" in result.cells[0].why
    with ready(make_app("server.retries.corrupt=2", *QUICK), pool=Unscored()) as job:
        assert job.engine.run().failures == {}
        (kept,) = records(job).values()
        assert [one["status"] for one in kept["attempts"]] == ["corrupt"] * 3, "those of the last command, too"
    assert name in said(app)


def test_a_queue_that_somebody_cleared_costs_no_attempt(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(THREE, *QUICK, "server.retries.lost=0", "server.pace_s=0.5")
    with ready(app, pool=Unscored()) as job:
        fault(job.server, "queue-cleared", times=1, after=1)
        progress = job.engine.run()
        assert (progress.failures, progress.rendered) == ({}, 3)
        assert [one["counted"] for kept in records(job).values() for one in kept["attempts"]] == [False]
        assert len(prompts(job.server)) == 3
        check_each_has_its_own_video(job)


def test_after_out_of_memory_the_next_cell_runs_on_a_server_that_was_looked_at(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(*OOM, *QUICK, "server.pace_s=0.5")
    with ready(app, pool=Unscored()) as job:
        progress = job.engine.run()
        (failed,) = progress.failures.values()
        assert (failed.status, failed.stage, failed.tries) == ("out_of_memory", "sample", 1)
        (kept,) = records(job).values()
        assert [(one["status"], one["counted"]) for one in kept["attempts"]] == [("cancelled", False)]
        assert "memory is looked at first" in kept["attempts"][0]["message"]
        assert kept["timings"]["cold"] is True, "the models had been unloaded"
        assert job.kept() == {one.name for one in job.plan.cells if one.clip.width == 160}


def test_an_expected_failure_is_a_result_and_is_not_tried_again(make_app: MakeApp, ready: Ready) -> None:
    declared = "sweep.expected_failures=[{where:{width:1072},outcome:out_of_memory}]"
    app = make_app(*OOM, *QUICK, declared, "server.retries.out_of_memory=3")
    with ready(app, pool=Unscored()) as job:
        progress = job.engine.run()
        (failed,) = progress.failures.values()
        assert (failed.expected, failed.tries) == (True, 1)


def test_memory_that_stays_away_stops_the_sweep_and_the_rest_is_left_to_do(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(THREE, *QUICK, "server.free_patience_s=0.2")
    with ready(app, pool=Unscored()) as job:
        fault(job.server, "out-of-memory", keeps=1)
        progress = job.engine.run()
        queue = job.server.client.queue()
        assert (queue.running, queue.pending) == ((), ())
        assert progress.stopped is not None and "restart ComfyUI" in progress.stopped
        assert list(progress.failures) == [job.plan.cells[0].name]
        assert progress.rendered == 0


def test_a_dead_worker_stops_the_sweep_after_one_cell(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(THREE, *QUICK, "server.stall_timeout_s=0.5", "server.silent_timeout_s=0.5")
    with ready(app, pool=Unscored()) as job:
        fault(job.server, "worker-dead")
        began = time.monotonic()
        progress = job.engine.run()
        assert progress.stopped is not None and "worker is dead" in progress.stopped
        assert [one.status for one in progress.failures.values()] == ["stalled"]
        assert job.server.client.queue().pending == ()
        assert time.monotonic() - began < 15


def test_the_users_command_brings_a_dead_worker_back_and_every_cell_is_rendered_once(
    make_app: MakeApp, ready: Ready, restartable: Callable[..., Restartable]
) -> None:
    made = restartable()
    patience = ["server.stall_timeout_s=1", "server.silent_timeout_s=1", "server.restart_answer_s=20"]
    where = ["server=comfyui", f"server.url={made.start()}", f'server.restart_command="{made.command}"']
    app = make_app(THREE, *QUICK, *patience, *where)
    with ready(app, pool=Unscored()) as job:
        fault(job.server, "worker-dead", after=1)
        progress = job.engine.run()
        assert (progress.failures, progress.stopped, progress.rendered) == ({}, None, 3)
        statuses = {name: [one["status"] for one in kept["attempts"]] for name, kept in records(job).items()}
        assert sorted(len(one) for one in statuses.values()) == [0, 1, 1]
        assert {one for many in statuses.values() for one in many} == {"stalled", "lost"}
        check_each_has_its_own_video(job)
    assert "running server.restart_command" in said(app)


def test_a_server_that_comes_back_as_another_release_stops_the_sweep(
    make_app: MakeApp, ready: Ready, restartable: Callable[..., Restartable]
) -> None:
    made = restartable("--pace", "1")
    app = make_app(THREE, *QUICK, "server=comfyui", f"server.url={made.start()}")

    def upgrade(*_: object) -> None:
        (made.folder / "words").write_text("--comfyui 0.27.0", encoding="utf-8")
        made.start()

    with ready(app, rendered=upgrade, pool=Unscored()) as job:
        progress = job.engine.run()
        assert progress.stopped is not None
        assert "is not the one that the sweep began on" in progress.stopped and "0.27.0" in progress.stopped
        assert progress.rendered == 1
        assert len(records(job)) == 1


def test_a_server_out_of_reach_for_longer_than_the_patience_keeps_its_job(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(THREE, *QUICK, "server.unreachable_s=0.5", "server.pace_s=0.5")
    with ready(app, pool=Unscored()) as job:
        fault(job.server, "refused", seconds=0.8, path="/queue", after=4)
        progress = job.engine.run()
        assert (progress.failures, progress.rendered) == ({}, 3)
        assert len(prompts(job.server)) == 3, "no job was sent twice"
        lost = [one for kept in records(job).values() for one in kept["attempts"]]
        assert {one["status"] for one in lost} == {"lost"}


def test_a_server_that_stays_away_stops_the_sweep_and_the_next_command_follows_its_jobs(
    make_app: MakeApp, ready: Ready, restartable: Callable[..., Restartable]
) -> None:
    made = restartable("--pace", "0.5")
    where = ["server=comfyui", f"server.url={made.start()}", "server.unreachable_s=0.4"]
    with ready(make_app(THREE, *QUICK, *where), rendered=lambda *_: made.kill(), pool=Unscored()) as job:
        progress = job.engine.run()
        assert progress.stopped is not None and "out of reach" in progress.stopped
        assert progress.rendered == 1
        assert {one.status for one in progress.failures.values()} == {"lost"}
    made.start()
    with ready(make_app(THREE, *QUICK, *where), pool=Unscored()) as job:
        progress = job.engine.run()
        assert (progress.failures, progress.rendered, progress.reused) == ({}, 2, 1)
        check_each_has_its_own_video(job)


def test_ctrl_c_while_a_cell_waits_for_another_attempt(make_app: MakeApp, ready: Ready) -> None:
    app = make_app("server.retries.wait_s=60", "server.poll_s=0.05")
    with ready(app, pool=Unscored()) as job:
        fault(job.server, "output-garbage")
        failed: list[float] = []

        def interrupt() -> None:
            while not list(job.store.root.rglob("failure.json")):
                time.sleep(0.05)
            failed.append(time.monotonic())
            app.cancel.set()

        threading.Thread(target=interrupt, daemon=True).start()
        progress = job.engine.run()
        assert time.monotonic() - failed[0] < 5
        assert progress.stopped == "interrupted"
        assert [one.status for one in progress.failures.values()] == ["corrupt"]
    with ready(make_app(*QUICK), pool=Unscored()) as job:
        assert job.engine.run().rendered == 1
        (kept,) = records(job).values()
        assert [one["status"] for one in kept["attempts"]] == ["corrupt"]


def test_another_attempt_is_no_further_cell_of_a_budget(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(THREE, *QUICK, "sweep.budget.cells=2")
    with ready(app, limits=Limits(app.config.sweep.budget), pool=Unscored()) as job:
        fault(job.server, "output-garbage")
        progress = job.engine.run()
        assert (progress.rendered, progress.failures) == (2, {})
        assert progress.stopped is not None and "sweep.budget.cells=2" in progress.stopped


@pytest.mark.parametrize("name", ["node-error", "interrupted"])
def test_what_would_fail_again_or_was_stopped_by_a_person_is_not_tried_again(
    make_app: MakeApp, ready: Ready, name: str
) -> None:
    app = make_app(THREE, *QUICK)
    with ready(app, pool=Unscored()) as job:
        fault(job.server, name)
        progress = job.engine.run()
        assert {one.status for one in progress.failures.values()} == {
            {"interrupted": "cancelled"}.get(name, "node_error")
        }
        assert progress.rendered == 2
        assert len(prompts(job.server)) == 3
        ((cell, place),) = (one.job for one in job.plan.cells if one.name in progress.failures)
        assert job.store.failure(cell.recipe, place)["message"]
