"""Responses in closed form: straight, saturating, turning back, flat, noisy, two-sided, with gaps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, spearmanr

from eval.calibrate.distortion import Aim
from eval.calibrate.response import at_reference, largest_change, respond, threshold

UP, DOWN = Aim(+1), Aim(-1)
LEVELS = (1.0, 2.0, 3.0, 4.0, 5.0)
NOISE = 0.1  # a difference counts from 0.283 on


def answered(function, aim=UP, levels=LEVELS, reference=3.0, noise=NOISE, clean=None):
    values = {level: function(level) for level in levels}
    return respond(function(0.0) if clean is None else clean, values, aim, reference, noise)


@given(st.floats(0.3, 50), st.floats(-100, 100))
def test_a_straight_answer_is_followed_with_its_slope(slope, start):
    found = answered(lambda s: start + slope * s)
    assert found.follows and found.slope == pytest.approx(slope) and found.spearman == pytest.approx(1)
    assert found.at_reference == pytest.approx(3 * slope) and found.detected == 1 and found.saturates is None


def test_the_known_answer_is_compared_with():
    assert answered(lambda s: 7 + 0.8 * s, Aim(+1, 1.0)).true_ratio == pytest.approx(0.8)
    assert answered(lambda s: 5 * (1 + 0.02 * s), Aim(+1, 0.01, of_clean=True)).true_ratio == pytest.approx(2.0)
    assert answered(lambda s: 2 - 0.5 * s, Aim(-1, -1.0)).true_ratio == pytest.approx(0.5)
    assert answered(lambda s: 2 * s).true_ratio is None
    assert answered(lambda s: -2 + s, Aim(+1, 0.01, of_clean=True)).true_ratio is None  # a part of a negative value


def test_the_wrong_way_is_not_followed_though_it_is_in_order():
    found = answered(lambda s: 10 - s)
    assert not found.follows and not found.moves and found.detected is None
    assert answered(lambda s: 10 - s, DOWN).follows


def test_a_flat_answer_does_not_move():
    found = answered(lambda s: 4.0)
    assert found.monotone and not found.moves and not found.follows
    assert found.spearman is None and found.slope == 0 and found.detected is None


def test_a_move_within_noise_is_none():
    small = 0.9 * threshold(NOISE) / 5
    assert not answered(lambda s: small * s).moves
    assert answered(lambda s: small * s, noise=NOISE / 2).moves


def test_turning_back_by_more_than_noise_is_not_monotone():
    def hill(s):
        return s if s <= 3 else 6 - s

    assert not answered(hill).monotone
    wavering = {1.0: 1.0, 2.0: 0.9, 3.0: 3.0, 4.0: 2.9, 5.0: 5.0}  # back by 0.1: within noise
    assert respond(0.0, wavering, UP, 3.0, NOISE).monotone
    assert respond(0.0, {**wavering, 4.0: 2.0}, UP, 3.0, NOISE).monotone is False


def test_beyond_enough_nothing_is_disorder():
    values = {1.0: 0.1, 2.0: 0.6, 3.0: 0.3, 4.0: 0.9, 5.0: 0.5}  # chances: above 0.2 all say the same
    assert not respond(0.0, values, UP, 3.0, 0.001).monotone
    assert respond(0.0, values, Aim(+1, enough=0.2), 3.0, 0.001).follows
    down = {level: 1 - value for level, value in values.items()}
    assert respond(1.0, down, Aim(-1, enough=0.8), 3.0, 0.001).follows
    assert respond(0.9, {**values, 1.0: 0.4}, Aim(+1, enough=0.2), 3.0, 0.001).moves is False


def test_a_step_back_of_a_tenth_of_the_answer_is_no_disorder_without_noise():
    values = {1.0: 10.0, 2.0: 9.6, 3.0: 20.0, 4.0: 30.0, 5.0: 29.0}
    assert respond(0.0, values, UP, 3.0, 0.0).monotone
    assert not respond(0.0, {**values, 2.0: 6.0}, UP, 3.0, 0.0).monotone


def test_saturation_is_where_the_rest_changes_no_more():
    assert answered(lambda s: min(s, 2.0)).saturates == 2
    assert answered(lambda s: 4 * (1 - np.exp(-s))).saturates == 3  # 4·e⁻³ = 0.2 is within 0.283, 4·e⁻² is not
    assert answered(lambda s: max(s - 4.5, 0.0)).saturates is None


def test_detection_starts_where_everything_stronger_is_seen():
    assert answered(lambda s: max(s - 2.0, 0.0)).detected == 3
    values = {1.0: 1.0, 2.0: 0.1, 3.0: 1.0, 4.0: 2.0, 5.0: 3.0}  # 2 is lost, so 1 was luck
    assert respond(0.0, values, UP, 3.0, NOISE).detected == 3
    assert respond(0.0, {**values, 5.0: 0.0}, UP, 3.0, NOISE).detected is None


def test_two_sides_are_both_to_be_seen():
    levels = (-4.0, -2.0, -1.0, 1.0, 2.0, 4.0)
    straight = answered(lambda s: 3 + 0.5 * s, levels=levels, reference=2.0)
    assert straight.follows and straight.detected == 1 and straight.at_reference == pytest.approx(1.0)
    floor = answered(lambda s: max(s, -0.5), levels=levels, reference=2.0)
    assert floor.saturates == 1 and floor.monotone
    deaf = answered(lambda s: max(s, 0.0), levels=levels, reference=2.0)
    assert deaf.moves and deaf.detected is None


def test_missing_values_stay_missing_and_two_points_are_no_answer():
    values = {1.0: 1.0, 2.0: None, 3.0: 3.0, 4.0: None, 5.0: 5.0}
    found = respond(0.0, values, UP, 3.0, NOISE)
    assert found.follows and found.values == (0.0, 1.0, None, 3.0, None, 5.0)
    assert respond(0.0, {1.0: None, 2.0: 2.0}, UP, 2.0, NOISE) is None


def test_without_repeats_nothing_is_detected():
    found = answered(lambda s: s, noise=None)
    assert found.detected is None and not found.moves and found.monotone


@given(st.lists(st.floats(-5, 5), min_size=5, max_size=5).filter(lambda v: np.ptp([0, *v]) > 1e-3))
def test_ranks_are_scipys(values):
    found = respond(0.0, dict(zip(LEVELS, values, strict=True)), UP, 3.0, NOISE)
    x, y = [0, *LEVELS], [0, *values]
    assert found.spearman == pytest.approx(spearmanr(x, y).statistic)
    assert found.kendall == pytest.approx(kendalltau(x, y).statistic)


def test_changes_at_the_reference():
    assert at_reference(10, {2: 14, -2: 8}, 2) == 3 and largest_change(10, {2: 14, -2: 8}, 2) == 4
    assert at_reference(10, {2: 14}, 2) == 4 and at_reference(10, {2: None, -2: 8}, 2) == 2
    assert at_reference(10, {1: 3}, 2) is None and largest_change(10, {2: None}, 2) is None
