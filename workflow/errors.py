"""The root of every error that a user can meet, and how every command tells it."""

import sys
from collections.abc import Callable
from typing import ClassVar


class HarnessError(Exception):
    """An error with a stable code, a message that names value and place, and one hint that says what to do.

    Subclasses stand beside the code that raises them; each has its own ``code``. ``exit_code`` follows the
    table of the README: 2 bad input or config, 3 some cells failed, 4 a regression, 130 interrupted.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Message and hint, as a terminal shows them."""
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


def told(error: HarnessError, worded: Callable[[str], str] = str) -> int:
    """Print ``error`` to standard error, as every command does; its exit code.

    ``worded`` puts the text into the command's own words, where it calls a setting otherwise.
    """
    print(worded(f"error [{error.code}]: {error}"), file=sys.stderr)
    return error.exit_code
