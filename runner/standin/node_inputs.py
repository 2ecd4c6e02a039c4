"""Input nodes: pictures, speech, and what the sampler is told about them."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from runner.standin.errors import NodeError
from runner.standin.frames import Images
from runner.standin.run import Result, Run
from runner.standin.sound import SPEECH_RATE, first_channel, load_sound
from runner.standin.values import ClipEmbeds, ImageEmbeds, Sound, SpeechEmbeds
from workflow.windows import windows_for

LOUDNESS_BLOCK = 0.4  # seconds; pyloudnorm refuses anything shorter


def load_image(run: Run, inputs: dict[str, Any]) -> Result:
    """LoadImage: upright, alpha dropped (not laid on anything), as the real node does."""
    path = run.folders.uploaded(inputs["image"])
    if path is None:
        raise NodeError("FileNotFoundError", f"[Errno 2] No such file or directory: '{inputs['image']}'")
    if run.pictures_with_av and path.is_dir():
        raise NodeError("av.error.IsADirectoryError", f"[Errno 21] Is a directory: '{path}'")
    with Image.open(path) as image:
        rgb = ImageOps.exif_transpose(image).convert("RGB")
    pixels = np.ascontiguousarray(np.asarray(rgb, dtype=np.uint8)[:, :, ::-1])
    return Result((Images(pixels), None))


def load_audio(run: Run, inputs: dict[str, Any]) -> Result:
    """LoadAudio: all channels at the file's rate."""
    path = run.folders.uploaded(inputs["audio"])
    if path is None:
        raise NodeError("FileNotFoundError", f"[Errno 2] No such file or directory: '{inputs['audio']}'")
    return Result((load_sound(path),))


def speech_embeds(run: Run, inputs: dict[str, Any]) -> Result:
    """MultiTalkWav2VecEmbeds: the first channel of ``audio_1``, cut to ``num_frames``; frames bounded by its length."""
    if any(inputs.get(f"audio_{number}") is not None for number in (2, 3, 4)):
        raise NodeError("ValueError", "the stand-in's puppet has one speaker")
    fps, frames = float(inputs["fps"]), int(inputs["num_frames"])
    speech = first_channel(inputs["audio_1"])[: int(frames / fps * SPEECH_RATE)]
    if inputs["normalize_loudness"]:
        if speech.size < LOUDNESS_BLOCK * SPEECH_RATE:
            raise NodeError("ValueError", "Audio must have length greater than the block size.")
        speech = _normalised(speech)
    elif speech.size == 0:
        raise NodeError("RuntimeError", "No valid audio embeddings extracted, please check inputs")
    # An overlap without new frames is the sampler's failure, not this node's: count with the smallest here.
    windows = windows_for(81, 1, frames, speech_seconds=speech.size / SPEECH_RATE, fps=fps)
    embeds = SpeechEmbeds(
        speech, windows.requested, fps, float(inputs["audio_scale"]), float(inputs["audio_cfg_scale"])
    )
    return Result((embeds, Sound(speech[None, :], SPEECH_RATE), windows.requested))


def _normalised(speech: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """About −23 LUFS by plain power over the louder blocks (the real node gates and weights by BS.1770)."""
    block = int(LOUDNESS_BLOCK * SPEECH_RATE)
    power = np.square(speech[: speech.size // block * block].reshape(-1, block)).mean(axis=1)
    loud = power[power > 1e-7]
    if loud.size == 0:
        return speech
    level = 10 ** (-23 / 20) / np.sqrt(loud[loud >= loud.mean() / 10].mean())
    return np.asarray(speech * level, dtype=np.float32)


def clip_encode(run: Run, inputs: dict[str, Any]) -> Result:
    """WanVideoClipVisionEncode; an optional input left out has the node's Python default, not the schema's."""
    first, second = inputs["image_1"], inputs.get("image_2")
    close_up = second is not None and not _same(first, second)
    embeds = ClipEmbeds(
        close_up, inputs["combine_embeds"], int(inputs.get("tiles", 0)), float(inputs.get("ratio", 1.0))
    )
    return Result((embeds,))


def _same(first: Images, second: Images) -> bool:
    return first.first.shape == second.first.shape and bool(np.array_equal(first.first, second.first))


def long_video(run: Run, inputs: dict[str, Any]) -> Result:
    """WanVideoImageToVideoMultiTalk: the start image is *stretched* to width × height."""
    width, height = int(inputs["width"]), int(inputs["height"])
    start: Images | None = inputs.get("start_image")
    stretched = None
    if start is not None:
        shrinking = start.width >= width and start.height >= height
        method = cv2.INTER_AREA if shrinking else cv2.INTER_LANCZOS4
        stretched = Images(np.asarray(cv2.resize(start.first, (width, height), interpolation=method), dtype=np.uint8))
    embeds = ImageEmbeds(
        start=stretched,
        clip=inputs.get("clip_embeds"),
        width=width,
        height=height,
        frame_window_size=int(inputs["frame_window_size"]),
        motion_frame=int(inputs["motion_frame"]),
        colormatch=inputs["colormatch"],
    )
    return Result((embeds, inputs.get("output_path", "")))
