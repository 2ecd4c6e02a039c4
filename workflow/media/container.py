"""Opening a media container: one place for PyAV's errors, and for which of its streams are meant."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import av.error

from workflow.media.errors import MissingMediaError, NoVideoError, UnreadableMediaError, require_file

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


def video_stream(container: Any, path: Path) -> Any:
    """The first moving picture of an open container (cover art does not count). Raises NoVideoError."""
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic and stream.codec_context is not None:
            return stream
    raise NoVideoError(f"no video stream in {path}", hint="give a video file here, not a sound file")


def is_moving(container: Any) -> bool:
    """True when the container has a moving picture."""
    return any(not stream.disposition & av.stream.Disposition.attached_pic for stream in container.streams.video)
