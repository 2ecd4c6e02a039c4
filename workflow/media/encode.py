"""Writing an MP4: H.264 4:2:0, AAC, and free metadata tags."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import av.error
import cv2
import numpy as np

from workflow.media.arrays import Picture
from workflow.media.audiofeed import AudioFeed
from workflow.media.errors import FrameSizeError, MediaWriteError
from workflow.media.files import refused, replacing

_BT601 = 6  # SMPTE 170M, as AVColorSpace number
_LIMITED = 1  # AVCOL_RANGE_MPEG


class VideoWriter:
    """Write BGR frames, a sound file and tags to one MP4; a context manager.

    The file appears under its name only when the block ends without an error; until then it is a temporary file
    beside it. Sound is cut at the end of the video. ``tags`` may have any name and length (ComfyUI's ``prompt``).
    Equal frames, sound, tags and settings give equal bytes on any number of cores (the encoder's threads are fixed).
    4:2:0 needs an even width and height: odd ones raise FrameSizeError, nothing is padded.

    ``crf`` is x264's quality (0 lossless … 51), ``preset`` its speed ("ultrafast" … "veryslow"). ``keyframes`` is
    their largest distance in frames, for a video that is to be stepped through; None leaves it to x264.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: float = 25,
        *,
        crf: int = 19,
        preset: str = "veryfast",
        audio: Path | None = None,
        tags: Mapping[str, str] | None = None,
        keyframes: int | None = None,
    ) -> None:
        if width % 2 or height % 2 or width < 2 or height < 2:
            raise FrameSizeError(f"cannot write {width}×{height} to {path}", hint="width and height must be even")
        self.path, self.width, self.height = path, width, height
        self.frames = 0
        self._rate = Fraction(fps).limit_denominator(1001)
        # Threads are fixed and macroblock trees off, because both change the bytes: the number of threads by design,
        # the trees by reading memory that was never written (one file in thirty differed in x264 core 165).
        self._options = {"crf": str(crf), "preset": preset, "threads": "4", "x264-params": "mbtree=0"}
        self._options |= {"g": str(keyframes)} if keyframes else {}
        self._sound, self._tags = audio, dict(tags or {})
        self._feed: AudioFeed | None = None
        self._session: AbstractContextManager[None] | None = None
        self._container: Any = None
        self._video: Any = None

    def __enter__(self) -> Self:
        self._session = self._writing()
        self._session.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            self._session.__exit__(kind, error, trace)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with replacing(self.path) as temporary, ExitStack() as stack:
            with _errors_of(self.path):
                self._container = stack.enter_context(
                    av.open(str(temporary.absolute()), "w", format="mp4", options={"movflags": "use_metadata_tags"})
                )
                self._open_video()
            if self._sound is not None:
                self._feed = stack.enter_context(AudioFeed.opened(self._sound, self._container))
            yield
            if self.frames == 0:
                raise MediaWriteError(f"no frame was written to {self.path}", hint="a video needs at least one")
            with _errors_of(self.path):
                self._container.mux(self._video.encode(None))
                if self._feed is not None:
                    self._feed.finish()
                self._container.close()

    def _open_video(self) -> None:
        self._container.metadata.update(self._tags)
        self._video = self._container.add_stream("libx264", rate=self._rate, options=self._options)
        self._video.width, self._video.height, self._video.pix_fmt = self.width, self.height, "yuv420p"
        self._video.codec_context.time_base = 1 / self._rate
        self._video.codec_context.colorspace, self._video.codec_context.color_range = _BT601, _LIMITED

    def write(self, bgr: Picture) -> None:
        """Append one frame, ``[height, width, 3]`` BGR uint8. Raises FrameSizeError, MediaWriteError."""
        wanted = (self.height, self.width, 3)
        if bgr.shape != wanted or bgr.dtype != np.uint8:
            raise FrameSizeError(f"frame {self.frames} of {self.path} is {bgr.dtype} {bgr.shape}, not uint8 {wanted}")
        planes = cv2.cvtColor(np.ascontiguousarray(bgr), cv2.COLOR_BGR2YUV_I420)
        frame = av.VideoFrame.from_ndarray(np.asarray(planes, dtype=np.uint8), format="yuv420p")
        frame.colorspace, frame.color_range = _BT601, _LIMITED
        frame.pts, frame.time_base = self.frames, 1 / self._rate
        self.frames += 1
        with _errors_of(self.path):
            self._container.mux(self._video.encode(frame))
            if self._feed is not None:
                self._feed.advance(self.frames / self._rate)


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    """Name the file and the reason when the encoder or the disk refuses."""
    try:
        yield
    except OSError as error:
        raise refused(path, error) from error
    except av.error.FFmpegError as error:
        raise MediaWriteError(f"cannot encode {path}: {error}", hint="check crf, preset and the size") from error
