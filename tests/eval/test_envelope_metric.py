"""Mouth against speech on made signals: closed forms, laws, and an honest null."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from eval.metrics import envelope as env

FPS = 25.0


def syllables(rng: np.random.Generator, frames: int, fps: float = FPS) -> np.ndarray:
    return env.syllable_band(rng.normal(size=frames), fps)


@given(shift=st.integers(-12, 12), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_a_mouth_that_follows_by_k_frames_gives_an_offset_of_k(shift, seed):
    sound = syllables(np.random.default_rng(seed), 300)
    found = env.evidence(np.roll(sound, shift), sound, FPS)
    assert found is not None
    assert round(found.offset_s * FPS) == shift
    assert found.strength == pytest.approx(1.0)
    assert found.p < 0.01


@pytest.mark.parametrize("seconds", [5, 10, 15, 40])
def test_unrelated_signals_seldom_count_as_evidence(seconds):
    rng = np.random.default_rng(seconds)
    frames = int(seconds * FPS)
    found = [env.evidence(syllables(rng, frames), syllables(rng, frames), FPS) for _ in range(400)]
    false = np.mean([one is not None and one.p <= 0.05 for one in found])
    assert false <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 400)


@given(gain=st.floats(0.01, 100), seed=st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_evidence_ignores_gain(gain, seed):
    rng = np.random.default_rng(seed)
    mouth, sound = syllables(rng, 250), syllables(rng, 250)
    plain, scaled = env.evidence(mouth, sound, FPS), env.evidence(mouth, sound * gain, FPS)
    assert plain is not None and scaled is not None
    assert scaled.offset_s == plain.offset_s
    assert scaled.strength == pytest.approx(plain.strength, rel=1e-6)
    assert scaled.p == pytest.approx(plain.p, rel=1e-6)


def test_the_envelope_in_pieces_equals_the_envelope_at_once():
    rng = np.random.default_rng(1)
    samples = (rng.normal(0, 2000, 16000 * 3 + 777)).astype(np.int16)
    bank = butter(2, (500.0, 2500.0), "bandpass", fs=16000, output="sos")
    whole = sosfilt(bank, samples.astype(float)).reshape(-1)
    loud = env.speech_envelope(samples, FPS, 75)
    frames = whole[: 75 * 640].reshape(75, 640)
    assert np.allclose(loud, np.sqrt(np.sqrt(np.mean(frames**2, axis=1))), rtol=1e-9)


def test_a_louder_tone_raises_the_envelope_by_the_root_of_its_gain():
    t = np.arange(32000) / 16000
    tone = 4000 * np.sin(2 * np.pi * 1100 * t)
    quiet, loud = (env.speech_envelope(np.round(tone * gain).astype(np.int16), FPS, 50) for gain in (1, 4))
    assert loud[10:40] / quiet[10:40] == pytest.approx(2.0, rel=1e-3)


def test_frames_after_the_end_of_the_sound_are_silent():
    samples = np.full(16000, 1000, np.int16) * np.tile([1, -1], 8000).astype(np.int16)
    assert np.all(env.speech_envelope(samples, FPS, 40)[25:] == 0)


@pytest.mark.parametrize("fps", [24.0, 25.0, 30000 / 1001, 50.0])
def test_the_offset_counts_frames_of_40_ms_at_any_rate(fps):
    rng = np.random.default_rng(3)
    frames = int(12 * fps)
    sound = rng.normal(size=frames)
    lag = round(0.12 * fps)
    values = env.values(env.syllable_band(np.roll(sound, lag), fps), sound, fps, 0.6)
    assert values["lipsync/envelope_offset"].value == pytest.approx(lag / fps / 0.04, abs=0.01)


def test_no_evidence_leaves_the_offset_out_and_keeps_the_chance():
    rng = np.random.default_rng(5)
    values = env.values(syllables(rng, 300), rng.normal(size=300), FPS, 0.6)
    assert (values["lipsync/envelope_p"].value or 0) > 0.05
    assert (values["lipsync/envelope_offset"].missing or "").startswith("no evidence (p=")


@pytest.mark.parametrize(
    ("frames", "fps", "reason"), [(40, 25.0, "too short"), (200, 12.0, "too few"), (200, 25.0, "does not move")]
)
def test_what_cannot_be_judged_is_missing_with_a_reason(frames, fps, reason):
    values = env.values(np.zeros(frames), np.ones(frames), fps, 0.6)
    assert set(values) == set(env.NAMES)
    assert all(value.value is None and reason in (value.missing or "") for value in values.values())


def test_gaps_in_the_face_track_do_not_invent_motion():
    rng = np.random.default_rng(7)
    values = rng.normal(size=200)
    values[50:80] = np.nan
    band = env.syllable_band(values, FPS)
    assert np.all(band[50:80] == 0) and np.isfinite(band).all()


def test_silence_is_recognised_and_a_whisper_is_not_silence():
    rng = np.random.default_rng(8)
    assert env.is_silent(np.zeros(48000, np.int16))
    assert env.is_silent(rng.integers(-20, 20, 48000).astype(np.int16))
    assert not env.is_silent(np.concatenate([np.zeros(32000), rng.normal(0, 100, 16000)]).astype(np.int16))
