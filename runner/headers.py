"""Extra HTTP headers for a server behind a reverse proxy: read from the environment or a file, never shown."""

import base64
import binascii
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from runner.text import CUT
from workflow.errors import HarnessError

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_RESERVED = frozenset({"host", "origin", "content-length", "transfer-encoding", "connection"})
_SHORTEST_SECRET = 6  # a shorter word may stand anywhere by chance
HIDDEN = "***"


class BadHeaders(HarnessError):
    """The configured headers are missing or unreadable. The message never holds a value."""

    code: ClassVar[str] = "bad-headers"


def read_headers(variable: str | None, file: str | None = None) -> dict[str, str]:
    """Headers from the environment variable ``variable`` and the file ``file``, one ``Name: value`` a line.

    Lines that are empty or start with ``#`` are skipped. Raises BadHeaders, naming the place and line only:
    values are secrets.
    """
    found: dict[str, str] = {}
    if variable:
        text = os.environ.get(variable)
        if text is None:
            raise BadHeaders(
                f"server.headers_env names the environment variable {variable}, which is not set",
                hint=f"export {variable}='Authorization: Bearer …' (one 'Name: value' a line)",
            )
        found |= _parse(text, f"environment variable {variable}")
    if file:
        path = Path(file).expanduser()
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadHeaders(
                f"server.headers_file {path} cannot be read ({type(error).__name__})",
                hint="a UTF-8 text file with one 'Name: value' a line",
            ) from None
        found |= _parse(text, f"file {path}")
    return found


def _parse(text: str, place: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, colon, value = stripped.partition(":")
        if not colon or not _NAME.fullmatch(name.strip()) or not _VALUE.fullmatch(value.strip()):
            raise BadHeaders(f"line {number} of the {place} is no header", hint="write 'Name: value', one a line")
        if name.strip().lower() in _RESERVED:
            raise BadHeaders(f"line {number} of the {place} sets {name.strip()}, which belongs to HTTP itself")
        found[name.strip()] = value.strip()
    return found


def secrets_of(headers: Mapping[str, str]) -> tuple[str, ...]:
    """What of header values must not be shown, longest first: each whole, its words, and a basic login decoded.

    >>> secrets_of({"Authorization": "Bearer abc-123-xyz"})
    ('Bearer abc-123-xyz', 'abc-123-xyz')
    """
    found: set[str] = set()
    for value in headers.values():
        words = value.split()
        found |= {value, *(word for word in words[1:] or words)}
        if words[:1] == ["Basic"]:
            found |= _login(words[-1])
    return tuple(sorted((one for one in found if len(one) >= _SHORTEST_SECRET), key=lambda one: (-len(one), one)))


def _login(word: str) -> set[str]:
    try:
        pair = base64.b64decode(word, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return set()
    return {pair, pair.partition(":")[2]}


def hide(text: str, secrets: Iterable[str]) -> str:
    """``text`` with every secret replaced: a server, or a command, may repeat what it was given.

    Where a text was cut the beginning of a secret may be left: that goes, too.

    >>> hide("token abc-123-xyz, token abc-1…", ["abc-123-xyz"])
    'token ***, token ***…'
    """
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
        if CUT in text:
            for length in range(len(secret) - 1, _SHORTEST_SECRET // 2, -1):
                text = text.replace(secret[:length] + CUT, HIDDEN + CUT)
    return text
