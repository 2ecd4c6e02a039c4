"""Closed forms of the families' formulas, on arrays."""

import math

import numpy as np
import pytest

from eval.metric import METRICS
from eval.metrics import colour, cost, motion, mouth
from eval.series import Series
from eval.trend import slope_per_minute
from eval.value import Value


def test_ciede2000_gives_the_published_values():
    # Sharma, Wu and Dalal (2005), table 1, pairs 1, 7, 17 and 25
    pairs = [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ]
    for a, b, published in pairs:
        assert float(colour.delta_e(np.array(a), np.array(b))) == pytest.approx(published, abs=1e-4)


def test_theil_sen_finds_a_line_under_outliers_and_gaps():
    rng = np.random.default_rng(0)
    curve = 1 + 3.0 * np.arange(1500) / 25 / 60 + rng.normal(0, 0.05, 1500)
    curve[::11] += 20
    curve[300:500] = np.nan
    assert slope_per_minute(curve, 25.0) == pytest.approx(3.0, rel=0.05)
    assert slope_per_minute(curve[:40], 25.0) is None


def test_first_and_last_window_are_told_apart_by_the_seams():
    lab = np.tile([50.0, 0.0, 0.0], (100, 1))
    lab[80:, 0] = 60
    assert colour.first_last(lab, (40, 80)) == pytest.approx(float(colour.delta_e(lab[0], lab[99])))
    assert colour.first_last(lab[:80], (40,)) == 0
    assert colour.first_last(lab * np.nan, (40,)) is None


def test_jitter_of_a_known_zigzag():
    x = np.tile([0.0, 1.0], 50)
    assert motion.jitter(x, np.zeros(100), 25.0) == pytest.approx(25.0)
    assert motion.jitter(np.ones(100), np.ones(100), 25.0) == 0
    assert motion.jitter(np.full(10, np.nan), np.zeros(10), 25.0) is None


def test_speeds_are_in_face_widths_a_second():
    series = Series(("head_x", "head_y", "background", "width"))
    for _ in range(10):
        series.add(head_x=3.0, head_y=4.0, background=2.0, width=100.0)
    moved = motion.speeds(series, 25.0)
    assert moved["head"] == pytest.approx(1.25) and moved["background"] == pytest.approx(0.5)


def test_aperture_follows_an_opening_and_leaks_away():
    parted = np.zeros(200)
    parted[50] = 0.05
    opened = mouth.aperture(parted, 25.0)
    assert opened[49] == pytest.approx(0) and opened[50] == pytest.approx(5.0)
    assert opened[75] == pytest.approx(5.0 / math.e, rel=1e-6)


def test_a_stronger_mouth_raises_aperture_in_proportion():
    rng = np.random.default_rng(0)
    parted = np.diff(np.abs(np.sin(np.arange(301) / 4))) * 0.02 + rng.normal(0, 1e-4, 300)
    one, two = (mouth.values(mouth.aperture(parted * gain, 25.0), None, "none", 25.0) for gain in (1, 2))
    for name in mouth.NAMES[:2]:
        assert two[name].value == pytest.approx(2 * (one[name].value or 0))
    assert one["mouth/aperture_silence"].missing == "none"


def test_a_drift_is_outside_its_gate_whichever_way_it_goes():
    drift, ratio, plain = METRICS["colour/cheeks_slope"], METRICS["seam/colour"], METRICS["motion/head_mean"]
    assert [drift.within(x) for x in (-8.5, -5, 0, 5, 7.6)] == [False, True, True, True, False]
    assert ratio.within(4) and not ratio.within(4.1) and plain.within(1e9)


def test_slope_on_the_envelope_is_recovered_at_the_right_lead():
    rng = np.random.default_rng(0)
    envelope = np.abs(rng.normal(size=400))
    loud = np.percentile(envelope, 95)
    opened = 3.0 * np.roll(envelope, 4) / loud + 1
    assert mouth.slope_on(envelope, opened, 4) == pytest.approx(3.0)
    assert mouth.slope_on(envelope * 7, opened, 4) == pytest.approx(3.0)
    assert mouth.slope_on(np.zeros(400), opened, 0) is None


def test_pauses_are_found_and_closures_inside_words_are_not():
    envelope = np.ones(100)
    envelope[20:22] = 0
    envelope[40:60] = 0
    assert np.flatnonzero(mouth.quiet(envelope, 25.0)).tolist() == list(range(40, 60))


TIMED = {
    "load_s": 30.0,
    "total_s": 100.0,
    "window_s": (20.0, 10.0, 12.0),
    "node_s": [["9 WanVideoClipVisionEncode", 40.0], ["14 WanVideoSampler", 50.0], ["16 VHS_VideoCombine", 6.0]],
    "step_s": [[None, 3.0, 3.2], [None, 2.8, 3.0]],
    "cached": False,
    "cold": False,
}
MEMORY = {
    "samples": 27,
    "hz": 0.98,
    "whole": True,
    "figures": {
        "vram_reserved": {"before": 2**30, "peak": 16 * 2**30, "after": 2**30, "missing": {}},
        "ram_used": {"before": None, "peak": None, "after": None, "missing": {"peak": "no answer came"}},
    },
}


def test_cost_of_a_warm_render():
    values = cost.cost_values(TIMED, generated_s=8.0)
    assert values["cost/window_s"] == Value(11.0)  # the first window lacks the decoding between two windows
    assert values["cost/total_s"] == Value(56.0) and values["cost/per_second"] == Value(7.0)
    assert values["cost/load_s"].missing == "models were loaded already"
    assert values["cost/step_s"] == Value(3.0) and values["cost/slow_steps"] == Value(0.0)


def test_a_setting_is_not_charged_with_encoding_the_clip():
    """The first setting that meets a clip encodes it, the next one finds it in the server's cache."""
    met = {**TIMED, "total_s": 60.0, "node_s": TIMED["node_s"][1:]}
    for name in ("cost/total_s", "cost/per_second"):
        assert cost.cost_values(met, generated_s=8.0)[name] == cost.cost_values(TIMED, generated_s=8.0)[name]
    untold = cost.cost_values({**TIMED, "node_s": []}, generated_s=8.0)["cost/total_s"]
    assert untold == Value(100.0, flags=("the encoding of the clip may be in it",))


def test_cost_of_a_cold_render_is_its_loading_only():
    values = cost.cost_values({**TIMED, "cold": True}, generated_s=8.0)
    assert values["cost/load_s"] == Value(30.0)
    assert values["cost/window_s"].missing == values["cost/step_s"].missing == "cold: the models were loaded for it"
    assert values["cost/total_s"].missing == values["cost/per_second"].missing == "cold: includes loading"


def test_a_render_of_one_window_has_no_steady_one_and_is_compared_by_its_steps():
    single = cost.cost_values({**TIMED, "window_s": (20.0,), "step_s": [[None, 2.0, 2.0, 2.1]]})
    assert single["cost/window_s"].missing == "one window: none is steady"
    assert single["cost/step_s"] == Value(2.0)
    doubled = cost.cost_values({**TIMED, "window_s": (31.6,), "step_s": [[None, *[2.0] * 7]]})
    assert doubled["cost/step_s"] == single["cost/step_s"]


def test_a_step_that_spilled_is_counted_and_flags_the_window():
    slow = {"window": 2, "step": 3, "seconds": 15.0, "times": 5.0}
    values = cost.cost_values({**TIMED, "slow": [slow]}, flags=("scoring ran on the same card",))
    told = "step 3 of window 2 took 5.0× the median (15.0 s): memory may be spilling"
    assert values["cost/slow_steps"] == Value(1.0, flags=(told, "scoring ran on the same card"))
    assert values["cost/window_s"].flags == (told, "scoring ran on the same card")


def test_memory_is_the_largest_of_its_looks_and_says_how_many_there_were():
    values = cost.cost_values(TIMED, memory=MEMORY)
    assert values["cost/vram_peak"] == Value(16.0, flags=("the peak of 27 looks, 0.98 a second",))
    assert values["cost/ram_peak"].missing == "no answer came"
    partly = cost.cost_values(TIMED, memory={**MEMORY, "whole": False})["cost/vram_peak"]
    assert "its beginning was not watched" in partly.flags


@pytest.mark.parametrize("memory", [None, {}, {"figures": None}, {"figures": {"vram_reserved": None}}])
def test_memory_that_was_not_watched_is_missing(memory):
    values = cost.cost_values(TIMED, memory=memory)
    assert all(values[name].value is None and values[name].missing for name in cost.MEMORY)


@pytest.mark.parametrize("timings", [None, {**TIMED, "cached": True}, {}])
def test_cost_that_was_not_measured_is_missing(timings):
    values = cost.cost_values(timings, generated_s=8.0)
    assert set(values) == set(cost.NAMES)
    assert all(value.value is None and value.missing for value in values.values())
