"""SFace is fed as OpenCV's own ``FaceRecognizerSF`` feeds it."""

import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.nets.sface import TEMPLATE, NotSFaceError, SFace, align, in_box, in_mesh, load_sface, similarity
from workflow.media.box import Box

POINTS = np.array([[100.0, 150], [171, 140], [140, 192], [115, 224], [167, 215]])


@pytest.fixture(scope="module")
def opencv(sface_bytes: bytes) -> cv2.FaceRecognizerSF:
    return cv2.FaceRecognizerSF.create("onnx", np.frombuffer(sface_bytes, np.uint8), np.zeros(0, np.uint8))


@pytest.fixture(scope="module")
def frame() -> np.ndarray:
    rng = np.random.default_rng(0)
    return cv2.resize(rng.integers(0, 256, (60, 50, 3), dtype=np.uint8), (300, 360), interpolation=cv2.INTER_CUBIC)


def test_faces_are_aligned_as_opencv_aligns_them(frame: np.ndarray, opencv: cv2.FaceRecognizerSF) -> None:
    yunet = np.zeros((1, 15), np.float32)
    yunet[0, 4:14] = POINTS.ravel()
    theirs, mine = opencv.alignCrop(frame, yunet), align(frame, POINTS)
    assert mine.shape == theirs.shape == (112, 112, 3)
    assert np.abs(mine.astype(int) - theirs).max() <= 3  # OpenCV rounds the template's mean to four digits
    assert (mine == theirs).mean() > 0.99


def test_features_and_likeness_are_those_of_opencv(
    frame: np.ndarray, opencv: cv2.FaceRecognizerSF, sface_net: SFace
) -> None:
    one, other = align(frame, POINTS), align(frame[::-1].copy(), POINTS)
    raw = [opencv.feature(face).copy() for face in (one, other)]
    mine = [sface_net.feature(face) for face in (one, other)]
    for theirs, vector in zip(raw, mine, strict=True):
        np.testing.assert_allclose(vector, theirs.ravel() / np.linalg.norm(theirs), atol=1e-6)
    assert float(mine[0] @ mine[1]) == pytest.approx(opencv.match(*raw, cv2.FaceRecognizerSF_FR_COSINE), abs=1e-6)


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), min_size=5, max_size=5))
@settings(max_examples=60, deadline=None)
def test_similarity_is_umeyamas(points: list[tuple[float, float]]) -> None:
    from skimage.transform import SimilarityTransform

    moved = np.array(points)
    if moved.std(axis=0).max() < 1:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-image is renaming this method
        transform = SimilarityTransform()
        if not transform.estimate(moved, TEMPLATE):
            return
    np.testing.assert_allclose(similarity(moved), transform.params[:2], atol=1e-6)


@given(st.floats(-180, 180), st.floats(0.2, 5), st.floats(-300, 300), st.floats(-300, 300))
def test_similarity_undoes_any_turn_scale_and_shift(turn: float, scale: float, x: float, y: float) -> None:
    spin = scale * np.exp(1j * np.radians(turn))
    moved = (TEMPLATE[:, 0] + 1j * TEMPLATE[:, 1]) * spin + x + 1j * y
    points = np.stack([moved.real, moved.imag], axis=1)
    back = np.c_[points, np.ones(5)] @ similarity(points).T
    np.testing.assert_allclose(back, TEMPLATE, atol=1e-6)


def test_points_at_one_place_are_refused() -> None:
    with pytest.raises(ValueError, match="direction"):
        similarity(np.full((5, 2), 7.0))


def test_a_box_puts_eyes_above_the_mouth_upright_and_in_the_middle() -> None:
    matrix = similarity(in_box(Box(40, 30, 200, 200)))
    assert matrix[0, 1] == pytest.approx(-matrix[1, 0])
    assert abs(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))) < 1
    placed = np.c_[in_box(Box(40, 30, 200, 200)), np.ones(5)] @ matrix.T
    assert np.abs(placed - TEMPLATE).max() < 5  # pixels of 112


def test_the_box_geometry_fits_a_real_face() -> None:
    """Against the points of scikit-image's portrait, marked by eye to about 2 pixels."""
    from skimage import data

    from workflow.media.facebox import detect

    marked = np.array([[203, 100], [246, 103], [222.5, 126], [204.5, 140], [243.5, 141]])
    box = detect(cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR))[0]
    assert np.abs(in_box(box) - marked).max() < 0.07 * box.w


def test_mesh_points_are_read_where_they_are() -> None:
    mesh = np.random.default_rng(0).uniform(0, 300, (468, 3))
    points = in_mesh(mesh)
    assert points.shape == (5, 2)
    np.testing.assert_allclose(points[0], (mesh[33, :2] + mesh[133, :2]) / 2)
    np.testing.assert_allclose(points[2:], mesh[[1, 61, 291], :2])


def test_a_network_is_read_from_any_path(sface_bytes: bytes, sface_net: SFace, tmp_path: Path) -> None:
    path = tmp_path / "лицо 脸.onnx"
    path.write_bytes(sface_bytes)
    face = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    assert np.array_equal(load_sface(path).feature(face), sface_net.feature(face))


def test_other_files_are_refused_by_name(sface_bytes: bytes, tmp_path: Path) -> None:
    path = tmp_path / "face.onnx"
    for content in (b"", b"<html>not found</html>", sface_bytes[:1000], sface_bytes.replace(b"Relu", b"Rulu")):
        path.write_bytes(content)
        with pytest.raises(NotSFaceError, match=r"face\.onnx"):
            load_sface(path)
    with pytest.raises(NotSFaceError, match="cannot be read"):
        load_sface(tmp_path)
