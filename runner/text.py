"""Words from a server, made safe to print: they may hold anything."""

import unicodedata

_LIMIT = 600
CUT = "…"
"""What stands at the end of a text that was cut."""


def plain(value: object, limit: int = _LIMIT) -> str:
    r"""``value`` as text of at most ``limit`` characters, without control characters (so no terminal escapes).

    New lines and tabs become blanks; other control and direction-changing characters become ``?``.

    >>> plain("a\x1b[31mb\nc")
    'a?[31mb c'
    """
    text = value if isinstance(value, str) else repr(value)
    short = text if len(text) <= limit else text[: limit - 1] + CUT
    return "".join(_safe(char) for char in short).strip()


def plain_block(value: object, limit: int = 8000) -> str:
    """Like ``plain``, but lines stay lines: for a traceback in a record."""
    text = value if isinstance(value, str) else repr(value)
    short = text if len(text) <= limit else text[: limit - 1] + CUT
    return "\n".join(plain(line) for line in short.splitlines())


def _safe(char: str) -> str:
    if char in "\n\r\t\u2028\u2029":
        return " "
    return "?" if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"} else char
