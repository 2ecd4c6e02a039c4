"""The envelope metric on a real talker: evidence, and what takes it away."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eval.metrics import envelope, mouth
from eval.pipeline import Watched, watch
from eval.score import DEFAULT, score_video
from workflow.media.encode import VideoWriter
from workflow.media.sound import speech, write_wav

ONLY = replace(DEFAULT, families=("lipsync", "mouth"))


@pytest.fixture(scope="module")
def seen(talking_frontal: Path) -> Watched:
    return watch(talking_frontal, 25.0, None, ONLY)


@pytest.fixture(scope="module")
def sound(talking_frontal: Path) -> np.ndarray:
    return speech(talking_frontal)


def judged(seen: Watched, samples: np.ndarray):
    assert seen.mouth is not None
    dark, row, low = (seen.mouth.series[name] for name in ("dark", "row", "low"))
    loud = envelope.speech_envelope(samples, 25.0, seen.frames)
    return envelope.values(envelope.opening(dark, row, low, 25.0), loud, 25.0, DEFAULT.max_offset_s)


def test_her_own_sound_is_evidence_with_the_known_small_lead(seen, sound):
    values = judged(seen, sound)
    assert values["lipsync/envelope_p"].value < 0.001
    assert 0 <= values["lipsync/envelope_offset"].value <= 3
    assert values["lipsync/envelope_strength"].value > 0.3


@pytest.mark.parametrize("frames", [-8, -3, 4, 7])
def test_sound_moved_by_k_frames_moves_the_offset_by_k(seen, sound, frames):
    at_home = judged(seen, sound)["lipsync/envelope_offset"].value
    moved = judged(seen, np.roll(sound, frames * 640))["lipsync/envelope_offset"].value
    assert moved == pytest.approx(at_home - frames, abs=1)


@pytest.mark.parametrize("gain", [0.25, 0.5])
def test_softer_sound_changes_nothing(seen, sound, gain):
    plain, scaled = judged(seen, sound), judged(seen, np.round(sound * gain).astype(np.int16))
    assert scaled["lipsync/envelope_offset"] == plain["lipsync/envelope_offset"]
    for name in ("lipsync/envelope_strength", "lipsync/envelope_p"):
        assert scaled[name].value == pytest.approx(plain[name].value, rel=0.02)


def test_twice_as_loud_until_it_clips_changes_next_to_nothing(seen, sound):
    plain, loud = judged(seen, sound), judged(seen, np.clip(sound.astype(int) * 2, -32768, 32767).astype(np.int16))
    assert loud["lipsync/envelope_offset"] == plain["lipsync/envelope_offset"]
    assert loud["lipsync/envelope_strength"].value == pytest.approx(plain["lipsync/envelope_strength"].value, abs=0.02)


def test_mouth_figures_ignore_gain(seen, sound):
    assert seen.mouth is not None
    opened = mouth.aperture(seen.mouth.series["parted"], 25.0)
    loud, soft = (
        mouth.values(opened, envelope.speech_envelope((sound * gain).astype(np.int16), 25.0, seen.frames), "", 25.0)
        for gain in (1.0, 0.25)
    )
    for name in mouth.NAMES:
        assert soft[name].value == pytest.approx(loud[name].value, rel=0.02)


def test_foreign_speech_is_no_evidence_and_gives_no_offset(talking_frontal, speech_wav):
    score = score_video(talking_frontal, speech=speech_wav, settings=ONLY)
    assert score.values["lipsync/envelope_p"].value > 0.05
    assert "no evidence" in (score.values["lipsync/envelope_offset"].missing or "")
    # only the frames that the speech covers are judged
    assert score.frames == int(np.ceil(speech(speech_wav).size / 640)) < 375
    assert any("after the speech" in warning for warning in score.warnings)


def test_silent_speech_leaves_lipsync_missing_and_the_rest_there(bench, tmp_path):
    write_wav(tmp_path / "silence.wav", np.zeros(64000, np.int16), 16000)
    score = score_video(bench.write("spoken"), speech=tmp_path / "silence.wav", settings=ONLY)
    assert score.status == "ok"
    assert all(score.values[name].missing == "the speech is silent" for name in envelope.NAMES)
    assert score.values["mouth/aperture_p95"].value is not None
    assert score.values["mouth/envelope_slope"].missing == "the speech is silent"


@pytest.mark.parametrize("fps", [24, 30])
def test_other_frame_rates_find_the_same_offset(talking_frontal, sound, tmp_path, fps):
    import cv2

    from workflow.media.decode import frames

    write_wav(tmp_path / "speech.wav", sound[: 12 * 16000], 16000)
    small = [cv2.resize(frame, (300, 300), interpolation=cv2.INTER_AREA) for frame in frames(talking_frontal, stop=300)]
    with VideoWriter(tmp_path / "rate.mp4", 300, 300, fps, audio=tmp_path / "speech.wav") as writer:
        for i in range(12 * fps):
            # a linear mix, as repeated frames would add a beat of their own
            at = min(i * 25 / fps, 298.999)
            share = at - int(at)
            writer.write(cv2.addWeighted(small[int(at)], 1 - share, small[int(at) + 1], share, 0))
    score = score_video(tmp_path / "rate.mp4", settings=ONLY)
    assert score.fps == fps
    assert 0 <= score.values["lipsync/envelope_offset"].value <= 3.5
