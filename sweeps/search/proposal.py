"""One proposal, and the marks by which Optuna's storage tells trials apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

BASELINE: Final = "baseline"
"""Marks the trial that changes nothing, the first one, and names its setting."""
ABOUT, BRACKET, RUNG, WHY, COPY, SHELVED = "proposal", "bracket", "rung", "why", "copy_of", "shelved"
OUTSIDE: Final = "outside"


@dataclass(frozen=True)
class Proposal:
    """A trial that is to be looked at: its number, its point in the space, the bracket it belongs to."""

    trial: Any
    point: Mapping[str, Any]
    bracket: int = 0
    baseline: bool = False
    rung: int = 0
    """The rung that it went on to, where it was left behind."""

    @property
    def number(self) -> int:
        """The trial's number."""
        return int(self.trial.number)
