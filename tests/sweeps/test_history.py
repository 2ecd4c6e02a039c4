"""The past of a machine: noted, read again, and read as it was noted by older versions; needs learnt from it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps import history, needs
from sweeps.forecast import Past
from workflow.cell import Cell, Clip
from workflow.cost import Shape, ram, vram
from workflow.windows import Windows

SHAPE = Shape(2, 81, 4, 1, 464, 832, total=153)
CELL = Cell(
    "s",
    Clip("c", Path("f"), Path("f"), Path("s"), 464, 832, 5.0),
    1,
    {},
    (),
    Windows(81, 9, 132),
    "r",
    {"steps": 4, "cfg": 2.0, "block_swap": 30, "i2v_model": "m-Q8_0.gguf"},
)
RECORD = {
    "timings": {"cold": True, "load_s": 12.5},
    "memory": {"figures": {"vram_reserved": {"peak": 7}, "ram_used": {"peak": 8}}},
    "video_bytes": 99,
}


def test_what_is_noted_is_read_for_the_same_machine(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "history.jsonl"
    history.note(path, "H200", CELL, 33.0, RECORD)
    (read,) = history.read(path, "H200")
    shape = Shape(2, 81, 4, 2, 464, 832, swapped=30, weight=1.0, total=153)
    assert read == Past(shape, 33.0, 99, cold=True, load_s=12.5, vram=7, ram=8)
    assert list(history.read(path, "another")) == []


def test_a_record_without_memory_or_timings_is_noted_without(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history.note(path, "m", CELL, 33.0, {"memory": None, "timings": None})
    (read,) = history.read(path, "m")
    assert (read.cold, read.load_s, read.vram, read.ram, read.size) == (None, None, None, None, 0)


def test_lines_of_older_versions_are_read_and_torn_ones_passed_over(tmp_path: Path) -> None:
    old = {"windows": 2, "frames": 81, "steps": 4, "passes": 1, "width": 464, "height": 832}
    lines = [
        json.dumps({"machine": "m", "shape": old, "seconds": 30.0, "bytes": 5}),
        '{"machine": "m", "shape": {"wind',
        json.dumps({"machine": "m", "shape": {}, "seconds": 30.0, "bytes": 5}),
        json.dumps({"machine": "m", "shape": old, "seconds": None, "bytes": 5}),
        "[]",
    ]
    path = tmp_path / "history.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert list(history.read(path, "m")) == [Past(Shape(**old), 30.0, 5)]
    assert list(history.read(tmp_path / "nowhere", "m")) == []


peaks = st.lists(st.integers(1, 10**11), min_size=1, max_size=20)


@pytest.mark.parametrize(("learnt", "guess", "name"), [(needs.vram_of, vram, "vram"), (needs.ram_of, ram, "ram")])
def test_without_a_past_needs_are_first_guesses(learnt: Callable[..., Any], guess: Any, name: str) -> None:
    assert learnt([])(SHAPE) == guess(SHAPE)
    assert learnt([Past(SHAPE, 1.0)])(SHAPE) == guess(SHAPE)


@given(peaks)
def test_needs_come_to_what_was_seen_and_stay_in_order(seen: list[int]) -> None:
    for learnt, name in ((needs.vram_of, "vram"), (needs.ram_of, "ram")):
        need = learnt([replace(Past(SHAPE, 1.0), **{name: peak}) for peak in seen])
        low, mid, high = need(SHAPE)
        assert low <= mid <= high
        assert all(low <= peak <= high for peak in seen)
        larger = need(replace(SHAPE, width=928, total=306))
        assert larger.mid >= mid


@given(st.integers(10**9, 10**11))
def test_the_range_of_a_need_narrows_as_the_same_is_seen_again(peak: int) -> None:
    few = needs.ram_of([Past(SHAPE, 1.0, ram=peak)])(SHAPE)
    many = needs.ram_of([Past(SHAPE, 1.0, ram=peak)] * 50)(SHAPE)
    assert many.high - many.low <= few.high - few.low
    assert many.mid == pytest.approx(peak)


def test_disk_is_learnt_by_pixels() -> None:
    past = [Past(SHAPE, 1.0, size=10**6)] * 9
    assert needs.disk_of(past)(SHAPE).mid == pytest.approx(10**6)
    assert needs.disk_of(past)(replace(SHAPE, total=306)).mid == pytest.approx(2 * 10**6)
