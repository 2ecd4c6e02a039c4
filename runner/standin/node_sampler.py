"""The sampler: where the real one samples windows of latents, this one lets the puppet perform, window by window."""

import time
from typing import Any

import numpy as np

from runner.standin.errors import NodeError
from runner.standin.frames import FrameStore, Images
from runner.standin.mechanisms import Knobs
from runner.standin.memory import check_size, needed_gib
from runner.standin.puppet import Take, perform
from runner.standin.run import Result, Run
from runner.standin.values import ImageEmbeds, Model, SpeechEmbeds, TextEmbeds
from workflow.media.arrays import Picture
from workflow.windows import WindowError, Windows

WEIGHTS = 1633  # what the real sampler counts to while it moves weights to the card


def sample(run: Run, inputs: dict[str, Any]) -> Result:
    """WanVideoSampler on the embeds of the long-video node; fails where the real workflow is known to fail."""
    model: Model = inputs["model"]
    image: ImageEmbeds = inputs["image_embeds"]
    speech: SpeechEmbeds | None = inputs.get("multitalk_embeds")
    if speech is None:
        raise NodeError("TypeError", "'NoneType' object is not subscriptable")
    try:
        windows = Windows(image.frame_window_size, image.motion_frame, speech.frames)
    except WindowError as error:
        raise NodeError("ZeroDivisionError", f"integer division or modulo by zero ({error.message})") from error
    for count in range(1, WEIGHTS + 1):
        run.tick(count, WEIGHTS)
    heavy = 1.0 if model.quantization == "gguf" or "fp8" in model.quantization else 2.0
    run.card.use(needed_gib(image.width, image.height, windows.width, model.blocks_to_swap, heavy))
    check_size(image.width, image.height, windows.width)
    take = Take(_picture(image), speech.speech, windows, int(inputs["seed"]), knobs(inputs), speech.fps)
    store = FrameStore(run.folders.temp, image.width, image.height)
    try:
        _render(run, take, store, int(inputs["steps"]))
    except BaseException:
        store.close()
        raise
    return Result((store, store))


def _render(run: Run, take: Take, store: FrameStore, steps: int) -> None:
    """Frames into ``store``; one progress tick per step and window, with the total that the real one estimates."""
    windows = take.windows
    estimated = 1 if windows.width >= windows.requested else windows.requested // windows.stride + 1
    ends = [(window, step) for window in range(windows.count) for step in range(1, steps + 1)]
    due = iter([(_frames_at(windows, window, step / steps), window * steps + step) for window, step in ends])
    begun = time.monotonic()
    limit, tick = next(due)
    for frame in perform(take):
        run.check()
        store.append(frame)
        while len(store) >= limit:
            share = tick / (steps * windows.count)
            run.wait_until(share, begun)
            run.tick(tick, estimated * steps)
            run.reach("sampling")
            limit, tick = next(due, (windows.frames + 1, tick))


def _frames_at(windows: Windows, window: int, share: float) -> int:
    """How many frames are there when ``share`` of a window is done."""
    before = 0 if window == 0 else windows.width + (window - 1) * windows.stride
    new = windows.width if window == 0 else windows.stride
    return before + max(1, round(new * share))


def _picture(image: ImageEmbeds) -> Picture:
    if image.start is not None:
        return image.start.first
    return np.full((image.height, image.width, 3), 128, np.uint8)


def knobs(inputs: dict[str, Any]) -> Knobs:
    """The parameter values that act on the puppet, gathered from what reaches the sampler."""
    model: Model = inputs["model"]
    image: ImageEmbeds = inputs["image_embeds"]
    speech: SpeechEmbeds = inputs["multitalk_embeds"]
    text: TextEmbeds | None = inputs.get("text_embeds")
    guided = inputs["cfg"] != 1
    words = f"{text.positive}|{text.negative if guided else ''}" if text else ""
    weights = (model.name, model.infinitetalk, model.quantization, model.base_precision, model.attention)
    clip = image.clip
    return Knobs(
        motion_frame=image.motion_frame,
        audio_scale=speech.audio_scale,
        audio_cfg_scale=speech.audio_cfg_scale,
        cfg=float(inputs["cfg"]),
        steps=int(inputs["steps"]),
        shift=float(inputs["shift"]),
        scheduler=inputs["scheduler"],
        colormatch=image.colormatch,
        close_up=clip is not None and clip.close_up,
        combine=clip.combine if clip else "average",
        tiles=clip.tiles if clip else 0,
        ratio=clip.ratio if clip else 0.5,
        lora=sum(lora.strength for lora in model.loras),
        text=words,
        weights="|".join(weights),
    )


def decode(run: Run, inputs: dict[str, Any]) -> Result:
    """WanVideoDecode. Like the real one it normalises in place: a cached sampler decoded again comes out washed."""
    store: FrameStore = inputs["samples"]
    store.decoded += 1
    return Result((Images(store, wash=store.decoded - 1),))
