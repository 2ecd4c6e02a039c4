"""What can be wrong with a picture, a sound or a video."""

from pathlib import Path

from workflow.errors import HarnessError


class MediaError(HarnessError):
    """The root of all that can be wrong with a media file."""

    code = "media"


class MissingMediaError(MediaError):
    """The file is not there, is a folder, or may not be read."""

    code = "media-missing"


class UnreadableMediaError(MediaError):
    """The file is there, but no decoder makes sense of it, or stops half way."""

    code = "media-unreadable"


class UnreadablePictureError(MediaError):
    """The file is no picture that we can read, whatever its name says."""

    code = "picture-unreadable"


class PictureTooLargeError(MediaError):
    """The picture has more pixels than can be meant (a decompression bomb)."""

    code = "picture-too-large"


class NoVideoError(MediaError):
    """The file has no moving picture."""

    code = "no-video"


class NoAudioError(MediaError):
    """The file has no sound."""

    code = "no-audio"


class EmptyAudioError(MediaError):
    """The file has a sound stream of zero length."""

    code = "audio-empty"


class FrameSizeError(MediaError):
    """A size that the video format, or the writer it was given to, cannot take."""

    code = "frame-size"


class MediaWriteError(MediaError):
    """A picture, sound or video could not be written: disk full, read-only folder, folder missing."""

    code = "media-write"


def require_file(path: Path, what: str = "file") -> Path:
    """Return ``path`` if it is a readable file with content; ``what`` names it in the message.

    Raises MissingMediaError or UnreadableMediaError (empty file).
    """
    try:
        size = path.stat().st_size
        is_file = path.is_file()
    except FileNotFoundError:
        raise MissingMediaError(
            f"{what} not found: {path}", hint="check the path; it is relative to the folder the command was started in"
        ) from None
    except OSError as error:
        raise MissingMediaError(f"{what} cannot be opened: {path}: {error.strerror}") from error
    if not is_file:
        raise MissingMediaError(f"{what} is not a file: {path}", hint="name a file, not a folder")
    if size == 0:
        raise UnreadableMediaError(f"{what} is empty (0 bytes): {path}", hint="copy or export it again")
    return path
