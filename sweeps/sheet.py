"""The contact sheet of a setting: one row a clip, frames spread over its time and the seams between windows."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from sweeps.lettering import drawable, font, plain, shortened
from sweeps.results import STAND_IN_NOTE, CellResult, SettingResult
from workflow.media.arrays import Picture
from workflow.media.decode import frames
from workflow.media.errors import MediaError
from workflow.media.picture import resize, save_png
from workflow.media.probe import probe

WIDTH = 1600
"""Width of a sheet in pixels, at most."""
COLUMNS = 8
SEAMS = 3
ROWS = 12
ROW_HEIGHT = 250
_HEADER, _LABEL, _GAP = 62, 20, 6
_PAPER, _INK, _DIM, _SEAM, _WARN = (250, 250, 250), (25, 25, 25), (120, 120, 120), (190, 60, 0), (170, 0, 0)


@dataclass(frozen=True)
class Shot:
    """One frame to show: its index in the video, and whether a window starts there."""

    frame: int
    seam: bool


@dataclass(frozen=True)
class Row:
    """One clip's line: what to write, and its frames or the reason why there are none."""

    label: str
    shots: tuple[tuple[Shot, Picture], ...]
    fps: float
    reason: str = ""


def choose_shots(count: int, seams: Sequence[int], columns: int = COLUMNS) -> tuple[Shot, ...]:
    """Which frames of ``count`` to show: first, last and evenly between, and up to three seams, in order of time.

    >>> [shot.frame for shot in choose_shots(153, [81])]
    [0, 25, 51, 76, 81, 101, 127, 152]
    """
    inside = [seam for seam in seams if 0 < seam < count]
    if len(inside) > SEAMS:  # first, middle and last: what grows with time shows
        inside = [inside[0], inside[len(inside) // 2], inside[-1]]
    spread = np.linspace(0, max(count - 1, 0), max(columns - len(inside), 2)).round().astype(int).tolist()
    chosen = {int(one): False for one in spread} | dict.fromkeys(inside, True)
    return tuple(Shot(index, seam) for index, seam in sorted(chosen.items()))


def pick(path: Path, wanted: Sequence[int]) -> Iterator[Picture]:
    """The frames with the given rising indices, in one pass that stops after the last; a short video gives fewer."""
    left = list(wanted)
    for index, frame in enumerate(frames(path, stop=(left[-1] + 1 if left else 0))):
        if index == left[0]:
            yield frame
            left.pop(0)
        if not left:
            return


def contact_sheet(setting: SettingResult, path: Path, *, title: str, stand_in: bool) -> bool:
    """Write the sheet of ``setting`` as PNG to ``path``; False, and no file, when no clip has a video.

    The first seed of each clip is shown, at most twelve clips. A clip without a video keeps its row, with the
    reason. Raises MediaWriteError when the disk refuses.
    """
    cells = setting.first_seed()
    if not any(cell.video for cell in cells):
        return False
    rows = [_row(number, cell) for number, cell in enumerate(cells[:ROWS], start=1)]
    more = f"first {ROWS} of {len(cells)} clips" if len(cells) > ROWS else ""
    sheet = _drawn(rows, f"{title} · {setting.name}", STAND_IN_NOTE if stand_in else "", more)
    save_png(path, np.ascontiguousarray(np.asarray(sheet, dtype=np.uint8)[:, :, ::-1]))
    return True


def _row(number: int, cell: CellResult) -> Row:
    label = f"{number}  {drawable(cell.clip, f'clip {number} (name: per_clip.csv)')}  seed {cell.seed}"
    if cell.video is None:
        return Row(label, (), 0.0, cell.why)
    try:
        fps, shots = _tiles_of(cell, cell.video)
    except MediaError as error:
        return Row(label, (), 0.0, error.message)
    score = cell.score or {}
    said = score.get("reason") if score.get("status", "ok") != "ok" else None
    return Row(label, shots, fps, str(said or ""))


def warm(setting: SettingResult) -> None:
    """Read the frames of the videos that are there already, so that the sheet at the end costs little."""
    for cell in setting.first_seed()[:ROWS]:
        if cell.video is not None:
            with suppress(MediaError):  # the sheet itself says what is wrong with the video
                _tiles_of(cell, cell.video)


def _tiles_of(cell: CellResult, video: Path) -> tuple[float, tuple[tuple[Shot, Picture], ...]]:
    seams = (cell.score or {}).get("seams") or ()
    return _tiles(video, video.stat().st_mtime_ns, tuple(int(seam) for seam in seams))


@lru_cache(maxsize=96)  # some 0.8 MB each
def _tiles(video: Path, changed: int, seams: tuple[int, ...]) -> tuple[float, tuple[tuple[Shot, Picture], ...]]:
    """Frame rate, and the chosen frames at a tile's size; ``changed`` tells one content of a file from the next."""
    facts = probe(video)
    count = facts.frames or round(facts.seconds * facts.fps)  # a score's own count ends with the speech
    shots = choose_shots(count, seams)
    pictures = [_small(one) for one in pick(video, [shot.frame for shot in shots])]
    return facts.fps or 25.0, tuple(zip(shots, pictures, strict=False))


def _small(frame: Picture) -> Picture:
    """A frame at the size of its tile."""
    height, width = frame.shape[:2]
    scale = min((WIDTH - _GAP) / COLUMNS / width - _GAP / width, ROW_HEIGHT / height, 1.0)
    return resize(frame, max(round(width * scale), 1), max(round(height * scale), 1))


def _drawn(rows: Sequence[Row], title: str, banner: str, more: str) -> Image.Image:
    heights = [2 * _LABEL + _GAP + max((one.shape[0] for _, one in row.shots), default=0) for row in rows]
    widest = max(sum(one.shape[1] + _GAP for _, one in row.shots) for row in rows)
    width = min(max(widest + _GAP, 640), WIDTH)
    sheet = Image.new("RGB", (width, _HEADER + sum(heights)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    _write(draw, (_GAP, 6), plain(title), 20, _INK, width - 2 * _GAP)
    _write(draw, (_GAP, 34), "   ".join(one for one in (banner, more) if one), 17, _WARN, width - 2 * _GAP)
    top = _HEADER
    for row, height in zip(rows, heights, strict=True):
        _draw_row(sheet, draw, row, top)
        top += height
    return sheet


def _draw_row(sheet: Image.Image, draw: ImageDraw.ImageDraw, row: Row, top: int) -> None:
    head = row.label + (f"   {plain(row.reason)}" if row.reason else "")
    _write(draw, (_GAP, top), head, 14, _WARN if row.reason else _INK, sheet.width - 2 * _GAP)
    left = _GAP
    for shot, picture in row.shots:
        label = f"{shot.frame / row.fps:.2f} s" + ("  seam" if shot.seam else "")
        _write(draw, (left, top + _LABEL), label, 13, _SEAM if shot.seam else _DIM, picture.shape[1])
        place = (left, top + 2 * _LABEL)
        sheet.paste(Image.fromarray(np.ascontiguousarray(picture[:, :, ::-1])), place)
        if shot.seam:
            box = (left - 2, place[1] - 2, left + picture.shape[1] + 1, place[1] + picture.shape[0] + 1)
            draw.rectangle(box, outline=_SEAM, width=2)
        left += picture.shape[1] + _GAP


def _write(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, size: int, ink: tuple[int, int, int], room: int
) -> None:
    if text:
        draw.text(place, shortened(text, size, room), font=font(text, size), fill=ink)
