"""``sweep.reuse=never``: everything is rendered anew, and still nothing twice where such a sweep was stopped."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sweeps.naming import folder_name
from workflow.files import read_json, write_json


class Anew:
    """One time that a sweep renders everything. Its mark is part of the environment, so that its renders are its own.

    The same command after a stop goes on with the mark of before; after an end it takes a new one.
    """

    def __init__(self, outputs: Path, name: str) -> None:
        self._path = outputs / "anew" / f"{folder_name(name)}.json"

    @property
    def mark(self) -> str:
        """The mark of a time that has not ended; empty where there is none."""
        told = read_json(self._path)
        return str(told["mark"]) if isinstance(told, dict) and told.get("open") and told.get("mark") else ""

    @property
    def last(self) -> str:
        """The mark of the last time, ended or not; empty where there was none."""
        told = read_json(self._path)
        return str(told.get("mark") or "") if isinstance(told, dict) else ""

    def begin(self) -> str:
        """The mark of this time: that of before, or a new one. Raises OSError."""
        mark = self.mark or f"{datetime.now(UTC):%Y%m%d%H%M%S}-{uuid4().hex[:8]}"
        write_json(self._path, {"mark": mark, "open": True})
        return mark

    def end(self) -> None:
        """This time is over: the next one begins anew. Raises OSError."""
        if mark := self.mark:
            write_json(self._path, {"mark": mark, "open": False})
