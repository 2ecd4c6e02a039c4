"""From a video to SyncNet's figures: against a plain path, whatever the batches, the frame rate and the gaps.

The weights are random ones, fitted to the clip so that points differ; no figure here says anything about lip-sync.
"""

import runpy
import weakref
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from scipy.signal import medfilt

from eval.device import NoGpuError, resolve
from eval.metrics import lipsync
from eval.metrics.syncnet import distances
from eval.score import Settings, score_video
from eval.syncwatch import SyncWatch, open_syncnet
from eval.view import View
from eval.weights import Sources, WeightsWrong
from workflow.files import sha256_file
from workflow.media.box import Box
from workflow.media.decode import frames
from workflow.media.encode import VideoWriter
from workflow.media.facebox import FaceTracker
from workflow.media.sound import speech, write_wav

PLAIN = runpy.run_path(str(Path(__file__).with_name("syncnet_reference.py")))


def plain_crops(pictures: list[np.ndarray], boxes: list[Box], scale: float = 1.0) -> np.ndarray:
    """As run_pipeline.py: medians of 13, padding by 110, cut, resize. ``scale`` is the crop probe's."""
    half = medfilt([1.06 * max(box.w, box.h) / 2 for box in boxes], 13)
    x = medfilt([box.x + box.w / 2 for box in boxes], 13)
    y = medfilt([box.y + box.h / 2 for box in boxes], 13)
    crops = []
    for k, picture in enumerate(pictures):
        s = half[k] * scale
        pad = int(s * 1.8)
        padded = np.pad(picture, ((pad, pad), (pad, pad), (0, 0)), "constant", constant_values=110)
        my, mx = y[k] + pad, x[k] + pad
        face = padded[int(my - s) : int(my + s * 1.8), int(mx - s * 1.4) : int(mx + s * 1.4)]
        crops.append(cv2.resize(face, (224, 224)))
    return np.stack(crops)


class Blank:
    """A network that says nothing, for what is about places only."""

    device, dtype = torch.device("cpu"), torch.float32

    def lips(self, frames: torch.Tensor) -> torch.Tensor:
        return torch.ones(len(frames) - 4, 1024)

    def sounds(self, cepstra: torch.Tensor) -> torch.Tensor:
        return torch.ones((len(cepstra) - 16) // 4, 1024)


class Clip:
    """Three seconds of a talker: the video, its pictures and boxes, crops cut by plain code, sound, weights."""

    def __init__(self, bench, folder: Path) -> None:
        self.sound = bench.sound[:48000]
        self.path = self.write(folder / "talk.mp4", bench.pictures[:75])
        tracked = list(FaceTracker(25.0).track(list(frames(self.path))))
        self.pictures = [item.frame for item in tracked]
        self.boxes = [item.box for item in tracked]
        self.crops = plain_crops(self.pictures, self.boxes)
        self.heard = speech(self.path)
        self.weights = PLAIN["fit"](PLAIN["random_weights"](3), self.crops, self.heard)
        file = folder / "random.model"
        torch.save(self.weights, file)
        self.settings = Settings(
            families=("lipsync",),
            networks=("syncnet",),
            face_stride=5,
            sources=Sources(folder / "cache", {"syncnet": file}, {"syncnet": sha256_file(file)}),
        )

    def write(self, path: Path, pictures: list[np.ndarray], fps: float = 25) -> Path:
        write_wav(path.with_suffix(".wav"), self.sound, 16000)
        height, width = pictures[0].shape[:2]
        with VideoWriter(path, width, height, fps, audio=path.with_suffix(".wav"), crf=12) as writer:
            for picture in pictures:
                writer.write(picture)
        return path

    def watched(self, boxes: list[Box | None] | None = None, fps: float = 25.0, **options) -> SyncWatch:
        """Feed the pictures with their boxes, each ``fps / 25`` times."""
        model = options.pop("model", None) or open_syncnet(self.settings)
        watch = SyncWatch(model, fps, self.heard, self.settings, **options)
        times = round(fps / 25)
        for k, box in enumerate(self.boxes if boxes is None else boxes):
            for again in range(times):
                watch.update(View(k * times + again, self.pictures[k], box, self.settings))
        watch.finish()
        return watch


@pytest.fixture(scope="module")
def clip(bench, tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return Clip(bench, tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def plain(clip: Clip):
    return PLAIN["score"](clip.weights, clip.crops, clip.heard)


@pytest.fixture(scope="module")
def score(clip: Clip):
    return score_video(clip.path, settings=clip.settings)


@pytest.fixture(scope="module")
def whole(clip: Clip) -> SyncWatch:
    return clip.watched()


def test_a_video_scores_as_by_the_plain_path(score, plain):
    values = {name: value.value for name, value in score.values.items()}
    assert values["lipsync/offset"] == plain.offset
    assert values["lipsync/distance"] == pytest.approx(plain.min_distance, rel=1e-4)
    assert values["lipsync/confidence"] == pytest.approx(plain.confidence, rel=1e-3, abs=1e-4)
    assert values["lipsync/coverage"] == 1.0
    curve = np.array(score.curves["lipsync/framewise"], float)
    assert curve.size == score.frames == 75
    assert curve[2:72] == pytest.approx(plain.framewise_confidence, abs=1e-3)


def test_what_the_figures_rest_on_is_said(score):
    flags = score.values["lipsync/confidence"].flags
    assert "SyncNet-compatible" in flags
    assert any(flag.startswith("short (70 windows)") for flag in flags)
    assert score.per_window["lipsync/distance"] == [pytest.approx(score.values["lipsync/distance"].value, rel=1e-4)]
    assert score.values["lipsync/control_gap"].value is not None
    assert score.values["lipsync/crop_sensitivity"].flags == ("on 28 windows", "crop assumed, not fitted")


def test_points_are_those_of_the_plain_network_at_their_places(whole, plain):
    lips, known = whole.lips()
    assert known.all()
    assert lips == pytest.approx(plain.lips, rel=1e-3, abs=2e-3)


def test_batches_change_nothing(clip, whole):
    other = clip.watched(batch=7).lips()[0]
    assert other == pytest.approx(whole.lips()[0], rel=1e-4, abs=1e-4)


def test_sound_taken_in_pieces_is_the_same_sound(clip, monkeypatch):
    from eval.nets.embed import sound_embeddings

    monkeypatch.setattr("eval.syncwatch.PIECE", 20)
    pieces = SyncWatch(open_syncnet(clip.settings), 25.0, clip.heard, clip.settings)
    for k, picture in enumerate(clip.pictures):
        pieces.update(View(k, picture, None, clip.settings))
    pieces.finish()
    assert pieces.sounds() == pytest.approx(sound_embeddings(open_syncnet(clip.settings), clip.heard), abs=1e-4)


def test_an_hour_of_speech_costs_a_short_video_nothing(clip):
    hour = np.tile(clip.heard, 1200)
    watch = SyncWatch(open_syncnet(clip.settings), 25.0, hour, clip.settings)
    for k, picture in enumerate(clip.pictures[:30]):
        watch.update(View(k, picture, None, clip.settings))
    watch.finish()
    assert watch.spoken > 80_000
    assert len(watch.sounds()) == 30


def test_a_clip_of_twice_the_rate_has_the_same_points(clip, whole):
    twice = clip.watched(fps=50.0)
    assert twice.frames == whole.frames == 75
    assert np.array_equal(twice.lips()[0], whole.lips()[0])


def test_the_probe_has_the_same_windows_with_other_crops(clip, whole):
    assert whole.probe.windows == list(range(28))
    for scale, points in zip((0.9, 1.1), whole.probe.points, strict=True):
        crops = plain_crops(clip.pictures, clip.boxes, scale)[:33]
        lips, _ = PLAIN["features"](clip.weights, crops, clip.heard)
        assert np.concatenate(points) == pytest.approx(lips.numpy(), rel=1e-3, abs=2e-3)


def test_a_face_that_is_lost_leaves_the_others_windows_where_they_were(clip, whole):
    boxes = [None if 30 <= k < 40 else box for k, box in enumerate(clip.boxes)]
    lips, known = clip.watched(boxes).lips()
    # the runs are 0…29 and 40…74; the last window of each begins five frames before its end, as in the reference
    assert np.flatnonzero(~known).tolist() == list(range(25, 40))
    # the median sees other neighbours next to a gap: six frames and the four of a window
    inside = [*range(19), *range(46, 70)]
    assert lips[inside] == pytest.approx(whole.lips()[0][inside], rel=1e-4, abs=1e-4)
    assert not lips[~known].any()


def test_a_face_that_jumps_begins_anew(clip):
    boxes = [replace(box, x=box.x + (0 if k < 40 else box.w)) for k, box in enumerate(clip.boxes)]
    _, known = clip.watched(boxes, model=Blank()).lips()
    assert np.flatnonzero(~known).tolist() == list(range(35, 40))


def test_a_face_that_stays_shorter_than_the_median_is_not_scored(clip):
    boxes = [box if k < 12 else None for k, box in enumerate(clip.boxes)]
    watch = clip.watched(boxes, model=Blank())
    assert not watch.lips()[1].any()
    found = lipsync.judge(watch, lipsync.Footage(25.0, 75), 0.6)
    assert found.values["lipsync/confidence"].missing == "no face stays for half a second"
    assert found.values["lipsync/coverage"].value == 0


@pytest.mark.parametrize("shift", [-6, 4])
def test_sound_moved_by_k_frames_moves_every_distance_by_k(clip, whole, shift):
    from eval.nets.embed import sound_embeddings

    lips, model = whole.lips()[0], open_syncnet(clip.settings)
    before = distances(lips, whole.sounds())
    after = distances(lips, sound_embeddings(model, np.roll(clip.heard, shift * 640)))
    inside = slice(24, 46)  # windows whose searched sound lies within the clip before and after
    low, high = max(shift, 0), 31 + min(shift, 0)
    assert after[inside, low:high] == pytest.approx(before[inside, low - shift : high - shift], rel=1e-4)


def test_a_long_video_holds_a_handful_of_frames():
    watch = SyncWatch(Blank(), 25.0, np.ones(16000, np.int16), Settings(networks=("syncnet",)))  # type: ignore[arg-type]
    frames_seen, most = [], 0
    for k in range(400):
        frame = np.full((64, 64, 3), k % 251, np.uint8)
        frames_seen.append(weakref.ref(frame))
        watch.update(View(k, frame, Box(16, 16, 32, 32), Settings()))
        most = max(most, sum(item() is not None for item in frames_seen))
    watch.finish()
    assert watch.lips()[1].all()
    assert most <= 8  # the median's six, this one, and one that is being cut


def test_without_weights_the_figures_are_unavailable_and_say_what_to_run(clip):
    score = score_video(clip.path, settings=replace(clip.settings, sources=Sources()))
    for name in lipsync.NAMES:
        assert score.values[name].missing == "weights absent: run python -m eval weights fetch syncnet"
    assert score.values["lipsync/envelope_p"].value is not None


def test_weights_with_another_sum_are_an_error_that_names_both(clip, tmp_path):
    given = clip.settings.sources.sha256["syncnet"]
    sources = Sources(tmp_path, clip.settings.sources.files, {"syncnet": "0" * 64})
    with pytest.raises(WeightsWrong, match=f"{given}.*{'0' * 64}"):
        score_video(clip.path, settings=replace(clip.settings, sources=sources))


def test_a_profile_without_the_network_has_no_such_metrics(clip):
    score = score_video(clip.path, settings=replace(clip.settings, networks=()))
    assert not set(lipsync.NAMES) & set(score.values)


def test_silence_is_a_reason_and_the_network_is_not_even_loaded(clip, tmp_path):
    write_wav(tmp_path / "silence.wav", np.zeros(48000, np.int16), 16000)
    score = score_video(clip.path, speech=tmp_path / "silence.wav", settings=clip.settings)
    assert all(score.values[name].missing == "the speech is silent" for name in lipsync.NAMES)


def test_a_gpu_that_is_not_there_is_an_error_with_advice(clip):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    assert resolve("auto") == resolve("cpu") == "cpu"
    with pytest.raises(NoGpuError, match="sees no GPU") as raised:
        score_video(clip.path, settings=replace(clip.settings, device="cuda"))
    assert raised.value.hint


def test_bfloat16_is_flagged_and_near(clip, tmp_path):
    path = clip.write(tmp_path / "short.mp4", clip.pictures[:32])  # few: bfloat16 is slow on most CPUs
    exact, near = (
        score_video(path, settings=replace(clip.settings, dtype=dtype)).values["lipsync/distance"]
        for dtype in ("float32", "bfloat16")
    )
    assert "bfloat16" in near.flags and "bfloat16" not in exact.flags
    assert near.value == pytest.approx(exact.value, rel=0.02)
