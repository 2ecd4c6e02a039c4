"""Text on pictures: a font that has the letters, or words that need none of the missing ones."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

_CJK_FONTS = (
    "notosanscjk", "notosanssc", "sourcehansans", "wqy", "droidsansfallback", "msyh", "simhei", "simsun",
    "pingfang", "hiragino", "stheiti", "arialunicode", "uming", "ukai",
)  # fmt: skip


@lru_cache(maxsize=1)
def cjk_font() -> Path | None:
    """A font of this machine that has Chinese, None where there is none."""
    from matplotlib.font_manager import findSystemFonts

    installed = {Path(one).name.lower().replace("-", "").replace(" ", ""): Path(one) for one in findSystemFonts()}
    return next((installed[name] for wanted in _CJK_FONTS for name in sorted(installed) if wanted in name), None)


def is_plain(text: str) -> bool:
    """Whether the font that comes with Pillow has every letter of ``text`` (Latin and its punctuation).

    >>> is_plain("größe × 2 – ok"), is_plain("三秒")
    (True, False)
    """
    return all(ord(letter) < 0x250 or letter in "–—…·×±" for letter in text)


def drawable(text: str, instead: str) -> str:
    """``text`` where it can be drawn, else ``instead``."""
    return text if is_plain(text) or cjk_font() is not None else instead


def latin(text: str) -> str:
    """``text`` with every letter that a Latin font lacks as ``?``.

    >>> latin("clip 三")
    'clip ?'
    """
    return "".join(letter if is_plain(letter) else "?" for letter in text)


def plain(text: str) -> str:
    """``text`` with the letters that cannot be drawn here as ``?``."""
    return drawable(text, latin(text))


def font(text: str, size: int) -> "FreeTypeFont | ImageFont":
    """A font for ``text``, ``size`` pixels high."""
    from PIL import ImageFont

    path = None if is_plain(text) else cjk_font()
    if path is None:
        return ImageFont.load_default(size)
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)  # Raqm gives up on control characters


def width_of(text: str, size: int) -> int:
    """How many pixels wide ``text`` becomes."""
    return round(font(text, size).getlength(text))


def shortened(text: str, size: int, width: int) -> str:
    """``text`` cut at its end so that it fits into ``width`` pixels."""
    if width_of(text, size) <= width:
        return text
    while text and width_of(f"{text}…", size) > width:
        text = text[:-1]
    return f"{text}…"
