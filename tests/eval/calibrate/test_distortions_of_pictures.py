"""Each change of a picture does what it says, by an independent measure."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from skimage.color import deltaE_ciede2000, rgb2lab

from eval.calibrate import cast, picture
from eval.calibrate.catalogue import DISTORTIONS
from eval.calibrate.sounds import Speech


def flat(colour):
    return np.full((16, 16, 3), colour, np.uint8)


@pytest.fixture(scope="module")
def noisy():
    return np.random.default_rng(1).integers(0, 256, (240, 240, 3), np.uint8)


@settings(deadline=None)
@given(st.floats(10, 100), st.floats(-80, 80), st.floats(-80, 80), st.floats(0.1, 8.0))
def test_a_cast_is_as_far_as_it_says_for_every_colour(lightness, a, b, wanted):
    lab = np.float32([[[lightness, a, b]]])
    warm, dim = lab.copy(), lab.copy()
    warm[..., 2] += cast.yellow_shift(lab, wanted)
    dim[..., 0] -= cast.light_drop(lab, wanted)
    assert float(deltaE_ciede2000(lab, warm)[0, 0]) == pytest.approx(wanted, abs=0.03, rel=0.01)
    assert float(deltaE_ciede2000(lab, dim)[0, 0]) == pytest.approx(wanted, abs=0.03) or dim[0, 0, 0] < 1e-3, (
        "short of it only where nothing darker is left"
    )


@pytest.mark.parametrize("change", [cast.warmed, cast.darkened])
@pytest.mark.parametrize("wanted", [1.0, 2.0, 3.0, 5.0, 8.0])
def test_the_mean_cast_over_many_colours_is_exact(change, wanted):
    skin = np.random.default_rng(2).integers((70, 90, 110), (150, 170, 200), (64, 64, 3)).astype(np.uint8)
    found = deltaE_ciede2000(*(rgb2lab(p[..., ::-1]) for p in (skin, change(skin, wanted))))
    assert float(np.mean(found)) == pytest.approx(wanted, abs=0.1)  # rounding to eight bits only lengthens


def test_a_warm_cast_keeps_lightness_and_a_dim_one_keeps_hue():
    before = flat((110, 130, 160))
    lab = rgb2lab(before[..., ::-1])[0, 0]
    warm, dim = (rgb2lab(change(before, 5.0)[..., ::-1])[0, 0] for change in (cast.warmed, cast.darkened))
    assert warm[0] == pytest.approx(lab[0], abs=0.5) and warm[2] > lab[2] + 4
    assert dim[0] < lab[0] - 4 and np.allclose(dim[1:], lab[1:], atol=1.0)


@pytest.mark.parametrize("percent", [-40, 20, 40])
def test_saturation_scales_chroma(percent):
    before = flat((100, 130, 160))
    chroma = [np.hypot(*rgb2lab(p[..., ::-1])[0, 0, 1:]) for p in (before, cast.saturated(before, percent))]
    assert chroma[1] / chroma[0] == pytest.approx(1 + percent / 100, abs=0.03)


@pytest.mark.parametrize("sigma", [0.5, 0.8, 1.2, 2.0, 3.0])
def test_blur_is_scipys_gaussian(noisy, sigma):
    expected = gaussian_filter(noisy.astype(np.float64), (sigma, sigma, 0), truncate=5, mode="reflect")
    assert np.abs(picture.blurred(noisy, sigma) - expected).max() <= 0.51


@pytest.mark.parametrize("amount", [0.25, 1.0, 2.0])
def test_unsharp_masking_adds_what_blur_takes_away(amount):
    ramp = cv2.GaussianBlur(np.random.default_rng(3).integers(90, 160, (80, 80, 3), np.uint8), (0, 0), 1)
    wide = gaussian_filter(ramp.astype(np.float64), (1.5, 1.5, 0), mode="mirror")
    expected = ramp + amount * (ramp - wide)
    assert np.abs(picture.unsharp(ramp, amount) - expected).max() <= 0.5 + amount


@pytest.mark.parametrize("percent", [15, 30, 45, 60])
def test_rescaling_takes_away_what_lies_above_the_new_grid(noisy, percent):
    def power(image):
        found = np.abs(np.fft.fft2(image[..., 1].astype(np.float64))) ** 2
        radius = np.hypot(*np.meshgrid(np.fft.fftfreq(240), np.fft.fftfreq(240)))
        kept = 0.5 * (1 - percent / 100)
        return found[radius > 1.25 * kept].sum(), found[(radius > 0) & (radius < 0.3 * kept)].sum()

    before, after = power(noisy), power(picture.rescaled(noisy, percent))
    assert after[0] < 0.2 * before[0] and after[1] > 0.7 * before[1]


def test_contrast_brightness_and_grain_by_their_numbers():
    grey = np.full((200, 200, 3), 100, np.uint8)
    assert np.unique(picture.contrasted(grey, 25)) == 93  # 128 − 1.25 · 28
    assert np.unique(picture.brightened(grey, 8)) == 108
    first, second = (picture.grainy(grey, 4.0, seed).astype(float) for seed in (1, 2))
    assert first.std() == pytest.approx(4.0, rel=0.05) and first.mean() == pytest.approx(100, abs=0.1)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.02
    assert np.array_equal(first[..., 0], first[..., 2])


@pytest.mark.parametrize("dx", [-3, 5])
def test_a_moved_picture_is_moved_by_whole_pixels_exactly(noisy, dx):
    assert np.array_equal(picture.moved(noisy, dx, 0)[:, 10:-10], np.roll(noisy, dx, axis=1)[:, 10:-10])


@pytest.mark.parametrize("name", DISTORTIONS)
def test_strength_nought_is_the_clean_clip(name, scene, noisy):
    row = DISTORTIONS[name]
    if row.picture is not None:
        change = row.picture(0.0, scene)
        assert all(np.array_equal(change(noisy, index), noisy) for index in range(scene.frames))
    if row.frames is not None:
        assert row.frames(scene, 0.0) == list(range(scene.frames))
    if row.sound is not None:
        speech = Speech(np.arange(-9000, 9000, dtype=np.int16), 1000, 16000)
        assert np.array_equal(row.sound(speech, 0.0, 0), speech.cut())


@pytest.mark.parametrize("name", [name for name, row in DISTORTIONS.items() if row.picture is not None])
def test_the_largest_level_changes_frames_and_keeps_their_shape(name, scene, noisy):
    row, smooth = DISTORTIONS[name], cv2.GaussianBlur(noisy, (0, 0), 3)
    frames = [np.roll(smooth, index, axis=0) for index in range(0, scene.frames, 5)]
    change = row.picture(row.levels[-1], scene)
    changed = [change(frame, 5 * place) for place, frame in enumerate(frames)]
    assert {one.shape for one in changed} == {smooth.shape} and {one.dtype for one in changed} == {smooth.dtype}
    assert any(not np.array_equal(one, frame) for one, frame in zip(changed, frames, strict=True))


def test_flicker_jumps_by_its_levels_about_the_same_mean(scene):
    grey = np.full((8, 8, 3), 100, np.uint8)
    for levels in (1, 2, 4, 8):
        change = DISTORTIONS["flicker"].picture(levels, scene)
        shown = np.array([change(grey, index).mean() for index in range(20)])
        assert set(np.abs(np.diff(shown))) == {levels}
        assert shown.mean() == pytest.approx(100, abs=0.5)
