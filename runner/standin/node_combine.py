"""VHS_VideoCombine: counts, names, embeds and returns as VideoHelperSuite does; writes H.264 in MP4 only."""

import io
import json
import math
import time
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from runner.standin import VERSION
from runner.standin.faults import NodeError
from runner.standin.folders import OutsideError, SavePlace, save_place
from runner.standin.frames import Images
from runner.standin.mux import add_sound
from runner.standin.run import Result, Run
from runner.standin.values import Sound
from workflow.media.arrays import Picture
from workflow.media.encode import VideoWriter
from workflow.media.files import write_bytes

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
    if inputs.get("save_metadata", True):
        tags = {"prompt": json.dumps(run.prompt), **tags}
    _save_first(place, images.first, run)
    rate = float(inputs["frame_rate"])
    named = place.file(".mp4")
    frames = _encode(run, images, inputs, named, rate, tags)
    sound: Sound | None = inputs.get("audio")
    if sound is not None:
        silent, named = named, place.file("-audio.mp4")
        if inputs.get("trim_to_audio", False):
            frames = min(frames, math.floor(sound.seconds * rate))
        add_sound(silent, sound, frames / rate, named, tags)
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
    write_bytes(place.file(".png"), data.getvalue())


def _encode(run: Run, images: Images, inputs: dict[str, Any], path: Path, rate: float, tags: dict[str, str]) -> int:
    order = _order(len(images), bool(inputs["pingpong"]))
    count = len(order)
    even = images.width % 2 == 0 and images.height % 2 == 0
    if not even:
        raise NodeError("ValueError", f"the stand-in writes even sizes only, got {images.width}×{images.height}")
    with VideoWriter(path, images.width, images.height, rate, crf=_crf(inputs), tags=tags) as writer:
        for number, index in enumerate(order * (1 + int(inputs["loop_count"])), start=1):
            run.check()
            writer.write(images[index])
            if number <= count:
                run.tick(number, count)
        return writer.frames


def _crf(inputs: dict[str, Any]) -> int:
    # The server checks no format widget: 500 runs, as libx264 clamps it to its worst.
    return min(max(int(inputs.get("crf", 19)), 0), 51)


def _order(count: int, pingpong: bool) -> list[int]:
    return [*range(count), *(range(count - 2, 0, -1) if pingpong else ())]
