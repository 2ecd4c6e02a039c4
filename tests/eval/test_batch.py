"""Many videos in processes: the same scores as one by one, and one bad file stops nothing."""

import importlib
import sys
from pathlib import Path

import pytest

import eval.batch as batch
from eval.batch import Failed, Job, score_many
from eval.score import Score
from eval.settings import Settings

COLOUR = Settings(families=("colour",), networks=())


def test_processes_give_the_scores_that_one_process_gives(bench):
    jobs = [Job(bench.write(name), settings=COLOUR) for name in ("one", "two", "three")]
    heard = []
    together = {job.video: outcome for job, outcome in score_many(jobs, lambda *said: heard.append(said), workers=2)}
    alone = {job.video: outcome for one in jobs for job, outcome in score_many([one], lambda *_: None)}
    assert together == alone
    assert {video for video, _, _ in heard} == set(alone)
    assert all(isinstance(one, Score) and one.status == "ok" for one in alone.values())


def test_what_cannot_be_judged_is_an_outcome(bench, tmp_path):
    good, missing = bench.write("good"), tmp_path / "none.mp4"
    found = {
        job.video: outcome for job, outcome in score_many([Job(missing), Job(good, settings=COLOUR)], lambda *_: None)
    }
    assert isinstance(found[missing], Failed) and found[missing].code == "media-missing"
    assert isinstance(found[good], Score)


@pytest.fixture
def bad_work(monkeypatch):
    """What a worker does, replaced by work that dies or hangs; on the path, as the worker must import it."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    bad = importlib.import_module("bad_work")
    yield lambda name: monkeypatch.setattr(batch, "_work", getattr(bad, name))
    sys.modules.pop("bad_work")


def test_a_file_that_kills_its_process_stops_no_other(tmp_path, bad_work):
    bad_work("die")
    names = ("a.mp4", "deadly.mp4", "b.mp4", "c.mp4")
    found = {
        job.video.name: outcome
        for job, outcome in score_many([Job(tmp_path / n) for n in names], lambda *_: None, workers=2)
    }
    assert set(found) == set(names)
    assert found["deadly.mp4"].code == "scoring-failed"
    assert found["a.mp4"] == found["b.mp4"] == found["c.mp4"] == Failed("sound", "alive")


def test_a_file_that_hangs_its_process_is_given_up(tmp_path, bad_work):
    bad_work("hang")
    jobs = [Job(tmp_path / name) for name in ("endless.mp4", "a.mp4")]
    found = {job.video.name: outcome for job, outcome in score_many(jobs, lambda *_: None, timeout_s=5)}
    assert "longer than 5 s" in found["endless.mp4"].message
    assert found["a.mp4"] == Failed("sound", "alive")


def test_an_error_nobody_thought_of_is_an_outcome_too(tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "score_video", lambda *_, **__: 1 / 0)
    ((_, outcome),) = score_many([Job(tmp_path / "a.mp4")], lambda *_: None)
    assert outcome == Failed("scoring-failed", "scoring failed: ZeroDivisionError: division by zero")


@pytest.mark.parametrize("count", ["0", "-1", "x"])
def test_a_number_of_workers_that_is_none_is_refused(count, capsys):
    from eval.cli import main

    with pytest.raises(SystemExit) as end:
        main(["score", "a.mp4", "--workers", count])
    assert end.value.code == 2
