"""The puppet: equal takes are equal, faces stay faces, mouths follow speech without being its envelope."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from runner.standin.eyes import blinks
from runner.standin.head import head_motion
from runner.standin.mechanisms import Knobs, mechanics
from runner.standin.puppet import Take, find_face, perform
from runner.standin.sound import first_channel, load_sound
from runner.standin.speech import features, mouth
from runner.standin.stitch import stitched
from workflow.media.decode import frames
from workflow.media.facebox import detect
from workflow.media.picture import fit, load_picture
from workflow.windows import Windows

Graph = Callable[..., dict[str, Any]]
WINDOWS = Windows(21, 5, 50)


@pytest.fixture(scope="session")
def take(portrait: Path, voice: Path) -> Take:
    return Take(load_picture(portrait), load_sound(voice).samples[0], WINDOWS, 2, Knobs())


def digest(take: Take) -> str:
    seen = hashlib.sha256()
    for frame in perform(take):
        seen.update(frame.tobytes())
    return seen.hexdigest()


def test_equal_takes_give_equal_pixels_and_every_part_of_one_counts(take: Take) -> None:
    assert digest(take) == digest(take)
    others = [
        replace(take, seed=3),
        replace(take, speech=take.speech[::-1].copy()),
        replace(take, picture=255 - take.picture),
        replace(take, windows=Windows(25, 5, 50)),
    ]
    assert len({digest(other) for other in [take, *others]}) == 5


@pytest.mark.parametrize(
    "change",
    [
        {"motion_frame": 4}, {"audio_scale": 2.0}, {"audio_cfg_scale": 2.0}, {"cfg": 2.0}, {"steps": 8}, {"steps": 2},
        {"shift": 5.0}, {"scheduler": "euler"}, {"colormatch": "reinhard"}, {"close_up": False},
        {"combine": "average"}, {"tiles": 0}, {"ratio": 1.0}, {"lora": 0.5}, {"text": "hello"}, {"weights": "fp8"},
    ],
)  # fmt: skip
def test_every_knob_changes_the_picture(take: Take, change: dict[str, Any]) -> None:
    assert digest(replace(take, knobs=replace(take.knobs, **change))) != digest(take)


def test_the_same_graph_renders_the_same_bytes(standin: Any, graph: Graph) -> None:
    def pictures(change: dict[str, Any]) -> bytes:
        entry = standin.render(graph(change))
        path = standin.video(entry)
        return b"".join(frame.tobytes() for frame in frames(path))

    first = pictures({"14.seed": 500})
    assert pictures({"14.seed": 501}) != first
    assert pictures({"14.seed": 500}) == first


def test_decoding_a_cached_sampler_again_washes_the_video_out(standin: Any, graph: Graph) -> None:
    first = standin.video(standin.render(graph({"14.seed": 502})))
    again = standin.video(standin.render(graph({"14.seed": 502, "15.tile_x": 280})))
    assert float(next(iter(frames(again))).mean()) > float(next(iter(frames(first))).mean()) + 30


@pytest.mark.parametrize("size", [(464, 832), (320, 320)])
def test_the_face_is_found_in_nearly_every_frame(
    talking_frontal: Path, speech_wav: Path, size: tuple[int, int]
) -> None:
    from skimage.data import astronaut

    speech = first_channel(load_sound(speech_wav))[: 16000 * 4]
    for image in (np.ascontiguousarray(astronaut()[:, :, ::-1]), next(iter(frames(talking_frontal)))):
        picture = fit(image, *size, detect(image)[0])
        loud = Take(picture, speech, Windows(81, 15, 99), 7, Knobs(audio_scale=2.5, motion_frame=15))
        found = [bool(detect(frame)) for frame in list(perform(loud))[::5]]
        assert np.mean(found) >= 0.99


def test_a_picture_without_a_frontal_face_gives_a_still_video(portrait_profile: Path, take: Take) -> None:
    picture = fit(load_picture(portrait_profile), 192, 336)
    assert find_face(picture) is None
    shown = list(perform(replace(take, picture=picture)))
    assert len(shown) == WINDOWS.frames
    assert max(float(cv2.absdiff(shown[0], frame).max()) for frame in shown) <= 2


def test_the_mouth_follows_the_speech_but_is_not_its_envelope(speech_wav: Path) -> None:
    speech = first_channel(load_sound(speech_wav))
    windows = Windows(81, 9, int(speech.size / 16000 * 25))
    heard = features(speech, windows.frames, 25)
    for curve in (heard.loudness, heard.voicing, heard.vowel, heard.bright):
        assert curve.shape == (windows.frames,) and curve.min() >= 0 and curve.max() <= 1
    said = mouth(speech, windows, 25, 2, gain=1.0, lag=0)
    together = float(np.corrcoef(said.opening, heard.loudness)[0, 1])
    assert 0.5 < together < 0.95
    # Two seeds say the same words differently.
    other = mouth(speech, windows, 25, 3, gain=1.0, lag=0)
    assert 0.5 < float(np.corrcoef(said.opening, other.opening)[0, 1]) < 0.95
    # It is shut in the silence after the speech.
    past = said.opening[int(speech.size / 16000 * 25) + 2 :]
    assert past.size == 0 or past.max() < 0.02


def test_silence_says_nothing(take: Take) -> None:
    said = mouth(np.zeros(16000, np.float32), WINDOWS, 25, 2, gain=1.0, lag=0)
    assert said.opening.max() < 0.01


def test_a_late_mouth_is_the_same_mouth_later(speech_wav: Path) -> None:
    speech = first_channel(load_sound(speech_wav))
    prompt = mouth(speech, WINDOWS, 25, 2, gain=1.0, lag=0)
    late = mouth(speech, WINDOWS, 25, 2, gain=1.0, lag=5)
    assert np.array_equal(late.opening[5:], prompt.opening[:-5])


def test_overlaps_are_blended_and_windows_differ() -> None:
    windows = Windows(21, 5, 50)

    def draw(rng: np.random.Generator, first: int, count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        return np.full((count, 1), rng.random(), np.float32)

    whole = stitched(windows, (1,), draw)[:, 0]
    assert len(whole) == windows.frames
    for seam in windows.seams:
        before, after = whole[seam - 6], whole[seam]
        overlap = whole[seam - 5 : seam]
        assert before != after
        assert np.all(np.diff(overlap) * np.sign(after - before) > 0)
        assert min(before, after) < overlap.min() and overlap.max() < max(before, after)
    assert np.array_equal(whole, stitched(windows, (1,), draw)[:, 0])


def test_a_torn_overlap_jumps_at_the_seam(speech_wav: Path) -> None:
    def jumps(overlap: int) -> float:
        windows = Windows(81, overlap, 300)
        still = np.zeros(windows.frames, np.float32)
        ratios = []
        for seed in range(8):
            motion = head_motion(windows, 25, seed, mechanics(Knobs(motion_frame=overlap)), still)[:, :2]
            steps = np.hypot(*np.diff(motion, axis=0).T)
            ratios.append(steps[[seam - 1 for seam in windows.seams]].mean() / np.median(steps))
        return float(np.mean(ratios))

    assert jumps(15) > 2 * max(jumps(9), jumps(13), jumps(17))


def test_blinks_come_and_go() -> None:
    windows = Windows(81, 9, 1000)
    closed = blinks(windows, 25, 4)
    assert closed.min() >= 0 and closed.max() <= 1
    count = int(np.sum((closed[1:] > 0.7) & (closed[:-1] <= 0.7)))
    assert windows.frames / 25 / 6 < count < windows.frames / 25


def test_mechanisms_follow_the_verdicts_they_imitate() -> None:
    base = mechanics(Knobs())
    v1 = mechanics(Knobs(close_up=False, combine="average", tiles=1))
    assert v1.blur > base.blur and v1.mouth_lag > base.mouth_lag == 0
    assert mechanics(Knobs(motion_frame=15)).head_gain > 1.5 * base.head_gain
    assert mechanics(Knobs(audio_scale=2.0)).mouth_gain > base.mouth_gain
    assert mechanics(Knobs(cfg=2.0)).sharpen > mechanics(Knobs(steps=8)).sharpen > base.sharpen
    assert mechanics(Knobs(colormatch="reinhard")).regional > base.regional == 0
    gains = [mechanics(Knobs(steps=steps)).sharpen for steps in (4, 8, 12, 16)]
    assert np.all(np.diff(gains) > 0) and np.all(np.diff(gains, 2) < 0)
