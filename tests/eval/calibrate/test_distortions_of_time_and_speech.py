"""Shifted and foreign speech by sample; repeated, standing and added frames by index; the amounts over time."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.calibrate import sounds, timeline
from eval.calibrate.catalogue import DISTORTIONS
from eval.calibrate.distortion import Aim, Distortion
from eval.calibrate.render import picked
from eval.calibrate.sounds import Speech

SPEECH = Speech(np.arange(20000, dtype=np.int16), 2000, 16000)


@given(st.integers(-3, 3))
def test_shifted_speech_is_read_from_where_it_should(frames):
    heard = sounds.shifted(SPEECH, frames)
    # Positive: the audio leads, so that what belongs to a later frame is heard now. A frame is 640 samples.
    assert np.array_equal(heard, np.arange(2000, 18000) + 640 * frames)


def test_shifted_speech_is_silent_where_nothing_is_known():
    heard = sounds.shifted(SPEECH, -10)
    assert heard.size == 16000 and not heard[:4400].any() and heard[4400] == 0 and heard[4401] == 1
    assert not sounds.shifted(SPEECH, 10)[-4400:].any()


@pytest.mark.parametrize("percent", [25, 50, 75, 100])
def test_foreign_speech_is_the_speech_backwards_from_its_place_on(percent):
    heard, own = sounds.foreign(SPEECH, percent), SPEECH.cut()
    start = round(16000 * (1 - percent / 100))
    assert np.array_equal(heard[:start], own[:start])
    assert np.array_equal(heard[start + sounds.FADE :], own[::-1][start + sounds.FADE :])


def test_every_draw_of_foreign_speech_begins_elsewhere_and_is_as_loud():
    draws = [sounds.foreign(SPEECH, 100, draw)[sounds.FADE :] for draw in range(DISTORTIONS["foreign_speech"].draws)]
    for draw, heard in enumerate(draws):
        assert np.array_equal(heard, np.roll(SPEECH.cut()[::-1], 4000 * draw)[sounds.FADE :])
    assert len({heard.tobytes() for heard in draws}) == 4


def test_quieter_speech_has_half_the_amplitude_at_six_decibels():
    loud = Speech(np.full(16000, 8000, np.int16), 0, 16000)
    assert sounds.quieter(loud, 6.0206).tolist() == [4000] * 16000


@pytest.mark.parametrize(("percent", "period"), [(5, 20), (10, 10), (20, 5), (33, 3), (50, 2)])
def test_dropped_frames_are_repeats_of_the_one_before(scene, percent, period):
    shown = timeline.dropped(scene, percent)
    repeats = [index for index in range(1, scene.frames) if shown[index] == shown[index - 1]]
    assert len(shown) == scene.frames and len(repeats) == scene.frames // period
    assert all(shown[index] in (index, index - 1) for index in range(scene.frames))


@pytest.mark.parametrize("seconds", [0.2, 0.4, 1.0])
def test_a_standing_picture_stands_as_long_as_asked(scene, seconds):
    steps = np.diff(timeline.standing(scene, seconds))
    assert (steps == 0).sum() == round(seconds * 25) - 1
    assert steps.max() == round(seconds * 25) and len(timeline.standing(scene, seconds)) == scene.frames


def test_tails_grow_and_cuts_begin_later(scene):
    assert timeline.longer(scene, 2.0) == list(range(scene.frames + 50))
    assert timeline.later(scene, 1) == list(range(1, scene.frames + 1))


def test_amounts_over_time(scene):
    assert timeline.minutes(1500, scene) == 1.0
    assert [timeline.odd_window(i, scene) for i in (0, 12, 13, 24, 25, 37)] == [0, 0, 1, 1, 0, 1]
    swing = np.array([timeline.swing_in_tail(i, scene) for i in range(75)])
    assert not swing[:51].any() and 0.9 < swing.max() <= 1 and np.abs(np.diff(swing)).max() < 0.4
    assert timeline.along_tail(49, scene) == 0 and timeline.along_tail(74, scene) == 1
    sway = np.array([timeline.sway(i, scene) for i in range(2500)])
    speed = float(np.mean(np.abs(np.diff(sway)))) * 25
    assert speed == pytest.approx(4 * timeline.SWAY_HZ, rel=0.02)  # what the background's known slope is made from


def test_pauses_are_where_nobody_speaks(scene):
    loud = replace(scene, loudness=(1.0,) * 10 + (0.05,) * 20 + (0.6,) * 20)
    gaping = np.array(timeline.pauses(loud))
    assert gaping.size == scene.frames and gaping[15:25].min() > 0.99 and gaping[:4].max() == gaping[40:].max() == 0
    assert np.abs(np.diff(gaping)).max() < 0.35


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40).map(sorted))
def test_frames_are_picked_from_a_stream_in_order(shown):
    assert list(picked(iter(range(31)), shown)) == shown


def test_every_distortion_is_declared_in_order():
    for name, row in DISTORTIONS.items():
        assert name == row.name and set(row.quick) <= set(row.levels) and row.reference in row.quick
        kinds = [part is not None for part in (row.picture, row.frames, row.sound)]
        assert sum(kinds) == (0 if name == "crf" else 1)


def test_levels_must_rise_without_nought_and_hold_the_reference():
    for levels, reference in (((0, 1), 1), ((2, 1), 1), ((1, 2), 3)):
        with pytest.raises(ValueError, match="must rise"):
            Distortion("x", "", "", levels, reference, {"a/b": Aim(1)})


def test_the_strength_of_lossy_coding_is_its_crf_and_nothing_else_has_one():
    assert [DISTORTIONS["crf"].crf(level) for level in (0, 28)] == [0, 28]
    assert DISTORTIONS["blur"].crf(3.0) == 0 and DISTORTIONS["audio_shift"].crf(5) == 0
