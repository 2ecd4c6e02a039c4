"""What is collected of likeness: which frames, which pictures, in what memory, and what it comes to."""

import tracemalloc
from collections.abc import Callable

import cv2
import numpy as np
import pytest
import torch

from eval.likewatch import BATCH, LpipsWatch, SfaceWatch
from eval.metrics import likeness
from eval.nets.perceptual import Lpips, as_input
from eval.nets.sface import SFace
from eval.reference import Reference
from eval.settings import DEFAULT
from eval.view import View, face_picture
from workflow.media.box import Box

BOX = Box(60, 40, 90, 90)
PORTRAIT = Box(171, 60, 105, 105)


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    """Scikit-image's sample of a person, with a frontal face, BGR."""
    from skimage import data

    return cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)


def picture(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8), (250, 200), interpolation=cv2.INTER_CUBIC)


def views(count: int, missing: tuple[int, ...] = ()) -> list[View]:
    """Ever noisier copies of one picture."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(200, 250, 3))
    frames = [np.clip(picture() + noise * index, 0, 255).astype(np.uint8) for index in range(count)]
    return [View(i, frame, None if i in missing else BOX, DEFAULT) for i, frame in enumerate(frames)]


def reference(box: Box | None = BOX) -> Reference:
    return Reference(picture(), box, None)


def watched(network: Lpips, seen: list[View], stride: int) -> LpipsWatch:
    watch = LpipsWatch(network, reference(), stride)
    for view in seen:
        watch.update(view)
    watch.finish()
    return watch


def test_the_reference_itself_is_at_no_distance(lpips_net: Lpips, sface_net: SFace) -> None:
    same = View(0, picture(), BOX, DEFAULT)
    assert watched(lpips_net, [same], 1).curve().tolist() == [0.0]
    faces = SfaceWatch(sface_net, same, 1)
    faces.update(same)
    assert faces.curve()[0] == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("stride", [1, 3, 7])
def test_due_frames_with_a_face_are_measured_each_by_itself(
    stride: int, lpips_net: Lpips, plain_lpips: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
) -> None:
    seen = views(2 * BATCH + 3, missing=(0, 6, 7))
    found = watched(lpips_net, seen, stride).curve()
    due = [view.index for view in seen if view.index % stride == 0 and view.box is not None]
    assert np.flatnonzero(np.isfinite(found)).tolist() == due
    crops = torch.from_numpy(np.stack([face_picture(seen[i].frame, BOX, 224) for i in due]))
    against = torch.from_numpy(face_picture(picture(), BOX, 224))[None].expand_as(crops)
    theirs = plain_lpips(as_input(crops), as_input(against)).numpy()
    np.testing.assert_allclose(found[due], theirs, rtol=0, atol=1e-6)
    assert (np.diff(found[due]) > 0).all()


def test_a_face_at_the_edge_of_the_picture_is_measured(lpips_net: Lpips, sface_net: SFace) -> None:
    for box in (Box(-20, -15, 90, 90), Box(200, 150, 90, 90), Box(10, 10, 3, 3), Box(249, 199, 60, 60)):
        view = View(0, picture(), box, DEFAULT)
        assert np.isfinite(watched(lpips_net, [view], 1).curve()).all()
        faces = SfaceWatch(sface_net, view, 1)
        faces.update(view)
        assert np.isfinite(faces.curve()).all()


def test_memory_does_not_grow_with_the_video(lpips_net: Lpips) -> None:
    def peak(frames: int) -> int:
        view = View(0, picture(), BOX, DEFAULT)
        watch = LpipsWatch(lpips_net, reference(), 5)
        tracemalloc.start()
        for index in range(frames):
            watch.update(View(index, view.frame, BOX, DEFAULT))
        watch.finish()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(20)
    assert peak(400) < 1.05 * peak(100)


def test_a_watch_without_a_face_to_compare_with_is_refused(lpips_net: Lpips, sface_net: SFace) -> None:
    with pytest.raises(ValueError, match="face"):
        LpipsWatch(lpips_net, reference(None), 1)
    with pytest.raises(ValueError, match="face"):
        SfaceWatch(sface_net, View(0, picture(), None, DEFAULT), 1)


def mesh(box: Box, turn: float = 0.0) -> np.ndarray:
    """A face mesh of which only the points that alignment reads lie where they should, the head turned by degrees."""
    from eval.nets.sface import MESH, in_box

    points = in_box(box)
    middle = points.mean(axis=0)
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    turned = (points - middle) @ np.array([[c, s], [-s, c]]) + middle
    out = np.zeros((468, 3), np.float32)
    for indices, point in zip(MESH, turned, strict=True):
        out[list(indices), :2] = point
    return out


def with_mesh(index: int, frame: np.ndarray, landmarks: np.ndarray | None, box: Box = PORTRAIT) -> View:
    view = View(index, frame, box, DEFAULT)
    view.__dict__["landmarks"] = landmarks
    return view


def test_landmarks_undo_a_tilt_of_the_head_that_the_box_does_not(sface_net: SFace, portrait: np.ndarray) -> None:
    middle = (PORTRAIT.x + PORTRAIT.w / 2, PORTRAIT.y + 0.58 * PORTRAIT.h)
    tilted = cv2.warpAffine(portrait, cv2.getRotationMatrix2D(middle, -20, 1.0), portrait.shape[1::-1])
    by_mesh = SfaceWatch(sface_net, with_mesh(0, portrait, mesh(PORTRAIT)), 1)
    by_mesh.update(with_mesh(0, tilted, mesh(PORTRAIT, 20)))
    by_mesh.update(with_mesh(1, tilted, None))
    by_box = SfaceWatch(sface_net, with_mesh(0, portrait, None), 1)
    by_box.update(with_mesh(0, tilted, mesh(PORTRAIT, 20)))
    assert (by_mesh.by_landmarks, by_box.by_landmarks) == (True, False)
    assert by_mesh.curve()[0] > 0.9 > 0.7 > by_box.curve()[0]
    assert np.isnan(by_mesh.curve()[1])


def test_figures_are_those_of_the_curve() -> None:
    rng = np.random.default_rng(0)
    minutes = np.arange(500) / 25 / 60
    curve = 0.3 + 0.6 * minutes + rng.normal(0, 0.002, 500)
    curve[rng.random(500) < 0.5] = np.nan
    seen = likeness.lpips(curve, 25.0)
    assert seen["likeness/lpips"].value == pytest.approx(np.nanmean(curve))
    assert seen["likeness/lpips_slope"].value == pytest.approx(0.6, abs=0.01)
    faces = likeness.face(1 - curve, 25.0, False)
    assert faces["likeness/face_p05"].value == pytest.approx(np.nanpercentile(1 - curve, 5))
    assert faces["likeness/face_slope"].value == pytest.approx(-0.6, abs=0.01)
    assert faces["likeness/face"].flags == ("SFace (Apache-2.0)", "aligned by face box")


def test_what_is_missing_has_its_reason() -> None:
    nothing = np.full(100, np.nan)
    assert {value.missing for value in likeness.lpips(nothing, 25.0).values()} == {"no face"}
    assert {value.missing for value in likeness.face(nothing, 25.0, True).values()} == {"no landmarks in the video"}
    assert likeness.missing("weights absent: x", False, False).missing == "weights absent: x"
    assert likeness.missing(None, False, False).missing == "no reference (--reference)"
    assert likeness.missing(None, True, False).missing == "no face in the reference"
    short = likeness.lpips(np.linspace(0, 1, 20), 25.0)
    assert short["likeness/lpips"].value == pytest.approx(0.5)
    assert short["likeness/lpips_slope"].missing == "too short for a slope"
