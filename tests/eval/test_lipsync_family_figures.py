"""The lipsync/* figures from points that are made, not computed: what is known about them must come out."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from eval.metrics import lipsync
from eval.metrics.lipsync import Footage, figures, judge, places, sensitivity, turns
from eval.metrics.syncnet import distances, scores_of

WIDTH = 64


def talk(count: int, lead: int = 0, noise: float = 0.5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points of lips and of sound that comes ``lead`` windows before them."""
    draw = np.random.default_rng(seed)
    sounds = draw.normal(size=(count, WIDTH)).astype(np.float32)
    lips = np.roll(sounds, lead, axis=0) + noise * draw.normal(size=(count, WIDTH)).astype(np.float32)
    return lips.astype(np.float32), sounds


def all_known(points: np.ndarray) -> np.ndarray:
    return np.ones(len(points), np.bool_)


def number_of(found, name):
    value = found.values[f"lipsync/{name}"]
    assert value.missing is None, value.missing
    return value.value


@pytest.mark.parametrize("lead", [-14, -3, 0, 1, 12])
def test_sound_that_leads_by_k_frames_has_offset_k(lead):
    lips, sounds = talk(300, lead)
    found = figures(lips, all_known(lips), sounds, Footage(25.0, 305))
    assert number_of(found, "offset") == lead
    assert number_of(found, "control_gap") > 0.9 * number_of(found, "confidence")


def test_an_offset_at_the_edge_of_the_search_says_so():
    lips, sounds = talk(300, 15)
    found = figures(lips, all_known(lips), sounds, Footage(25.0, 305))
    assert number_of(found, "offset") == 15
    assert found.values["lipsync/offset"].flags == ("at the edge of the search",)


def test_with_all_windows_the_figures_are_those_of_the_reference_formula():
    lips, sounds = talk(200, 2)
    found, plain = figures(lips, all_known(lips), sounds, Footage(25.0, 205)), scores_of(distances(lips, sounds))
    assert number_of(found, "confidence") == plain.confidence
    assert number_of(found, "distance") == plain.min_distance
    assert np.array_equal(found.curves["lipsync/framewise"][2:202], plain.framewise_confidence)
    assert np.isnan(found.curves["lipsync/framewise"][[0, 1, 202, 203, 204]]).all()


def test_foreign_sound_has_no_gap_and_mostly_says_so():
    own, sounds = talk(260)
    right = figures(own, all_known(own), sounds, Footage(25.0, 265))
    gaps, told = [], 0
    for seed in range(12):
        lips, _ = talk(260, seed=100 + seed)
        found = figures(lips, all_known(lips), sounds, Footage(25.0, 265))
        gaps.append(number_of(found, "control_gap"))
        told += any("no evidence" in flag for flag in found.values["lipsync/offset"].flags)
    assert max(np.abs(gaps)) < 0.1 * number_of(right, "control_gap")
    assert told >= 8  # one of eight equal turns is the best by chance: 10.5 of 12 are expected
    assert right.values["lipsync/offset"].flags == ()


def test_windows_without_a_face_are_left_out_not_guessed():
    lips, sounds = talk(300, 3)
    known = all_known(lips)
    known[100:150] = False
    lost = lips.copy()
    lost[100:150] = 0
    found = figures(lost, known, sounds, Footage(25.0, 305))
    expected = scores_of(distances(lips, sounds)[known])
    assert number_of(found, "confidence") == expected.confidence
    assert number_of(found, "offset") == 3
    assert np.isnan(found.curves["lipsync/framewise"][102:152]).all()
    assert np.isfinite(found.curves["lipsync/framewise"][2:102]).all()


def test_the_worst_window_is_the_one_out_of_sync():
    lips, sounds = talk(324, 0)
    lips[81:153] = talk(324, seed=9)[0][81:153]
    found = figures(lips, all_known(lips), sounds, Footage(25.0, 329, (81, 153, 225, 297)))
    confidence = found.per_window["lipsync/confidence"]
    assert confidence.size == 5
    assert int(np.nanargmin(confidence)) == 1
    assert number_of(found, "confidence_min") == np.nanmin(confidence) < 0.2 * number_of(found, "confidence")
    offsets = found.per_window["lipsync/offset"]
    assert offsets[[0, 2, 3]].tolist() == [0, 0, 0]


def test_a_window_of_less_than_a_second_has_no_figure():
    lips, sounds = talk(110)
    found = figures(lips, all_known(lips), sounds, Footage(25.0, 115, (97,)))
    assert np.isnan(found.per_window["lipsync/confidence"]).tolist() == [False, True]


def test_one_unknown_window_is_the_clip_and_says_that_windows_are_not_known():
    lips, sounds = talk(150)
    found = figures(lips, all_known(lips), sounds, Footage(25.0, 155))
    assert number_of(found, "confidence_min") == pytest.approx(number_of(found, "confidence"), rel=1e-6)
    assert "windows not known" in found.values["lipsync/confidence_min"].flags
    assert {series.size for series in found.per_window.values()} == {1}


@pytest.mark.parametrize("fps", [24.0, 25.0, 30000 / 1001, 50.0])
def test_windows_and_curves_are_in_the_videos_own_frames(fps):
    lips, sounds = talk(245)
    frames = round(10 * fps)
    seam = round(4 * fps)
    place = places(245, Footage(fps, frames, (seam,)))
    # four seconds are 100 frames of 25 a second; a window stands for its middle, two frames on
    assert abs(int((place == 0).sum()) - 98) <= 1
    found = figures(lips, all_known(lips), sounds, Footage(fps, frames, (seam,)))
    curve = found.curves["lipsync/framewise"]
    assert curve.size == frames
    assert np.isfinite(curve).sum() == pytest.approx(245 / 25 * fps, abs=3)


def test_controls_are_far_from_the_true_place_and_from_each_other():
    for count in range(0, 3000, 7):
        shifts = turns(count)
        assert len(shifts) == min(max(count // 32 - 1, 0), 19)
        around = [0, *shifts, count]
        assert all(later - sooner >= 31 for sooner, later in pairwise(around) if shifts)


class Stub(SimpleNamespace):
    """What ``judge`` asks of the collector."""


def watched(known: np.ndarray, seconds: float, with_face: int) -> Stub:
    lips = np.zeros((known.size, 1024), np.float32)
    return Stub(lips=lambda: (lips, known), spoken=round(seconds * 25) - 5, with_face=with_face)


@pytest.mark.parametrize(
    ("frames", "seen", "seconds", "reason"),
    [
        (375, 0, 15.0, "no face stays for half a second"),
        (375, 37, 15.0, "face in 10% of the speech, 60% are needed"),
        (32, 20, 1.28, "too short: 25 windows of 0.2 s are needed, there are 20"),
    ],
)
def test_what_cannot_be_scored_says_why_and_how_much_is_covered(frames, seen, seconds, reason):
    found = judge(watched(np.arange(frames - 5) < seen, seconds, 9), Footage(25.0, frames), 0.6)
    assert found.values["lipsync/confidence"].missing == reason
    spoken = round(seconds * 25) - 5
    assert found.values["lipsync/coverage"].value == pytest.approx(min(seen, spoken) / spoken)


def test_no_face_and_a_speech_of_less_than_a_second_are_told_apart():
    nobody = judge(watched(np.zeros(370, np.bool_), 15.0, 0), Footage(25.0, 375), 0.6)
    assert nobody.values["lipsync/offset"].missing == "no face"
    short = judge(watched(np.ones(370, np.bool_), 0.92, 375), Footage(25.0, 375), 0.6)
    assert (
        short.values["lipsync/offset"].missing == "the speech is too short: 25 windows of 0.2 s are needed, it has 18"
    )


def test_crop_sensitivity_is_the_larger_change_on_the_probes_windows():
    lips, sounds = talk(300, 1)
    rows = [*range(28), *range(125, 153)]
    smaller = lips[rows] + 0.2 * np.random.default_rng(5).normal(size=(56, WIDTH)).astype(np.float32)
    larger = lips[rows] + 2.0 * np.random.default_rng(6).normal(size=(56, WIDTH)).astype(np.float32)
    probe = Stub(windows=rows, points=([smaller[:28], smaller[28:]], [larger[:28], larger[28:]]))
    value = sensitivity(lips, sounds, probe)
    right = scores_of(distances(lips, sounds)[rows]).confidence
    other = lips.copy()
    other[rows] = larger
    assert value.value == pytest.approx(abs(scores_of(distances(other, sounds)[rows]).confidence - right), rel=1e-6)
    assert value.flags == ("on 56 windows",)
    assert sensitivity(lips, sounds, Stub(windows=[], points=([], []))).missing is not None


def test_every_absent_figure_is_named():
    found = lipsync.missing("weights absent: run python -m eval weights fetch syncnet")
    assert set(found.values) == set(lipsync.NAMES)
    assert all(value.missing and "weights fetch" in value.missing for value in found.values.values())
