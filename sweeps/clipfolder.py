"""Which files of a user's folder make a clip: paired by name, every picture with every speech, or by clips.csv."""

import csv
import os
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from workflow.errors import HarnessError
from workflow.words import counted

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".avif"})
SPEECHES = frozenset({".wav", ".mp3", ".flac", ".m4a", ".aac", ".ogg", ".opus", ".wma"})
VIDEOS = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi"})

FIELDS = ("picture", "speech", "name", "face", "prompt", "reference_video", "width", "height")
"""What a row of clips.csv or an entry of a list may say; the first two it must."""

Say = Callable[[str], None]


class ClipsError(HarnessError):
    """The clips that were asked for cannot be put together: a folder, a list, a row, a name."""

    code = "clips"


@dataclass(frozen=True)
class Source:
    """The files of one clip as a user named them; ``picture`` may be a video. Sizes None: as configured."""

    name: str
    picture: Path
    speech: Path
    face: Path | None = None
    reference_video: Path | None = None
    prompt: str | None = None
    width: int | None = None
    height: int | None = None


def folder_sources(folder: Path, pair: str, say: Say) -> list[Source]:
    """The clips of ``folder``; ``pair`` is name, product or csv. ``say`` gets a line for each file left over.

    Raises ClipsError.
    """
    if not folder.is_dir():
        raise ClipsError(
            f"clips.dir is not a folder: {folder}", hint="clips.dir=… names the folder of pictures and speeches"
        )
    if pair == "csv":
        return csv_sources(folder)
    if pair not in ("name", "product"):
        raise ClipsError(f"clips.pair={pair} is unknown", hint="name, product or csv")
    pictures, speeches, videos = (_by_stem(folder, kind) for kind in (PICTURES, SPEECHES, VIDEOS))
    faces = {**videos, **pictures} if pair == "name" else pictures  # a video stands in for a picture that is not there
    if not faces or not speeches:
        hint = "put at least one of each there (PNG or JPEG, WAV or MP3)"
        raise ClipsError(
            f"{folder} has {counted(len(faces), 'picture')} and {counted(len(speeches), 'speech', 'speeches')}",
            hint=f"{hint}: anna.png speaks anna.wav" if pair == "name" else hint,
        )
    return _by_name(folder, faces, speeches, videos, say) if pair == "name" else _product(faces, speeches)


def _by_stem(folder: Path, suffixes: frozenset[str]) -> dict[str, Path]:
    """Files by stem, sorted; NFC, since macOS writes names decomposed. Two files of one stem are ambiguous."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir(), key=lambda path: unicodedata.normalize("NFC", path.name)):
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file():
            stem = unicodedata.normalize("NFC", path.stem)
            if stem in found:
                raise ClipsError(
                    f"{found[stem].name} and {path.name} in {folder} have the same name",
                    hint="rename or remove one: which of them is meant is open",
                )
            found[stem] = path
    return found


def _by_name(
    folder: Path, faces: Mapping[str, Path], speeches: Mapping[str, Path], videos: Mapping[str, Path], say: Say
) -> list[Source]:
    both = [stem for stem in faces if stem in speeches]
    if not both:
        raise ClipsError(
            f"no picture in {folder} has a speech of the same name: {_listed(faces)} and {_listed(speeches)}",
            hint="anna.png speaks anna.wav; or clips.pair=product for every picture with every speech",
        )
    left = [path.name for stem, path in {**faces, **speeches}.items() if stem not in both]
    if left:
        say(f"left out of {folder}, no partner of the same name: {', '.join(left)}")
    return [Source(stem, faces[stem], speeches[stem], reference_video=videos.get(stem)) for stem in sorted(both)]


def _product(pictures: Mapping[str, Path], speeches: Mapping[str, Path]) -> list[Source]:
    return [Source(f"{face}+{words}", pictures[face], speeches[words]) for face in pictures for words in speeches]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)[:6])


def csv_sources(folder: Path) -> list[Source]:
    """The rows of ``folder``/clips.csv: UTF-8; commas, semicolons or tabs; files inside the folder only.

    Raises ClipsError with the row's number.
    """
    table = folder / "clips.csv"
    try:
        text = table.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ClipsError(f"no clips.csv in {folder}", hint="its first line: picture,speech") from None
    except UnicodeDecodeError:
        raise ClipsError(f"{table} is not UTF-8", hint='save it again as "CSV UTF-8"') from None
    except OSError as error:
        raise ClipsError(f"{table} cannot be read: {error.strerror}", hint="it must be a readable file") from None
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=first.count)
    try:
        rows = list(csv.DictReader(text.splitlines(), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ClipsError(f"{table} is no table: {error}", hint="one clip a line, first line: picture,speech") from error
    sources = [source_of(row, lambda name: inside(folder, name), f"{table}, row {i}") for i, row in enumerate(rows, 2)]
    if not sources:
        raise ClipsError(f"{table} has no rows", hint="first line: picture,speech; then one clip a line")
    return sources


def inside(folder: Path, name: str) -> Path:
    """The path of ``name`` in ``folder``. Raises ClipsError for one that leads out of it."""
    path = Path(os.path.normpath(name))
    if path.is_absolute() or path.drive or ".." in path.parts or "\0" in name:
        raise ClipsError(f"{name!r} leads out of {folder}", hint="name files inside the folder, relative to it")
    return folder / path


def source_of(row: Mapping[Any, Any], place: Callable[[str], Path], where: str) -> Source:
    """A row or entry as a Source; ``place`` makes a path of a name, ``where`` is named in errors.

    Empty values count as not said. Raises ClipsError.
    """
    _check_fields(row, where)
    said = {name: str(value).strip() for name, value in row.items() if value not in (None, "???")}
    said = {name: value for name, value in said.items() if value}
    for name in FIELDS[:2]:
        if name not in said:
            raise ClipsError(f"{where}: no {name}", hint="every clip needs a picture and a speech")
    files = {
        name: _placed(said[name], place, where)
        for name in ("picture", "speech", "face", "reference_video")
        if name in said
    }
    stems = [unicodedata.normalize("NFC", files[name].stem) for name in ("picture", "speech")]
    return Source(
        name=said.get("name") or "+".join(dict.fromkeys(stems)),
        picture=files["picture"],
        speech=files["speech"],
        face=files.get("face"),
        reference_video=files.get("reference_video"),
        prompt=said.get("prompt"),
        width=_pixels(said.get("width"), "width", where),
        height=_pixels(said.get("height"), "height", where),
    )


def _check_fields(row: Mapping[Any, Any], where: str) -> None:
    for name in row:
        if name is None:
            raise ClipsError(f"{where}: more values than columns", hint='put a text with commas between "…"')
        if name not in FIELDS:
            near = get_close_matches(str(name), FIELDS, 1)
            raise ClipsError(
                f"{where}: unknown column {str(name)!r}", hint=f"did you mean {near[0]}?" if near else ", ".join(FIELDS)
            )


def _placed(name: str, place: Callable[[str], Path], where: str) -> Path:
    try:
        return place(name)
    except ClipsError as error:
        raise ClipsError(f"{where}: {error.message}", hint=error.hint) from None


def _pixels(value: str | None, name: str, where: str) -> int | None:
    if value is None:
        return None
    if not value.isascii() or not value.isdigit() or not 16 <= int(value) <= 8192:
        raise ClipsError(f"{where}: {name} {value!r} is no number of pixels", hint="16 … 8192, divisible by 16")
    return int(value)
