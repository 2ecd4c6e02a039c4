"""Stillness, blinks and flicker: made series in closed form, and real faces that were frozen or made to flicker."""

from dataclasses import replace
from itertools import islice, pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from eval.metric import METRICS
from eval.metrics import flicker, stillness
from eval.pipeline import watch
from eval.score import DEFAULT, score_video
from eval.series import Series
from eval.view import View
from workflow.media.box import Box
from workflow.media.decode import frames
from workflow.media.encode import VideoWriter

MOTION = replace(DEFAULT, families=("motion",), networks=())


def eyes(dips, seconds=30.0, fps=25.0, noise=0.008, seed=0):
    """Aspect ratio of open eyes with noise and a slow drift, closing at each (second, duration) of ``dips``."""
    t = np.arange(int(seconds * fps)) / fps
    aspect = 0.3 + 0.03 * np.sin(t / 3) + np.random.default_rng(seed).normal(0, noise, t.size)
    for at, duration in dips:
        aspect[(t >= at) & (t < at + duration)] *= 0.5
    return aspect


@given(
    count=st.integers(0, 12),
    duration=st.sampled_from([0.08, 0.2, 0.4]),
    fps=st.sampled_from([24.0, 25.0, 30.0, 50.0]),
    seed=st.integers(0, 99),
)
@given_settings(max_examples=40, deadline=None)
def test_every_dip_of_the_eyes_is_one_blink(count, duration, fps, seed):
    dips = [(1.0 + 2.3 * i, duration) for i in range(count)]
    assert stillness.blinks(eyes(dips, fps=fps, seed=seed), fps) == count


def test_closed_or_lowered_eyes_are_no_blink_and_gaps_invent_none():
    assert stillness.blinks(eyes([(5.0, 1.2), (12.0, 0.2)]), 25.0) == 1
    gone = eyes([(5.0, 0.2)])
    gone[200:300] = np.nan
    assert stillness.blinks(gone, 25.0) == 1


def looked_at(aspect, same=None, missing=None, fps=25.0):
    series = Series(("same", "eyes"))
    for index, one in enumerate(aspect):
        series.add(eyes=one, same=0.0 if same is None else same[index])
    return stillness.values(series, np.full(len(series), 0.1), fps, missing)


def test_blinks_are_counted_by_the_minute_and_told_with_their_number():
    value = looked_at(eyes([(2.0, 0.2), (9.0, 0.2), (17.0, 0.2)]))["motion/blinks"]
    assert value.value == pytest.approx(6.0) and value.flags == ("3 in 30 s",)


def test_blinks_that_cannot_be_counted_are_missing_with_a_reason():
    assert "too few" in (looked_at(eyes([], seconds=5))["motion/blinks"].missing or "")
    assert "frames/s" in (looked_at(eyes([]), fps=8.0)["motion/blinks"].missing or "")
    assert looked_at(eyes([]) * np.nan, missing="weights absent")["motion/blinks"].missing == "weights absent"


@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=10))
def test_the_longest_still_time_is_that_of_the_longest_run(runs):
    column = np.concatenate([[0.0, *([1.0] * (length - 1))] if rests else [0.0] * length for length, rests in runs])
    known = max((length for length, rests in runs if rests and length > 1), default=0)
    assert stillness.longest_still(column, 25.0) == pytest.approx(known / 25)


def test_stillness_is_the_share_of_slow_frames():
    series = Series(("same", "eyes"))
    for _ in range(100):
        series.add(same=0.0)
    speed = np.concatenate([np.full(30, 0.01), np.full(60, 0.2), np.full(10, np.nan)])
    assert stillness.values(series, speed, 25.0, "none")["motion/stillness"].value == pytest.approx(30 / 90)
    none = stillness.values(series, speed * np.nan, 25.0, "none")
    assert {value.missing for value in none.values()} == {"no face"}


@pytest.mark.parametrize("crf", [14, 28])
def test_a_frozen_face_with_living_lips_is_still_throughout(bench, still_face, lips_apart, tmp_path, crf):
    picture, box = still_face
    with VideoWriter(tmp_path / "lips.mp4", 416, 320, 25, crf=crf) as writer:
        for index in range(60):
            writer.write(lips_apart(picture, box, round(5 - 5 * np.cos(index))))
    seen = watch(tmp_path / "lips.mp4", 25.0, None, MOTION)
    assert seen.still is not None
    assert stillness.longest_still(seen.still.series["same"], 25.0) > 2.0


def test_a_slowly_creeping_face_is_not_still(still_face):
    picture, box = still_face
    watcher = stillness.StillWatch()
    for index in range(50):
        matrix = np.array([[1, 0, 0.2 * index], [0, 1, 0]])
        moved = cv2.warpAffine(picture, matrix, picture.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        watcher.update(View(index, moved, box, MOTION))
    assert stillness.longest_still(watcher.series["same"], 25.0) < 0.5


def test_grain_on_a_still_face_is_no_motion(still_face):
    picture, box = still_face
    rng = np.random.default_rng(0)
    watcher = stillness.StillWatch()
    for index in range(30):
        grain = cv2.resize(rng.normal(0, 2, (160, 208, 3)), (416, 320))
        noisy = np.clip(picture + grain, 0, 255).astype(np.uint8)
        watcher.update(View(index, noisy, box, MOTION))
    assert stillness.longest_still(watcher.series["same"], 25.0) > 1.0


def test_a_face_that_leaves_ends_the_still_time(still_face):
    picture, box = still_face
    watcher = stillness.StillWatch()
    for index in range(40):
        watcher.update(View(index, picture, None if index == 20 else box, MOTION))
    assert stillness.longest_still(watcher.series["same"], 25.0) == pytest.approx(20 / 25)


def test_a_face_at_the_picture_edge_is_watched(still_face):
    picture, _ = still_face
    watcher = stillness.StillWatch()
    for index in range(3):
        watcher.update(View(index, picture, Box(-60, -100, 160, 160), MOTION))
        watcher.update(View(index, picture, Box(400, 310, 160, 160), MOTION))
    assert np.isfinite(watcher.series["same"]).all()


def flickered(step, pictures):
    watcher = flicker.FlickerWatch()
    for index, picture in enumerate(pictures):
        lit = np.clip(picture.astype(float) + step * (index % 2), 0, 255).astype(np.uint8)
        watcher.update(View(index, lit, None, MOTION))
    return flicker.values(watcher.series)["motion/flicker"].value


@pytest.mark.parametrize("step", [1, 3, 8])
def test_flicker_of_a_known_step_is_that_step_though_a_head_moves(bench, step):
    moderate = [np.clip(picture, 0, 240) for picture in bench.pictures[:20]]
    assert flickered(step, moderate) == pytest.approx(step, abs=0.15)
    assert flickered(0, moderate) < 0.15


def test_motion_alone_is_no_flicker(moving_texture):
    still = moving_texture(0)
    walking = [np.concatenate([still[:160], np.roll(still[160:], 12 * index, axis=1)]) for index in range(12)]
    assert flickered(0, walking) < 0.05
    differences = [np.abs(a.astype(float) - b).mean() for a, b in pairwise(walking)]
    assert np.mean(differences) > 5  # what a mean over all pixels would call flicker


def test_where_nothing_stands_still_flicker_is_missing():
    rng = np.random.default_rng(0)
    watcher = flicker.FlickerWatch()
    for index in range(6):
        watcher.update(View(index, rng.integers(0, 255, (320, 416, 3)).astype(np.uint8), None, MOTION))
    assert flicker.values(watcher.series)["motion/flicker"].missing == "nothing stands still"


def test_a_real_talker_rests_lives_and_does_not_flicker(talking_frontal, tmp_path):
    with VideoWriter(tmp_path / "small.mp4", 320, 320, 25) as writer:
        for frame in islice(frames(talking_frontal), 125):
            writer.write(cv2.resize(frame, (320, 320), interpolation=cv2.INTER_AREA))
    score = score_video(tmp_path / "small.mp4", settings=MOTION)
    for name in ("motion/stillness", "motion/longest_still"):
        low, high = METRICS[name].target
        assert (low or 0) <= score.values[name].value <= high, name
    assert score.values["motion/flicker"].value < 0.3
    assert "motion/blinks" not in score.values  # its network was not asked for


def test_a_real_talkers_blinks_are_those_that_were_counted_by_eye(talking_frontal, landmark_sources):
    settings = replace(MOTION, networks=("landmarks",), sources=landmark_sources)
    seen = watch(talking_frontal, 25.0, 132, settings)  # he blinks at 3.3 and 4.6 s
    assert seen.still is not None
    assert stillness.blinks(seen.still.series["eyes"], 25.0) == 2


def test_absent_landmarks_leave_blinks_missing_and_say_what_to_run(bench, tmp_path):
    from eval.weights import Sources

    settings = replace(MOTION, networks=("landmarks",), sources=Sources(folder=tmp_path))
    value = score_video(bench.write("blinkless"), settings=settings).values["motion/blinks"]
    assert "weights fetch landmarks" in (value.missing or "")
