"""Earlier attempts at a cell are kept, whatever happens while they are put aside."""

from pathlib import Path
from typing import Any

import pytest

from runner.attempts import FAILURE, JOURNAL, NAME, put_aside, read_attempts
from workflow.files import read_json, write_json


def failed(folder: Path, status: str, prompt_id: str = "p", **more: Any) -> None:
    """What a failed attempt leaves."""
    journal = {"prompt_id": prompt_id, "url": "http://box:8188"}
    outcome = {"status": status, "stage": "wait", "message": f"it was {status}"}
    record = {"outcome": outcome, "journal": journal, "timings": {"total_s": 4.5}, "began": "b", "ended": "e"}
    write_json(folder / JOURNAL, journal)
    write_json(folder / FAILURE, {**record, **more})
    (folder / "video.mp4.part").write_bytes(b"half")


@pytest.mark.parametrize("status", ["lost", "corrupt", "stalled", "node_error"])
def test_a_failure_becomes_an_earlier_attempt_and_only_a_lost_one_keeps_its_journal(
    tmp_path: Path, status: str
) -> None:
    failed(tmp_path, status)
    put_aside(tmp_path)
    (attempt,) = read_attempts(tmp_path)
    assert (attempt.status, attempt.stage, attempt.message) == (status, "wait", f"it was {status}")
    assert (attempt.began, attempt.ended, attempt.prompt_id) == ("b", "e", "p")
    assert attempt.timings["total_s"] == 4.5
    assert attempt.counted
    assert (tmp_path / JOURNAL).exists() == (status == "lost")
    assert not (tmp_path / FAILURE).exists()


def test_killed_in_the_middle_it_is_put_aside_once(tmp_path: Path) -> None:
    failed(tmp_path, "corrupt")
    record = read_json(tmp_path / FAILURE)
    put_aside(tmp_path, counted=False)
    write_json(tmp_path / FAILURE, record)  # as if the kill had come before it was removed
    put_aside(tmp_path)
    assert [one.counted for one in read_attempts(tmp_path)] == [False]
    failed(tmp_path, "corrupt", "q")
    put_aside(tmp_path)
    assert [one.prompt_id for one in read_attempts(tmp_path)] == ["p", "q"]


def test_nothing_there_is_nothing_to_put_aside(tmp_path: Path) -> None:
    put_aside(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{}", "[1, null]", '[{"status": "lost", "new": 1}]', "[{}]"])
def test_a_foreign_or_torn_list_counts_for_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text, encoding="utf-8")
    assert read_attempts(tmp_path) == ()
    failed(tmp_path, "corrupt")
    put_aside(tmp_path)
    assert len(read_attempts(tmp_path)) == 1
