"""How each parameter acts on the puppet. ALL OF THIS IS INVENTED, here and nowhere else.

The mechanisms imitate the verdicts of one tuning history (what was called blurry, exaggerated, over-sharpened …), so
that a sweep on the stand-in has something to find. They are evidence of nothing about InfiniteTalk.
"""

import hashlib
import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Knobs:
    """The parameter values that reach the sampler. ``lora`` is the summed strength, ``text`` the prompts in effect."""

    motion_frame: int = 9
    audio_scale: float = 1.5
    audio_cfg_scale: float = 1.0
    cfg: float = 1.0
    steps: int = 4
    shift: float = 11.0
    scheduler: str = "unipc"
    colormatch: str = "disabled"
    close_up: bool = True
    combine: str = "concat"
    tiles: int = 4
    ratio: float = 0.5
    lora: float = 1.0
    text: str = ""
    weights: str = ""
    """Model files, quantization, precision and attention in one string: they change the dither and nothing else."""


@dataclass(frozen=True)
class Mechanics:
    """What the puppet does with them; a length is in face widths and a time in frames unless said."""

    mouth_gain: float
    mouth_lag: int
    blur: float
    """Gaussian sigma in pixels for a face 180 pixels wide; scales with the face."""
    sharpen: float
    """Amount of unsharp masking."""
    contrast: float
    chroma: float
    grain: float
    """Standard deviation of a fixed texture, 8-bit levels."""
    head_gain: float
    seam_jump: float
    """Length of the head's jump at a seam, face widths."""
    drift: float
    """Colour drift of the whole picture, Lab units a second."""
    regional: float
    """Colour shift of the background against the face that colour matching brings, Lab units at its end."""
    tempo: float
    texture_seed: int
    """What the grain's pattern is drawn from, together with the seed."""


REGIONAL = {"disabled": 0.0, "reinhard": 6.0, "mkl": 4.0, "hm": 7.0, "mvgd": 4.0, "hm-mvgd-hm": 6.0, "hm-mkl-hm": 6.0}


def mechanics(knobs: Knobs) -> Mechanics:
    """The one place where parameters turn into effects."""
    # Likeness: without a close-up, averaged, in one tile, the face is less known. Blurred, and the lips come late (v1).
    doubt = (not knobs.close_up) + (knobs.combine == "average") + (knobs.tiles <= 1)
    # Steps: few leave the picture soft, more than the distilled four add detail that saturates (v7). A distilling
    # LoRA that is missing or weak costs as much as missing steps.
    few = max(0.0, 4 - knobs.steps) * 0.35 + max(0.0, 1 - knobs.lora) * 4 / max(knobs.steps, 1)
    many = 0.12 * (1 - math.exp(-max(0, knobs.steps - 4) / 4)) + 0.3 * max(0.0, min(knobs.lora, 3) - 1)
    # Guidance: every unit of cfg away from 1 sharpens, and adds contrast and colour (v6).
    guided = min(abs(knobs.cfg - 1), 4.0)
    # Overlap: only 4n+1 frames are encoded whole; the rest is a jump at the seam and livelier motion (v4).
    torn = (knobs.motion_frame - 1) % 4
    regional = REGIONAL.get(knobs.colormatch, 5.0)
    return Mechanics(
        mouth_gain=knobs.audio_scale
        / 1.5
        * (1 + 0.1 * (knobs.audio_cfg_scale - 1))
        * (0.97 + 0.06 * _unit(knobs.text)),
        mouth_lag=(0, 1, 3, 5)[doubt],
        blur=0.4 * doubt + few,
        sharpen=0.9 * guided + many,
        contrast=1 + 0.06 * guided,
        chroma=1 + 0.08 * guided + 0.06 * (knobs.ratio - 0.5),
        grain=0.5 + 0.04 * min(abs(knobs.shift - 11), 20) + 0.3 * _unit(knobs.scheduler),
        head_gain=1 + 0.02 * (knobs.motion_frame - 9) + 0.25 * torn,
        seam_jump=0.002 / max(knobs.motion_frame, 1) + 0.004 * torn,
        drift=0.03 if knobs.colormatch == "disabled" else 0.015,
        regional=regional,
        tempo=0.95 + 0.1 * _unit(knobs.text),
        texture_seed=_number(f"{knobs.weights}|{knobs.scheduler}|{knobs.shift}|{knobs.lora}|{knobs.text}"),
    )


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def _unit(text: str) -> float:
    """A number in 0 … 1 that a text always has."""
    return _number(text) / 2**48
