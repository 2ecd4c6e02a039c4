"""A small MP4 of a setting for MLflow; the master stays in the store."""

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from sweeps.lettering import font, plain, shortened
from sweeps.results import STAND_IN_NOTE, CellResult, SettingResult
from workflow.media.arrays import Picture
from workflow.media.decode import frames
from workflow.media.encode import VideoWriter
from workflow.media.picture import resize
from workflow.media.probe import Probe, probe

LONGEST_SIDE = 320
"""Height of a preview in pixels, or its width where it is wider than high, at most."""
SECONDS = 30.0
"""Longer videos are cut here: some 1 MB, and big uploads time out."""
_BAR, _TEXT = 18, 12


def preview(setting: SettingResult, path: Path, *, stand_in: bool) -> bool:
    """Re-encode the first clip that has a video to ``path``, small, with its sound and a caption burnt in.

    False, and no file, when no cell has a video. Raises MediaError when the video does not decode or the disk refuses.
    """
    cell = setting.first_with_video()
    if cell is None or cell.video is None:
        return False
    facts = probe(cell.video)
    width, height = _size(facts)
    fps = facts.fps or 25.0
    cut = facts.seconds > SECONDS
    caption = _caption(_text(cell, stand_in, cut), width)
    with VideoWriter(
        path, width, height + caption.shape[0], fps, crf=28, audio=cell.video if facts.has_audio else None,
        tags=_tags(cell, stand_in, cut),
    ) as writer:  # fmt: skip
        for frame in islice(frames(cell.video), round(SECONDS * fps)):
            writer.write(np.vstack([resize(frame, width, height), caption]))
    return True


def _size(facts: Probe) -> tuple[int, int]:
    """Even width and height, never larger than the video."""
    scale = min((LONGEST_SIDE - _BAR) / max(facts.height, 1), LONGEST_SIDE / max(facts.width, 1), 1.0)
    return max(round(facts.width * scale / 2) * 2, 2), max(round(facts.height * scale / 2) * 2, 2)


def _text(cell: CellResult, stand_in: bool, cut: bool) -> str:
    parts = ["stand-in" if stand_in else "", cell.setting, f"first {SECONDS:.0f} s" if cut else ""]
    return " · ".join(plain(part) for part in parts if part)


def _tags(cell: CellResult, stand_in: bool, cut: bool) -> dict[str, str]:
    tags = {"title": f"{cell.setting} / {cell.clip} / seed {cell.seed}", "preview_of": cell.recipe or ""}
    if cut:
        tags["cut"] = f"first {SECONDS:.0f} s"
    return {**tags, "stand_in": "true", "comment": STAND_IN_NOTE} if stand_in else tags


def _caption(text: str, width: int) -> Picture:
    """A dark bar with ``text``, ``[18, width, 3]`` BGR."""
    bar = Image.new("RGB", (width, _BAR), (20, 20, 20))
    fitted = shortened(text, _TEXT, width - 6)
    ImageDraw.Draw(bar).text((3, 2), fitted, font=font(fitted, _TEXT), fill=(255, 210, 120))
    return np.asarray(cv2.cvtColor(np.asarray(bar), cv2.COLOR_RGB2BGR), dtype=np.uint8)
