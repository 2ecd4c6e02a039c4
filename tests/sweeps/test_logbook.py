"""MLflow beside a sweep: away at the start, in the middle, at the end."""

import errno
import os
import threading
from dataclasses import replace
from typing import Any

import pytest

from sweeps import logbook
from sweeps.logbook import Logbook, patiently
from sweeps.results import SweepResult
from sweeps.tracking_client import TrackingError, translated


class Tracking:
    """A tracking server that is away for the first so many requests."""

    def __init__(self, away: int) -> None:
        self.away, self.run_id, self.wrote = away, None, list[str]()

    def _asked(self) -> None:
        self.away -= 1
        if self.away >= 0:
            raise TrackingError("MLflow: cannot reach it")

    def start(self, _: SweepResult) -> None:
        self._asked()
        self.run_id = "run"  # type: ignore[assignment]

    def log_setting(self, result: SweepResult, setting: Any, *, pictures: bool) -> None:
        self._asked()
        self.wrote.append(f"{result.title} {setting.name}")


@pytest.fixture
def result(make_sweep: Any, make_setting: Any) -> SweepResult:
    found: SweepResult = make_sweep(make_setting("a", {"x": [1.0]}))
    return found


@pytest.mark.parametrize("away", [0, 1, 2])
def test_what_is_away_is_said_once_and_made_up_for(result: SweepResult, away: int, monkeypatch: Any) -> None:
    said, tracking = list[str](), Tracking(away)
    with Logbook(tracking, said.append) as book:  # type: ignore[arg-type]
        monkeypatch.setattr(book._seldom, "_clock", lambda: 0.0)  # as if none took any time
        for moment in ("first", "second", "third"):
            book.begin(result)
            if book._seldom.last is not None:
                book._seldom.last.result()
            book.so_far(replace(result, title=moment))
        assert book.settle(result) is None
    assert tracking.run_id == "run" and len(said) == (1 if away else 0)
    assert tracking.wrote == [f"{moment} a" for moment in ("first", "second", "third")[max(0, away - 1) :]]


def test_one_that_never_answers_is_the_reason(result: SweepResult) -> None:
    with Logbook(Tracking(99), print) as book:  # type: ignore[arg-type]
        book.begin(result)
        trouble = book.settle(result)
    assert isinstance(trouble, TrackingError)


def test_a_server_that_was_there_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logbook, "_AGAIN_S", 0.01)
    tracking, said = Tracking(3), list[str]()
    patiently(lambda: tracking.start(None), said.append, threading.Event())  # type: ignore[arg-type]
    assert tracking.run_id == "run" and len(said) == 1
    monkeypatch.setattr(logbook, "AWAY_S", 0.05)
    with pytest.raises(TrackingError):
        patiently(Tracking(99)._asked, said.append, threading.Event())
    ended = threading.Event()
    ended.set()
    with pytest.raises(TrackingError):
        patiently(Tracking(1)._asked, said.append, ended)


def test_a_full_disk_of_ones_own_is_not_waited_for() -> None:
    """Nobody gives it back by being waited for, whatever the server does."""
    said, asked = list[str](), list[int]()

    def write() -> None:
        asked.append(1)
        with translated("write the setting"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(TrackingError, match="No space left"):
        patiently(write, said.append, threading.Event())
    assert len(asked) == 1 and not said
