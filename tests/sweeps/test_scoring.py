"""Scoring in other processes: what a score does there never ends the pool."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil
import pytest

from eval.settings import PROFILES
from sweeps.scoring import Footage, InputChanged, Scorer, ScoreTask, ScoringPool, score
from workflow.windows import Windows

SCORERS = """
import os, signal, time

def by_key(task):
    if task.key == "hang":
        time.sleep(600)
    if task.key == "die":
        os._exit(3)
    if task.key == "raise":
        raise ValueError("two lines\\nof trouble")
    if task.key == "unpicklable":
        return lambda: None
    return {"key": task.key, "pid": os.getpid()}

def surroundings(task):
    import cv2
    return {
        "threads": [os.environ["OMP_NUM_THREADS"], str(cv2.getNumThreads())],
        "ignores_interrupt": signal.getsignal(signal.SIGINT) == signal.SIG_IGN,
    }
"""


@pytest.fixture(scope="module")
def scorers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Scorer]]:
    """Functions of a module that the workers can import too."""
    folder = tmp_path_factory.mktemp("scorers")
    (folder / "scorers_of_this_test.py").write_text(SCORERS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield lambda name: getattr(import_module("scorers_of_this_test"), name)


def task(key: str, video: Path = Path("video.mp4")) -> ScoreTask:
    return ScoreTask(key, "scorer", video, Path("speech.wav"), Path("frame.png"), Windows(81, 9, 132), None)


def all_of(pool: ScoringPool, seconds: float = 30.0) -> dict[str, tuple[Any, str]]:
    """Every result by key, in the order in which they came: the score, or the reason why there is none."""
    came: dict[str, tuple[Any, str]] = {}
    deadline = time.monotonic() + seconds
    while pool.waiting:
        assert time.monotonic() < deadline, f"only {sorted(came)} came"
        came.update({done.key: (judged, why) for done, judged, why in pool.finished(0.2)})
    return came


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("hang", "took longer than 1.5 s"),
        ("die", "scoring failed"),
        ("raise", "scoring failed: ValueError: two lines"),
        ("unpicklable", "scoring failed"),
    ],
)
def test_a_score_that_ends_badly_is_a_reason_and_the_pool_goes_on(
    scorers: Callable[[str], Scorer], key: str, said: str
) -> None:
    with ScoringPool(1, 1.5, scorers("by_key")) as pool:
        for one in ("before", key, "after"):
            pool.submit(task(one))
        came = all_of(pool)
    assert list(came) == ["before", key, "after"]
    assert came[key][0] is None
    assert said in came[key][1]
    assert "\n" not in came[key][1]
    assert {one: came[one][0]["key"] for one in ("before", "after")} == {"before": "before", "after": "after"}


def test_workers_are_kept_and_one_of_several_that_hangs_holds_up_nobody(scorers: Callable[[str], Scorer]) -> None:
    with ScoringPool(2, 4.0, scorers("by_key")) as pool:
        pool.submit(task("hang"))
        for index in range(6):
            pool.submit(task(f"quick {index}"))
        came = all_of(pool)
    assert list(came)[-1] == "hang"
    assert len({judged["pid"] for judged, _ in came.values() if judged}) == 1


def test_nothing_is_started_before_there_is_something_to_score() -> None:
    before = psutil.Process().children()
    with ScoringPool(2) as pool:
        assert list(pool.finished()) == []
        assert psutil.Process().children() == before


def test_leaving_the_pool_ends_its_workers_at_once(scorers: Callable[[str], Scorer]) -> None:
    before = set(psutil.Process().children(recursive=True))
    with ScoringPool(1, 600.0, scorers("by_key")) as pool:
        pool.submit(task("quick"))
        all_of(pool)
        pool.submit(task("hang"))
        workers = set(psutil.Process().children(recursive=True)) - before
        begun = time.monotonic()
    assert workers
    assert time.monotonic() - begun < 10
    _, alive = psutil.wait_procs(list(workers), timeout=10)
    # Python's resource tracker serves every pool and ends with us
    assert not [one for one in alive if "resource_tracker" not in " ".join(one.cmdline())]


def test_a_worker_has_its_share_of_the_cores_and_leaves_ctrl_c_to_us(scorers: Callable[[str], Scorer]) -> None:
    with ScoringPool(1, 60.0, scorers("surroundings")) as pool:
        pool.submit(task("any"))
        judged, why = all_of(pool)["any"]
    assert why == ""
    assert len(set(judged["threads"])) == 1
    assert 1 <= int(judged["threads"][0]) <= (os.cpu_count() or 1)
    assert judged["ignores_interrupt"]
    assert signal.getsignal(signal.SIGINT) != signal.SIG_IGN


def test_a_score_is_what_the_evaluator_says_of_the_video(store_folder: Path) -> None:
    video, speech = store_folder / "video.mp4", store_folder / "tone.wav"
    real = ScoreTask("real", "scorer", video, speech, video, Windows(81, 9, 60), PROFILES["quick"])
    with ScoringPool(1, 60.0) as pool:
        pool.submit(real)
        judged, why = all_of(pool)["real"]
    assert why == ""
    assert judged == score(real)


def test_footage_that_was_changed_leaves_no_score_under_its_old_name(store_folder: Path, tmp_path: Path) -> None:
    video, speech = store_folder / "video.mp4", store_folder / "tone.wav"
    footage = Footage(video, "0" * 64, tmp_path / "footage" / "kept.json")
    settings, windows = PROFILES["quick"], Windows(81, 9, 60)
    with pytest.raises(InputChanged, match="was changed since"):
        score(ScoreTask("a", "scorer", video, speech, video, windows, settings, footage=footage))
    assert not footage.record.exists()
