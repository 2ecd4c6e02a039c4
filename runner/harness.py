"""What this harness is: its version and the state of its checkout, for the records of what it made."""

from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from runner.folder import git

NAME: Final = "infinitetalk-sweep"
_PROJECT: Final = Path(__file__).resolve().parents[1]


@cache
def harness() -> dict[str, Any]:
    """``version``, ``commit`` and ``edited`` (tracked files differ from it); None is what is not known.

    Asked once a process, before what runs can differ from what lies there. No part of a video depends on it: the
    graph that was sent is in the recipe.
    """
    try:
        version = metadata.version(NAME)
    except metadata.PackageNotFoundError:
        version = None
    commit = git(_PROJECT, "rev-parse", "HEAD") if (_PROJECT / ".git").exists() else None
    changed = git(_PROJECT, "status", "--porcelain", "--untracked-files=no") if commit else None
    return {"version": version, "commit": commit, "edited": None if changed is None else changed != ""}


def in_words(known: Mapping[str, Any]) -> str:
    """What :func:`harness` told, in a few words.

    >>> in_words({"version": "0.1.0", "commit": "bfefbcf6ca91", "edited": True})
    '0.1.0 bfefbcf, edited'
    """
    words = [word for word in (known.get("version"), str(known.get("commit") or "")[:7]) if word]
    return " ".join(words) + (", edited" if known.get("edited") else "")
