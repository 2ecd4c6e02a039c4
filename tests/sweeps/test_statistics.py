"""Intervals against scipy and against simulated coverage; pairing and seeds by their laws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sweeps.statistics import BOOTSTRAP_FROM, bootstrap_interval, interval, over_seeds, paired, t_interval

NUMBERS = st.floats(-1e3, 1e3)


@given(st.lists(NUMBERS, min_size=2, max_size=29))
def test_small_samples_have_scipys_student_interval(values: list[float]) -> None:
    found = interval(values)
    assert found is not None
    assert found.mean == pytest.approx(np.mean(values), abs=1e-9)
    error = stats.sem(values)
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), error) if error > 0 else (found.mean,) * 2
    assert found.low == pytest.approx(low, rel=1e-7, abs=1e-6)
    assert found.high == pytest.approx(high, rel=1e-7, abs=1e-6)


def test_one_clip_has_a_mean_and_no_interval() -> None:
    found = interval([3.5])
    assert found is not None
    assert (found.mean, found.low, found.high, found.half_width, found.n) == (3.5, None, None, None, 1)


def test_no_clips_have_nothing_rather_than_zero() -> None:
    assert interval([]) is None


def test_bootstrap_starts_at_its_number_and_repeats_itself() -> None:
    values = list(np.random.default_rng(1).lognormal(size=BOOTSTRAP_FROM))
    assert interval(values) == bootstrap_interval(values) == interval(values)
    assert interval(values[:-1]) == t_interval(values[:-1])


def test_bootstrap_agrees_with_student_where_both_hold() -> None:
    values = list(np.random.default_rng(2).normal(5, 2, 200))
    boot, student = bootstrap_interval(values), t_interval(values)
    assert boot.mean == pytest.approx(student.mean)
    assert (boot.low, boot.high) == pytest.approx((student.low, student.high), abs=0.03)


def test_equal_values_have_an_interval_of_no_width() -> None:
    found = interval([2.0] * BOOTSTRAP_FROM)
    assert found is not None
    assert (found.low, found.high) == (2.0, 2.0)


@pytest.mark.parametrize("clips", [5, 9])
def test_nineteen_of_twenty_intervals_hold_the_truth(clips: int) -> None:
    draws = np.random.default_rng(clips).normal(1.0, 3.0, (2000, clips))
    found = [t_interval(list(row)) for row in draws]
    held = np.mean([one.low <= 1.0 <= one.high for one in found if one.low is not None and one.high is not None])
    assert held == pytest.approx(0.95, abs=0.02)


@given(st.dictionaries(st.text(max_size=3), st.lists(NUMBERS, max_size=4), max_size=5))
def test_every_clip_weighs_the_same_however_many_seeds_it_has(table: dict[str, list[float]]) -> None:
    once = over_seeds(table)
    assert set(once) == {clip for clip, seeds in table.items() if seeds}
    twice = over_seeds({clip: seeds * 2 for clip, seeds in table.items()})
    assert all(math.isclose(once[clip], twice[clip], rel_tol=1e-9, abs_tol=1e-9) for clip in once)


def test_pairing_takes_the_clips_apart() -> None:
    baseline = {"easy": 10.0, "hard": 1.0, "middle": 5.0}
    setting = {clip: value + step for (clip, value), step in zip(baseline.items(), (1.0, 1.1, 0.9), strict=True)}
    found = paired(setting, baseline)
    assert found.interval is not None
    reference = stats.ttest_rel(list(setting.values()), list(baseline.values())).confidence_interval(0.95)
    assert (found.interval.low, found.interval.high) == pytest.approx((reference.low, reference.high))
    assert (found.up, found.down) == (3, 0)


def test_a_clip_that_one_side_lacks_is_not_paired() -> None:
    found = paired({"a": 1.0, "b": 2.0}, {"b": 3.0, "c": 1.0})
    assert found.interval is not None
    assert (found.interval.n, found.up, found.down) == (1, 0, 1)
    assert paired({"a": 1.0}, {"b": 1.0}).interval is None
