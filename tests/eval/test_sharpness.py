"""S, F and OS: against SciPy and closed forms, and on which side blur, sharpening and exposure leave them."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, laplace

from eval.metrics import sharpness
from eval.metrics.sharpness import SharpnessWatch
from eval.settings import Settings
from eval.view import View, aligned_face
from workflow.media.box import Box


def face_like(seed=0):
    """Blobs with borders three pixels soft, under a little grain: edges with plateaus, and texture."""
    rng = np.random.default_rng(seed)
    blobs = np.where(gaussian_filter(rng.normal(size=(256, 256)), 12) > 0, 170.0, 80.0)
    texture = gaussian_filter(rng.normal(0, 12, (256, 256)), 1.0)
    return np.clip(gaussian_filter(blobs, 1.5) + texture, 0, 255).astype(np.uint8)


def sharpened(face, amount=1.0, sigma=2.0):
    wide = cv2.GaussianBlur(face, (0, 0), sigma).astype(np.float32)
    return np.clip(face + amount * (face - wide), 0, 255).astype(np.uint8)


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
@pytest.mark.parametrize("turned", [False, True])
def test_overshoot_of_a_known_edge(rise, turned):
    profile = np.full(256, 60.0)
    profile[128:] = 160.0
    profile[128:131] += rise * 100
    face = np.tile(profile, (256, 1)).astype(np.uint8)
    assert sharpness.overshoot(face[:, ::-1].T.copy() if turned else face) == pytest.approx(rise, abs=0.02)


def test_overshoot_of_an_unsharp_masked_step_is_the_closed_form():
    # I + a (I − G∗I) of a step from d to b has its maximum beside the edge: b + a (b − d) / 2
    step = np.tile(np.where(np.arange(256) < 128, 60.0, 160.0), (256, 1))
    for amount in (0.2, 0.4):
        harder = step + amount * (step - gaussian_filter(step, 1.2))
        beside = float(harder[0].max() - 160) / 100
        assert 0.6 * amount / 2 < beside < amount / 2  # a pixel's width away from the closed form's place
        assert sharpness.overshoot(harder.astype(np.uint8)) == pytest.approx(beside, rel=0.35)


def test_a_flat_face_has_no_overshoot_to_measure():
    assert math.isnan(sharpness.overshoot(np.full((256, 256), 90, np.uint8)))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.floats(0.8, 2.5), st.floats(0.5, 1.5))
def test_blur_and_sharpening_fall_on_different_sides(seed, sigma, amount):
    face = face_like(seed)
    plain, soft, hard = (
        sharpness.measure(one) for one in (face, cv2.GaussianBlur(face, (0, 0), sigma), sharpened(face, amount))
    )
    assert soft[0] < 0.7 * plain[0] and hard[0] > 1.3 * plain[0]  # S
    assert soft[1] < plain[1] < hard[1]  # F
    assert soft[2] < plain[2] and hard[2] > plain[2] + 0.015  # OS


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.floats(0.6, 1.1), st.integers(0, 20))
def test_exposure_scales_s_by_its_square_and_leaves_f_and_os(seed, gain, lift):
    face = face_like(seed)
    other = np.rint(face * gain + lift).astype(np.uint8)
    plain, lit = sharpness.measure(face), sharpness.measure(other)
    rounding = 20 / 12  # variance of the Laplacian of what rounding to whole levels adds
    assert lit[0] == pytest.approx(gain**2 * plain[0] + rounding, rel=0.1)
    assert lit[1] == pytest.approx(plain[1], rel=0.1)
    assert lit[2] == pytest.approx(plain[2], abs=0.015)


def watched(faces, stride=1):
    watch = SharpnessWatch()
    for index, face in enumerate(faces):
        frame = cv2.cvtColor(face, cv2.COLOR_GRAY2BGR)
        watch.update(View(index, frame, Box(0, 0, 256, 256), Settings(networks=(), sharp_stride=stride)))
    return watch.series


def test_an_unchanged_face_has_ratio_one():
    face = face_like()
    aligned = aligned_face(cv2.cvtColor(face, cv2.COLOR_GRAY2BGR), Box(0, 0, 256, 256))
    values = sharpness.values(watched([face] * 3), sharpness.measure(aligned), "")
    assert values["sharpness/laplacian"].value == pytest.approx(1)
    assert values["sharpness/fine_detail"].value == pytest.approx(1)
    assert values["sharpness/overshoot_change"].value == pytest.approx(0)


def test_s_is_measured_in_every_frame_and_the_slower_rest_when_due():
    series = watched([face_like(seed) for seed in range(7)], stride=3)
    assert np.isfinite(series["laplacian"]).all()
    assert np.flatnonzero(np.isfinite(series["fine"])).tolist() == [0, 3, 6]
    assert np.flatnonzero(np.isfinite(series["clipped"])).tolist() == [0, 3, 6]


def test_clipped_pixels_are_counted():
    face = face_like()
    face[100:150, 100:150] = 255
    share = sharpness.values(watched([face]), None, "none")["sharpness/clipped"].value
    assert share == pytest.approx(2500 / (190 * 156), rel=0.1)  # the low-pass leaves its border out


@pytest.mark.parametrize("width", [128, 192, 256, 384, 512])
def test_the_size_of_a_face_has_no_special_places(width):
    # the same picture under boxes one pixel apart: interpolation alone made S twice as large at 256
    rng = np.random.default_rng(0)
    picture = gaussian_filter(rng.normal(128, 200, (600, 600)), 1.2).clip(0, 255).astype(np.uint8)
    frame = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    sizes = range(width - 4, width + 5)
    found = [sharpness.measure(aligned_face(frame, Box(40, 40, size, size))) for size in sizes]
    for column in (0, 1):
        logs = np.log([row[column] for row in found])
        line = np.polyval(np.polyfit(range(9), logs, 1), range(9))
        assert np.abs(logs - line).max() < 0.1


def test_a_detector_whose_boxes_breathe_does_not_move_s():
    frame = cv2.cvtColor(cv2.resize(face_like(), (400, 400), interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR)
    watch = SharpnessWatch()
    for index, grown in enumerate((0, 6, -8, 10, -4)):  # pixels, to all sides
        box = Box(80 - grown, 80 - grown, 240 + 2 * grown, 240 + 2 * grown)
        watch.update(View(index, frame, box, Settings(networks=())))
    seen = watch.series["laplacian"]
    assert np.ptp(seen) < 1e-6 and watch.size.first == Box(80, 80, 240, 240)
    watch.update(View(5, frame, Box(20, 20, 360, 360), Settings(networks=())))  # another shot, nearer
    assert watch.series["laplacian"][5] != pytest.approx(seen[0], rel=0.2)
