"""Memory over a render: what the server's answers mean, what is seen of a render, and that asking holds nothing up."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.embedded import StandIn
from runner.memory import FIGURES, NAME, Sample, read_memory, read_over, sample_of
from runner.poller import LONGEST_PAUSE_S, MOMENT_S, SHARE, Poller
from runner.render import follow, submit
from runner.server import Server
from runner.transport import ServerUnreachable
from workflow.cell import Cell

GIB = 2**30
CARD = {"type": "cuda", "vram_total": 32 * GIB, "vram_free": 20 * GIB, "torch_vram_total": 11 * GIB}
CARD |= {"torch_vram_free": 1 * GIB}
STATS: dict[str, Any] = {"system": {"ram_total": 64 * GIB, "ram_free": 40 * GIB}, "devices": [CARD]}


def test_what_torch_holds_what_it_uses_and_what_the_card_has_are_told_apart() -> None:
    sample = sample_of(STATS, 1.0)
    # free for ComfyUI is 20 GiB, of which torch holds 1: 13 of the card's 32 are taken
    assert sample == Sample(1.0, 10 * GIB, 11 * GIB, 13 * GIB, 24 * GIB)


def test_a_server_on_the_cpu_has_no_card_and_a_stand_in_pretends_to() -> None:
    on_cpu = {**STATS, "devices": [{**CARD, "type": "cpu"}]}
    assert sample_of(on_cpu, 1.0) == Sample(1.0, ram_used=24 * GIB)
    pretending = {**on_cpu, "system": {**STATS["system"], "stand_in": {"version": "1"}}}
    assert sample_of(pretending, 1.0) == sample_of(STATS, 1.0)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*CARD, "system", "devices"]), inner),
    max_leaves=8,
)


@given(json_values, json_values)
def test_no_answer_breaks_it(system: Any, devices: Any) -> None:
    sample = sample_of({"system": system, "devices": devices}, 0.0)
    assert all(getattr(sample, name) is None or getattr(sample, name) >= 0 for name in FIGURES)


amounts = st.one_of(st.none(), st.integers(0, 9))
samples = st.lists(st.tuples(st.floats(0, 100), amounts), max_size=20).map(
    lambda rows: tuple(
        Sample(at, amount, amount, amount, amount) for at, amount in sorted(rows, key=lambda row: row[0])
    )
)


@given(samples, st.floats(0, 100), st.floats(0, 50), st.booleans())
def test_figures_are_of_their_time_and_what_is_missing_says_why(
    taken: tuple[Sample, ...], begin: float, length: float, whole: bool
) -> None:
    end = begin + length
    found = read_over(taken, begin, end, whole=whole, near=5.0)
    inside = [one.ram_used for one in taken if begin <= one.at <= end and one.ram_used is not None]
    figure = found.figures["ram_used"]
    assert figure.peak == max(inside, default=None)
    assert found.samples == sum(begin <= one.at <= end for one in taken)
    if figure.before is not None:
        assert whole and any(begin - 5 <= one.at <= begin and one.ram_used == figure.before for one in taken)
    if figure.after is not None:
        assert any(end <= one.at <= end + 5 and one.ram_used == figure.after for one in taken)
    for part in ("before", "peak", "after"):
        assert (getattr(figure, part) is None) == bool(figure.missing.get(part))


def test_the_rate_is_the_one_that_was_reached() -> None:
    taken = tuple(Sample(at / 2, ram_used=at) for at in range(20))
    assert read_over(taken, 0.0, 9.5, whole=True, near=1.0).hz == pytest.approx(2.0)
    assert read_over(taken[:1], 0.0, 9.5, whole=True, near=1.0).hz is None


def render(server: Server, cell: Cell, folder: Path) -> dict[str, Any]:
    outcome = follow(server, submit(server, cell, folder))
    name = "render.json" if outcome.done else "failure.json"
    record: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    return record


@pytest.fixture
def slower_standin(tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in of one's own whose renders take four seconds: a busy machine answers more than once in them."""
    child = StandIn(tmp_path / "slower", pace_s=4.0)
    yield child
    child.stop()


def test_a_render_records_memory_before_peak_and_after_with_its_rate(
    slower_standin: StandIn, session: Callable[..., Server], make_cell: Callable[..., Cell], folder: Callable[[], Path]
) -> None:
    server = session(slower_standin.start(), memory_hz=10)
    first, second = render(server, make_cell(1), folder()), render(server, make_cell(2), folder())
    for record in (first, second):
        memory = record["memory"]
        assert memory["whole"] and memory["samples"] >= 2, "a server slow to answer is asked less often"
        assert 0 < memory["hz"] <= 12
        for figure in memory["figures"].values():
            assert figure["missing"] == {} and figure["peak"] is not None
        held = memory["figures"]["vram_reserved"]
        assert held["peak"] >= held["before"] and held["peak"] > 0
    assert first["memory"]["figures"]["vram_allocated"]["before"] == 0
    assert first["memory"]["figures"]["vram_allocated"]["peak"] > 0
    assert first["harness"]["version"] and first["stand_in"] is True


def test_what_ran_out_of_memory_records_it_too(
    standin_url: str, session: Callable[..., Server], make_cell: Callable[..., Cell], folder: Callable[[], Path]
) -> None:
    place = folder()
    record = render(session(standin_url, memory_hz=10), make_cell(width=1072, height=1920, frame_window_size=81), place)
    assert record["outcome"]["status"] == "out_of_memory"
    assert set(record["memory"]["figures"]) == set(FIGURES)
    assert read_memory(place, record["journal"]["prompt_id"]) == record["memory"]
    assert read_memory(place, "another prompt") is None


def test_with_rate_0_nothing_is_asked_and_the_record_says_so(
    standin_url: str, session: Callable[..., Server], make_cell: Callable[..., Cell], folder: Callable[[], Path]
) -> None:
    memory = render(session(standin_url, memory_hz=0), make_cell(5), folder())["memory"]
    assert memory["samples"] == 0
    reasons = {why for figure in memory["figures"].values() for why in figure["missing"].values()}
    assert reasons == {"memory is not watched (server.memory_hz=0)"}


def test_a_job_taken_up_again_has_no_before(
    slower_standin: StandIn, session: Callable[..., Server], make_cell: Callable[..., Cell], folder: Callable[[], Path]
) -> None:
    url, place = slower_standin.start(), folder()
    submit(session(url, memory_hz=10), make_cell(7), place)
    time.sleep(0.5)
    memory = render(session(url, memory_hz=10), make_cell(7), place)["memory"]
    assert memory["whole"] is False and memory["samples"] > 0
    assert memory["figures"]["ram_used"]["before"] is None
    assert memory["figures"]["ram_used"]["missing"]["before"] == "its beginning was not told"


class Slow:
    """Answers after ``took`` seconds, and counts; ``spans`` are the clocks of each question and its answer."""

    def __init__(self, took: float = 0.0) -> None:
        self.took, self.asked = took, 0
        self.spans: list[tuple[float, float]] = []

    def __call__(self) -> dict[str, Any]:
        self.asked += 1
        asked = time.monotonic()
        time.sleep(self.took)
        self.spans.append((asked, time.monotonic()))
        return STATS


def test_a_slow_answer_is_followed_by_a_longer_pause() -> None:
    ask = Slow(0.2)
    poller = Poller(ask, 10.0)
    poller.hold("a")
    deadline = time.monotonic() + 20
    while len(ask.spans) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    poller.stop()
    (asked, answered), (again, _) = ask.spans[:2]
    assert again - answered >= min((answered - asked) / SHARE, LONGEST_PAUSE_S) >= 0.2 / SHARE


class Late(Poller):
    """Where the thread began before, it has asked by the time it is nudged."""

    def nudge(self, wait_s: float = MOMENT_S) -> None:
        time.sleep(0.1)
        super().nudge(wait_s)


def test_the_first_look_is_one_question_and_nobody_waits_for_a_second() -> None:
    ask = Slow()
    poller = Late(ask, 0.01)
    poller.hold("a", wait_s=10)
    time.sleep(0.1)
    poller.stop()
    assert ask.asked == 1


def test_nobody_waits_for_an_answer_longer_than_a_moment(tmp_path: Path) -> None:
    never = threading.Event()

    def hang() -> dict[str, Any]:
        never.wait(20)
        return STATS

    poller = Poller(hang, 1.0)
    begun = time.monotonic()
    since = poller.hold("a")
    poller.keep(tmp_path, "a", (None, None), since)
    poller.release("a")
    poller.stop()
    assert time.monotonic() - begun < 2 * MOMENT_S + 0.5
    never.set()
    kept = json.loads((tmp_path / NAME).read_text(encoding="utf-8"))
    assert kept["samples"] == 0 and kept["figures"]["ram_used"]["missing"]["peak"]


def test_while_nothing_is_on_its_way_nothing_is_asked() -> None:
    ask = Slow()
    poller = Poller(ask, 10.0)
    time.sleep(0.25)
    assert ask.asked == 0
    poller.hold("a")
    poller.hold("b")
    poller.release("a")
    time.sleep(0.35)
    assert ask.asked >= 2, "b is still on its way"
    poller.release("b")
    time.sleep(0.15)
    before = ask.asked
    time.sleep(0.35)
    poller.stop()
    assert ask.asked == before


def test_a_server_that_is_away_leaves_the_reason() -> None:
    def away() -> dict[str, Any]:
        raise ServerUnreachable("cannot reach a server at http://x")

    poller = Poller(away, 10.0)
    since = poller.hold("a")
    found = poller.over(since, time.monotonic())
    poller.stop()
    assert found.figures["ram_used"].missing["peak"] == "the server did not tell it: cannot reach a server at http://x"
