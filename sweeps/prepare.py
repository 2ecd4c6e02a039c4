"""Reference frame and face close-up of a person as files: the ``prepare`` command, and the copies that are kept."""

import argparse
import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.files import read_json, sha256_file, write_json

if TYPE_CHECKING:
    from sweeps.portrait import Portrait

MOST_PIXELS = 8192
"""Of a side: more cannot be meant, and would fill the memory."""
VERSION = 3
"""Raised when the same file would be prepared differently: prepared pictures that were kept are then made again."""


@dataclass(frozen=True)
class Prepared:
    """Files on disk: reference frame and face close-up (PNG), and what there was to say about them.

    ``box`` is the face in the frame (left, top, width, height), None where none was found beside a given close-up.
    """

    frame: Path
    face: Path
    width: int
    height: int
    box: tuple[int, int, int, int] | None
    warnings: tuple[str, ...] = ()
    source_frame: int | None = None


def prepare(
    file: Path, out_dir: Path, *, width: int = 464, height: int = 832, close_up: Path | None = None
) -> Prepared:
    """Write ``<stem>-frame.png`` and ``<stem>-face.png``, both ``width`` × ``height``, into ``out_dir``.

    ``file`` is a picture or a video. Equal content and size give equal bytes, whatever the file is called.
    Raises the errors of ``portrait.make_portrait``, and MediaWriteError.
    """
    from sweeps.portrait import make_portrait

    portrait = make_portrait(file, width, height, close_up=close_up)
    return _written(portrait, out_dir, f"{file.stem}-frame.png", f"{file.stem}-face.png")


def _written(portrait: "Portrait", folder: Path, frame: str, face: str) -> Prepared:
    from workflow.media.files import refused
    from workflow.media.picture import save_png

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refused(folder, error) from error
    save_png(folder / frame, portrait.frame)
    save_png(folder / face, portrait.close_up)
    height, width = portrait.frame.shape[:2]
    box = portrait.box
    return Prepared(
        frame=folder / frame,
        face=folder / face,
        width=width,
        height=height,
        box=None if box is None else (box.x, box.y, box.w, box.h),
        warnings=portrait.warnings,
        source_frame=portrait.source_frame,
    )


def prepared(file: Path, cache_dir: Path, *, width: int, height: int, close_up: Path | None = None) -> Prepared:
    """Like ``prepare``, but made once for each content and size, and then taken from ``cache_dir``.

    A kept copy whose bytes are no longer what was written is made again. Two processes may do this at once.
    """
    from workflow.media.errors import require_file

    sources = [sha256_file(require_file(path, "picture")) for path in (file, close_up) if path is not None]
    key = sha256(json.dumps([VERSION, sources, width, height]).encode()).hexdigest()[:32]
    folder = cache_dir / key
    kept = _kept(folder)
    if kept is not None:
        return kept
    from sweeps.portrait import make_portrait
    from workflow.media.files import refused

    portrait = make_portrait(file, width, height, close_up=close_up)
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{key}.", dir=cache_dir) as name:
            making = Path(name) / "made"
            done = _written(portrait, making, "frame.png", "face.png")
            write_json(making / "facts.json", _facts(done))
            _put(making, folder)
    except OSError as error:
        raise refused(folder, error) from error
    return _kept(folder) or _written(portrait, folder, "frame.png", "face.png")


def _facts(done: Prepared) -> dict[str, Any]:
    facts = asdict(done) | {"frame": sha256_file(done.frame), "face": sha256_file(done.face)}
    return facts | {"warnings": list(done.warnings)}


def _kept(folder: Path) -> Prepared | None:
    facts = read_json(folder / "facts.json")
    frame, face = folder / "frame.png", folder / "face.png"
    try:
        if sha256_file(frame) != facts["frame"] or sha256_file(face) != facts["face"]:
            return None
        facts["box"] = None if facts["box"] is None else tuple(facts["box"])
        return Prepared(**{**facts, "frame": frame, "face": face, "warnings": tuple(facts["warnings"])})
    except (OSError, KeyError, TypeError):
        return None  # absent, half removed, or not ours: made again


def _put(making: Path, folder: Path) -> None:
    """Move a finished folder to its place; where another process was first, its equal copy stays."""
    if folder.is_dir() and _kept(folder) is None:
        shutil.rmtree(folder, ignore_errors=True)
    try:
        making.rename(folder)
    except OSError:
        if _kept(folder) is None:
            raise


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``python -m sweeps prepare`` takes."""
    out = Path("prepared")
    parser.add_argument("file", type=Path, help="a picture, or a video whose best early frame is taken")
    parser.add_argument("--out", type=Path, default=out, metavar="DIR", help=f"where to (default: {out})")
    parser.add_argument("--width", type=int, default=464, help="pixels, divisible by 16 (default: 464)")
    parser.add_argument("--height", type=int, default=832, help="pixels, divisible by 16 (default: 832)")


def run(args: argparse.Namespace) -> int:
    """Prepare one file and say what was written. Raises the errors of ``prepare`` and FrameSizeError."""
    from workflow.media.errors import FrameSizeError

    for name, value in (("width", args.width), ("height", args.height)):
        if not 16 <= value <= MOST_PIXELS or value % 16:
            near = min(max(16, round(value / 16) * 16), MOST_PIXELS)
            hint = f"the model needs a multiple of 16, from 16 to {MOST_PIXELS}; try {near}"
            raise FrameSizeError(f"--{name} {value} is no size that can be rendered", hint=hint)
    done = prepare(args.file, args.out, width=args.width, height=args.height)
    for line in done.warnings:
        print(f"warning: {line}")
    chosen = "" if done.source_frame is None else f", frame {done.source_frame} of the video"
    width = 0 if done.box is None else done.box[2]
    print(f"reference frame  {done.frame}  {done.width}×{done.height}, face {width} px wide{chosen}")
    print(f"face close-up    {done.face}")
    return 0
