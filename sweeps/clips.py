"""The clips of a sweep: the shipped sample, a user's folder, or a hand-written list."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from sweeps.clipfolder import ClipsError, Say, Source, folder_sources, source_of
from sweeps.prepare import Prepared, prepared
from sweeps.samples import portrait, sentences_of
from workflow.cell import Clip
from workflow.media.errors import require_file
from workflow.media.wavfile import pcm_seconds

SHIPPED = ("sample", "benchmark", "sample_long")
KINDS = (*SHIPPED, "folder", "list")
LONGEST_NAME = 100


def load_clips(
    kind: str,
    *,
    cache_dir: Path,
    dir: Path | None = None,
    pair: str = "name",
    width: int = 464,
    height: int = 832,
    names: Sequence[str] | None = None,
    limit: int | None = None,
    entries: Sequence[Any] | None = None,
    say: Say | None = None,
) -> list[Clip]:
    """The clips of one kind, their pictures cropped to ``width`` × ``height`` and kept under ``cache_dir``.

    ``kind`` is sample, benchmark, sample_long, folder (with ``dir`` and ``pair``) or list (with ``entries``, whose
    paths are relative to ``dir`` or to where the command was started). ``names`` chooses among them, ``limit`` keeps
    the first. ``say`` gets one line for each thing to know: files left over, a small face; default: a log warning.

    Raises ClipsError, NoFaceError, SeveralFacesError, and the errors of reading pictures, sounds and videos.
    """
    say = say or logging.getLogger(__name__).warning
    chosen = _chosen(_unique(_sources(kind, dir, pair, entries, say)), names)[:limit]
    named = Counter(picture.name for picture in {source.picture for source in chosen})
    said: dict[str, None] = {}  # a picture that many clips share is told of once a size
    clips = []
    for source in chosen:
        size = (source.width or width, source.height or height)
        clip, lines = _clip(source, size, cache_dir)
        picture = source.picture.name if named[source.picture.name] == 1 else str(source.picture)
        said.update(dict.fromkeys(f"{picture}: {line}" for line in lines))
        clips.append(clip)
    for line in said:
        say(line)
    return clips


def _sources(kind: str, folder: Path | None, pair: str, entries: Sequence[Any] | None, say: Say) -> list[Source]:
    if kind in SHIPPED:
        face = portrait()
        return [Source(sentence.name, face, sentence.wav) for sentence in sentences_of(kind)]
    if kind == "folder":
        if folder is None:
            raise ClipsError("clips=folder needs a folder", hint="add clips.dir=…")
        return folder_sources(folder.expanduser(), pair, say)
    if kind == "list":
        if not entries:
            raise ClipsError("clips=list has no entries", hint="see conf/clips/list.yaml for the template to copy")
        base = (folder or Path()).expanduser()
        return [
            source_of(_fields(entry), lambda name: base / Path(name).expanduser(), f"clips.entries[{index}]")
            for index, entry in enumerate(entries)
        ]
    near = get_close_matches(kind, KINDS, 1)
    raise ClipsError(f"clips.kind={kind} is unknown", hint=f"did you mean {near[0]}?" if near else ", ".join(KINDS))


def _fields(entry: Any) -> Mapping[Any, Any]:
    """An entry as YAML (a mapping) or as the config's dataclass gives it."""
    return entry if isinstance(entry, Mapping) else vars(entry)


def _unique(sources: list[Source]) -> list[Source]:
    """Names checked, since they become folder names and labels; the second 'anna' becomes 'anna-2'."""
    taken: set[str] = set()
    result = []
    for source in sources:
        if set(source.name) & set('/\\:*?"<>|') or not source.name.isprintable() or source.name.startswith("."):
            raise ClipsError(f"clip name {source.name!r} cannot name a folder", hint="letters, digits, spaces, - _ + .")
        if len(source.name) > LONGEST_NAME:
            said = f"{source.name[:40]}…"
            raise ClipsError(f"clip name {said!r} is too long", hint=f"at most {LONGEST_NAME} characters")
        name, count = source.name, 1
        while name in taken:
            count += 1
            name = f"{source.name}-{count}"
        taken.add(name)
        result.append(replace(source, name=name))
    return result


def _chosen(sources: list[Source], names: Sequence[str] | None) -> list[Source]:
    if names is None:
        return sources
    known = {source.name: source for source in sources}
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 3) or list(known)[:6]
            raise ClipsError(f"clips.names: no clip is called {name!r}", hint=f"there are {', '.join(near)}")
    return [source for source in sources if source.name in set(names)]


def _clip(source: Source, size: tuple[int, int], cache_dir: Path) -> tuple[Clip, tuple[str, ...]]:
    """One clip, and what is to be known of its pictures."""
    length = _seconds(require_file(source.speech, "speech"))
    pictures = _pictures(source, size, cache_dir)
    if source.reference_video is not None:
        _check_video(require_file(source.reference_video, "reference video"))
    clip = Clip(
        name=source.name,
        frame=pictures.frame,
        face=pictures.face,
        speech=source.speech,
        width=size[0],
        height=size[1],
        seconds=length,
        reference_video=source.reference_video,
        prompt=source.prompt,
    )
    return clip, pictures.warnings


def _pictures(source: Source, size: tuple[int, int], cache_dir: Path) -> Prepared:
    return prepared(source.picture, cache_dir, width=size[0], height=size[1], close_up=source.face)


def _seconds(speech: Path) -> float:
    status = speech.stat()
    return _measured(speech, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1024)
def _measured(speech: Path, size: int, changed: int) -> float:
    """Seconds of a speech; size and time of change are there so that a new recording is measured anew."""
    quick = pcm_seconds(speech)
    if quick:
        return quick
    from workflow.media.sound import seconds

    return seconds(speech)


def _check_video(path: Path) -> None:
    from workflow.media.errors import NoVideoError
    from workflow.media.probe import probe

    if probe(path).kind != "video":
        raise NoVideoError(f"the reference video is no video: {path}", hint="give an MP4 of the same person")
