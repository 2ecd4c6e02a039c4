"""Sound that was padded to the length of the video ends with the speech; what follows is the tail."""

from dataclasses import replace

import numpy as np
import pytest

from eval.hearing import PADDED_S, PADDING, RINGS_S, hear, spoken
from eval.score import DEFAULT, score_video
from eval.settings import scorer_hash
from workflow.media.encode import VideoWriter
from workflow.media.probe import probe
from workflow.media.sound import speech, write_wav

PLAIN = replace(DEFAULT, networks=())
HEARD = ("lipsync/envelope_strength", "lipsync/envelope_p", "mouth/aperture_silence", "mouth/envelope_slope")
"""What the coded sound itself goes into: AAC moves it a little."""


@pytest.fixture
def padded(bench, talking_frontal, tmp_path):
    """(video whose sound is padded, the speech alone), the first ``frames`` of four seconds being spoken."""

    def write(frames, rate, noise=0):
        samples = speech(talking_frontal, rate)[: frames * rate // 25]
        rest = np.random.default_rng(0).integers(-noise, noise + 1, 4 * rate - samples.size).astype(np.int16)
        alone, whole = tmp_path / "speech.wav", tmp_path / "padded.wav"
        write_wav(alone, samples, rate)
        write_wav(whole, np.concatenate([samples, rest]), rate)
        with VideoWriter(tmp_path / "padded.mp4", 416, 320, 25, audio=whole, crf=12) as writer:
            for picture in bench.pictures:
                writer.write(picture)
        return tmp_path / "padded.mp4", alone

    return write


@pytest.mark.parametrize(("frames", "rate"), [(65, 16000), (80, 44100)])
def test_a_padded_video_scores_as_with_the_speech_that_was_padded(padded, frames, rate):
    video, alone = padded(frames, rate)
    own, given = (score_video(video, speech=one, settings=PLAIN) for one in (None, alone))
    assert own.frames == given.frames == frames
    assert own.values["tail/seconds"].value == given.values["tail/seconds"].value == (100 - frames) / 25
    assert own.speech_s == pytest.approx(frames / 25, abs=RINGS_S)
    for name, value in given.values.items():
        if name in HEARD and value.value is not None:
            assert own.values[name].value == pytest.approx(value.value, rel=0.05, abs=0.01), name
        elif not (value.missing or "").startswith("no evidence"):
            assert own.values[name] == value, name
    assert {name: curve for name, curve in own.curves.items() if name != "speech/envelope"} == {
        name: curve for name, curve in given.curves.items() if name != "speech/envelope"
    }
    assert any("silent from" in one and "--audio" in one for one in own.warnings)
    assert not any("silent from" in one for one in given.warnings)


def test_dither_is_padding_and_a_room_is_not(padded):
    for noise, quiet in ((2, True), (60, False)):
        video, _ = padded(70, 44100, noise)
        seconds = hear(video, None, probe(video)).seconds
        assert seconds == pytest.approx(2.8 if quiet else 4.0, abs=0.05)


def test_real_sound_to_the_end_is_heard_to_the_end(talking_frontal, talking_small_face):
    for clip in (talking_frontal, talking_small_face):
        samples = speech(clip)
        sound = hear(clip, None, probe(clip))
        assert spoken(samples) == samples.size and sound.seconds == samples.size / 16000 and not sound.remarks


def test_a_pause_is_padding_only_at_the_end_and_only_when_it_is_long():
    word, pause = np.tile(np.int16([900, -900]), 4000), np.full(16000, PADDING, np.int16)
    short = pause[: round(PADDED_S * 16000) - 1]
    assert spoken(np.concatenate([word, pause, word])) == 32000
    assert spoken(np.concatenate([word, short])) == word.size + short.size
    assert spoken(np.concatenate([word, pause])) == word.size - round(RINGS_S * 16000)
    assert spoken(pause) == pause.size  # nothing is said: there is nothing to cut


def test_what_is_judged_by_a_given_speech_keeps_its_hash_when_ones_own_sound_is_read_anew(monkeypatch):
    def hashes():
        return [scorer_hash(PLAIN, speech_sha256=one, reference_sha256=None) for one in ("aa", None)]

    given, own = hashes()
    monkeypatch.setattr("eval.settings.OWN_SOUND_VERSION", 99)
    assert hashes()[0] == given and hashes()[1] != own
