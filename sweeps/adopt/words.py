"""Names and reasons out of somebody's files, as a terminal and a table may show them."""

from dataclasses import dataclass
from typing import Final

LONGEST: Final = 300
"""Characters of a reason."""


@dataclass(frozen=True)
class Left:
    """A file that was left out, and why. ``bad``: it could not be taken; else a rule says that it need not be."""

    name: str
    why: str
    bad: bool = True


def printable(text: str) -> str:
    r"""``text`` in one line, without anything that a terminal would obey or that is no text.

    >>> printable("a\x1b[31m b\n\udcff")
    'a�[31m b �'
    """
    return "".join(one if one.isprintable() else " " if one.isspace() else "�" for one in text)


def reason(text: str) -> str:
    """``text`` as a reason: one line, not longer than a line or three.

    >>> reason("cannot be bound:\\n  - no sampler")
    'cannot be bound: - no sampler'
    """
    line = " ".join(printable(text).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
