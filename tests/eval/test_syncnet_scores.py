"""SyncNet's figures: against a plain implementation, by closed forms and by laws."""

import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.metrics.syncnet import (
    SyncScores,
    TooShortError,
    distances,
    scores_from,
    scores_of,
    sync_scores,
)
from eval.nets import SyncNet, fold, lip_embeddings, sound_embeddings
from workflow.errors import HarnessError

pytestmark = pytest.mark.usefixtures("one_thread")
PLAIN = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("syncnet_reference.py"))))


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for each other cost most where cores are busy, as in a test run."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def clip(frames: int, samples: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A bright bar that moves with the loudness of a hum, over grain: pictures and sound that belong together."""
    rng = np.random.default_rng(seed)
    loud = np.abs(np.sin(np.arange(frames) * 0.9) * np.sin(np.arange(frames) * 0.37))
    pictures = rng.integers(60, 90, (frames, 224, 224, 3), np.uint8)
    for picture, level in zip(pictures, loud, strict=True):
        picture[100 : 110 + int(70 * level), 60:160] += 100
    envelope = np.interp(np.arange(samples) / 640, np.arange(frames), loud)
    hum = np.sign(np.sin(np.arange(samples) * 0.06)) + rng.normal(0, 0.3, samples)
    return pictures, (7000 * envelope * hum).astype(np.int16)


def model_of(weights: dict[str, torch.Tensor]) -> SyncNet:
    net = SyncNet()
    net.load_state_dict(weights, strict=False)
    return net


def assert_agree(found: SyncScores, plain: SimpleNamespace, rtol: float) -> None:
    assert found.offset == plain.offset
    assert found.windows == len(plain.distances)
    assert found.min_distance == pytest.approx(plain.min_distance, rel=rtol)
    # A difference of distances has the digits that float32 leaves it: no fewer than 4 units in their last place.
    last_place = float(np.spacing(np.float32(plain.min_distance)))
    assert found.confidence == pytest.approx(plain.confidence, rel=rtol, abs=4 * last_place)
    np.testing.assert_allclose(found.mean_distances, plain.mean_distances, rtol=rtol)
    assert found.mean_distances.shape == (31,)
    curve = plain.framewise_confidence  # it crosses zero: relative to its own size
    np.testing.assert_allclose(
        found.framewise_confidence, curve, rtol=rtol, atol=rtol * np.abs(curve).max() + 4 * last_place
    )


@pytest.mark.parametrize(
    ("seed", "fitted", "frames", "samples"),
    [
        (0, False, 27, 27 * 640),  # 22 windows: the reference's second batch of 20 is a short one
        (1, True, 27, 27 * 640 + 639),
        (2, True, 30, 26 * 640 + 1),  # sound ends first
        (3, False, 26, 40 * 640),  # the picture ends first
    ],
)
def test_float32_agrees_with_the_plain_implementation(seed: int, fitted: bool, frames: int, samples: int) -> None:
    pictures, audio = clip(frames, samples, seed)
    weights = PLAIN.random_weights(seed)
    if fitted:
        weights = PLAIN.fit(weights, pictures, audio)
    assert_agree(sync_scores(pictures, audio, model_of(weights)), PLAIN.score(weights, pictures, audio), 1e-4)


@pytest.mark.filterwarnings("ignore:kernel_size exceeds")
def test_a_clip_of_one_window_agrees_too() -> None:
    pictures, audio = clip(6, 3840)
    weights = PLAIN.random_weights(4)
    found = sync_scores(pictures, audio, model_of(weights))
    assert found.windows == 1
    assert_agree(found, PLAIN.score(weights, pictures, audio), 1e-4)


def test_bfloat16_stays_near() -> None:
    pictures, audio = clip(24, 26 * 640)  # few: it is slow on most CPUs
    weights = PLAIN.fit(PLAIN.random_weights(5), pictures, audio)
    exact = PLAIN.score(weights, pictures, audio)
    near = sync_scores(pictures, audio, model_of(weights), dtype="bfloat16")
    assert near.min_distance == pytest.approx(exact.min_distance, rel=0.02)
    assert near.confidence == pytest.approx(exact.confidence, rel=0.05)
    one = [sync_scores(pictures[:6], audio, model_of(weights), dtype=k) for k in ("bfloat16", torch.bfloat16)]
    assert one[0].min_distance == one[1].min_distance


def test_a_real_talker_agrees_too(talking_frontal: Path) -> None:
    from itertools import islice

    import cv2

    from workflow.media.decode import frames
    from workflow.media.sound import speech

    pictures = np.stack([cv2.resize(frame, (224, 224)) for frame in islice(frames(talking_frontal), 25)])
    audio = speech(talking_frontal)[:16000]
    weights = PLAIN.fit(PLAIN.random_weights(6), pictures, audio)
    assert_agree(sync_scores(pictures, audio, model_of(weights)), PLAIN.score(weights, pictures, audio), 1e-4)


def test_the_halves_give_what_the_whole_gives() -> None:
    pictures, audio = clip(14, 15 * 640)
    folded = fold(model_of(PLAIN.random_weights(7)))
    whole = sync_scores(pictures, audio, folded)
    parts = scores_from(lip_embeddings(folded, pictures), sound_embeddings(folded, audio))
    assert (parts.offset, parts.windows) == (whole.offset, 9)
    assert parts.min_distance == pytest.approx(whole.min_distance, rel=1e-5)


def test_sound_shifted_by_whole_frames_moves_its_points_as_far() -> None:
    _, audio = clip(20, 20 * 640)
    folded = fold(model_of(PLAIN.random_weights(8)))
    early, late = sound_embeddings(folded, audio), sound_embeddings(folded, audio[3 * 640 :])
    # The very first sample has no predecessor for pre-emphasis; all later windows hear the same.
    np.testing.assert_allclose(late[1:], early[4:], rtol=1e-4, atol=1e-4 * np.abs(early).max())


def points(seed: int, count: int, width: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (count, width)).astype(np.float32)


@settings(deadline=None)
@given(lead=st.integers(-15, 15), seed=st.integers(0, 99))
def test_offset_is_the_frames_by_which_the_sound_leads(lead: int, seed: int) -> None:
    both = points(seed, 130)
    found = scores_from(both[15:115], both[15 + lead : 115 + lead])
    assert found.offset == lead
    assert found.confidence > 1


@settings(deadline=None)
@given(move=st.integers(-4, 4), seed=st.integers(0, 99))
def test_distances_under_moved_sound_are_the_same_ones_elsewhere(move: int, seed: int) -> None:
    lips, sounds = points(seed, 20), points(seed + 1, 40)
    still = distances(lips, sounds[10:30], vshift=5)
    moved = distances(lips, sounds[10 + move : 30 + move], vshift=5)
    rows = range(10, 11)  # far from both ends, where zeros stand for sound
    for k in range(max(0, -move), min(11, 11 - move)):
        assert moved[rows, k] == still[rows, k + move]


@settings(deadline=None)
@given(shift=st.integers(-50, 50), seed=st.integers(0, 99))
def test_a_shift_turns_the_sound_in_a_circle(shift: int, seed: int) -> None:
    lips, sounds = points(seed, 12), points(seed + 1, 12)
    turned = np.stack([sounds[(i - shift) % 12] for i in range(12)])
    assert np.array_equal(distances(lips, sounds, shift=shift), distances(lips, turned))


def test_equal_points_are_apart_by_torchs_epsilon_and_zeros_by_their_length() -> None:
    same = np.full((3, 1024), 0.5, np.float32)
    found = distances(same, same, vshift=1)
    assert found.shape == (3, 3)
    assert found[1] == pytest.approx(np.full(3, 1e-6 * 32), rel=1e-3)
    assert found[0, 0] == pytest.approx(16.0, rel=1e-4)  # before the first sound: ‖0.5‖ over 1024 numbers
    assert found[2, 2] == pytest.approx(16.0, rel=1e-4)


def test_scores_of_a_matrix_written_by_hand() -> None:
    found = np.tile(np.arange(31, dtype=np.float32) + 4, (11, 1))
    found[:, 18] = 1.0
    found[5, 18] = 12.0  # one bad window: the mean feels it, the median filter of 9 does not
    score = scores_of(found)
    assert (score.offset, score.windows) == (-3, 11)
    assert score.min_distance == pytest.approx(2.0)
    median = 18.0  # of 4 … 34 without 22 and with 2
    assert score.confidence == pytest.approx(median - 2.0)
    assert score.framewise_confidence == pytest.approx(np.full(11, median - 1.0))


@settings(deadline=None)
@given(seed=st.integers(0, 99), count=st.integers(1, 30))
def test_framewise_confidence_is_scipys_median_filter(seed: int, count: int) -> None:
    import warnings

    from scipy.signal import medfilt

    found = np.random.default_rng(seed).random((count, 31)).astype(np.float32)
    score = scores_of(found)
    raw = np.float32(np.median(score.mean_distances)) - found[:, 15 - score.offset]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_array_equal(score.framewise_confidence, medfilt(raw, 9))


def test_rows_of_the_matrix_score_a_part_with_its_true_neighbours() -> None:
    both = points(3, 90)
    sounds = both.copy()
    sounds[45:] = points(4, 45)  # the second half has foreign sound
    found = distances(both, sounds)
    first, second = scores_of(found[:30]), scores_of(found[60:])
    assert first.confidence > 3 * second.confidence
    assert first.offset == 0


def test_too_short_clips_and_wrong_arrays_are_named() -> None:
    net = SyncNet()
    pictures, audio = clip(8, 8 * 640)
    for short, sound in ((pictures[:5], audio), (pictures, audio[:3839]), (pictures[:0], audio[:0])):
        with pytest.raises(TooShortError, match=rf"got {len(short)} frames and {len(sound)} samples") as caught:
            sync_scores(short, sound, net)
        assert isinstance(caught.value, HarnessError)
    with pytest.raises(ValueError, match="float64"):
        sync_scores(pictures.astype(np.float64), audio, net)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"int16 \[2, 2560\]"):
        sync_scores(pictures, audio.reshape(2, -1), net)
    with pytest.raises(ValueError, match="got half"):
        sync_scores(pictures, audio, net, dtype="half")
    with pytest.raises(ValueError, match="batch must be at least 1 window, got 0"):
        sync_scores(pictures, audio, net, batch=0)
    with pytest.raises(TooShortError):
        scores_from(points(0, 0), points(0, 5))
    with pytest.raises(ValueError, match="equally wide, got 8 and 9"):
        distances(points(0, 5), points(0, 5, width=9))
    with pytest.raises(ValueError, match=r"\[4, 30\]"):
        scores_of(np.zeros((4, 30), np.float32))
