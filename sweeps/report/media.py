"""The videos inside a page: as they came where they fit, smaller where they do not, and which ones are left out."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from workflow.media.decode import frames
from workflow.media.encode import VideoWriter
from workflow.media.errors import MediaError, MediaWriteError
from workflow.media.picture import resize
from workflow.media.probe import probe
from workflow.words import counted

BASE64: Final = 4 / 3
"""What a byte takes in a page."""
KEYFRAMES: Final = 12
"""Frames between two that can be decoded alone: stepping and scrubbing stay quick."""
EVERYWHERE: Final = "h264"
"""What every browser plays."""
UNREADABLE: Final = "its video cannot be decoded"
UNWRITTEN: Final = "no preview of it could be written"
NO_ROOM: Final = "not in this page, which would become larger than asked for (--max-mb)"


@dataclass(frozen=True)
class Size:
    """One way to make videos smaller: longest side in pixels, x264's quality, bytes that some seconds take at least."""

    side: int
    crf: int
    least: float

    @property
    def name(self) -> str:
        """In words, for the page."""
        return f"previews of {self.side} pixels"


SIZES: Final = (Size(432, 28, 60e3), Size(320, 30, 30e3), Size(224, 33, 0))


@dataclass(frozen=True)
class Media:
    """What a page embeds: the file of each cell that is in it, and in which form; ``left_out`` says of others why.

    A page is shared, so its reasons name no file of this machine; ``errors`` do, for whoever writes the page.
    """

    files: Mapping[int, Path] = field(default_factory=dict)
    form: str = ""
    left_out: Mapping[int, str] = field(default_factory=dict)
    errors: Mapping[int, str] = field(default_factory=dict)

    @property
    def said(self) -> list[str]:
        """Of how many videos are left out, and why, a line for each reason."""
        whys = [self.errors.get(at, why) for at, why in self.left_out.items()]
        return [f"{counted(count, 'video')}: {why}" for why, count in Counter(whys).items()]


def choose(videos: Mapping[int, Path], most: float, told: Callable[[int, int], None] = lambda *_: None) -> Media:
    """Which files a page of ``most`` bytes embeds of ``videos``: masters, else the largest previews that fit.

    Where not even the smallest fit, the last ones are left out: they come in the order of their importance; and what
    does not decode is always. Previews lie beside the masters in the store and are made once; ``told`` hears how many
    of how many are there.
    """
    if not videos:
        return Media()
    errors: dict[int, MediaError] = {}
    if _weight(videos.values()) <= most:
        codecs, errors = _probed(videos)
        if set(codecs.values()) <= {EVERYWHERE}:
            return _media({at: videos[at] for at in codecs}, "masters" if codecs else "", errors)
    for size in _likely(len(videos), most):
        small: dict[int, Path] = {}
        for number, (at, path) in enumerate(videos.items()):
            told(number, len(videos))
            try:
                small[at] = preview_of(path, size)
            except MediaError as error:
                errors[at] = error
            if size is not SIZES[-1] and _weight(small.values()) > most:
                break  # the next smaller size
        else:
            break
    kept: dict[int, Path] = {}
    for at, path in small.items():
        if _weight([*kept.values(), path]) <= most:
            kept[at] = path
    return _media(kept, size.name, errors, small)


def _probed(videos: Mapping[int, Path]) -> tuple[dict[int, str], dict[int, MediaError]]:
    """The codec of each video, and what is wrong with those that do not decode."""
    codecs: dict[int, str] = {}
    errors: dict[int, MediaError] = {}
    for at, path in videos.items():
        try:
            codecs[at] = probe(path).codec
        except MediaError as error:
            errors[at] = error
    return codecs, errors


def _media(files: Mapping[int, Path], form: str, errors: Mapping[int, MediaError], made: Iterable[int] = ()) -> Media:
    why = {at: UNWRITTEN if isinstance(one, MediaWriteError) else UNREADABLE for at, one in errors.items()}
    why |= {at: NO_ROOM for at in made if at not in files}
    return Media(files, form, why, {at: one.message for at, one in errors.items()})


def _likely(count: int, most: float) -> Sequence[Size]:
    """The sizes that may fit: of hundreds of videos nobody wants to wait for large ones first."""
    return [size for size in SIZES if most / BASE64 / max(1, count) >= size.least] or SIZES[-1:]


def _weight(paths: Iterable[Path]) -> float:
    return BASE64 * sum(path.stat().st_size for path in paths)


def preview_of(video: Path, size: Size) -> Path:
    """The preview of ``video`` beside it, made where it is not there yet. Raises MediaError."""
    path = video.with_name(f"preview-{size.side}-{size.crf}.mp4")
    if path.is_file() and path.stat().st_mtime_ns >= video.stat().st_mtime_ns:
        return path
    facts = probe(video)
    scale = min(size.side / max(facts.width, facts.height, 1), 1.0)
    width, height = (max(round(side * scale / 2) * 2, 2) for side in (facts.width, facts.height))
    sound = video if facts.has_audio else None
    with VideoWriter(path, width, height, facts.fps or 25.0, crf=size.crf, audio=sound, keyframes=KEYFRAMES) as writer:
        for frame in frames(video):
            writer.write(resize(frame, width, height))
    return path
