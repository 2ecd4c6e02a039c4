"""The tail after the speech is reported apart, and changes nothing else by its being there."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from eval.metrics.tail import LONGEST_S, NAMES, change
from eval.pipeline import watch
from eval.score import DEFAULT, QUICK, score_video
from workflow.media.sound import write_wav

PLAIN = replace(DEFAULT, networks=())
SPEECH = 65  # frames


@pytest.fixture(scope="module")
def pictures(bench):
    return [cv2.resize(one, (320, 246), interpolation=cv2.INTER_AREA) for one in bench.pictures]


@pytest.fixture(scope="module")
def spoken(bench, tmp_path_factory):
    path = tmp_path_factory.mktemp("tail") / "speech.wav"
    write_wav(path, bench.sound[: SPEECH * 640], 16000)
    return path


@pytest.fixture
def lossless(film, tmp_path):
    """A video without a coder's look-ahead: a cut one has the very frames of the whole one."""

    def write(name, shown, **options):
        return film(tmp_path / f"{name}.mkv", shown, codec="ffv1", pixels="yuv420p", **options)

    return write


def test_a_clip_cut_at_the_end_of_its_speech_scores_as_the_one_with_a_tail(lossless, pictures, spoken):
    long = score_video(lossless("long", pictures), speech=spoken, settings=PLAIN)
    short = score_video(lossless("short", pictures[:SPEECH]), speech=spoken, settings=PLAIN)
    assert long.frames == short.frames == SPEECH
    assert {name: value for name, value in long.values.items() if name not in NAMES} == {
        name: value for name, value in short.values.items() if name not in NAMES
    }
    assert (long.curves, long.per_window, long.coverage) == (short.curves, short.per_window, short.coverage)
    assert short.values["tail/seconds"].value == 0
    assert all(short.values[name].missing == "the video ends with the speech" for name in NAMES[1:])
    assert all(long.values[name].value is not None for name in NAMES)
    assert long.values["tail/seconds"].value == pytest.approx((len(pictures) - SPEECH) / 25)


def test_a_tail_without_a_face_does_not_reach_back_into_the_speech(lossless, pictures, spoken, moving_texture):
    """Nor does a face that comes with the tail: the face track of the speech ends with the speech."""
    waves = [moving_texture(index, 320, 246) for index in range(30)]
    speech, tail = pictures[:SPEECH], pictures[SPEECH:]
    plain = score_video(lossless("plain", speech), speech=spoken, settings=PLAIN)
    lost = score_video(lossless("lost", speech + waves), speech=spoken, settings=PLAIN)
    assert lost.curves == plain.curves and lost.coverage == plain.coverage
    assert "no face in the tail" in (lost.values["tail/mouth"].missing or "")
    assert lost.values["tail/face_change"].missing == "no face in the tail"
    found = score_video(lossless("found", [*speech[:20], *waves, *waves[:15], *tail]), speech=spoken, settings=PLAIN)
    assert found.coverage < 0.5
    assert found.values["tail/face_change"].missing == "no face at the end of the speech"


def test_a_mouth_that_goes_on_talking_is_told_from_one_that_rests(lossless, pictures, spoken):
    still = pictures[:SPEECH] + [pictures[SPEECH - 1]] * 35
    talks = score_video(lossless("talks", pictures), speech=spoken, settings=PLAIN).values
    rests = score_video(lossless("rests", still), speech=spoken, settings=PLAIN).values
    assert rests["tail/mouth"].value < 0.3 < 0.5 < talks["tail/mouth"].value
    assert rests["tail/face_change"].value < talks["tail/face_change"].value


@pytest.mark.parametrize("levels", [8, 20])
def test_a_face_that_grows_brighter_changes_by_that(lossless, pictures, spoken, levels):
    last = pictures[SPEECH - 11]
    brighter = [cv2.convertScaleAbs(last, alpha=1.0, beta=levels)] * 20
    shown = pictures[: SPEECH - 10] + [last] * 10 + brighter
    score = score_video(lossless("brighter", shown), speech=spoken, settings=PLAIN)
    assert score.values["tail/face_change"].value == pytest.approx(levels, abs=1)


def test_without_speech_nothing_is_known_to_end(lossless, pictures):
    score = score_video(lossless("mute", pictures[:30]), settings=PLAIN)
    assert all("no speech" in (score.values[name].missing or "") for name in NAMES)


def test_a_tail_of_two_frames_has_a_length_and_a_face_but_no_mouth(lossless, pictures, spoken):
    values = score_video(lossless("two", pictures[: SPEECH + 2]), speech=spoken, settings=PLAIN).values
    assert values["tail/seconds"].value == pytest.approx(0.08)
    assert values["tail/face_change"].value is not None
    assert values["tail/mouth"].missing == "the tail has 2 frames, 5 are needed"


def test_a_long_rest_of_the_video_is_not_decoded_and_its_length_is_the_files_word(lossless, pictures, tmp_path):
    """Five frames a second: twenty seconds of video for a second of speech."""
    write_wav(tmp_path / "word.wav", np.tile(np.int16([900, -900]), 8000), 16000)
    path = lossless("long", pictures, fps=5)
    steps = []
    score = score_video(
        path, speech=tmp_path / "word.wav", settings=PLAIN, on_progress=lambda done, total: steps.append((done, total))
    )
    assert steps[-1][0] <= 5 + LONGEST_S * 5 + 1 < len(pictures)
    assert score.frames == 5
    assert score.values["tail/seconds"].value == pytest.approx(19, abs=0.2)
    assert any("were looked at" in flag for flag in score.values["tail/seconds"].flags)
    assert any("only 10 s of that are looked at" in warning for warning in score.warnings)


def test_a_profile_without_the_tail_does_not_decode_it(lossless, pictures, spoken):
    path = lossless("quick", pictures)
    seen = watch(path, 25.0, SPEECH, replace(QUICK, networks=()))
    assert seen.tail is None and (seen.frames, seen.tail_frames) == (SPEECH, 0)
    score = score_video(path, speech=spoken, settings=replace(QUICK, networks=()))
    assert not any(name.startswith("tail/") for name in score.values)


@pytest.mark.parametrize(("grow", "move"), [(1.0, 6), (1.05, 0), (0.96, -4)])
def test_a_box_beside_is_no_change_of_the_face(pictures, grow, move):
    grey = cv2.cvtColor(pictures[0], cv2.COLOR_BGR2GRAY)[6:246, 40:280]
    face, side = cv2.resize(grey[20:220, 20:220], (256, 256)).astype(np.float32), round(200 * grow)
    left = 120 - side // 2 + move
    other = cv2.resize(grey[120 - side // 2 :, left:][:side, :side], (256, 256)).astype(np.float32)
    apart = np.abs(face - other).mean()
    assert change(face, other) < min(apart / 4, 2)
    assert change(face, other + 10) == pytest.approx(10, abs=1)


class Recorder:
    """A collector that notes what it is given."""

    def __init__(self, wants_tail: bool) -> None:
        self.wants_tail, self.seen, self.finished = wants_tail, [], 0

    def update(self, view) -> None:
        self.seen.append((view.index, view.tail))

    def finish(self) -> None:
        self.finished += 1


def test_only_collectors_that_want_the_tail_get_it_and_all_are_told_the_end(lossless, pictures, monkeypatch):
    from eval import pipeline

    late, plain = Recorder(True), Recorder(False)
    collect = pipeline.Watched.collectors
    monkeypatch.setattr(pipeline.Watched, "collectors", lambda seen: [*collect(seen), late, plain])
    watch(lossless("both", pictures[:40]), 25.0, 30, PLAIN)
    assert late.seen == [(index, index >= 30) for index in range(40)]
    assert plain.seen == [(index, False) for index in range(30)]
    assert (late.finished, plain.finished) == (1, 1)
