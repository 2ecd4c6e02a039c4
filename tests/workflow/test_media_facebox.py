"""Faces in pictures and through videos, real ones and moved ones."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from workflow.media.arrays import Picture
from workflow.media.box import Box
from workflow.media.decode import frames
from workflow.media.facebox import FaceTracker, Tracked, detect, detect_all
from workflow.media.picture import load_picture, resize


@pytest.fixture(scope="module")
def astronaut() -> Picture:
    data = pytest.importorskip("skimage.data")
    return np.ascontiguousarray(data.astronaut()[:, :, ::-1])


@pytest.fixture(scope="module")
def face(astronaut: Picture) -> Picture:
    """A cut-out that holds the face and little else."""
    return astronaut[30:220, 120:330]


def canvas(face: Picture, *places: tuple[int, int], width: int = 464, height: int = 832) -> Picture:
    image = np.full((height, width, 3), 120, np.uint8)
    for x, y in places:
        image[y : y + face.shape[0], x : x + face.shape[1]] = face
    return image


def test_the_face_of_a_portrait_is_found_and_holds_the_eyes(astronaut: Picture) -> None:
    found = detect(astronaut)
    assert len(found) == 1
    box = found[0]
    for x, y in ((204, 113), (248, 113), (225, 150)):  # eyes and mouth, read off the picture
        assert box.x < x < box.x + box.w and box.y < y < box.y + box.h


def test_a_profile_is_no_frontal_face(portrait_profile: Path) -> None:
    assert detect(load_picture(portrait_profile)) == []


def test_noise_and_flat_pictures_have_no_face() -> None:
    rng = np.random.default_rng(0)
    assert detect(np.full((300, 200, 3), 90, np.uint8)) == []
    assert detect(rng.integers(0, 256, (300, 200, 3)).astype(np.uint8)) == []
    assert detect(np.zeros((8, 8, 3), np.uint8)) == []


def test_two_faces_are_two_and_the_larger_comes_first(face: Picture) -> None:
    small = resize(face, face.shape[1] * 6 // 10, face.shape[0] * 6 // 10)
    image = canvas(face, (20, 100))
    image[500 : 500 + small.shape[0], 250 : 250 + small.shape[1]] = small
    found = detect(image)
    assert len(found) == 2
    assert found[0].w > 1.3 * found[1].w
    assert found[0].y < 300 < found[1].y


def test_size_and_place_follow_the_picture(astronaut: Picture) -> None:
    one = detect(astronaut)[0]
    double = detect(resize(astronaut, 1024, 1024))[0]
    assert double.w == pytest.approx(2 * one.w, rel=0.1)
    assert double.centre == pytest.approx([2 * value for value in one.centre], abs=0.15 * double.w)


def tracked(clip: Path, count: int | None = None) -> list[Tracked]:
    return list(FaceTracker(25).track(frames(clip, stop=count)))


def test_a_frontal_talker_is_followed_through_the_whole_clip(talking_frontal: Path) -> None:
    seen = tracked(talking_frontal)
    boxes = [one.box for one in seen if one.box is not None]
    assert len(seen) == 375
    assert len(boxes) >= 0.99 * len(seen)
    assert {one.faces for one in seen} == {1}
    steps = np.abs(np.diff([box.centre for box in boxes], axis=0))
    assert np.percentile(steps, 95) < 0.02 * boxes[0].w  # no jitter


def test_a_small_face_among_clutter_is_one_face(talking_small_face: Path) -> None:
    seen = tracked(talking_small_face, 60)
    boxes = [one.box for one in seen if one.box is not None]
    assert len(boxes) >= 0.99 * len(seen)
    assert {one.faces for one in seen} == {1}
    assert all(150 < box.w < 300 and 400 < box.x < 600 for box in boxes)


def moved(face: Picture, count: int, step: float) -> Iterator[Picture]:
    for index in range(count):
        yield canvas(face, (20 + round(index * step), 200))


def test_a_moving_face_is_followed_frame_by_frame(face: Picture) -> None:
    seen = list(FaceTracker(25).track(moved(face, 60, 2)))
    boxes = [one.box for one in seen]
    still = detect(canvas(face, (20, 200)))[0]
    errors = [box.centre[0] - (still.centre[0] + 2 * i) if box else 1e9 for i, box in enumerate(boxes)]
    assert np.abs(errors[10:50]).max() <= 8
    assert np.abs(errors).max() <= 20  # smoothing has one side only at the ends


def test_frames_pass_through_in_order_and_in_bounded_number(face: Picture) -> None:
    read = 0

    def counted() -> Iterator[Picture]:
        nonlocal read
        for frame in moved(face, 80, 1):
            read += 1
            yield frame

    tracker = FaceTracker(25)
    for given, one in enumerate(tracker.track(counted())):
        assert read - given <= tracker.lookahead + 1
        assert one.frame[200, 20 + given].tolist() == face[0, 0].tolist()
    assert given == 79


@pytest.mark.parametrize("count", [0, 1, 2, 5, 6, 26, 27])
def test_videos_of_any_length_give_every_frame(face: Picture, count: int) -> None:
    seen = list(FaceTracker(25).track(moved(face, count, 1)))
    assert len(seen) == count
    assert all(one.box is not None for one in seen)


def test_a_lost_face_is_none_and_a_short_miss_is_bridged(face: Picture) -> None:
    blank = canvas(face)

    def clip(away: range) -> list[Tracked]:
        picture = canvas(face, (100, 200))
        return list(FaceTracker(25).track(blank if i in away else picture for i in range(90)))

    assert all(one.box is not None for one in clip(range(31, 40)))
    gone = [i for i, one in enumerate(clip(range(31, 71))) if one.box is None]
    assert gone and set(range(38, 66)) <= set(gone) and set(gone) <= set(range(28, 75))
    ended = [i for i, one in enumerate(clip(range(31, 90))) if one.box is None]
    assert set(range(38, 90)) <= set(ended)


def test_a_second_person_who_comes_in_is_counted_and_does_not_take_over(face: Picture) -> None:
    small = resize(face, face.shape[1] * 8 // 10, face.shape[0] * 8 // 10)

    def clip() -> Iterator[Picture]:
        for index in range(120):
            image = canvas(small, (10, 100))
            if index >= 30:
                image[500 : 500 + face.shape[0], 230 : 230 + face.shape[1]] = face
            yield image

    seen = list(FaceTracker(25).track(clip()))
    assert seen[0].faces == 1
    assert seen[-1].faces == 2
    assert all(one.box is not None and one.box.y < 300 for one in seen)


def test_no_face_is_no_box(face: Picture) -> None:
    seen = list(FaceTracker(25).track(canvas(face) for _ in range(30)))
    assert [(one.box, one.faces) for one in seen] == [(None, 0)] * 30


def test_the_stride_keeps_its_time_at_other_frame_rates() -> None:
    assert [FaceTracker(fps, 5).stride for fps in (5, 25, 50, 60)] == [1, 5, 10, 12]
    with pytest.raises(ValueError, match="stride 0"):
        FaceTracker(25, 0)


def test_boxes_are_whole_pixels_inside_the_frame(talking_frontal: Path) -> None:
    for one in tracked(talking_frontal, 30):
        assert isinstance(one.box, Box)
        assert one.box == one.box.within(458, 458)
        assert all(isinstance(value, int) for value in (one.box.x, one.box.y, one.box.w, one.box.h))


def test_a_still_is_searched_down_to_small_faces_and_bystanders(astronaut: Picture, portrait_profile: Path) -> None:
    image = np.full((1024, 1024, 3), 128, np.uint8)
    image[100:356, 300:556] = resize(astronaut, 256, 256)
    (far,) = detect_all(image)
    assert far.centre == pytest.approx((300 + 112, 100 + 56), abs=12)
    beside = np.full((512, 900, 3), 128, np.uint8)
    beside[:, :512] = astronaut
    beside[200:456, 620:876] = resize(astronaut, 256, 256)
    assert [box.x < 512 for box in detect_all(beside)] == [True, False]
    assert detect_all(load_picture(portrait_profile)) == []


def test_hands_and_folds_are_no_second_person(talking_small_face: Path) -> None:
    for index, frame in enumerate(frames(talking_small_face, stop=121)):
        if index % 60 == 0:
            assert len(detect_all(frame)) == 1
