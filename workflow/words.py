"""Small words that every command uses."""


def one_line(text: str) -> str:
    r"""``text`` on one line, nothing in it but letters.

    >>> one_line("a\x1b[31m\nb")
    'a [31m b'
    """
    return "".join(one if one.isprintable() else " " for one in text)


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """``count`` and its noun, with ``plural`` for all but one (default: the noun and an s).

    >>> counted(1, "cell"), counted(0, "cell"), counted(2, "entry", "entries")
    ('1 cell', '0 cells', '2 entries')
    """
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
