"""One figure of a score: a number, or the reason why there is none."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Value:
    """A number, or None with ``missing`` saying why; never both. ``flags`` qualify a number that is there."""

    value: float | None
    missing: str | None = None
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.value is None) == (self.missing is None):
            raise ValueError(f"a value is a number or has a reason to be missing, got {self.value!r}, {self.missing!r}")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"a value must be finite, got {self.value!r}")

    def to_json(self) -> dict[str, Any]:
        """Plain dict of JSON types."""
        return {"value": self.value, "missing": self.missing, "flags": list(self.flags)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Value":
        """The inverse of :meth:`to_json`."""
        number = data["value"]
        return cls(None if number is None else float(number), data["missing"], tuple(data["flags"]))


def number(value: float, flags: Iterable[str] = ()) -> Value:
    """A value that is there; a number that is not finite becomes missing and says so."""
    if not math.isfinite(value):
        return Value(None, "not a finite number")
    return Value(float(value), None, tuple(flags))


def absent(reason: str) -> Value:
    """A value that is missing for ``reason``."""
    return Value(None, reason)
