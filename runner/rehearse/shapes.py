"""Tensor names and shapes of every checkpoint, spelled out of ``shapes.txt``."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

SIZES: Final = ("tiny", "full")
"""tiny has the wrapper's smallest transformer (30 narrow blocks), full the 14B one; CLIP-H and wav2vec2 are whole in
both, since ComfyUI knows them by their shapes."""

Shape = tuple[int, ...]
_FILE: Final = Path(__file__).with_name("shapes.txt")
_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_SIDE: Final = re.compile(r"(\d*)([A-Z]?)")


@cache
def shapes(model: str, size: str) -> Mapping[str, Shape]:
    """Name → shape of each tensor of ``model`` (a section of ``shapes.txt``) at ``size``, in the file's order."""
    sections = _sections(_FILE.read_text(encoding="utf-8"))
    letters = _letters(sections["sizes"], size)
    found: dict[str, Shape] = {}
    for head, lines in _groups(sections[model]):
        for prefix in _spelled(head, letters):
            for line in lines:
                found.update(_tensors(prefix, line, letters))
    return found


def _sections(text: str) -> dict[str, list[str]]:
    """The lines of each section, without comments."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            lines = found.setdefault(line.strip("[]"), [])
        elif line.strip() and not line.startswith("#"):
            lines.append(line)
    return found


def _letters(lines: Iterable[str], size: str) -> dict[str, int]:
    """What D, F, L and V are at ``size``."""
    words = next(line.split() for line in lines if line.split()[0] == size)
    return {name: int(value) for name, _, value in (word.partition("=") for word in words[1:])}


def _groups(lines: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Each head with the lines below it; a line that is a whole tensor stands alone, without a head."""
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        if line.startswith("  "):
            found[-1][1].append(line.strip())
        else:
            found.append(("", [line]) if "  " in line else (line, []))
    return found


def _tensors(prefix: str, line: str, letters: Mapping[str, int]) -> Iterator[tuple[str, Shape]]:
    name, _, sides = line.partition("  ")
    shape = tuple(_side(word, letters) for word in sides.split())
    for full in _spelled(prefix + name, letters):
        if full.endswith(".*"):
            yield f"{full[:-1]}weight", shape
            yield f"{full[:-1]}bias", shape[:1]
        else:
            yield full, shape


def _side(word: str, letters: Mapping[str, int]) -> int:
    """``6D`` with D = 192 is 1152."""
    found = _SIDE.fullmatch(word)
    if found is None:
        raise ValueError(f"shapes.txt: {word!r} is no side of a tensor")
    number, letter = found.groups()
    return int(number or 1) * (letters[letter] if letter else 1)


def _spelled(name: str, letters: Mapping[str, int]) -> Iterator[str]:
    """Every name that the braces in ``name`` stand for, the first brace changing slowest."""
    brace = _BRACES.search(name)
    if brace is None:
        yield name
        return
    low, colon, high = brace[1].partition(":")
    items = [str(number) for number in range(int(low), _side(high, letters))] if colon else brace[1].split(",")
    for item in items:
        yield from _spelled(name[: brace.start()] + item + name[brace.end() :], letters)
