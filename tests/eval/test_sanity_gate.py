"""What the gate catches, and above all what it lets pass: dark, grainy, flat, drawn, badly coded, moving pictures."""

from collections.abc import Iterable

import cv2
import numpy as np
import pytest

from eval.sanity import Expected, SanityWatch, unexpected_length, unexpected_size, verdict
from eval.score import DEFAULT, score_video
from eval.view import View
from workflow.media.decode import frames
from workflow.media.encode import VideoWriter


def gate(pictures: Iterable[np.ndarray], fps: float = 25.0):
    """The verdict over pictures in which no face is followed: the stricter case."""
    watch = SanityWatch(fps)
    for index, picture in enumerate(pictures):
        watch.update(View(index, np.ascontiguousarray(picture), None, DEFAULT))
    return verdict(watch.series, fps)


def decoded_noise(width: int, height: int, blob: int, hold: int = 1, count: int = 40) -> Iterable[np.ndarray]:
    """Colour blobs as a network draws them from latents that mean nothing: smooth, and new every ``hold`` frames."""
    rng = np.random.default_rng(blob)
    for index in range(count):
        if index % hold == 0:
            latent = rng.normal(0, 1, (height // blob + 1, width // blob + 1, 3)).astype(np.float32)
            smooth = cv2.GaussianBlur(cv2.resize(latent, (width, height), interpolation=cv2.INTER_CUBIC), (0, 0), 3)
        yield np.clip(128 + 60 * smooth / smooth.std(), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("blob", [8, 16, 32])
@pytest.mark.parametrize("hold", [1, 4])
def test_decoded_noise_is_noise_however_smooth(blob, hold):
    assert "noise" in (gate(decoded_noise(464, 832, blob, hold))[0] or "")


def test_what_random_weights_rendered_is_noise(comfyui_output):
    score = score_video(comfyui_output)
    assert score.status == "broken" and "noise" in (score.reason or "")


def test_white_noise_is_noise_at_any_size():
    rng = np.random.default_rng(0)
    for height, width in ((96, 64), (320, 240), (832, 464)):
        pictures = [rng.integers(0, 256, (height, width, 3), dtype=np.uint8) for _ in range(12)]
        assert "noise" in (gate(pictures)[0] or "")


def test_noise_in_one_window_of_several_is_enough(bench):
    noise = [cv2.resize(one, (416, 320)) for one in decoded_noise(416, 320, 16, count=30)]
    assert "noise" in (gate([*bench.pictures[:70], *noise])[0] or "")
    reason, warnings = gate([*bench.pictures, *noise[:12]])
    assert reason is None and any("noise in" in warning for warning in warnings)


def test_real_clips_pass(talking_frontal, talking_small_face):
    for clip in (talking_frontal, talking_small_face):
        assert gate(frames(clip, stop=75)) == (None, [])


def test_dark_and_grainy_film_passes(bench):
    rng = np.random.default_rng(0)
    for light, grain in ((1.0, 40), (0.3, 20), (0.15, 10), (0.12, 12)):
        film = [
            np.clip(one * light + rng.normal(0, grain, one.shape), 0, 255).astype(np.uint8)
            for one in bench.pictures[:40]
        ]
        assert gate(film) == (None, []), (light, grain)


@pytest.mark.parametrize("crf", [35, 51])
def test_the_worst_coding_passes(bench, tmp_path, crf):
    with VideoWriter(tmp_path / "a.mp4", 416, 320, 25, crf=crf) as writer:
        for picture in bench.pictures[:60]:
            writer.write(picture)
    assert gate(frames(tmp_path / "a.mp4"))[0] is None


def cartoon(index: int, every: int = 1) -> np.ndarray:
    """A drawn head on a flat ground; only its mouth moves, on every ``every``-th frame."""
    picture = np.full((320, 240, 3), (200, 180, 90), np.uint8)
    cv2.circle(picture, (120, 150), 70, (150, 190, 240), -1)
    cv2.circle(picture, (95, 130), 8, (20, 20, 20), -1)
    cv2.circle(picture, (145, 130), 8, (20, 20, 20), -1)
    opened = 3 + 9 * abs(np.sin(0.9 * (index // every)))
    cv2.ellipse(picture, (120, 185), (22, max(int(opened), 1)), 0, 0, 360, (40, 30, 120), -1)
    return picture


@pytest.mark.parametrize("every", [1, 2, 3])
def test_cartoons_pass_also_on_twos_and_threes(every):
    assert gate(cartoon(index, every) for index in range(75)) == (None, [])


def test_flat_and_patterned_graphics_behind_a_talker_pass(bench):
    data = pytest.importorskip("skimage.data")
    for ground in (np.full((640, 832), 200), data.checkerboard(), data.page(), data.gravel(), data.text()):
        still = cv2.resize(np.repeat(ground.astype(np.uint8)[..., None], 3, axis=2), (832, 640))
        shown = []
        for picture in bench.pictures[:40]:
            frame = still.copy()
            frame[160:480, 208:624] = picture
            shown.append(frame)
        assert gate(shown) == (None, [])


def test_cuts_and_a_shaken_camera_pass(bench):
    rng = np.random.default_rng(0)
    shaken = [np.roll(one, tuple(rng.integers(-12, 13, 2)), (0, 1)) for one in bench.pictures[:60]]
    assert gate(shaken)[0] is None
    cuts = [(one if index // 20 % 2 else one[:, ::-1]) for index, one in enumerate(bench.pictures)]
    assert gate(cuts)[0] is None


def test_size_must_be_exact_and_one_frame_may_be_off():
    asked = Expected(464, 832, 81)
    assert unexpected_size(464, 832, asked) is None
    assert unexpected_size(640, 360, asked) == "wrong size: 640×360 where 464×832 was asked"
    assert [unexpected_length(frames_, asked) for frames_ in (80, 81, 82, None)] == [None] * 4
    assert unexpected_length(77, asked) == "wrong length: 77 frames where 81 were asked"
    assert unexpected_size(1, 1, None) is None and unexpected_length(1, None) is None


def test_one_frame_less_is_said_and_a_length_that_no_header_tells_is_counted(bench, film, tmp_path):
    path = film(tmp_path / "a.mp4", bench.pictures[:40])
    score = score_video(path, expected=Expected(416, 320, 41))
    assert score.status == "ok" and "40 frames where 41 were asked" in score.warnings
    told = film(tmp_path / "a.mkv", bench.pictures[:40])
    assert score_video(told, expected=Expected(416, 320, 40)).status == "ok"
    score = score_video(told, expected=Expected(416, 320, 81))
    assert score.status == "broken" and score.reason == "wrong length: 40 frames where 81 were asked"
