"""Colours of regions: against scikit-image, under casts, covers and motion, on made pictures."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab

from eval.metrics import colour
from eval.metrics.colourwatch import ColourWatch, to_lab
from eval.regions import layout
from eval.settings import Settings
from eval.view import View
from workflow.media.box import Box

WIDTH, HEIGHT, BOX = 320, 400, Box(110, 80, 100, 100)
SETTINGS = Settings(networks=())
GRAIN = np.random.default_rng(0).normal(0, 1.0, (2, HEIGHT, WIDTH, 3))
SKIN, WALL, CURTAIN, SHIRT, TIE = (68, 16, 18), (55, -8, 6), (35, 10, -12), (45, -6, -14), (40, 25, 10)


def scene(shift=(0.0, 0.0, 0.0), seed=0):
    """A person of flat colours with grain before a wall and a curtain, all moved by a Lab shift; BGR."""
    lab = np.empty((HEIGHT, WIDTH, 3))
    lab[:], lab[:, 200:] = WALL, CURTAIN
    lab[190:, 60:260], lab[190:, 140:180] = SHIRT, TIE
    lab[70:190, 112:208] = SKIN
    lab += GRAIN[seed % 2] + shift
    return np.clip(np.rint(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_Lab2BGR) * 255), 0, 255).astype(np.uint8)


def watched(*pictures, boxes=None):
    watch = ColourWatch()
    for index, picture in enumerate(pictures):
        watch.update(View(index, picture, BOX if boxes is None else boxes[index], SETTINGS))
    return watch


def distances(watch):
    """CIEDE2000 of the last frame against the first, by region."""
    return {r: float(colour.delta_e(watch.lab(r)[0], watch.lab(r)[-1])) for r in ("cheeks", "background", "clothes")}


def test_lab_and_distance_agree_with_scikit_image_on_every_pixel():
    rng = np.random.default_rng(0)
    one, two = rng.integers(0, 256, (2, 500, 3), dtype=np.uint8)
    # OpenCV reads the curves of sRGB and Lab from tables: up to 0.3, the same for equal colours
    assert to_lab(one) == pytest.approx(rgb2lab(one[:, ::-1] / 255), abs=0.3)
    known = deltaE_ciede2000(rgb2lab(one[:, ::-1] / 255), rgb2lab(two[:, ::-1] / 255))
    assert colour.delta_e(to_lab(one), to_lab(two)) == pytest.approx(known, abs=0.3)


@settings(max_examples=15, deadline=None)
@given(st.tuples(*(st.floats(-8, 8) for _ in "Lab")))
def test_a_cast_moves_every_region_by_itself(shift):
    watch = watched(scene(), scene(shift, seed=1))
    for region in ("cheeks", "background", "clothes"):
        first, last = watch.lab(region)
        assert last - first == pytest.approx(shift, abs=0.5)  # of whole 8-bit levels


@pytest.mark.parametrize("shift", [(4.0, 0, 0), (0, 6.0, 0), (0, 0, -6.0)])
def test_a_casts_distance_is_that_of_its_pixels(shift):
    got = distances(watched(scene(), scene(shift)))
    for region, middle in (("cheeks", SKIN), ("background", WALL), ("clothes", SHIRT)):
        known = float(deltaE_ciede2000(np.array(middle, float), np.array(middle, float) + shift))
        assert got[region] == pytest.approx(known, rel=0.1), region


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 120), st.integers(0, 60), st.integers(60, 255))
def test_what_covers_less_than_half_of_a_region_does_not_move_it(left, top, grey):
    covered = scene(seed=1)
    covered[230 + top : 270 + top, left : left + 100] = grey  # a hand, over some of the clothes and the wall
    assert max(distances(watched(scene(), covered)).values()) < 0.5


def test_a_swaying_body_before_a_still_wall_is_no_colour_shift():
    swayed = scene()
    body = scene()[190:, 52:252]
    swayed[190:, 60:260] = body
    assert distances(watched(scene(), swayed))["clothes"] < 0.5


def test_without_a_face_only_the_cheeks_are_unknown():
    watch = watched(scene(), scene(), boxes=[BOX, None])
    assert np.isnan(watch.lab("cheeks")[1]).all() and np.isfinite(watch.lab("background")).all()
    before = watched(scene(), boxes=[None])
    assert before.layout is None and before.of_picture(scene(), BOX) == {}


def test_a_reference_like_the_first_frame_has_no_distance_and_a_cast_one_its_own():
    watch = watched(scene())
    values, curves = colour.values(watch, watch.of_picture(scene(), BOX), 25.0, ())
    assert values["colour/cheeks_mean"].value == values["colour/background_max"].value == 0
    assert values["colour/chroma_ratio"].value == pytest.approx(1)
    assert set(curves) == {"colour/cheeks", "colour/background", "colour/clothes"}
    faceless, _ = colour.values(watch, watch.of_picture(scene(), None), 25.0, ())
    assert faceless["colour/cheeks_mean"].missing == "no cheeks in the reference"
    assert faceless["colour/chroma_ratio"].missing == "no face in the reference"
    cast, _ = colour.values(watch, watch.of_picture(scene((5.0, 0, 0)), BOX), 25.0, ())
    skin = np.array(SKIN, float)
    known = float(deltaE_ciede2000(skin + np.array([5.0, 0, 0]), skin))
    assert cast["colour/cheeks_mean"].value == pytest.approx(known, rel=0.1)


@pytest.mark.parametrize("gain", [0.7, 1.3])
def test_chroma_ratio_is_the_gain_of_saturation(gain):
    lab = rgb2lab(scene()[..., ::-1] / 255)
    lab[..., 1:] *= gain
    louder = np.clip(np.rint(lab2rgb(lab) * 255), 0, 255).astype(np.uint8)[..., ::-1].copy()
    watch = watched(louder)
    values, _ = colour.values(watch, watch.of_picture(scene(), BOX), 25.0, ())
    assert values["colour/chroma_ratio"].value == pytest.approx(gain, rel=0.05)
    grey = np.repeat(cv2.cvtColor(scene(), cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2)
    values, _ = colour.values(watch, watch.of_picture(grey, BOX), 25.0, ())
    assert values["colour/chroma_ratio"].missing == "the face has no colour to compare with"


def test_a_drift_has_its_slope_per_minute_and_a_short_video_says_so():
    shifts = [(0.0, 0.0, 12.0 * i / 100) for i in range(101)]
    watch = watched(*(scene(shift, seed=i) for i, shift in enumerate(shifts)))
    values, _ = colour.values(watch, watch.of_picture(scene(), BOX), 25.0, ())
    for region, middle in (("cheeks", SKIN), ("background", WALL), ("clothes", SHIRT)):
        lab = np.array(middle, float)
        known = [float(deltaE_ciede2000(lab, lab + shift)) for shift in shifts]
        slope = float(np.polyfit(np.arange(101) / 25 / 60, known, 1)[0])
        assert values[f"colour/{region}_slope"].value == pytest.approx(slope, rel=0.1)
        assert "from 4 s" in values[f"colour/{region}_slope"].flags


boxes = st.builds(Box, st.integers(0, 400), st.integers(0, 300), st.integers(20, 300), st.integers(20, 300))


@given(boxes, st.integers(64, 700), st.integers(64, 700))
def test_regions_keep_off_the_face_and_off_each_other(box, height, width):
    box = box.within(width, height)
    found = layout(box, (height, width), (height, width))
    for mask in (found.background, found.clothes):
        if mask is not None:
            assert mask.shape == (height, width) and not box.cut(mask).any()  # type: ignore[arg-type]
    if found.background is not None and found.clothes is not None:
        assert not (found.background & found.clothes).any()
