"""The history's own verdicts (the seed's table, V1 … V7 and current), and the measures that would show each."""

from dataclasses import dataclass
from typing import Final, Literal

Expected = Literal["up", "down", "same", "either"]
"""Which way a measure must move for the verdict to hold; ``either``: out of its band, whichever way."""


@dataclass(frozen=True)
class Claim:
    """One thing that the history says of a variant, in English and Chinese, and its measures."""

    variant: str
    says: str
    says_zh: str
    measures: tuple[tuple[str, Expected], ...]


_QUALITY: Final[tuple[tuple[str, Expected], ...]] = (
    ("lipsync/confidence", "same"),
    ("colour/cheeks_mean", "same"),
    ("sharpness/laplacian", "same"),
    ("mouth/aperture_p95", "same"),
)
_COLOUR: Final[tuple[tuple[str, Expected], ...]] = (("colour/cheeks_mean", "up"), ("colour/cheeks_slope", "either"))
_MOTION: Final[tuple[tuple[str, Expected], ...]] = (("motion/head_mean", "up"), ("seam/motion", "up"))
_LIPS: Final[tuple[tuple[str, Expected], ...]] = (
    ("lipsync/confidence", "down"),
    ("lipsync/offset", "either"),
    ("lipsync/envelope_strength", "down"),
    ("lipsync/envelope_offset", "either"),
)
_BLUR: Final[tuple[tuple[str, Expected], ...]] = (("sharpness/laplacian", "down"), ("sharpness/fine_detail", "down"))
_SHARP: Final[tuple[tuple[str, Expected], ...]] = (("sharpness/laplacian", "up"), ("sharpness/fine_detail", "up"))
_MOUTH: Final[tuple[tuple[str, Expected], ...]] = (("mouth/aperture_p95", "up"), ("mouth/aperture_silence", "up"))
_NONE: Final = ("no verdict of its own; {}: {}", "历史中没有；{}：{}")
_SHIFT, _LARGE = ("colour shift", "色彩偏移"), ("motion too large", "动作过大，不自然")


def _beside(variant: str, says: tuple[str, str]) -> tuple[str, str]:
    """The words of a variant that the history does not know, beside one that it does."""
    return _NONE[0].format(f"{variant}'s", says[0]), _NONE[1].format(variant, says[1])


CLAIMS: Final = (
    Claim("v1", "lips out of sync", "口型不同步", _LIPS),
    Claim("v1", "blurry", "画面模糊", _BLUR),
    Claim("v3", *_SHIFT, _COLOUR),
    Claim("v3_reinhard", *_beside("V3", _SHIFT), _COLOUR),
    Claim("v4", *_LARGE, _MOTION),
    Claim("v4_13", *_beside("V4", _LARGE), _MOTION),
    Claim("v4_17", *_beside("V4", _LARGE), _MOTION),
    Claim("v5", "exaggerated mouth", "口型夸张", _MOUTH),
    Claim("v6", "over-sharpened", "画面过度锐化", _SHARP),
    Claim("v7", "half the speed", "速度减半", (("cost/window_s", "up"),)),
    Claim("v7", "little gain in quality", "质量提升不明显", _QUALITY),
    Claim("current", "as v2", "效果与 V2 一致", _QUALITY),
)
BASE: Final = "v2"
BASE_SAYS: Final = ("best; all that follow build on it", "效果最佳，后续基于此优化")
ARTEFACT: Final = (
    "v4_13 and v4_17 are no variants of the history: only 4n+1 frames are encoded whole, so they tell whether V4's"
    " verdict is that of more overlap, or of 15."
)
