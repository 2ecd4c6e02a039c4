"""Points on the face: the geometry in closed form, and the real network where its file is."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from eval.landmarks import SIDE, NotLandmarksError, Region, around, crop, fits, into_crop, load_landmarker
from eval.mesh import BOX, CHEEKS, EYES, INNER_LIPS, eye_aspect, face_width, lip_gap
from eval.score import DEFAULT
from eval.view import View
from workflow.errors import HarnessError
from workflow.media.box import Box
from workflow.media.facebox import detect

angles, places, sizes = st.floats(-1.0, 1.0), st.floats(-500, 500), st.floats(0.2, 20)


def mesh_with(gap: float = 0.0, lids: float = 0.3) -> np.ndarray:
    """A face 100 wide, its lips ``gap`` apart and its eyes ``lids`` as high as wide."""
    mesh = np.zeros((468, 3))
    mesh[list(CHEEKS)] = [[-50, 0, 20], [50, 0, 20]]
    for sign, eye in zip((-1, 1), EYES, strict=True):
        middle = np.array([sign * 22.0, -20.0, 0.0])
        half = 10 * lids  # of an eye 20 wide
        corners = [[-10, 0, 0], [-4, -half, 0], [4, -half, 0], [10, 0, 0], [4, half, 0], [-4, half, 0]]
        mesh[list(eye)] = middle + np.array(corners)
    for offset, (upper, lower) in zip((0, -6, 6), INNER_LIPS, strict=True):
        mesh[upper], mesh[lower] = [offset, 30, 0], [offset, 30 + gap, 0]
    mesh[10], mesh[152] = [0, -60, 0], [0, 60, 0]
    return mesh


def moved(mesh: np.ndarray, angle: float, scale: float, x: float, y: float) -> np.ndarray:
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    return scale * mesh @ turn.T + np.array([x, y, 0])


@given(st.floats(-3, 30), angles, sizes, places, places)
def test_the_gap_is_exact_wherever_and_however_large_and_tilted_the_face_is(gap, angle, scale, x, y):
    assert lip_gap(moved(mesh_with(gap), angle, scale, x, y)) == pytest.approx(BOX * gap, abs=1e-6)


@given(st.floats(0.05, 0.6), angles, sizes, places, places)
def test_the_eyes_aspect_is_height_over_width(lids, angle, scale, x, y):
    assert eye_aspect(moved(mesh_with(lids=lids), angle, scale, x, y)) == pytest.approx(lids, abs=1e-9)


@given(st.floats(-1.2, 1.2))
def test_a_turned_head_is_as_wide_as_before(yaw):
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    assert face_width(mesh_with() @ turn.T) == pytest.approx(100)


@given(places, places, st.floats(20, 2000), angles)
def test_the_crop_has_the_regions_centre_in_its_middle_and_its_side_for_its_own(x, y, side, angle):
    matrix = into_crop(Region(x, y, side, angle))
    along = np.array([np.cos(angle), np.sin(angle)]) * side / 2
    ends = np.array([[x, y], [x + along[0], y + along[1]], [x - along[0], y - along[1]]])
    mapped = ends @ matrix[:, :2].T + matrix[:, 2]
    assert np.allclose(mapped, [[SIDE / 2, SIDE / 2], [SIDE, SIDE / 2], [0, SIDE / 2]], atol=1e-6)


@given(angles)
def test_the_next_crop_levels_the_eyes_and_holds_the_whole_face(angle):
    mesh = moved(mesh_with(), angle, 3.0, 400, 300)
    matrix = into_crop(around(mesh))
    inside = mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    assert inside[33, 1] == pytest.approx(inside[263, 1], abs=1e-6)
    drawn = inside[[*CHEEKS, 10, 152]]
    assert drawn.min() > 0 and drawn.max() < SIDE


@given(st.floats(300, 1500), angles)
@given_settings(max_examples=30, deadline=None)
def test_a_large_region_is_reduced_without_a_shift(side, angle):
    # a plane of grey is the same under any averaging: only a shift would change it
    rows, columns = np.mgrid[0:700, 0:900]
    plane = np.repeat((20 + 0.1 * columns + 0.15 * rows)[..., None], 3, axis=2)
    region = Region(450.0, 350.0, side, angle)
    matrix = into_crop(region)
    got = crop(plane.astype(np.uint8), region, matrix)[40:-40:16, 40:-40:16, 0].astype(float)
    back = cv2.invertAffineTransform(matrix)
    at = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1)[40:-40:16, 40:-40:16]
    x, y = np.moveaxis(at @ back[:, :2].T + back[:, 2], -1, 0)
    seen = (x > 8) & (x < 890) & (y > 8) & (y < 690)
    assert np.abs(got - (20 + 0.1 * x + 0.15 * y))[seen].max() < 1.6  # 8-bit steps


def test_a_mesh_elsewhere_or_of_another_size_is_not_of_this_face():
    mesh = moved(mesh_with(), 0.0, 2.0, 300, 300)
    assert fits(mesh, Box(220, 220, 160, 160))
    assert not fits(mesh, Box(420, 220, 160, 160)) and not fits(mesh, Box(280, 280, 40, 40))


@pytest.mark.parametrize("content", [b"", b"no network at all\n" * 400, bytes(range(256)) * 16])
def test_a_file_that_is_no_face_mesh_is_refused_by_name(tmp_path, content):
    path = tmp_path / "其他.tflite"
    path.write_bytes(content)
    with pytest.raises(NotLandmarksError, match="其他") as refused:
        load_landmarker(path)
    assert isinstance(refused.value, HarnessError) and "face_landmark.tflite" in refused.value.hint


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path):
    with pytest.raises(NotLandmarksError, match="missing"):
        load_landmarker(tmp_path / "missing.tflite")


def test_without_a_landmarker_a_view_has_no_points(still_face):
    picture, box = still_face
    assert View(0, picture, box, DEFAULT).landmarks is None


def test_the_network_is_read_from_a_path_of_any_letters(landmark_sources, tmp_path):
    from eval.weights import find

    path = tmp_path / "脸 部" / "点.tflite"
    path.parent.mkdir()
    path.write_bytes(find("landmarks", landmark_sources).read_bytes())
    load_landmarker(path)


def test_every_frame_of_a_talker_has_points_within_his_face(bench, landmarker):
    from workflow.media.facebox import FaceTracker

    for tracked in FaceTracker(25.0).track(iter(bench.pictures[:40])):
        mesh = View(0, tracked.frame, tracked.box, DEFAULT, landmarker=landmarker).landmarks
        assert mesh is not None and fits(mesh, tracked.box)
        lips, eyes = mesh[[13, 14], 1].mean(), mesh[[33, 263], 1].mean()
        assert tracked.box.y + 0.3 * tracked.box.h < eyes < lips < tracked.box.y + tracked.box.h


def test_points_follow_a_shifted_and_a_tilted_picture(still_face, landmarker):
    picture, box = still_face
    mesh = landmarker.find(picture, box)
    for angle, shift in ((0.0, (23.0, -11.0)), (12.0, (0.0, 0.0)), (-18.0, (5.0, 7.0))):
        matrix = cv2.getRotationMatrix2D(box.centre, angle, 1.0)
        matrix[:, 2] += shift
        known = mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        turned = cv2.warpAffine(picture, matrix, picture.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        landmarker.forget()
        found = landmarker.find(turned, replace(box, x=box.x + round(shift[0]), y=box.y + round(shift[1])))
        assert found is not None
        assert np.linalg.norm(found[:, :2] - known, axis=1).mean() < 0.02 * box.w


def test_where_there_is_no_face_there_are_no_points(landmarker, moving_texture):
    assert landmarker.find(moving_texture(3), Box(100, 80, 160, 160)) is None
    noise = np.random.default_rng(0).integers(0, 255, (320, 416, 3)).astype(np.uint8)
    assert landmarker.find(noise, Box(100, 80, 160, 160)) is None


@pytest.mark.parametrize("pixels", [6, 12, 18])
def test_lips_drawn_apart_by_known_pixels_part_by_as_much(bench, lips_apart, landmarker, pixels):
    def gap(picture, box, apart):
        landmarker.forget()
        mesh = landmarker.find(lips_apart(picture, box, apart), box)
        return lip_gap(mesh) * face_width(mesh) / (100 * BOX)

    rises = []
    for picture in bench.pictures[4::12]:
        box = detect(picture)[0]
        rises.append(gap(picture, box, pixels) - gap(picture, box, 0))
    assert np.median(rises) == pytest.approx(pixels, abs=0.15 * pixels + 0.5)
