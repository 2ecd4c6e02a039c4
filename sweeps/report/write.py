"""``report.html`` of a sweep, out of what was kept of it and its videos in the store."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sweeps.report import MAX_MB
from sweeps.report.data import page_data
from sweeps.report.media import Media, choose
from sweeps.report.page import render
from sweeps.results import CellResult, SweepResult
from workflow.files import write_atomically

DELETED: Final = "its video is no longer in the store"
_FRAME: Final = 500
"""Bytes of a page for each video besides the video: its element, its link, why it was left out."""


def write_report(
    result: SweepResult,
    path: Path,
    *,
    extra: Mapping[str, Any] | None = None,
    max_mb: float = MAX_MB,
    pick: int | None = None,
    told: Callable[[int, int], None] = lambda *_: None,
) -> Media:
    """Write the page of ``result`` to ``path``; which videos are in it, and in which form.

    ``pick`` keeps that many settings, the baseline and the first ones; ``max_mb`` is the size of the page. ``extra`` is
    what a search came to. Raises OSError.
    """
    result = picked(result, pick)
    cells, videos = shown_videos(result)
    data = page_data(result, extra)
    rest = len(render(data, {}).encode()) + _FRAME * len(cells)
    media = choose(videos, max(0.0, max_mb * 1e6 - rest), told)
    data["form"] = media.form
    for shown, at in with_video(data, cells, videos):
        shown |= {"video": at if at in media.files else None, "master": _link(videos[at], path)}
        shown |= {"notHere": media.left_out[at]} if at in media.left_out else {}
    write_atomically(path, render(data, media.files))
    return media


def shown_videos(result: SweepResult) -> tuple[list[CellResult], dict[int, Path]]:
    """All cells, and every video once by the number of its first cell, the most important first."""
    cells = [cell for one in result.settings for cell in one.cells]
    return cells, {} if result.rehearsal else _videos(cells)  # noise does not get better by moving


def with_video(
    data: Mapping[str, Any], cells: list[CellResult], videos: Mapping[int, Path]
) -> Iterator[tuple[dict[str, Any], int]]:
    """What the page shows of each cell that has a video, and the number of it: what is collapsed shares its twin's.

    Of a render whose video was deleted the page is told that it was.
    """
    owner = {video: at for at, video in videos.items()}
    for cell, shown in zip(cells, data["cells"], strict=True):
        if cell.video in owner:
            yield shown, owner[cell.video]
        elif cell.state == "done" and cell.video is None:
            shown["notHere"] = DELETED


def picked(result: SweepResult, count: int | None) -> SweepResult:
    """The baseline and the first settings, ``count`` together; all of them without a count."""
    if count is None or count >= len(result.settings):
        return result
    first = [one for one in result.settings if one.name != result.baseline]
    keep = {one.name for one in first[: max(0, count - 1)]} | {result.baseline}
    return replace(result, settings=tuple(one for one in result.settings if one.name in keep))


def _videos(cells: list[CellResult]) -> dict[int, Path]:
    """Every video once, the first clip and seed of all settings first: what is left out is the least missed."""
    clips = list(dict.fromkeys(cell.clip for cell in cells))
    seeds = list(dict.fromkeys(cell.seed for cell in cells))
    order = sorted(range(len(cells)), key=lambda at: (seeds.index(cells[at].seed), clips.index(cells[at].clip)))
    first: dict[Path, int] = {}
    for at in order:
        if (video := cells[at].video) is not None:
            first.setdefault(video, at)
    return {at: video for video, at in first.items()}


def _link(video: Path, path: Path) -> str:
    """The original, as seen from the page on disk."""
    return quote(Path(os.path.relpath(video, path.parent)).as_posix())
