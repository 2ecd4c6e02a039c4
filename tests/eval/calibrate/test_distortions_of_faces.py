"""The local warps: what is asked for happens in the face, and nothing happens around it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.calibrate import warp
from eval.calibrate.catalogue import DISTORTIONS
from eval.calibrate.held import frozen_mouth
from eval.calibrate.scene import Place, Scene, steady_places
from workflow.media.box import Box

FACE = Place(150.0, 130.0, 200.0, 200.0)
SIDE = 520
LIP = 0.012  # half height of a drawn lip, in face widths


def lips(opening, place=FACE):
    """A grey picture with two dark lips, ``opening`` face widths apart about the mouth's line."""
    y = (np.arange(SIDE)[:, None] - place.y) / place.w
    x = (np.arange(SIDE)[None, :] - place.x) / place.w
    row = np.zeros((SIDE, 1))
    for edge in (warp.MOUTH_LINE - opening / 2, warp.MOUTH_LINE + opening / 2):
        row += np.exp(-((y - edge) ** 2) / (2 * LIP**2))
    wide = np.clip((0.16 - np.abs(x - 0.5)) / 0.02, 0, 1)
    return np.repeat(np.rint(180 - 120 * np.clip(row * wide, 0, 1)).astype(np.uint8)[..., None], 3, axis=2)


def measured(image, place=FACE):
    """Distance of the two lips in face widths: the centres of darkness above and below the mouth's line."""
    column = 180.0 - image[:, round(place.x + place.w / 2) - 10 : round(place.x + place.w / 2) + 10, 0].mean(axis=1)
    column[column < 4] = 0
    at = (np.arange(SIDE) - place.y) / place.w
    above = at < warp.MOUTH_LINE
    centres = [float((at * column)[part].sum() / column[part].sum()) for part in (above, ~above)]
    return centres[1] - centres[0]


@pytest.mark.parametrize("percent", [-50, -25, -15, 15, 25, 50])
@pytest.mark.parametrize("opening", [0.08, 0.12, 0.18])
def test_the_mouth_opens_by_the_known_gain(percent, opening):
    found = measured(warp.mouth_gain(lips(opening), FACE, percent))
    assert found == pytest.approx((1 + percent / 100) * opening, abs=0.004)


@pytest.mark.parametrize("percent", [-50, 50])
def test_the_gain_does_not_depend_on_where_the_box_trembles(percent):
    opening = 0.12
    shifted = [measured(warp.mouth_gain(lips(opening), FACE._replace(y=FACE.y + dy), percent)) for dy in (-4, 0, 4)]
    assert np.ptp(shifted) < 0.006


@pytest.mark.parametrize("percent", [1, 2, 3, 5, 7])
def test_a_lowered_jaw_opens_the_mouth_by_what_is_asked(percent):
    # The lips of a mouth open by 0.18 lie at 0.66 and 0.84: the upper stays, the lower goes down.
    before = lips(0.18)
    assert measured(warp.jaw_lowered(before, FACE, percent / 100)) == pytest.approx(0.18 + percent / 100, abs=0.003)


def test_the_jaw_falls_with_loudness_and_rests_after_the_speech(scene):
    loud = replace(scene, places=(FACE,) * 75, loudness=(0.0, 0.5, 1.0) + (0.2,) * 47)
    change = DISTORTIONS["mouth_exaggerated"].picture(5.0, loud)
    frame = lips(0.18)[:300, :300]
    frames = {index: change(frame, index) for index in (0, 1, 2, 60)}
    moved = {index: np.abs(shown.astype(int) - frame).sum() for index, shown in frames.items()}
    assert moved[0] == moved[60] == 0 < moved[1] < moved[2]


@given(st.floats(0.5, 1.5), st.lists(st.floats(-0.5, 2.5), min_size=2, max_size=20, unique=True))
def test_a_stretch_keeps_the_order_of_places_and_leaves_the_rest(gain, places):
    at = np.sort(np.array(places))
    source = warp.stretched_from(at, gain, warp.MOUTH_LINE, warp.MOUTH_ROWS)
    assert np.all(np.diff(source) >= 0)
    outside = (at <= warp.MOUTH_ROWS.start) | (at >= warp.MOUTH_ROWS.end)
    assert np.allclose(source[outside], at[outside])


def test_a_gain_that_folds_the_picture_is_refused():
    with pytest.raises(ValueError, match="folds"):
        warp.stretched_from(np.zeros(1), 4.0, warp.MOUTH_LINE, warp.MOUTH_ROWS)


@pytest.fixture(scope="module")
def texture():
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), None, 0, 255, cv2.NORM_MINMAX)


@pytest.mark.parametrize("percent", [0.5, 1, 2, 4])
def test_the_head_moves_by_what_is_asked_and_the_background_does_not(texture, percent):
    moved = warp.head_moved(texture, FACE, percent / 100)
    head = (slice(140, 320), slice(170, 330))
    pixels = round(percent / 100 * FACE.w)  # a whole number for these levels
    assert np.abs(moved[head].astype(int) - np.roll(texture, pixels, axis=1)[head]).max() <= 1
    outside = np.ones((SIDE, SIDE), bool)
    outside[:, int(FACE.x + warp.HEAD_COLUMNS.start * FACE.w) : int(FACE.x + warp.HEAD_COLUMNS.end * FACE.w) + 2] = (
        False
    )
    assert np.array_equal(moved[outside], texture[outside])


@pytest.mark.parametrize("percent", [4, 12, 20])
def test_another_face_shape_is_wider_by_what_is_asked(percent):
    marks = np.full((SIDE, SIDE, 3), 200, np.uint8)
    for column in (0.3, 0.7):
        cv2.line(marks, (round(FACE.x + column * FACE.w), 150), (round(FACE.x + column * FACE.w), 300), (0, 0, 0), 3)
    row = 200.0 - warp.face_shape(marks, FACE, percent)[230, :, 0]
    middle = round(FACE.x + FACE.w / 2)
    at = np.arange(SIDE)
    left, right = (float((at * row)[part].sum() / row[part].sum()) for part in (at < middle, at >= middle))
    assert (right - left) / (0.4 * FACE.w) == pytest.approx(1 + percent / 100, abs=0.01)


def test_a_hidden_face_is_smooth_and_the_corners_are_untouched(texture):
    hidden, half = warp.face_hidden(texture, FACE, 1.0), warp.face_hidden(texture, FACE, 0.5)
    inner = (slice(170, 290), slice(190, 310))
    assert hidden[inner].std() < 0.1 * texture[inner].std()
    assert hidden[inner].std() < half[inner].std() < texture[inner].std()
    assert np.array_equal(hidden[420:], texture[420:]) and np.array_equal(hidden[:, 440:], texture[:, 440:])


def test_a_frozen_mouth_rides_on_the_moving_head(texture):
    places = tuple(FACE._replace(x=FACE.x + 3 * i) for i in range(20))
    scene = Scene(25.0, 20, 0, places, ())
    change = frozen_mouth(1.0, scene)
    for index, place in enumerate(places):
        moving = np.roll(texture, 3 * index, axis=1)
        talking = moving.copy()
        mouth = (
            slice(int(place.y + 0.7 * place.w), int(place.y + 0.95 * place.w)),
            slice(int(place.x + 80), int(place.x + 120)),
        )
        talking[mouth] = np.clip(talking[mouth].astype(int) + 40 * (index % 2), 0, 255)
        shown = change(talking, index)
        # What the mouth does from frame to frame is gone; what the head does is not.
        assert np.abs(shown[mouth].astype(int) - moving[mouth]).mean() < 6
        assert np.array_equal(shown[:100], talking[:100])


def test_only_the_wanted_share_of_the_speech_is_frozen(texture, scene):
    change = frozen_mouth(0.5, scene)
    frames = [np.ascontiguousarray(texture[index : index + 240, 2 * index : 2 * index + 240]) for index in range(75)]
    for index, frame in enumerate(frames):
        frame[120:150, 90:130] = index  # the mouth moves, not only the head
    changed = [not np.array_equal(change(frame, index), frame) for index, frame in enumerate(frames)]
    assert not any(changed[:25]) and all(changed[26:50]) and not any(changed[50:])


def test_places_are_smooth_and_gaps_are_bridged():
    boxes = [Box(10 + i, 20, 100, 100) if i % 7 else None for i in range(1, 60)]
    places = steady_places(boxes, 25.0)
    assert len(places) == len(boxes)
    assert np.allclose([place.x for place in places][15:-15], [10 + i for i in range(1, 60)][15:-15], atol=0.5)
    with pytest.raises(ValueError, match="without any face"):
        steady_places([None] * 5, 25.0)
