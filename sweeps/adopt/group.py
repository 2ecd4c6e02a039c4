"""Videos in groups: settings named by what differs between them, clips by speech and picture."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import PurePosixPath
from typing import Any, Final

from sweeps.adopt.folder import Seen
from sweeps.adopt.made import Made, Source
from sweeps.adopt.words import Left, printable
from sweeps.settings import short
from workflow.binding import OF_A_CLIP
from workflow.diff import changes
from workflow.graph import canonical_json
from workflow.parameters import ALIASES

ALONE: Final = "adopted"
"""The name of a setting that is the only one."""
_HASH: Final = re.compile(r"[0-9a-f]{32,64}")
_CLIP: Final = 40
_MOST: Final = 3
NUMBERED: Final = "seeds differ from setting to setting: 1, 2 … number a setting's videos of a clip, oldest first"
"""ComfyUI draws another seed for every video, unless told otherwise."""

Key = tuple[Source, Source]


@dataclass(frozen=True)
class Video:
    """One file with what it says of itself."""

    seen: Seen
    sha256: str
    made: Made

    @property
    def name(self) -> str:
        """Its path below the folder."""
        return self.seen.name


@dataclass(frozen=True)
class Member:
    """One video as a cell: of which clip, and which seed or number it goes by."""

    clip: str
    seed: int
    video: Video


@dataclass(frozen=True)
class Group:
    """The videos of one setting, clip by clip. ``values`` leave out what each clip brings with it."""

    name: str
    values: Mapping[str, Any]
    members: tuple[Member, ...]
    notes: tuple[str, ...] = ()


def grouped(videos: Iterable[Video]) -> tuple[tuple[Group, ...], list[Left]]:
    """The settings in the order in which they were first tried, and the videos that another one stands for."""
    ordered = sorted(videos, key=_age)
    clips = _clips(ordered)
    by_clip = _brought(ordered, clips)
    together: dict[str, list[Video]] = {}
    for one in ordered:
        own = {name: value for name, value in one.made.values.items() if name not in by_clip}
        told = [own, [name for name in one.made.computed if name not in by_clip]]
        together.setdefault(canonical_json(told), []).append(one)
    groups, left = [], list[Left]()
    differing = _differing([several[0] for several in together.values()], by_clip)
    names = _unique([_name(several[0], differing) for several in together.values()])
    places = list(dict.fromkeys(clips.values()))
    for name, several in zip(names, together.values(), strict=True):
        members = _members(several, clips, left)
        members.sort(key=lambda one: (places.index(one.clip), one.seed))
        values = {key: value for key, value in several[0].made.values.items() if key not in by_clip}
        groups.append(Group(name, values, tuple(members), _notes(several, by_clip)))
    return tuple(_numbered(groups) if _seeds_differ(groups) else groups), left


def _age(video: Video) -> tuple[int, str]:
    """Oldest first, and by name where that does not tell."""
    return video.seen.changed, video.name


def _members(several: Sequence[Video], clips: Mapping[str, str], left: list[Left]) -> list[Member]:
    """One video a clip and seed: the newest."""
    newest: dict[tuple[str, int], Video] = {}
    for one in several:
        key = (clips[one.sha256], one.made.seed)
        if (before := newest.get(key)) is not None:
            why = f"the same setting, clip and seed as {one.name}, which is newer"
            left.append(Left(before.name, why + _elsewhere(before.made, [one.made], "; besides: "), False))
        newest[key] = one
    return [Member(clip, seed, video) for (clip, seed), video in newest.items()]


def _seeds_differ(groups: Sequence[Group]) -> bool:
    """Whether two settings have a clip in common and no seed of it: nothing would be a pair."""
    clips: dict[str, dict[str, set[int]]] = defaultdict(dict)
    for group in groups:
        for one in group.members:
            clips[one.clip].setdefault(group.name, set()).add(one.seed)
    return any(a.isdisjoint(b) for settings in clips.values() for a, b in combinations(settings.values(), 2))


def _numbered(groups: Sequence[Group]) -> list[Group]:
    """The groups with numbers in place of the seeds: what each made of a clip first is held against each other."""
    found = []
    for group in groups:
        clips: dict[str, list[Member]] = {}
        for one in group.members:
            clips.setdefault(one.clip, []).append(one)
        members = [
            replace(one, seed=number)
            for several in clips.values()
            for number, one in enumerate(sorted(several, key=lambda each: _age(each.video)), start=1)
        ]
        found.append(replace(group, members=tuple(members), notes=(*group.notes, NUMBERED)))
    return found


def _differing(firsts: Sequence[Video], by_clip: Sequence[str]) -> list[str]:
    """The parameters in which settings differ, in the order of the alias table."""
    names = []
    for name in ALIASES:
        told = [canonical_json([one.made.values.get(name), name in one.made.computed]) for one in firsts]
        if name not in by_clip and len(set(told)) > 1:
            names.append(name)
    return names


def _name(video: Video, differing: Sequence[str]) -> str:
    """``motion_frame=9, steps=4``, as a sweep would call it."""
    parts = []
    for name in differing:
        unknown = "?" if name in video.made.computed else "none"
        value = short(video.made.values[name]) if name in video.made.values else unknown
        parts.append(f"{name}={' '.join(printable(value).split())}")
    return ", ".join(parts) or ALONE


def _unique(names: Sequence[str]) -> list[str]:
    """Long texts may be alike as far as a name shows them."""
    found: list[str] = []
    for at, name in enumerate(names):
        found.append(f"{name} #{at + 1}" if name in found else name)
    return found


def _brought(videos: Sequence[Video], clips: Mapping[str, str]) -> list[str]:
    """Sizes and prompts that differ from clip to clip and never within one: they are the clip's, not a setting's."""
    found = []
    for name in OF_A_CLIP:
        values: dict[str, set[str]] = {}
        for one in videos:
            values.setdefault(clips[one.sha256], set()).add(canonical_json(one.made.values.get(name)))
        if all(len(some) == 1 for some in values.values()) and len(set().union(*values.values())) > 1:
            found.append(name)
    return found


def _clips(videos: Sequence[Video]) -> dict[str, str]:
    """The name of each video's clip, by the video's SHA-256: of its speech, with the picture where that is needed.

    Files of one name are one file, unless the graphs say that its content changed.
    """
    contents: dict[str, set[str]] = {}
    for one in videos:
        for source in (one.made.speech, one.made.picture):
            contents.setdefault(source.name, set()).update([source.sha256] if source.sha256 else [])

    def plain(source: Source) -> Source:
        return source if len(contents[source.name]) > 1 else Source(source.name)

    keys = {one.sha256: (plain(one.made.speech), plain(one.made.picture)) for one in videos}
    distinct = list(dict.fromkeys(keys.values()))
    ways: tuple[Callable[[Key], str], ...] = (
        lambda key: _stem(key[0].name),
        lambda key: f"{_stem(key[0].name)} + {_stem(key[1].name)}",
        lambda key: " + ".join(f"{_stem(one.name)}{f' {one.sha256[:8]}' if one.sha256 else ''}" for one in key),
    )
    for way in ways:
        names = [way(key) for key in distinct]
        if len(set(names)) == len(names):
            break
    else:
        names = _unique(names)
    called = dict(zip(distinct, names, strict=True))
    return {sha256: called[key] for sha256, key in keys.items()}


def _stem(name: str) -> str:
    """A file's name without folders and ending; of one that is a hash the beginning."""
    stem = " ".join(printable(PurePosixPath(name.replace("\\", "/")).stem).split()) or "?"
    return stem[:8] if _HASH.fullmatch(stem) else stem if len(stem) <= _CLIP else stem[: _CLIP - 1] + "…"


def _notes(several: Sequence[Video], by_clip: Sequence[str]) -> tuple[str, ...]:
    notes = [f"{', '.join(by_clip)}: each clip has its own"] if by_clip else []
    notes += dict.fromkeys(note for one in several for note in one.made.notes)
    if besides := _elsewhere(several[0].made, [one.made for one in several[1:]]):
        notes.append(f"its videos' graphs differ in more than parameters: {besides}")
    return tuple(notes)


def _elsewhere(first: Made, others: Iterable[Made], before: str = "") -> str:
    """What else differs between graphs of one setting, in a few words; empty where nothing does."""
    found = list(dict.fromkeys(one.shown for other in others for one in changes(first.rest, other.rest)))
    told = "; ".join(printable(one)[:100] for one in found[:_MOST])
    return f"{before}{told}{' …' if len(found) > _MOST else ''}" if found else ""
