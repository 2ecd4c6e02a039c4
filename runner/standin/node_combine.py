"""VHS_VideoCombine: counts, names, embeds and returns as VideoHelperSuite does; writes H.264 in MP4 only."""

import io
import json
import math
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from runner.standin import VERSION
from runner.standin.errors import NodeError
from runner.standin.folders import OutsideError, SavePlace, save_place
from runner.standin.frames import Images
from runner.standin.mux import add_sound
from runner.standin.refusals import complaint, refused
from runner.standin.run import Result, Run
from runner.standin.values import Sound
from workflow.media.arrays import Picture
from workflow.media.encode import VideoWriter

FORMAT = "video/h264-mp4"
MARK = f"stand-in {VERSION}: rendered by a CPU puppet, not by InfiniteTalk"


def combine(run: Run, inputs: dict[str, Any]) -> Result:
    """Write the first frame as PNG, the silent MP4, and, when there is sound, the ``-audio`` MP4 that is returned."""
    if inputs["format"] != FORMAT:
        raise NodeError("ValueError", f"the stand-in writes {FORMAT} only, got {inputs['format']}")
    images: Images = inputs["images"]
    saved = bool(inputs["save_output"])
    try:
        place = save_place(run.folders.output if saved else run.folders.temp, inputs["filename_prefix"])
    except OutsideError as error:
        message = f"**** ERROR: Saving image outside the output folder is not allowed.\n {error}"
        raise NodeError("Exception", message) from error
    tags = {"comment": MARK}
    if _switched_on(inputs.get("save_metadata", True)):
        tags = {"prompt": json.dumps(run.prompt), **tags}
    _save_first(place, images.first, run)
    rate = float(inputs["frame_rate"])
    named = place.file(".mp4")
    sound: Sound | None = inputs.get("audio")
    words = complaint(inputs, named)
    if words is not None:
        bytes_each = images.width * images.height * 3
        refused(words, named, frame_bytes=bytes_each, frames=len(images), sound=sound is not None)
        return _result(place, named, rate, saved=saved)
    frames = _encode(run, images, inputs, named, rate, tags)
    if sound is not None:
        silent, named = named, place.file("-audio.mp4")
        if _switched_on(inputs.get("trim_to_audio", False)):
            frames = min(frames, math.floor(sound.seconds * rate))
        add_sound(silent, sound, frames / rate, named, tags)
    return _result(place, named, rate, saved=saved)


def _switched_on(value: Any) -> bool:
    # VideoHelperSuite turns its widgets into words and compares: all but False itself is on, "false" and 0 too.
    return str(value) != "False"


def _result(place: SavePlace, named: Path, rate: float, *, saved: bool) -> Result:
    preview = {
        "filename": named.name,
        "subfolder": place.subfolder,
        "type": "output" if saved else "temp",
        "format": FORMAT,
        "frame_rate": rate,
        "workflow": place.file(".png").name,
        "fullpath": str(named),
    }
    return Result(((saved, [str(named)]),), ui={"gifs": [preview]})


def _save_first(place: SavePlace, frame: Picture, run: Run) -> None:
    info = PngInfo()
    info.add_text("prompt", json.dumps(run.prompt))
    info.add_text("CreationTime", time.strftime("%Y-%m-%d %H:%M:%S"))
    info.add_text("Comment", MARK)
    data = io.BytesIO()
    Image.fromarray(frame[:, :, ::-1].copy()).save(data, format="PNG", pnginfo=info, compress_level=4)
    place.file(".png").write_bytes(data.getvalue())


def _encode(run: Run, images: Images, inputs: dict[str, Any], path: Path, rate: float, tags: dict[str, str]) -> int:
    order = _order(len(images), bool(inputs["pingpong"]))
    count = len(order)
    right, below = images.width % 2, images.height % 2
    size = images.width + right, images.height + below
    with VideoWriter(path, *size, rate, crf=_crf(inputs), tags=tags) as writer:
        for number, index in enumerate(order * (1 + int(inputs["loop_count"])), start=1):
            run.check()
            frame = images[index]
            if right or below:  # an odd size grows by its last column and row
                frame = np.asarray(cv2.copyMakeBorder(frame, 0, below, 0, right, cv2.BORDER_REPLICATE), np.uint8)
            writer.write(frame)
            run.reach("encoding")
            if number <= count:
                run.tick(number, count)
        return writer.frames


def _crf(inputs: dict[str, Any]) -> int:
    # The server checks no format widget: 500 runs, as libx264 clamps it to its worst; −1 is libx264's own 23.
    crf = round(float(inputs.get("crf", 19)))
    return 23 if crf == -1 else min(max(crf, 0), 51)


def _order(count: int, pingpong: bool) -> list[int]:
    return [*range(count), *(range(count - 2, 0, -1) if pingpong else ())]
