"""A real talker, distorted in known ways: the metric meant for it moves, by the right amount."""

import cv2
import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from eval.regions import BAND, layout
from eval.score import Score
from workflow.media.box import Box
from workflow.media.facebox import detect


def got(score: Score, name: str) -> float:
    value = score.values[name]
    assert value.value is not None, f"{name}: {value.missing}"
    return value.value


def blurred(picture, index):
    return cv2.GaussianBlur(picture, (0, 0), 1.5)


def sharpened(picture, index):
    wide = cv2.GaussianBlur(picture, (0, 0), 1.5).astype(np.float32)
    return np.clip(picture + 1.2 * (picture - wide), 0, 255).astype(np.uint8)


def test_the_clean_piece_is_like_its_reference(clean):
    assert clean.status == "ok" and clean.coverage == 1.0
    assert 0.7 < got(clean, "sharpness/laplacian") < 1.3
    assert abs(got(clean, "sharpness/overshoot_change")) < 0.03
    assert got(clean, "colour/background_mean") < 0.5
    assert got(clean, "colour/cheeks_mean") < 2
    assert got(clean, "motion/background_mean") < 0.02


def test_blur_lowers_sharpness_and_does_not_raise_overshoot(bench, clean):
    score = bench.score("blur", blurred)
    assert got(score, "sharpness/laplacian") < 0.5 * got(clean, "sharpness/laplacian")
    assert got(score, "sharpness/fine_detail") < got(clean, "sharpness/fine_detail")
    assert got(score, "sharpness/overshoot_change") < got(clean, "sharpness/overshoot_change") + 0.01


def test_unsharp_masking_raises_sharpness_and_overshoot(bench, clean):
    score = bench.score("unsharp", sharpened)
    assert got(score, "sharpness/laplacian") > 1.3
    assert got(score, "sharpness/laplacian") > 1.5 * got(clean, "sharpness/laplacian")
    assert got(score, "sharpness/overshoot_change") > got(clean, "sharpness/overshoot_change") + 0.02


def known_distances(bench, shifts):
    """ΔE00 of each region's median Lab in the first frame for Lab shifts, by scikit-image, ``[shifts]``."""
    picture, face = bench.pictures[0], detect(bench.pictures[0])[0]
    lab = rgb2lab(picture[..., ::-1] / 255)
    places = layout(face, picture.shape[:2], picture.shape[:2])
    sides = [round(edge * face.w) for edge in BAND]
    band = Box(face.x + sides[0], face.y + sides[1], sides[2] - sides[0], sides[3] - sides[1])
    pixels = {
        "cheeks": band.cut(lab).reshape(-1, 3),
        "background": lab[places.background],
        "clothes": lab[places.clothes],
    }
    middles = {region: np.median(colours, axis=0) for region, colours in pixels.items()}
    return {
        region: np.array([float(deltaE_ciede2000(middle, middle + np.array(shift))) for shift in shifts])
        for region, middle in middles.items()
    }


@pytest.mark.parametrize("shift", [(0.0, 0.0, 8.0), (-5.0, 0.0, 0.0), (0.0, -5.0, 0.0)])
def test_a_colour_cast_shows_its_known_distance_in_each_region(bench, shift, lab_shifted):
    score = bench.score("cast", lambda picture, index: lab_shifted(picture, *shift))
    for region, known in known_distances(bench, [shift]).items():
        assert got(score, f"colour/{region}_mean") == pytest.approx(float(known[0]), rel=0.1, abs=0.35), region


def test_a_linear_drift_shows_its_slope(bench, clean, lab_shifted):
    def drift(picture, index):
        return lab_shifted(picture, b=8.0 * index / 100)

    score = bench.score("drift", drift)
    steps = known_distances(bench, [(0, 0, 8.0 * i / 100) for i in range(100)])
    for region in ("background", "cheeks", "clothes"):
        known = float(np.polyfit(np.arange(100) / 25 / 60, steps[region], 1)[0])
        of_itself = abs(got(clean, f"colour/{region}_slope"))  # four seconds of a person who moves
        assert got(score, f"colour/{region}_slope") == pytest.approx(known, abs=0.1 * known + of_itself), region
        assert of_itself < 0.1 * known
        assert got(score, f"colour/{region}_first_last") > 2
    assert abs(got(clean, "colour/background_slope")) < 2
    assert got(clean, "colour/background_first_last") < 0.5


def test_jumps_at_seams_show_and_the_clean_piece_has_none(bench, clean, lab_shifted):
    def window(index):
        return sum(index >= seam for seam in (25, 45, 65, 85))

    def jumping(picture, index):
        shifted = np.roll(picture, 6 * (window(index) % 2), axis=1)
        toned = lab_shifted(shifted, lightness=4.0 * (window(index) % 2))
        return cv2.GaussianBlur(toned, (0, 0), 1.2) if window(index) % 2 else toned

    score = bench.score("seams", jumping)
    assert score.seams == clean.seams == (25, 45, 65, 85)
    assert got(score, "seam/colour") > 4 and got(score, "seam/motion") > 2 and got(score, "seam/sharpness") > 2
    assert got(clean, "seam/colour") < 3
    assert got(score, "seam/colour") > 2 * got(clean, "seam/colour")
    assert got(score, "seam/motion") > 2 * got(clean, "seam/motion")
    assert got(score, "seam/sharpness") > 2 * got(clean, "seam/sharpness")


def test_a_swaying_picture_moves_head_and_background(bench, clean):
    def sway(picture, index):
        matrix = np.array([[1, 0, 6 * np.sin(index / 3)], [0, 1, 0]], np.float32)
        return cv2.warpAffine(picture, matrix, (416, 320), borderMode=cv2.BORDER_REPLICATE)

    score = bench.score("sway", sway)
    # 6·|cos|/3 pixels a frame in the mean, over the face's width, 25 times a second
    width = detect(bench.pictures[0])[0].w
    known = float(np.mean(np.abs(np.diff(6 * np.sin(np.arange(100) / 3))))) * 25 / width
    assert got(score, "motion/head_mean") == pytest.approx(known, rel=0.35)
    assert got(score, "motion/head_mean") > 3 * got(clean, "motion/head_mean")
    assert got(score, "motion/head_jitter") > 1.5 * got(clean, "motion/head_jitter")
