"""The crop for SyncNet: the reference's arithmetic pixel by pixel, its smoothing, 25 frames a second, the geometry."""

import math
from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import medfilt

from eval.cropfit import NoBoxesError, fit_geometry, search_geometry
from eval.cropgeometry import ASSUMED, CropGeometry, Place
from eval.lipclock import LipClock
from eval.lipcrop import MEDIAN, Smoother, cut
from eval.settings import Settings
from workflow.media.box import Box

NTSC = [24000 / 1001, 30000 / 1001, 60000 / 1001]


def plain_crop(image: np.ndarray, x: float, y: float, s: float) -> np.ndarray:
    """The reference's lines: pad the whole picture, cut, resize."""
    bsi = int(s * (1 + 2 * 0.4))
    padded = np.pad(image, ((bsi, bsi), (bsi, bsi), (0, 0)), "constant", constant_values=(110, 110))
    my, mx = y + bsi, x + bsi
    face = padded[int(my - s) : int(my + s * 1.8), int(mx - s * 1.4) : int(mx + s * 1.4)]
    return cv2.resize(face, (224, 224))


@settings(deadline=None, max_examples=60)
@given(
    st.floats(0, 160), st.floats(0, 120), st.floats(3, 90), st.integers(0, 2**32 - 1)
)  # fmt: skip
def test_the_crop_is_the_references_pixel_for_pixel(x, y, s, seed):
    image = np.random.default_rng(seed).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    assert np.array_equal(cut(image, Place(x, y, s)), plain_crop(image, x, y, s))


def test_a_face_outside_the_picture_is_all_grey_and_no_error():
    image = np.zeros((50, 60, 3), np.uint8)
    for place in (Place(-500.0, -500.0, 20.0), Place(900.0, 900.0, 20.0), Place(30.0, 25.0, 0.1)):
        assert cut(image, place).shape == (224, 224, 3)
    assert set(np.unique(cut(image, Place(900.0, 900.0, 20.0)))) == {110}


@given(st.lists(st.tuples(*[st.floats(1, 500)] * 3), min_size=MEDIAN, max_size=60))
def test_smoothing_is_the_references_median_filter(rows):
    smoother, frame = Smoother(), np.zeros((1, 1, 3), np.uint8)
    places = [place for row in rows for _, place in smoother.push(frame, Place(*row))]
    places += [place for _, place in smoother.finish()]
    assert len(places) == len(rows)
    expected = np.stack([medfilt(np.array(column), MEDIAN) for column in zip(*rows, strict=True)], axis=1)
    assert np.array_equal(np.array(places), expected)


def test_smoothing_keeps_frames_in_order_and_holds_six():
    smoother, out = Smoother(), []
    for k in range(20):
        out += [
            int(frame[0, 0, 0]) for frame, _ in smoother.push(np.full((1, 1, 3), k, np.uint8), Place(1.0, 1.0, 1.0))
        ]
        assert len(out) == max(k - 5, 0)
    out += [int(frame[0, 0, 0]) for frame, _ in smoother.finish()]
    assert out == list(range(20))


@pytest.mark.parametrize("fps", [*NTSC, 10, 12.5, 24, 25, 30, 48, 50, 60, 120])
def test_an_hour_at_any_rate_stays_within_half_a_frame(fps):
    clock, rate = LipClock(fps), Fraction(fps).limit_denominator(1001)
    for k in [*range(500), *range(45_000, 45_500), *range(89_500, 90_000)]:
        apart = abs(clock.source(k) / rate - Fraction(k, 25))
        assert apart <= 1 / (2 * rate)


@settings(deadline=None)
@given(st.sampled_from([*NTSC, 15.0, 24.0, 25.0, 30.0, 50.0, 60.0]) | st.floats(5, 240), st.integers(1, 400))
def test_streaming_shows_each_output_once_in_order(fps, frames):
    clock = LipClock(fps)
    shown = [(k, index) for index in range(frames) for k in clock.shown(index)]
    assert [k for k, _ in shown] == list(range(len(shown)))
    assert all(clock.source(k) == index for k, index in shown)
    # as many outputs as the video is long
    assert abs(len(shown) - frames * 25 / fps) <= 25 / fps / 2 + 1


def test_at_25_a_second_every_frame_is_shown_once():
    clock = LipClock(25.0)
    assert all(clock.shown(index) == range(index, index + 1) for index in range(1000))
    assert all(clock.nearest(index) == index for index in range(1000))


@pytest.mark.parametrize("fps", [0.0, -25.0, math.nan, math.inf])
def test_a_rate_that_cannot_be_is_refused_by_name(fps):
    with pytest.raises(ValueError, match="fps must be above 0"):
        LipClock(fps)


def test_the_assumed_scale_follows_from_the_published_boxes():
    # OpenFace: Haar box to eyebrow–chin box; MTCNN box to the same; the latter turned round. In widths of the Haar box.
    left, top, width, height = 0.0578, 0.2166, 0.8924, 0.8676
    wide, high = width / 1.0323, height / 0.7751
    x, y = left + 0.0075 * wide + wide / 2, top - 0.2459 * high + high / 2
    assert max(wide, high) * 0.95 == pytest.approx(ASSUMED.scale, abs=0.005)
    assert (x - 0.5, y - 0.5) == (pytest.approx(ASSUMED.shift_x, abs=0.005), pytest.approx(ASSUMED.shift_y, abs=0.005))
    profile = Settings()
    assert (profile.sync_scale, profile.sync_shift_x, profile.sync_shift_y) == (
        ASSUMED.scale,
        ASSUMED.shift_x,
        ASSUMED.shift_y,
    )


@given(
    st.builds(CropGeometry, st.floats(0.5, 2), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)),
    st.lists(st.builds(Box, *[st.integers(0, 500)] * 2, *[st.integers(20, 300)] * 2), min_size=1, max_size=20),
)
def test_a_geometry_is_found_again_from_the_boxes_it_places(geometry, boxes):
    placed = [geometry.place(box) for box in boxes]
    theirs = [(p.x - p.s * 0.7, p.y - p.s, p.x + p.s * 0.7, p.y + p.s) for p in placed]
    found = fit_geometry(boxes, theirs)
    assert (found.scale, found.shift_x, found.shift_y) == pytest.approx(
        (geometry.scale, geometry.shift_x, geometry.shift_y), abs=1e-9
    )


def test_a_few_confused_faces_do_not_move_the_fit():
    boxes = [Box(10 * k, 5 * k, 100, 100) for k in range(20)]
    theirs = [(box.x - 6.0, box.y + 4.0, box.x + 94.0, box.y + 124.0) for box in boxes]
    right = fit_geometry(boxes, theirs)
    theirs[3], theirs[11] = (0.0, 0.0, 7.0, 7.0), (900.0, 900.0, 1900.0, 1900.0)
    assert fit_geometry(boxes, theirs) == right


def test_nothing_to_fit_is_an_error_that_says_so():
    with pytest.raises(NoBoxesError, match="no pair of boxes"):
        fit_geometry([], [])
    with pytest.raises(ValueError, match="1 and 0"):
        fit_geometry([Box(0, 0, 9, 9)], [])
    with pytest.raises(ValueError, match="left, top to right, bottom"):
        fit_geometry([Box(0, 0, 9, 9)], [(5.0, 5.0, 5.0, 9.0)])


def test_the_search_finds_the_peak_of_the_grid():
    best = CropGeometry(round(ASSUMED.scale * 0.9, 4), 0.0, 0.05)

    def confidence(at: CropGeometry) -> float:
        return 8.0 - 20 * (at.scale - best.scale) ** 2 - 30 * (at.shift_y - best.shift_y) ** 2

    found, tried = search_geometry(confidence)
    assert found == best
    assert tried[found] == max(tried.values()) == pytest.approx(8.0)
    assert len(tried) == 9  # five scales, then five shifts, one of which was known
