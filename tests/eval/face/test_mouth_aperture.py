"""How far the mouth opens, by landmarks and by geometry: on lips opened by known amounts, and on real ones."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from eval.footage import FootageError, footage_norm
from eval.landmarks import NotLandmarksError
from eval.metrics import mouth
from eval.metrics.envelope import syllable_band
from eval.pipeline import watch
from eval.score import DEFAULT, score_video, scorer_hash
from eval.series import Series
from eval.table import score_table
from eval.value import absent, number
from eval.weights import Sources
from workflow.media.encode import VideoWriter

NO_WEIGHTS = replace(DEFAULT, families=("mouth",), networks=())


@pytest.fixture(scope="session")
def by_landmarks(landmark_sources):
    return replace(DEFAULT, families=("mouth",), networks=("landmarks",), sources=landmark_sources)


def babble(gain: float, frames: int = 60) -> np.ndarray:
    """Pixels between the lips: four openings a second, at most 12·gain."""
    return np.round(6 * gain * (1 - np.cos(2 * np.pi * np.arange(frames) * 4 / 25))).astype(int)


@pytest.fixture(scope="session")
def babbling(bench, still_face, lips_apart, tmp_path_factory):
    """A still face whose lips alone move, by ``gain``."""
    folder = tmp_path_factory.mktemp("babble")
    made = {}

    def make(gain):
        if gain not in made:
            picture, box = still_face
            made[gain] = folder / f"{gain}.mp4"
            shift = np.round(2 * np.sin(np.arange(60) / 5)).astype(int)  # or the picture would be found frozen
            with VideoWriter(made[gain], picture.shape[1], picture.shape[0], 25, crf=12) as writer:
                for apart, sway in zip(babble(gain), shift, strict=True):
                    writer.write(np.ascontiguousarray(np.roll(lips_apart(picture, box, int(apart)), sway, axis=1)))
        return made[gain]

    return make


@pytest.fixture(scope="session")
def scored(babbling):
    """Its score by gain and settings, made once."""
    made = {}

    def make(gain, settings):
        key = gain, settings.networks
        if key not in made:
            made[key] = score_video(babbling(gain), settings=settings)
        return made[key]

    return make


def got(score, name):
    value = score.values[name]
    assert value.value is not None, f"{name}: {value.missing}"
    return value.value


def test_by_geometry_the_parting_is_that_of_the_drawn_lips(scored, still_face):
    score = scored(1.0, NO_WEIGHTS)
    known = mouth.aperture(np.diff(babble(1.0), prepend=0) / still_face[1].w, 25.0)
    assert got(score, "mouth/aperture_p95") == pytest.approx(np.percentile(known, 95), rel=0.3)
    assert got(score, "mouth/aperture_sd") == pytest.approx(known.std(), rel=0.3)


def test_by_landmarks_the_gap_is_that_of_the_drawn_lips(scored, still_face, by_landmarks):
    still, moved = scored(0.0, by_landmarks), scored(1.0, by_landmarks)
    known = 100 * babble(1.0) / still_face[1].w
    rise = got(moved, "mouth/aperture_p95") - got(still, "mouth/aperture_p95")
    assert rise == pytest.approx(np.percentile(known, 95), rel=0.3)
    assert got(moved, "mouth/aperture_sd") == pytest.approx(known.std(), rel=0.3)


def test_more_gain_opens_more_both_ways(scored, by_landmarks):
    for settings in (NO_WEIGHTS, by_landmarks):
        scores = [scored(gain, settings) for gain in (0.0, 0.5, 1.0, 1.5)]
        for name in mouth.NAMES[:2]:
            figures = [got(score, name) for score in scores]
            assert all(less < more for less, more in pairwise(figures)), (name, figures)


def test_the_figures_and_the_table_say_which_way(scored, by_landmarks):
    from io import StringIO

    from rich.console import Console

    for settings, way in ((NO_WEIGHTS, mouth.BY_GEOMETRY), (by_landmarks, mouth.BY_LANDMARKS)):
        score = scored(1.0, settings)
        assert score.values["mouth/aperture_p95"].flags == (way,)
        out = StringIO()
        Console(file=out, width=140).print(score_table(score, "x"))
        assert way in out.getvalue()


def test_absent_landmarks_fall_back_to_geometry(babbling, scored, tmp_path):
    wished = replace(NO_WEIGHTS, networks=("landmarks",), sources=Sources(folder=tmp_path))
    without, plain = score_video(babbling(1.0), settings=wished), scored(1.0, NO_WEIGHTS)
    assert without.values == plain.values
    assert mouth.BY_GEOMETRY in without.values["mouth/aperture_sd"].flags


def test_points_in_too_few_frames_are_not_mixed_with_geometry():
    series = Series(("parted", "gap"))
    for index in range(100):
        series.add(parted=0.01 * (-1) ** index, **({"gap": 3.0} if index % 3 == 0 else {}))
    opened, way = mouth.opened(series, 25.0)
    assert way == mouth.BY_GEOMETRY and np.isfinite(opened).all()


def test_both_ways_agree_on_a_real_talker(talking_frontal, by_landmarks):
    seen = watch(talking_frontal, 25.0, 125, by_landmarks)
    assert seen.mouth is not None
    gap, way = mouth.opened(seen.mouth.series, 25.0)
    parting = mouth.aperture(seen.mouth.series["parted"], 25.0)
    assert way == mouth.BY_LANDMARKS
    assert np.corrcoef(syllable_band(gap, 25.0), syllable_band(parting, 25.0))[0, 1] > 0.8


def test_footage_is_the_norm_it_was_measured_as(babbling):
    norm = footage_norm(babbling(1.0), NO_WEIGHTS)
    same = score_video(babbling(1.0), settings=NO_WEIGHTS, footage=norm)
    small, large = (score_video(babbling(gain), settings=NO_WEIGHTS, footage=norm) for gain in (0.5, 1.5))
    for ratio, name in zip(mouth.REAL, mouth.NAMES, strict=False):
        assert got(same, ratio) == 1.0
        assert got(small, ratio) < 0.85 and got(large, ratio) > 1.15
        assert got(large, ratio) == pytest.approx(got(large, name) / got(same, name))


def test_footage_and_video_must_be_measured_the_same_way():
    values = {name: number(4.0, (mouth.BY_LANDMARKS,)) for name in mouth.NAMES[:2]}
    ratios = mouth.against_real(values, mouth.norm(values) | {mouth.NORM: 0.0})
    assert all("measured by face geometry, this video by landmarks" in (one.missing or "") for one in ratios.values())


def test_without_footage_or_with_a_still_one_the_ratios_are_missing():
    values = {name: number(4.0, (mouth.BY_GEOMETRY,)) for name in mouth.NAMES[:2]}
    none = mouth.against_real(values, None)
    assert {one.missing for one in none.values()} == {"no footage of your own (--footage)"}
    still = mouth.against_real(values, dict.fromkeys(mouth.NAMES[:2], 0.01) | {mouth.NORM: 0.0})
    assert all("hardly moves" in (one.missing or "") for one in still.values())
    gone = mouth.against_real(dict.fromkeys(mouth.NAMES[:2], absent("no face")), mouth.norm(values))
    assert {one.missing for one in gone.values()} == {"no face"}


def test_footage_without_a_face_is_refused_by_name(tmp_path, moving_texture):
    path = tmp_path / "texture.mp4"
    with VideoWriter(path, 416, 320, 25) as writer:
        for index in range(20):
            writer.write(moving_texture(index))
    with pytest.raises(FootageError, match=r"texture\.mp4"):
        footage_norm(path, NO_WEIGHTS)
    assert footage_norm(path, replace(NO_WEIGHTS, families=("colour",))) == {}


def test_footage_changes_the_scorer_hash():
    hashes = {
        scorer_hash(NO_WEIGHTS, speech_sha256=None, reference_sha256=None, footage_sha256=one) for one in (None, "aa")
    }
    assert len(hashes) == 2


def test_an_own_file_that_is_no_landmarker_is_an_error_not_a_fallback(babbling, tmp_path):
    import hashlib

    path = tmp_path / "other.tflite"
    path.write_bytes(b"something else" * 99)
    sources = Sources(
        folder=tmp_path,
        files={"landmarks": path},
        sha256={"landmarks": hashlib.sha256(path.read_bytes()).hexdigest()},
    )
    with pytest.raises(NotLandmarksError, match=r"other\.tflite"):
        score_video(babbling(1.0), settings=replace(NO_WEIGHTS, networks=("landmarks",), sources=sources))


def test_the_command_line_measures_footage_once_for_all_videos(babbling, capsys):
    import json

    from eval.cli import main

    videos = [str(babbling(0.5)), str(babbling(1.5))]
    options = ["--footage", str(babbling(1.0)), "--families", "mouth", "--networks", "none", "--workers", "1"]
    assert main(["score", *videos, *options, "--json", "-"]) == 0
    scores = json.loads(capsys.readouterr().out)
    less, more = (scores[video]["values"]["mouth/aperture_p95_real"]["value"] for video in videos)
    assert less < 0.85 and more > 1.15
    assert main(["score", *videos, "--footage", "nowhere.mp4", "--families", "mouth", "--networks", "none"]) == 2
    assert "nowhere.mp4" in capsys.readouterr().err
