"""One round of blind choices, as the report page saves it: read strictly, since anybody may have written the file."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NoReturn

from sweeps.naming import MARKS
from workflow.errors import HarnessError

FORMAT: Final = "blind-votes"
VERSION: Final = 1
MOST_BYTES: Final = 8_000_000
MOST_CHOICES: Final = 20_000
MOST_REMARK: Final = 500
MOST_NAME: Final = 1000
TICKS: Final = ("lips", "hands", "gaze", "teeth", "text", "other")
"""What a person may tick on a video because no metric sees it; ``lips``: they do not close at b, p, m."""
_KEYS: Final = frozenset(
    {"format", "version", "sweep", "mark", "plan", "language", "round", "started", "saved", "choices"}
)
_CHOICE_KEYS: Final = frozenset({"clip", "seed", "shown", "choice", "ticks", "remark", "time"})


class VotesError(HarnessError):
    """A file of choices that cannot be brought in."""

    code = "votes"


@dataclass(frozen=True)
class Choice:
    """One pair as it was shown and what came of it: ``choice`` is 1, 2, or 0 for no difference."""

    clip: str
    seed: int
    shown: tuple[str, str]
    choice: int
    ticks: tuple[tuple[str, ...], tuple[str, ...]]
    remark: str
    time: str

    @property
    def pair(self) -> tuple[str, int, frozenset[str]]:
        """What was compared, whichever way round."""
        return self.clip, self.seed, frozenset(self.shown)


@dataclass(frozen=True)
class Ballot:
    """One round of one person: choices among the videos of one plan of one sweep."""

    sweep: str
    mark: str
    plan: str
    language: str
    round: str
    started: str
    saved: str
    choices: tuple[Choice, ...]

    def plain(self) -> dict[str, Any]:
        """As JSON, the same as it came."""
        return {"format": FORMAT, "version": VERSION, **asdict(self)}


def read_ballot(path: Path) -> Ballot:
    """The choices in ``path``. Raises VotesError, which names the file and what is wrong in it."""
    try:
        if path.stat().st_size > MOST_BYTES:
            refuse(path, f"is larger than {MOST_BYTES / 1e6:.0f} MB")
        told = json.loads(path.read_bytes().decode("utf-8"), parse_constant=lambda sign: refuse(path, f"holds {sign}"))
    except OSError as error:
        refuse(path, f"cannot be read: {error.strerror or error}")
    except (ValueError, RecursionError):
        refuse(path, "is no JSON")
    try:
        return _ballot(told)
    except _Wrong as wrong:
        refuse(path, str(wrong))


def refuse(path: Path, why: str) -> NoReturn:
    """Say what is wrong with the file."""
    raise VotesError(f"{path} {why}", hint="save the choices anew on the report page: Blind comparison, Save")


class _Wrong(Exception):
    """What is wrong, and where."""


def _ballot(told: Any) -> Ballot:
    fields = _fields(told, _KEYS, "the file")
    if fields["format"] != FORMAT or type(fields["version"]) is not int or fields["version"] != VERSION:
        raise _Wrong(f"is not of the format {FORMAT} {VERSION}")
    choices = fields["choices"]
    if not isinstance(choices, list) or len(choices) > MOST_CHOICES:
        raise _Wrong(f"choices: not a list of {MOST_CHOICES} at most")
    read = tuple(_choice(one, f"choice {number}") for number, one in enumerate(choices, start=1))
    seen: dict[tuple[str, int, frozenset[str]], int] = {}
    for number, one in enumerate(read, start=1):
        if seen.setdefault(one.pair, number) != number:
            raise _Wrong(f"choice {number}: the same pair as choice {seen[one.pair]}")
    return Ballot(
        sweep=_text(fields["sweep"], "sweep", MOST_NAME),
        mark=_one_of(fields["mark"], "mark", MARKS),
        plan=_matching(fields["plan"], "plan", r"[0-9a-f]{12}"),
        language=_one_of(fields["language"], "language", ("en", "zh")),
        round=_matching(fields["round"], "round", r"[0-9a-f]{16}"),
        started=_time(fields["started"], "started"),
        saved=_time(fields["saved"], "saved"),
        choices=read,
    )


def _choice(told: Any, where: str) -> Choice:
    fields = _fields(told, _CHOICE_KEYS, where)
    shown = _two(fields["shown"], f"{where}: shown")
    names = (_text(shown[0], f"{where}: shown", MOST_NAME), _text(shown[1], f"{where}: shown", MOST_NAME))
    if names[0] == names[1]:
        raise _Wrong(f"{where}: shown: the same setting twice")
    if type(fields["choice"]) is not int or fields["choice"] not in (0, 1, 2):
        raise _Wrong(f"{where}: choice: {_short(fields['choice'])} is none of 0, 1, 2")
    ticks = _two(fields["ticks"], f"{where}: ticks")
    return Choice(
        clip=_text(fields["clip"], f"{where}: clip", MOST_NAME),
        seed=_seed(fields["seed"], f"{where}: seed"),
        shown=names,
        choice=fields["choice"],
        ticks=(_ticks(ticks[0], f"{where}: ticks"), _ticks(ticks[1], f"{where}: ticks")),
        remark=_text(fields["remark"], f"{where}: remark", MOST_REMARK),
        time=_time(fields["time"], f"{where}: time"),
    )


def _fields(told: Any, keys: frozenset[str], where: str) -> Mapping[str, Any]:
    if not isinstance(told, dict):
        raise _Wrong(f"{where}: not an object")
    if odd := sorted(keys ^ set(told)):
        what = "is unknown" if odd[0] in told else "is missing"
        raise _Wrong(f"{where}: {_short(odd[0])} {what}")
    return told


def _two(value: Any, where: str) -> Sequence[Any]:
    if not isinstance(value, list) or len(value) != 2:
        raise _Wrong(f"{where}: not a list of two")
    return value


def _ticks(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > len(TICKS):
        raise _Wrong(f"{where}: not a list of {len(TICKS)} at most")
    found = tuple(_one_of(one, where, TICKS) for one in value)
    if len(set(found)) < len(found):
        raise _Wrong(f"{where}: one of them twice")
    return found


def _text(value: Any, where: str, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise _Wrong(f"{where}: no text of {most} characters at most")
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in value):
        raise _Wrong(f"{where}: holds control characters")
    return value


def _one_of(value: Any, where: str, words: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in words:
        raise _Wrong(f"{where}: {_short(value)} is none of {', '.join(map(repr, words))}")
    return value


def _seed(value: Any, where: str) -> int:
    """A whole number; in letters where a browser's numbers have no room for it."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{16,20}", value):
        return int(value)
    if type(value) is not int:
        raise _Wrong(f"{where}: {_short(value)} is no whole number")
    return value


def _matching(value: Any, where: str, pattern: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise _Wrong(f"{where}: {_short(value)} is not of the form {pattern}")
    return value


def _time(value: Any, where: str) -> str:
    with suppress(ValueError):
        if isinstance(value, str) and len(value) <= 40 and datetime.fromisoformat(value).tzinfo is not None:
            return value
    raise _Wrong(f"{where}: {_short(value)} is no time with its zone")


def _short(value: Any) -> str:
    """A foreign value in a message: escaped and cut."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
