"""What ffmpeg refuses of the options that VideoHelperSuite hands it unchecked, and what becomes of the prompt then."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from runner.standin.errors import NodeError

PIXELS: Final = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuv444p", "nv12", "gray", "yuv420p10le", "yuv422p10le"})
PIPE: Final = 65536
"""Bytes that a pipe holds: with fewer, nobody notices that ffmpeg has gone."""


def complaint(inputs: Mapping[str, Any], path: Path) -> str | None:
    """ffmpeg's words about ``crf`` and ``pix_fmt``; None where it takes them. It clamps a crf that is too large."""
    ending = f"Error opening output file {path}.\nError opening output files: "
    pixels, crf = str(inputs.get("pix_fmt", "yuv420p")), str(inputs.get("crf", 19))
    if pixels not in PIXELS:
        video = "[vost#0:0/libx264 @ 0x5613f45de040]"
        return f"{video} Unknown pixel format requested: {pixels}.\n{ending}Invalid argument\n"
    encoder = "[libx264 @ 0x56446fb66c40]"
    setting = f"{encoder} Error setting option crf to value {crf}.\n[vost#0:0/libx264 @ 0x56446fb66040] Error applying"
    try:
        number = float(crf)
    except ValueError:
        constant = f"{encoder} [Eval @ 0x7ffe8628a550] Undefined constant or missing '(' in '{crf}'\n"
        unparsed = f'{encoder} Unable to parse "crf" option value "{crf}"\n'
        return f"{constant}{unparsed}{setting} encoder options: Invalid argument\n{ending}Invalid argument\n"
    if number >= -1:
        return None
    outside = f"{encoder} Value {number:f} for parameter 'crf' out of range [-1 - 3.40282e+38]\n"
    told = "Numerical result out of range\n"
    return f"{outside}{setting} encoder options: {told}{ending}{told}"


def refused(words: str, path: Path, *, frame_bytes: int, frames: int, sound: bool) -> None:
    """End as VideoHelperSuite does where ffmpeg said ``words``: an error, or a success without a file.

    The success comes of frames that fit the pipe: they are sent, ffmpeg is gone, and nobody looks.
    """
    if frame_bytes * frames > PIPE:
        raise NodeError("Exception", f"An error occurred in the ffmpeg subprocess:\n{words}")
    if sound:
        told = "No such file or directory"
        raise NodeError(
            "Exception",
            "An error occured in the ffmpeg subprocess:\n"
            f"[in#0 @ 0x55a51cdcbf80] Error opening input: {told}\n"
            f"Error opening input file {path}.\nError opening input files: {told}\n",
        )
