"""The page in a zip with the videos as they came beside it, for sharing masters."""

import os
import re
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sweeps.report import NAME
from sweeps.report.data import page_data
from sweeps.report.page import render
from sweeps.report.write import picked, shown_videos, with_video
from sweeps.results import CellResult, SweepResult
from workflow.files import umask

VIDEOS: Final = "videos"
_LONGEST: Final = 40
"""Characters of one part of a file's name: all of them together stay far below what any system takes."""


def write_folder(
    result: SweepResult, path: Path, *, extra: Mapping[str, Any] | None = None, pick: int | None = None
) -> int:
    """Write the zip of ``result`` to ``path``, whole or not at all; how many videos are in it.

    One folder with ``report.html`` and ``videos/``, which the page plays; ``pick`` as for the page. Raises OSError.
    """
    result = picked(result, pick)
    cells, videos = shown_videos(result)
    names = {at: f"{VIDEOS}/{file_name(number, cells[at])}" for number, at in enumerate(videos, start=1)}
    data = page_data(result, extra) | {"form": "masters" if videos else "", "beside": True}
    for shown, at in with_video(data, cells, videos):
        shown |= {"video": at, "file": names[at], "master": names[at]}
    top = f"report-{plain(f'{result.sweep_id}-{result.mark}')}".rstrip("-")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, made = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    whole = Path(made)
    try:
        with os.fdopen(handle, "wb") as raw, zipfile.ZipFile(raw, "w", strict_timestamps=False) as packed:
            packed.writestr(f"{top}/{NAME}", render(data, {}), compress_type=zipfile.ZIP_DEFLATED)
            for at, video in videos.items():
                packed.write(video, f"{top}/{names[at]}")
        whole.chmod(0o666 & ~umask())
        whole.replace(path)
    except BaseException:
        whole.unlink(missing_ok=True)
        raise
    return len(videos)


def file_name(number: int, cell: CellResult) -> str:
    """A video's name on any system: the number makes it unique, even where upper and lower case are one.

    >>> file_name(7, CellResult("motion frame=9", "../天气 CON", 2, "done"))
    '007_CON_2_motion-frame-9.mp4'
    """
    parts = (plain(one) for one in (cell.clip, str(cell.seed), cell.setting))
    return "_".join([f"{number:03}", *filter(None, parts)]) + ".mp4"


def plain(text: str) -> str:
    """What no system and no shell stumbles over: letters of ASCII, digits, dots inside, dashes."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")[:_LONGEST].rstrip("-.")
