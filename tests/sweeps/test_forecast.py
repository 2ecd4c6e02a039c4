"""The forecast of seconds: the laws of the model, and what it learns from the past."""

import random
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sweeps.forecast import MODEL_SERVER, STAND_IN, CostModel, Past, StopTimeError, learn, stop_time
from workflow.cost import Shape

BASE = Shape(windows=2, frames=81, steps=4, passes=1, width=464, height=832)
SHAPES = [replace(BASE, windows=w, steps=s) for w in (1, 2, 5, 12) for s in (2, 4, 8)]
scales = st.floats(0.2, 8)


def machine(cell: float, steps: float, windows: float) -> CostModel:
    """A machine that differs from the measured one in each part."""
    return replace(MODEL_SERVER, scale=(cell, steps, windows))


def renders(truth: CostModel, count: int, noise: float = 0.0, cold: bool | None = False) -> list[Past]:
    chance = random.Random(count)
    rows = []
    for index in range(count):
        shape = SHAPES[index % len(SHAPES)]
        seconds = truth.seconds(shape) * chance.uniform(1 - noise, 1 + noise)
        rows.append(Past(shape, seconds + (20.0 if cold else 0.0), cold=cold))
    return rows


def test_without_history_the_model_stays_as_it_is() -> None:
    assert learn(MODEL_SERVER, []) == MODEL_SERVER
    assert learn(STAND_IN, [Past(BASE, 0.0)]) == STAND_IN


@given(scales, st.integers(1, 9))
def test_learning_takes_up_a_machines_speed(factor: float, count: int) -> None:
    learnt = learn(MODEL_SERVER, [Past(BASE, factor * MODEL_SERVER.seconds(BASE))] * count)
    assert learnt.seconds(BASE) == pytest.approx(factor * MODEL_SERVER.seconds(BASE), rel=1e-3)
    assert learnt.learned_from == count


@given(scales, scales, scales)
@example(8.0, 0.203125, 0.21875)
@example(0.2, 8.0, 8.0)
def test_learning_converges_to_a_machine_whose_parts_differ(cell: float, steps: float, windows: float) -> None:
    truth = machine(cell, steps, windows)
    few, many = learn(MODEL_SERVER, renders(truth, 12)), learn(MODEL_SERVER, renders(truth, 240))

    def off(model: CostModel) -> float:
        return max(abs(model.seconds(shape) / truth.seconds(shape) - 1) for shape in SHAPES)

    assert off(many) < 0.25
    assert off(many) <= off(few) + 0.02
    assert many.spread.high - many.spread.low <= few.spread.high - few.spread.low


@given(scales, st.floats(0, 0.3))
def test_what_was_seen_lies_in_the_range_and_the_range_narrows(factor: float, noise: float) -> None:
    truth = machine(factor, factor, factor)
    widths = []
    for count in (1, 12, 120):
        past = renders(truth, count, noise)
        learnt = learn(MODEL_SERVER, past)
        inside = sum(learnt.span(one.shape).low <= one.seconds <= learnt.span(one.shape).high for one in past)
        assert inside >= 0.75 * count
        widths.append(learnt.spread.high - learnt.spread.low)
    assert widths[0] > widths[-1]


@given(
    st.lists(
        st.tuples(st.sampled_from(SHAPES), st.floats(0.01, 1e5), st.sampled_from([True, False, None])), max_size=30
    ),
    st.sampled_from(SHAPES),
)
def test_whatever_was_learnt_more_work_never_takes_less(
    told: list[tuple[Shape, float, bool | None]], shape: Shape
) -> None:
    learnt = learn(MODEL_SERVER, [Past(one, seconds, cold=cold) for one, seconds, cold in told])
    for more in (
        replace(shape, windows=shape.windows + 1),
        replace(shape, steps=shape.steps + 1),
        replace(shape, width=shape.width + 16),
        replace(shape, passes=2),
    ):
        assert learnt.seconds(more) >= learnt.seconds(shape) > 0
    low, mid, high = learnt.span(shape)
    assert 0 <= low <= mid <= high


@given(scales)
def test_renders_that_read_the_models_teach_nothing_but_the_loading(factor: float) -> None:
    truth = machine(factor, factor, factor)
    warm = renders(truth, 12)
    cold = [replace(one, seconds=one.seconds * 50, cold=True) for one in warm]
    assert learn(MODEL_SERVER, warm + cold).scale == learn(MODEL_SERVER, warm).scale


def test_a_reload_is_what_cold_loading_takes_more_than_warm() -> None:
    past = [Past(BASE, 60, cold=False, load_s=5.0), Past(BASE, 100, cold=True, load_s=38.0)]
    assert learn(MODEL_SERVER, past).load.mid == pytest.approx(33.0)
    assert learn(MODEL_SERVER, past[1:]).load == MODEL_SERVER.load, "nothing to compare it with"


def test_one_render_that_waited_for_somebody_moves_nothing() -> None:
    past = renders(machine(1, 1, 1), 12)
    odd = [*past, Past(BASE, 100 * MODEL_SERVER.seconds(BASE), cold=False)]
    assert learn(MODEL_SERVER, odd).seconds(BASE) == pytest.approx(learn(MODEL_SERVER, past).seconds(BASE), rel=0.02)


def test_stop_at_is_the_next_such_time() -> None:
    evening = datetime(2026, 5, 1, 22, 30)
    assert stop_time("08:00", evening) == datetime(2026, 5, 2, 8, 0)
    assert stop_time("23:00", evening) == datetime(2026, 5, 1, 23, 0)
    assert stop_time(None, evening) is None


@pytest.mark.parametrize("text", ["8 Uhr", "25:00", "08:00:00", ""])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(StopTimeError, match=r"sweep\.stop_at"):
        stop_time(text, datetime(2026, 5, 1))
