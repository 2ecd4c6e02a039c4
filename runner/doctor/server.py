"""Findings about a server by itself: version, card, memory, flags, queue, uploads."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runner.answers import Queue
from runner.doctor.facts import GIB, Facts, gib
from runner.doctor.finding import Finding, listed
from workflow.cost import Span

OLDEST, NEWEST = (0, 3, 64), (0, 27, 0)
"""The oldest and the newest ComfyUI on which every route and answer that we use was seen."""
INTERRUPTS_BY_ID = (0, 3, 57)
"""Since this release /interrupt stops the prompt that it is told; before, whatever runs."""


@dataclass(frozen=True)
class Need:
    """What one video is expected to need at its peak: bytes of VRAM and of host memory; None is not known."""

    vram: Span | None = None
    ram: Span | None = None


def about_server(facts: Facts, need: Need | None = None) -> Iterator[Finding]:
    """Version, card, memory and flags."""
    yield _version(facts)
    yield _card(facts, need or Need())
    yield from _memory(facts, need or Need())
    yield from _flags(facts)


def _version(facts: Facts) -> Finding:
    runs = ", ".join(f"{name} {value}" for name, value in (("Python", facts.python), ("torch", facts.torch)) if value)
    if facts.stand_in is not None:
        text = f"stand-in {facts.stand_in}: a CPU puppet in place of the model; it shows the method, not the model"
        return Finding("ok", "server", "stand-in", text)
    about = f"ComfyUI {facts.comfyui or '(no version told)'}" + (f", {runs}" if runs else "")
    about += ", Windows" if facts.windows else ""
    tried = f"{_dotted(OLDEST)} to {_dotted(NEWEST)} are known to work"
    release = _release(facts.comfyui)
    if release is None:
        return Finding("unknown", "server", "version-unknown", f"{about}; {tried}")
    if release < INTERRUPTS_BY_ID:
        text = f"{about} is old: cancelling a render stops whatever runs there, also others' jobs; {tried}"
        return Finding("risk", "server", "version-old", text, "update ComfyUI, or let nobody else use it meanwhile")
    if release < OLDEST:
        return Finding("risk", "server", "version-old", f"{about} is older than any that was tried; {tried}")
    if release > NEWEST:
        return Finding("unknown", "server", "version-new", f"{about} is newer than any that was tried; {tried}")
    return Finding("ok", "server", "version", about)


def _release(version: str) -> tuple[int, int, int] | None:
    found = re.match(r"v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})", version)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _dotted(release: tuple[int, int, int]) -> str:
    return ".".join(map(str, release))


def _card(facts: Facts, need: Need) -> Finding:
    if facts.stand_in is not None:
        return Finding("ok", "card", "card", "none: the stand-in needs no GPU")
    if facts.device == "cpu":
        text = "no GPU (ComfyUI runs on the CPU): enough for a tiny rehearsal, far too slow for the model"
        return Finding("risk", "card", "no-gpu", text, "start ComfyUI without --cpu on a machine with a GPU")
    if not facts.gpu or facts.vram_total is None:
        text = f"{facts.gpu or 'a GPU'} with {gib(facts.vram_total)} of VRAM"
        return Finding("unknown", "card", "card-unknown", text)
    free = f" ({gib(facts.vram_free)} free)" if facts.vram_free is not None else ""
    text = f"{facts.gpu}, {gib(facts.vram_total)} of VRAM{free}"
    if need.vram is None:
        return Finding("ok", "card", "card", text)
    text += f"; forecast {_range(need.vram)}"
    if facts.vram_total < need.vram.low:
        hint = "more swapped blocks (block_swap), a smaller size, or a larger card"
        return Finding("risk", "card", "vram-short", f"{text}: likely out of memory", hint)
    if facts.vram_free is not None and facts.vram_free + facts.vram_own < need.vram.low:
        hint = "another program uses the card: end it, or wait for it"
        return Finding("risk", "card", "vram-taken", f"{text}: too little is free now", hint)
    if facts.vram_total < need.vram.high:
        hint = "more swapped blocks (block_swap) would help"
        return Finding("risk", "card", "vram-tight", f"{text}: it may run out of memory", hint)
    return Finding("ok", "card", "card", text)


def _memory(facts: Facts, need: Need) -> Iterator[Finding]:
    if facts.stand_in is not None:
        return
    if facts.ram_total is None:
        yield Finding("unknown", "memory", "memory-unknown", "the server does not tell its host memory")
        return
    free = f" ({gib(facts.ram_free)} free)" if facts.ram_free is not None else ""
    text = f"{gib(facts.ram_total)} of host memory{free}"
    if need.ram is None:
        yield Finding("ok", "memory", "memory", text)
        return
    text += f"; forecast {_range(need.ram)}"
    if facts.ram_total < need.ram.low:
        hint = "a shorter speech or smaller size; a system kills such a server without a word"
        yield Finding("risk", "memory", "memory-short", text, hint)
    else:
        yield Finding("ok", "memory", "memory", text)


def _range(need: Span) -> str:
    low, high = need.low / GIB, need.high / GIB
    return f"{low:.0f} GiB" if round(low) == round(high) else f"{low:.0f} to {high:.0f} GiB"


_RISKY = {
    "--cache-none": "every cell reads the model again from disk: load time in every one",
    "--gpu-only": "keeps every model in VRAM: block swapping frees less than it is meant to",
    "--highvram": "keeps models in VRAM: block swapping frees less than it is meant to",
    "--disable-all-custom-nodes": "only whitelisted node packs are loaded",
}


def _flags(facts: Facts) -> Iterator[Finding]:
    if not facts.flags:
        return
    risks = [f"{name} ({why})" for name, why in _RISKY.items() if facts.has_flag(name)]
    text = f"started with {listed(facts.flags, 8)}"
    if risks:
        hint = "start ComfyUI without what you do not need of these"
        yield Finding("risk", "flags", "flags-risky", f"{text}; {'; '.join(risks)}", hint)
    else:
        yield Finding("ok", "flags", "flags", text)


def about_queue(queue: Queue) -> Finding:
    """Whether somebody's jobs are there already."""
    running, waiting = len(queue.running), len(queue.pending)
    if not running and not waiting:
        return Finding("ok", "queue", "queue", "empty")
    text = f"{running} job{'' if running == 1 else 's'} running, {waiting} waiting: ours come after them"
    return Finding("risk", "queue", "queue-busy", text, "jobs of others share the card, and its time is not ours")


def about_uploads(facts: Facts, largest: tuple[str, float] | None = None) -> Finding:
    """What may be uploaded; ``largest`` is the name and the bytes of the largest file that will be."""
    limit = facts.upload_mb
    if largest is not None and largest[1] > limit * (1 << 20):
        text = f"{largest[0]} has {largest[1] / (1 << 20):.0f} MB, the server takes {limit:g} MB"
        hint = "start ComfyUI with a larger --max-upload-size, or shorten the file"
        return Finding("fault", "uploads", "upload-too-large", text, hint, largest[0])
    text = f"up to {limit:g} MB a file"
    if largest is not None:
        return Finding("ok", "uploads", "uploads", f"{text}; the largest here has {largest[1] / (1 << 20):.1f} MB")
    return Finding("unknown", "uploads", "uploads-not-tried", f"{text}; none was tried (--upload sends one)")
