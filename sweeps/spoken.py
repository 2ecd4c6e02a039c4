"""What a sweep says: where nobody can take it down any more, the sweep goes on without a word."""

import os
from typing import Any, TextIO


class Spoken:
    """A stream like ``stream``, on which a full disk or a closed pipe ends nothing.

    ``trouble`` is the first thing that went wrong.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.trouble: OSError | None = None

    def write(self, text: str) -> int:
        """As a stream does; what cannot be written is dropped."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._note(error)
            return len(text)

    def flush(self) -> None:
        """As a stream does."""
        try:
            self._stream.flush()
        except OSError as error:
            self._note(error)

    def leave(self) -> None:
        """After trouble let what is still in the buffer go nowhere: Python would fail on it as it ends."""
        if self.trouble is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def _note(self, error: OSError) -> None:
        self.trouble = self.trouble or error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
