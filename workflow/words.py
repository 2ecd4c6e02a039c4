"""Small words that every command uses."""


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """``count`` and its noun, with ``plural`` for all but one (default: the noun and an s).

    >>> counted(1, "cell"), counted(0, "cell"), counted(2, "entry", "entries")
    ('1 cell', '0 cells', '2 entries')
    """
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
