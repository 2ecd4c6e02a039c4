"""Fitting SyncNet's crop: to the reference detector's boxes, or to the confidence on clips that are in sync."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eval.calibrate.material import FPS
from eval.cropfit import Corners, fit_geometry, search_geometry
from eval.cropgeometry import CropGeometry
from eval.score import Settings, score_video
from eval.weights import find
from workflow.errors import HarnessError
from workflow.media.box import Box
from workflow.media.facebox import FaceTracker
from workflow.media.steady import steady

SHAPE = '{"clip.mp4": [[left, top, right, bottom], null, …]}: one for each frame at 25 frames a second'


class BoxesFileError(HarnessError):
    """A file of boxes that is none."""

    code = "boxes-file"


class NoConfidence(HarnessError):
    """A clip that SyncNet says nothing of."""

    code = "no-confidence"


def fit_to_boxes(clips: Sequence[Path], boxes: Path) -> tuple[CropGeometry, int]:
    """(geometry, pairs of boxes it rests on) from the reference detector's boxes of the same clips.

    ``boxes`` is JSON: file name of the clip → one ``[left, top, right, bottom]`` in pixels, or null, for each frame at
    25 frames a second. Raises BoxesFileError, NoBoxesError.
    """
    theirs = _read(boxes)
    missing = [clip.name for clip in clips if clip.name not in theirs]
    if missing:
        raise BoxesFileError(
            f"{boxes} has no boxes for {', '.join(missing)}", hint="its keys are the clips' file names"
        )
    ours: list[Box] = []
    there: list[Corners] = []
    for clip in clips:
        listed = theirs[clip.name]
        for tracked, corners in zip(FaceTracker(FPS).track(steady(clip, FPS)), listed, strict=False):
            if tracked.box is not None and corners is not None:
                ours.append(tracked.box)
                there.append(corners)
    return fit_geometry(ours, there), len(ours)


def fit_to_confidence(clips: Sequence[Path], settings: Settings) -> tuple[CropGeometry, dict[CropGeometry, float]]:
    """(geometry, mean confidence of all that were tried) on clips in sync; raises WeightsAbsent without SyncNet."""
    find("syncnet", settings.sources)
    base = replace(settings, families=("lipsync",), networks=("syncnet",))

    def confidence(geometry: CropGeometry) -> float:
        trial = replace(base, sync_scale=geometry.scale, sync_shift_x=geometry.shift_x, sync_shift_y=geometry.shift_y)
        found = [score_video(clip, settings=trial).values["lipsync/confidence"] for clip in clips]
        values = [value.value for value in found if value.value is not None]
        if len(values) < len(found):
            why = next(value.missing for value in found if value.missing is not None)
            raise NoConfidence(f"a clip has no confidence: {why}", hint="fit the crop on clips that SyncNet can judge")
        return sum(values) / len(values)

    best, tried = search_geometry(confidence)
    return best, dict(tried)


def _read(path: Path) -> dict[str, list[Corners | None]]:
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BoxesFileError(f"{path} cannot be read as JSON ({error})", hint=SHAPE) from error
    if not isinstance(data, dict) or not all(isinstance(rows, list) for rows in data.values()):
        raise BoxesFileError(f"{path} is no table of boxes", hint=SHAPE)
    return {str(name): [_corners(row, path) for row in rows] for name, rows in data.items()}


def _corners(row: Any, path: Path) -> Corners | None:
    if row is None:
        return None
    good = isinstance(row, list) and len(row) == 4 and all(type(side) in (int, float) for side in row)
    if not good or not (row[0] < row[2] and row[1] < row[3]):
        raise BoxesFileError(f"{path}: {row!r} is no box", hint=SHAPE)
    return float(row[0]), float(row[1]), float(row[2]), float(row[3])
