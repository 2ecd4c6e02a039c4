"""Opening a media container: one place for PyAV's errors, and for which of its streams are meant."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import av.error

from workflow.media.errors import (
    FrameSizeError,
    MissingMediaError,
    NoAudioError,
    NoVideoError,
    UnreadableMediaError,
    require_file,
)

MAX_PIXELS = 80_000_000
"""Of one frame: above, a decoder alone takes gigabytes. 8K has 33 million."""

# Playlists and scripts, which name other files or hosts, and text drawn as a picture are not media here.
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,flv,asf,gif,nut,ivf,h264,hevc,"
    "wav,mp3,flac,ogg,aac,aiff,au,caf,amr,w64,ac3,ape,wv,tta"
)
_ONLY = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}


@contextmanager
def opened(path: Path, what: str = "file") -> Iterator[Any]:
    """Open ``path`` for reading; errors of opening and of reading inside the block name the file.

    Only the file itself is opened: a playlist that names other files or hosts is refused.
    """
    require_file(path, what)
    try:
        # An absolute path cannot be mistaken for a protocol such as "concat:".
        with av.open(str(path.absolute()), options=dict(_ONLY), metadata_errors="replace") as container:
            yield container
    except (av.error.FFmpegError, UnicodeDecodeError) as error:
        if error_number(error) == errno.EACCES:
            raise MissingMediaError(f"{what} may not be read: {path}", hint="check its permissions") from error
        if _without_index(path):
            raise _cut_short(path, what) from error
        raise UnreadableMediaError(
            f"{what} cannot be decoded: {path} ({_reason(error)})",
            hint="is it complete, and really audio or video? a text or web page saved under this name looks like this",
        ) from error


def error_number(error: Exception) -> int:
    """The system's error number of a PyAV or Python error, 0 where there is none."""
    number = getattr(error, "errno", None)
    return number if isinstance(number, int) else 0


def _reason(error: Exception) -> str:
    if error_number(error) == errno.EINVAL:  # what the list above turns away
        return "no sound or video format that we read"
    return str(getattr(error, "strerror", "") or error)


def _cut_short(path: Path, what: str) -> UnreadableMediaError:
    return UnreadableMediaError(
        f"{what} was cut short: {path} has lost its index (moov), which comes last",
        hint="copy, download or export it again: no frame can be found without the index",
    )


def _without_index(path: Path) -> bool:
    """Whether an MP4 or MOV has no whole ``moov`` box: its writer or its copy was interrupted."""
    length = path.stat().st_size
    with path.open("rb") as file:
        kinds: list[bytes] = []
        at = 0
        while len(kinds) < 64:
            file.seek(at)
            head = file.read(16)
            if len(head) < 8:
                break
            size, kind = int.from_bytes(head[:4], "big"), head[4:8]
            size = int.from_bytes(head[8:16], "big") if size == 1 else size
            kinds.append(kind if at + size <= length else b"")
            if size < 8:
                break
            at += size
    return kinds[:1] == [b"ftyp"] and b"moov" not in kinds


def video_stream(container: Any, path: Path) -> Any:
    """The first moving picture of an open container (cover art does not count).

    Raises NoVideoError, UnreadableMediaError where no decoder knows it, or FrameSizeError for a size that no camera
    gives.
    """
    streams = moving(container)
    for stream in streams:
        if stream.codec_context is None:
            continue
        width, height = stream.codec_context.width, stream.codec_context.height
        if width * height > MAX_PIXELS:
            raise FrameSizeError(
                f"video too large: {path} is {width}×{height}, more than {MAX_PIXELS // 1_000_000} megapixels",
                hint="scale it down first",
            )
        return stream
    if streams:
        raise UnreadableMediaError(f"no decoder for the pictures of {path}", hint="export it as H.264 in an MP4")
    if _without_index(path):
        raise _cut_short(path, "video")
    raise NoVideoError(f"no video stream in {path}", hint="give a video file here, not a sound file")


def audio_stream(container: Any, path: Path) -> Any:
    """The first sound of an open container. Raises NoAudioError, or UnreadableMediaError where no decoder knows it."""
    if not container.streams.audio:
        raise NoAudioError(f"no sound in {path}", hint="give a file with a sound stream, for example a WAV")
    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise UnreadableMediaError(f"no decoder for the sound of {path}", hint="export it with AAC or PCM sound")
    return stream


def moving(container: Any) -> list[Any]:
    """The streams with moving pictures: all but cover art."""
    cover = av.stream.Disposition.attached_pic
    return [stream for stream in container.streams.video if not stream.disposition & cover]


def is_moving(container: Any) -> bool:
    """True when the container has a moving picture."""
    return bool(moving(container))


def missing_end(stream: Any, last: Any, count: int) -> tuple[float, float] | None:
    """(seconds that are there, seconds that were announced) where a stream ends well before it should, else None.

    ``last`` is its last decoded frame, the ``count``-th. FFmpeg itself is silent about a download that broke off.
    """
    announced = _announced(stream)
    if announced is None or last.pts is None or count >= 0.98 * (stream.frames or 1e9):
        return None
    start = (stream.start_time or 0) if stream.duration else 0  # Matroska's tag is the end, not the length
    end = float((last.pts - start) * stream.time_base) + _length(last)
    return (end, announced) if end < 0.98 * announced - 0.25 else None


def _length(frame: Any) -> float:
    """Seconds that a decoded frame, of picture or of sound, lasts by its own word."""
    samples = getattr(frame, "samples", 0)
    return samples / frame.sample_rate if samples else float((frame.duration or 0) * frame.time_base)


def _announced(stream: Any) -> float | None:
    """How long a stream says it is by its own header, or where it says to end by the tag that Matroska muxers leave."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    found = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if found is None:
        return None
    hours, minutes, seconds = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
