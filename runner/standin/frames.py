"""Rendered frames between sampler and encoder: on disk as 4:2:0, so that a long video does not fill the memory."""

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import cv2
import numpy as np

from workflow.media.arrays import Picture


class FrameStore:
    """Append BGR frames of one even size, read them back by number. The file has no name where the system allows."""

    def __init__(self, folder: Path, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._size = width * height * 3 // 2
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 closed by the cache
        self._count = 0
        self.decoded = 0
        """How often it went through WanVideoDecode, which (as the real one) spoils a second reading."""

    def append(self, frame: Picture) -> None:
        """Add ``[height, width, 3]`` BGR uint8 at the end."""
        planes = cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420)
        self._file.seek(self._count * self._size)
        if self._file.write(np.ascontiguousarray(planes).data) != self._size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Picture:
        self._file.seek(index * self._size)
        data = np.frombuffer(self._file.read(self._size), np.uint8)
        bgr = cv2.cvtColor(data.reshape(self.height * 3 // 2, self.width), cv2.COLOR_YUV2BGR_I420)
        return np.asarray(bgr, dtype=np.uint8)

    def close(self) -> None:
        """Give the disk space back."""
        self._file.close()


class Images:
    """What an IMAGE link carries: frames one by one, ``[height, width, 3]`` BGR uint8."""

    def __init__(self, frames: FrameStore | Picture, wash: int = 0) -> None:
        self._frames, self._wash = frames, wash

    @property
    def width(self) -> int:
        """Pixels."""
        return self._frames.width if isinstance(self._frames, FrameStore) else int(self._frames.shape[1])

    @property
    def height(self) -> int:
        """Pixels."""
        return self._frames.height if isinstance(self._frames, FrameStore) else int(self._frames.shape[0])

    def __len__(self) -> int:
        return len(self._frames) if isinstance(self._frames, FrameStore) else 1

    def __getitem__(self, index: int) -> Picture:
        frame = self._frames[index] if isinstance(self._frames, FrameStore) else self._frames
        for _ in range(self._wash):
            frame = np.asarray(cv2.convertScaleAbs(frame, alpha=0.5, beta=127.5), dtype=np.uint8)
        return frame

    def __iter__(self) -> Iterator[Picture]:
        return (self[index] for index in range(len(self)))

    @property
    def first(self) -> Picture:
        """The only frame of a picture, or the first of many."""
        return self[0]
