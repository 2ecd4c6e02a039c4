"""The engine on a real stand-in: prompts ahead, failures kept, nothing finished lost."""

import itertools
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from runner import embedded
from runner.server import Server
from sweeps.app import App
from sweeps.plan import PlannedCell
from sweeps.scoring import Scorer

MakeApp = Callable[..., App]
Ready = Callable[..., AbstractContextManager[Any]]
OOM = "sweep.axes.width=[1072,160]", "sweep.axes.height=[1920,288]", "sweep.zip=[[width,height]]"


class QueueWatch(threading.Thread):
    """Looks at the server's queue all the time: (running, waiting) as prompt ids."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self._client, self._ended = server.client, threading.Event()
        self.seen: list[tuple[tuple[str, ...], tuple[str, ...]]] = []

    def run(self) -> None:
        while not self._ended.wait(0.05):
            queue = self._client.queue()
            if not self.seen or self.seen[-1] != (queue.running, queue.pending):
                self.seen.append((queue.running, queue.pending))

    def __enter__(self) -> "QueueWatch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join(5)


def spans(server: Server) -> dict[str, tuple[float, float]]:
    """Start and end of each prompt in seconds, in order, by the server's own clock."""
    found = {}
    for prompt, entry in requests.get(f"{server.url}/history", timeout=5).json().items():
        said = {name: data["timestamp"] / 1000 for name, data in entry["status"]["messages"]}
        found[prompt] = (said["execution_start"], said["execution_success"])
    return dict(sorted(found.items(), key=lambda item: item[1]))


def test_the_next_prompt_waits_on_the_server_before_the_last_one_ends(
    make_app: MakeApp, quick: Scorer, ready: Ready
) -> None:
    app = make_app("sweep.axes.steps=[2,4,6]", "server.pace_s=1", scorer=quick)
    with ready(app) as job, QueueWatch(job.server) as watch:
        progress = job.engine.run()
        made = spans(job.server)
    assert progress.rendered == len(job.plan.cells) == 3
    order = list(made)
    for now, following in itertools.pairwise(order):
        assert ((now,), (following,)) in watch.seen
        assert made[following][0] - made[now][1] < 0.3
    assert max(len(running) + len(waiting) for running, waiting in watch.seen) <= 2


def test_scores_are_made_while_the_next_cell_renders(make_app: MakeApp, quick: Scorer, ready: Ready) -> None:
    app = make_app("sweep.axes.steps=[2,4]", "server.pace_s=2", scorer=quick)
    with ready(app) as job:
        job.engine.run()
        *_, (_, last_end) = spans(job.server).values()
        cell, place = job.plan.cells[0].job
        entry = job.store.find(cell.recipe, place)
    assert entry is not None
    (score,) = (entry.folder / "scores").iterdir()
    assert score.stat().st_mtime < last_end


@pytest.mark.parametrize("expected", [False, True])
def test_a_failure_is_recorded_and_the_sweep_goes_on(
    make_app: MakeApp, quick: Scorer, ready: Ready, expected: bool
) -> None:
    declared = ["sweep.expected_failures=[{where:{width:1072,height:1920},outcome:out_of_memory}]"] if expected else []
    with ready(make_app(*OOM, *declared, scorer=quick)) as job:
        progress = job.engine.run()
        (failed,) = (one for one in job.plan.cells if one.clip.width == 1072)
        (well,) = (one for one in job.plan.cells if one.clip.width == 160)
        assert list(progress.failures) == [failed.name]
        failure = progress.failures[failed.name]
        assert (failure.status, failure.expected) == ("out_of_memory", expected)
        assert "memory" in failure.message
        assert job.kept() == job.scored() == {well.name}
        assert progress.stopped is None
        record = job.store.failure(failed.job[0].recipe, failed.job[1])
        assert record is not None
        assert (record["status"], record["expected"]) == ("out_of_memory", expected)
        # what was declared is a result and is kept; what was not is tried again
        again = {one.name: one.state for one in job.planner.plan().cells}
        assert again == {failed.name: "reuse" if expected else "run", well.name: "reuse"}


def test_a_sweep_with_too_many_failures_stops(make_app: MakeApp, quick: Scorer, ready: Ready) -> None:
    large = ["clips.width=1072", "clips.height=1920", "sweep.seeds=[1,2,3,4,5]"]
    with ready(make_app(*large, "sweep.max_failures=0", scorer=quick)) as job:
        progress = job.engine.run()
    assert progress.stopped is not None
    assert "sweep.max_failures=0" in progress.stopped
    assert 1 <= len(progress.failures) < 5
    assert progress.rendered == 0


def test_when_the_stand_in_dies_the_sweep_stops_and_what_was_finished_is_kept(
    make_app: MakeApp, quick: Scorer, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "subprocess", subprocess)  # a process that is found by its command line
    command = ["sweep.axes.steps=[2,4,6,8]"]
    others = set(psutil.Process().children())

    def kill(*_: object) -> None:
        for child in set(psutil.Process().children()) - others:
            if "standin" in child.cmdline():
                child.kill()

    with ready(make_app(*command, "server.pace_s=1", scorer=quick), rendered=kill) as job:
        begun = time.monotonic()
        progress = job.engine.run()
        assert time.monotonic() - begun < 20
        first = job.plan.cells[0]
        assert progress.stopped is not None
        assert "stand-in" in progress.stopped
        assert progress.rendered == 1
        assert {failure.status for failure in progress.failures.values()} == {"lost"}
        assert job.kept() == job.scored() == {first.name}
    with ready(make_app(*command, scorer=quick)) as job:
        progress = job.engine.run()
        assert (progress.rendered, progress.reused, progress.failures) == (3, 1, {})
        assert job.kept() == job.scored() == {one.name for one in job.plan.cells}


def test_a_cancelled_sweep_takes_its_prompts_back(make_app: MakeApp, quick: Scorer, ready: Ready) -> None:
    told: list[str] = []

    def cancel(one: PlannedCell, *_: object) -> None:
        told.append(one.name)
        app.cancel.set()

    app = make_app("sweep.axes.steps=[2,4,6]", "server.pace_s=2", scorer=quick)
    with ready(app, rendered=cancel) as job:
        progress = job.engine.run()
        queue = job.server.client.queue()
        assert (queue.running, queue.pending) == ((), ())
        begun = requests.get(f"{job.server.url}/history", timeout=5).json()
        assert len(begun) <= 2, "what waited began as well"
        assert progress.stopped == "interrupted"
        assert {failure.status for failure in progress.failures.values()} == {"cancelled"}
        assert set(told) == job.kept() == {job.plan.cells[0].name}
        assert [one.state for one in job.planner.plan().cells] == ["reuse", "run", "run"]


def test_the_same_plan_again_sends_nothing(make_app: MakeApp, quick: Scorer, ready: Ready, tmp_path: Path) -> None:
    blocks: list[int] = []
    app = make_app("sweep.axes.steps=[2,4]", "sweep.seeds=[1,2,3]", scorer=quick)
    with ready(app, after=lambda progress: blocks.append(progress.rendered)) as job:
        progress = job.engine.run()
    assert (progress.rendered, progress.scored, progress.reused) == (6, 6, 0)
    assert len(blocks) == 2  # between three blocks
    with ready(make_app("sweep.axes.steps=[2,4]", "sweep.seeds=[1,2,3]", scorer=quick)) as job:
        progress = job.engine.run()
        assert spans(job.server) == {}
    assert (progress.rendered, progress.scored, progress.reused) == (0, 0, 6)
    assert list(tmp_path.rglob("*.attempt")) == []
