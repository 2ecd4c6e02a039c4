"""Where results are to be written: refused before the work, not after it."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from workflow.errors import HarnessError


class OutputError(HarnessError):
    """A file or folder for results that cannot be written."""

    code = "output"


def check_file(path: Path, what: str) -> None:
    """Make sure that the file can be written; what is there is left as it is. Raises OutputError."""
    if path.is_dir():
        raise OutputError(f"{what} {path} is a folder", hint="name a file in it")
    _check_writable(path.absolute().parent, f"{what} {path}")


def check_folder(path: Path) -> None:
    """Make the folder where it is not there, and make sure that it can be written to. Raises OutputError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise OutputError(f"{path} is a file, a folder is needed", hint="name another folder") from None
    except OSError as error:
        raise OutputError(f"the folder {path} cannot be made: {error.strerror}", hint="name another one") from None
    _check_writable(path, str(path))


def plots_of(path: Path, videos: Sequence[Path]) -> dict[Path, Path]:
    """The picture for each video: ``path`` itself for one, a file of its name in the folder ``path`` for several.

    A folder that is there will do for one video too. Raises OutputError.
    """
    if len(videos) == 1 and not path.is_dir():
        check_file(path, "--plot")
        return {videos[0]: path}
    if path.suffix.lower() == ".png" and not path.is_dir():
        raise OutputError(f"--plot {path} names one picture for {len(videos)} videos", hint="name a folder")
    check_folder(path)
    return {video: path / f"{picture_name(videos, video)}.png" for video in videos}


def picture_name(videos: Sequence[Path], video: Path) -> str:
    """The video's name; numbered where several have it, as one picture would replace the other.

    >>> picture_name([Path("a/talk.mp4"), Path("b.mp4")], Path("b.mp4"))
    'b'
    >>> picture_name([Path("a/talk.mp4"), Path("b/talk.mp4")], Path("b/talk.mp4"))
    'talk-2'
    """
    same = [one for one in videos if one.stem == video.stem]
    return video.stem if len(same) == 1 else f"{video.stem}-{same.index(video) + 1}"


def _check_writable(folder: Path, what: str) -> None:
    """Only a file that was written shows that one can be: rights and read-only disks are told in many ways."""
    if not folder.is_dir():
        missing = "is a file" if folder.exists() else "is not there"
        raise OutputError(f"{what} cannot be written: the folder {folder} {missing}", hint="make it, or name another")
    try:
        handle, name = tempfile.mkstemp(prefix=".", dir=folder)
    except OSError as error:
        raise OutputError(f"{what} cannot be written: {error.strerror}", hint="name a folder of your own") from None
    os.close(handle)
    Path(name).unlink()
