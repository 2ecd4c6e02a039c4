"""Closed forms of the families' formulas, on arrays."""

import math

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, laplace

from eval.metrics import colour, cost, motion, mouth, seam, sharpness
from eval.series import Series
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
    assert colour.slope_per_minute(curve, 25.0) == pytest.approx(3.0, rel=0.05)
    assert colour.slope_per_minute(curve[:40], 25.0) is None


def test_first_and_last_window_are_told_apart_by_the_seams():
    lab = np.tile([50.0, 0.0, 0.0], (100, 1))
    lab[80:, 0] = 60
    assert colour.first_last(lab, (40, 80)) == pytest.approx(float(colour.delta_e(lab[0], lab[99])))
    assert colour.first_last(lab[:80], (40,)) == 0
    assert colour.first_last(lab * np.nan, (40,)) is None


def face_like(seed=0):
    rng = np.random.default_rng(seed)
    return np.clip(gaussian_filter(rng.normal(128, 90, (256, 256)), 1.5) * 2 - 128, 0, 255).astype(np.uint8)


def test_laplacian_and_fine_detail_agree_with_scipy():
    face = face_like()
    inner = (slice(12, -12), slice(12, -12))
    known = laplace(face.astype(float))[inner].var()
    assert sharpness.laplacian_variance(np.ascontiguousarray(face)) == pytest.approx(known, rel=0.1)

    def band(a, b):
        image = face.astype(float)
        return ((gaussian_filter(image, a, mode="mirror") - gaussian_filter(image, b, mode="mirror")) ** 2).sum()

    assert sharpness.fine_detail(face) == pytest.approx(band(0.5, 1) / band(2, 4), rel=0.05)


@pytest.mark.parametrize("rise", [0.0, 0.1, 0.3])
def test_overshoot_of_a_known_edge(rise):
    profile = np.full(256, 60.0)
    profile[128:] = 160.0
    profile[129:132] += rise * 100
    face = np.tile(profile, (256, 1)).astype(np.uint8)
    assert sharpness.overshoot(face) == pytest.approx(rise, abs=0.02)


def test_a_flat_face_has_no_overshoot_to_measure():
    assert math.isnan(sharpness.overshoot(np.full((256, 256), 90, np.uint8)))


def test_blur_and_sharpening_fall_on_different_sides():
    face = face_like()
    wide = cv2.GaussianBlur(face, (0, 0), 1.0).astype(float)
    harder = np.clip(face + 1.0 * (face - wide), 0, 255).astype(np.uint8)
    plain, blurred, sharp = (sharpness.measure(f) for f in (face, cv2.GaussianBlur(face, (0, 0), 1.0), harder))
    assert blurred[0] < plain[0] < sharp[0]
    assert blurred[1] < plain[1] < sharp[1]


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


def test_a_seam_ratio_of_known_jumps():
    rows = np.cumsum(np.ones(100))
    rows[50:] += 6  # the jump at frame 50 is 7, elsewhere 1
    assert seam.ratio(*seam.jumps(rows), (50,), 0.01).value == pytest.approx(7.0)
    sparse = np.full(100, np.nan)
    sparse[::3] = rows[::3]
    assert seam.ratio(*seam.jumps(sparse), (50,), 0.01).value == pytest.approx(3.0)


def test_seams_that_are_not_there_are_missing_with_a_reason():
    nothing = np.zeros(80)
    one = seam.values([], (nothing, nothing), nothing, (), 80)
    unknown = seam.values([], (nothing, nothing), nothing, None, 80)
    late = seam.values([], (nothing, nothing), nothing, (81,), 80)
    assert {value.missing for value in [*one.values(), *late.values()]} == {"one window: no seam"}
    assert all("not known" in (value.missing or "") for value in unknown.values())


def test_a_still_video_divides_by_the_floor_not_by_zero():
    still = np.zeros(80)
    assert seam.ratio(*seam.jumps(still), (40,), 0.01).value == 0


TIMED = {"load_s": 30.0, "total_s": 100.0, "window_s": (20.0, 10.0, 12.0), "cached": False, "cold": False}


def test_cost_of_a_warm_render():
    values = cost.cost_values(TIMED, generated_s=8.0)
    assert values["cost/window_s"] == Value(11.0)  # the first window lacks the decoding between two windows
    assert values["cost/total_s"] == Value(100.0) and values["cost/per_second"] == Value(12.5)
    assert values["cost/load_s"].missing == "models were loaded already"


def test_cost_of_a_cold_render_is_its_loading_only():
    values = cost.cost_values({**TIMED, "cold": True}, generated_s=8.0)
    assert values["cost/load_s"] == Value(30.0)
    assert values["cost/window_s"].missing == "cold: the models were loaded for it"
    assert values["cost/total_s"].missing == values["cost/per_second"].missing == "cold: includes loading"
    single = cost.cost_values({**TIMED, "window_s": (20.0,)})
    assert single["cost/window_s"].missing == "one window: none is steady"


@pytest.mark.parametrize("timings", [None, {**TIMED, "cached": True}, {}])
def test_cost_that_was_not_measured_is_missing(timings):
    values = cost.cost_values(timings, generated_s=8.0)
    assert set(values) == set(cost.NAMES)
    assert all(value.value is None and value.missing for value in values.values())
