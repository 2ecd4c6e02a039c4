"""Pictures and sound to points, piece by piece: the two expensive halves of a SyncNet score, in constant memory."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from eval.mfcc import mfcc
from eval.nets.folded import COLUMNS, HOP, SPAN, Folded

SIDE = 224
LEFT_OUT = 5  # the reference stops 5 frames before the end: the last whole window is not used
SAMPLES = 640  # of 16 kHz during a frame of 25/s
BATCHES = {"cpu": 32, "cuda": 128}  # windows at a time unless told: a card has more hands to fill

Points = npt.NDArray[np.float32]


class LipStream:
    """Crops in, points out: window i (frames i…i+4) comes as soon as a batch of windows is full.

        stream = LipStream(fold(model))
        for crop in crops:
            points.append(stream.push(crop[None]))
        points.append(stream.finish())

    All parts together are ``[frames − 5, 1024]`` (empty for 5 frames or fewer), bit for bit the same however the
    frames were pushed: batches are cut by the count of frames, not by the calls. It holds ``batch + 5`` frames.
    """

    def __init__(self, model: Folded, *, batch: int | None = None) -> None:
        self._model = model
        self._batch = _batch(model, batch)
        pinned = model.device.type == "cuda"  # a pinned source is copied to the card by the card itself
        self._held = torch.empty(self._batch + LEFT_OUT, SIDE, SIDE, 3, dtype=torch.uint8, pin_memory=pinned)
        self._count = 0

    def push(self, frames: npt.NDArray[np.uint8]) -> Points:
        """Take ``[k, 224, 224, 3]`` uint8 BGR crops at 25 fps; give ``[n, 1024]``, n = 0 while a batch is filling."""
        check_frames(frames)
        found = []
        while len(frames):
            taken = min(len(frames), len(self._held) - self._count)
            self._held.numpy()[self._count : self._count + taken] = frames[:taken]
            self._count += taken
            frames = frames[taken:]
            if self._count == len(self._held):
                found.append(self._points(self._batch))
                self._held[:LEFT_OUT] = self._held[self._batch :].clone()
                self._count = LEFT_OUT
        return np.concatenate(found) if found else _none()

    def finish(self) -> Points:
        """The windows not given yet; the stream can then be filled anew."""
        windows, found = self._count - LEFT_OUT, _none()
        if windows > 0:
            found = self._points(windows)
        self._count = 0
        return found

    def _points(self, windows: int) -> Points:
        frames = self._held[: windows + SPAN - 1].to(self._model.device, non_blocking=True)
        return _numpy(self._model.lips(frames))


def lip_embeddings(model: Folded, frames: npt.NDArray[np.uint8], *, batch: int | None = None) -> Points:
    """``[T − 5, 1024]`` for crops ``[T, 224, 224, 3]``, as :class:`LipStream` gives them."""
    stream = LipStream(model, batch=batch)
    return np.concatenate([stream.push(frames), stream.finish()])


def sound_embeddings(model: Folded, audio: npt.NDArray[np.int16], *, batch: int | None = None) -> Points:
    """``[⌊samples / 640⌋ − 5, 1024]`` for int16 mono at 16 kHz: window i hears the 0.2 s that begin with frame i."""
    check_audio(audio)
    windows = audio.size // SAMPLES - LEFT_OUT
    if windows < 1:
        return _none()
    found, step = np.empty((windows, 1024), np.float32), _batch(model, batch)
    heard = torch.from_numpy(mfcc(audio).astype(np.float32)).to(model.device)
    for start in range(0, windows, step):
        end = min(start + step, windows)
        found[start:end] = _numpy(model.sounds(heard[start * HOP : (end - 1) * HOP + COLUMNS]))
    return found


def _batch(model: Folded, wanted: int | None) -> int:
    batch = BATCHES.get(model.device.type, BATCHES["cpu"]) if wanted is None else wanted
    if batch < 1:
        raise ValueError(f"batch must be at least 1 window, got {batch}")
    return batch


def check_frames(frames: npt.NDArray[np.uint8]) -> None:
    """Raise ValueError unless these are crops ``[T, 224, 224, 3]`` uint8."""
    if frames.dtype != np.uint8 or frames.shape[1:] != (SIDE, SIDE, 3):
        raise ValueError(f"frames must be uint8 [T, 224, 224, 3], got {frames.dtype} {list(frames.shape)}")


def check_audio(audio: npt.NDArray[np.int16]) -> None:
    """Raise ValueError unless this is int16 ``[samples]``."""
    if audio.dtype != np.int16 or audio.ndim != 1:
        raise ValueError(f"audio must be int16 [samples] at 16 kHz, got {audio.dtype} {list(audio.shape)}")


def _numpy(points: Tensor) -> Points:
    return np.asarray(points.cpu().numpy(), dtype=np.float32)


def _none() -> Points:
    return np.empty((0, 1024), np.float32)
