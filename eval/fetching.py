"""Fetching weights: by name, or what a scoring profile lacks before the first video is scored."""

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from eval.download import ELSEWHERE, NotFetched, OnProgress, Say, Wanted, WeightsFolderError, download
from eval.http_body import Patience, host_of
from eval.reach import is_local, reached
from eval.weight_files import weights_named
from eval.weights import FOLDER_VARIABLE, Sources, WeightsAbsent, WeightsWrong, find, note_of, path_of

OFFLINE_VARIABLE = "INFINITETALK_SWEEP_OFFLINE"
"""Environment variable that forbids fetching (1); folders that serve as mirrors are still used."""

_PROBE_S, _FIRST_BYTE_S = 4.0, 6.0
"""A machine without network knows it after at most their sum."""
_LINE_EVERY_S = 15.0

_given_up: dict[tuple[str, Path, tuple[str, ...]], str] = {}
"""What could not be fetched in this process, and why: it is not tried, nor said, twice."""


def places(name: str, sources: Sources) -> list[str]:
    """Where the file can be had, in the order they are tried: mirrors, then the publishers."""
    weights = weights_named(name)
    return [*(f"{mirror.rstrip('/')}/{weights.file}" for mirror in sources.mirrors), *weights.urls]


def offline() -> bool:
    """Whether the environment forbids fetching."""
    return os.environ.get(OFFLINE_VARIABLE, "").strip().lower() not in ("", "0", "false", "no")


def size_words(size: int) -> str:
    """Bytes as people read them.

    >>> size_words(54_573_114), size_words(1_242_398), size_words(700)
    ('54.6 MB', '1.2 MB', '700 bytes')
    """
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size:,} bytes"


def announcement(name: str, sources: Sources, only: Sequence[str] | None = None) -> str:
    """What is fetched, how large, from where, under which licence."""
    weights = weights_named(name)
    there = [place for place in places(name, sources) if not is_local(place) or _is_here(place)]
    first = next(iter(there if only is None else only), "nowhere")
    what = f"{name}: {weights.file}, {size_words(weights.size)} from {host_of(first)}"
    return f"{what}, for {weights.purpose}; licence: {weights.licence}"


def fetch(
    name: str,
    sources: Sources,
    *,
    say: Say,
    on_progress: OnProgress | None = None,
    patience: Patience | None = None,
    only: Sequence[str] | None = None,
) -> Path:
    """Fetch one weight file into the cache unless it is there; ``only`` narrows the places. Returns its path.

    Raises WeightsWrong, NotFetched, WeightsFolderError; for an own file what ``find`` raises.
    """
    if name in sources.files:
        return find(name, sources)
    weights = weights_named(name)
    target = path_of(name, sources)
    chosen = places(name, sources) if only is None else list(only)
    if offline():
        chosen = [place for place in chosen if is_local(place)]
        if not chosen:
            raise NotFetched(f"{name} is not fetched: {OFFLINE_VARIABLE} is set", hint=f"unset it; or {ELSEWHERE}")
    wanted = Wanted(name, target, weights.size, weights.sha256)
    download(wanted, chosen, say=say, on_progress=on_progress, patience=patience)
    note_of(name, sources).unlink(missing_ok=True)
    return target


def fetch_missing(names: Iterable[str], sources: Sources, say: Say) -> dict[str, str]:
    """Fetch those of ``names`` that are absent, after saying so; returns why, for each that still is.

    Nothing that the network does is an error here: without one this takes seconds, says one line, and is not tried
    again in this process. Raises WeightsWrong where a user's own file has not the sum it should have.
    """
    reasons, lacking = _lacking(names, sources, say)
    if not lacking:
        return reasons
    usable = _usable(lacking, sources)
    for mirror in filter(is_local, sources.mirrors):
        files = [weights_named(name).file for name in lacking]
        if lacks := [file for file in files if not _is_here(f"{mirror}/{file}")]:
            say(f"the mirror {mirror} has no {', '.join(lacks)}")
    if not any(usable.values()):
        why = f"{OFFLINE_VARIABLE} is set" if offline() else "no network"
        say(f"weights of {', '.join(lacking)} absent, {why}: their metrics are unavailable until {_command(lacking)}")
        return reasons | _give_up(dict.fromkeys(lacking, why), sources)
    say(f"fetching weights into {sources.cache} ({FOLDER_VARIABLE} moves it, {OFFLINE_VARIABLE}=1 forbids it)")
    for name in lacking:
        say(f"  {announcement(name, sources, usable[name])}")
    patience, failed = Patience(_FIRST_BYTE_S), {}
    for name in lacking:
        try:
            if not usable[name]:
                raise NotFetched("no place that has it answers")
            fetch(name, sources, say=say, on_progress=lines(name, say), patience=patience, only=usable[name])
            say(f"  {name}: complete, checksum right")
        except (NotFetched, WeightsWrong, WeightsFolderError) as error:
            failed[name] = error.message
            say(f"  {name}: {error.message}; its metrics are unavailable until {_command([name])}")
    return reasons | _give_up(failed, sources)


def lines(name: str, say: Say) -> OnProgress:
    """Progress as lines of text, far enough apart for a log."""
    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _LINE_EVERY_S:
            last = time.monotonic()
            say(f"  {name}: {done / 1e6:.0f} of {size_words(total)}")

    return tell


def _lacking(names: Iterable[str], sources: Sources, say: Say) -> tuple[dict[str, str], list[str]]:
    """Reasons for what cannot be fetched anyhow, and what is to be fetched."""
    reasons: dict[str, str] = {}
    lacking: list[str] = []
    for name in dict.fromkeys(names):
        try:
            find(name, sources)
        except WeightsAbsent as error:
            given_up = _given_up.get(_key(name, sources))
            if name in sources.files:
                reasons[name] = error.message
                say(error.message)
            elif given_up is not None:
                reasons[name] = given_up
            else:
                lacking.append(name)
        except WeightsWrong as error:
            if name in sources.files:
                raise
            say(f"{error.message}; it is fetched again")
            lacking.append(name)
    return reasons, lacking


def _usable(names: list[str], sources: Sources) -> dict[str, list[str]]:
    """For each name the places that can be reached at all."""
    every = {name: places(name, sources) for name in names}
    urls = {place for some in every.values() for place in some if not is_local(place)}
    answering = set() if offline() else reached(urls, _PROBE_S)
    return {name: [place for place in some if place in answering or _is_here(place)] for name, some in every.items()}


def _is_here(place: str) -> bool:
    return is_local(place) and Path(place).expanduser().is_file()


def _give_up(failed: dict[str, str], sources: Sources) -> dict[str, str]:
    _given_up.update({_key(name, sources): reason for name, reason in failed.items()})
    return failed


def _key(name: str, sources: Sources) -> tuple[str, Path, tuple[str, ...]]:
    return name, sources.cache, sources.mirrors


def _command(names: list[str]) -> str:
    return f"python -m eval weights fetch {' '.join(names)}"
