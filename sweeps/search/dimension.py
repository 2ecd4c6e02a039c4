"""One dimension of a search space: the values that a parameter may take, and when it is searched at all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sweeps.settings import short

if TYPE_CHECKING:
    from optuna.trial import BaseTrial


@dataclass(frozen=True)
class Dimension:
    """One parameter's values: ``choices``, or the numbers from ``low`` to ``high`` (both included).

    ``step`` is the distance between two values, None where every value in between is one. ``whole`` numbers are
    integers. ``log`` spreads proposals over orders of magnitude. ``when`` maps other parameters to the values of
    theirs with which this one is searched; with others it keeps the configured value.
    """

    name: str
    choices: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    step: float | None = None
    log: bool = False
    whole: bool = False
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def active(self, values: Mapping[str, Any]) -> bool:
        """Whether this parameter is searched with these ``values`` of the others."""
        return all(name in values and values[name] in allowed for name, allowed in self.when.items())

    @cached_property
    def labels(self) -> dict[str | int | float | bool | None, Any]:
        """Choices by what Optuna keeps of them: themselves where it can, else as text."""
        plain = (str, int, float, bool)
        return {one if one is None or isinstance(one, plain) else _text(one): one for one in self.choices}

    def suggest(self, trial: "BaseTrial") -> Any:
        """The value that ``trial`` has or gets."""
        if self.choices:
            return self.labels[trial.suggest_categorical(self.name, list(self.labels))]
        if self.whole:
            return trial.suggest_int(self.name, int(self.low), int(self.high), step=int(self.step or 1), log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, step=self.step, log=self.log)

    @property
    def values(self) -> list[Any] | None:
        """Every value; None where there are infinitely many."""
        if self.choices:
            return list(self.choices)
        if self.step is None:
            return [self.low] if self.low == self.high else None
        count = int((Decimal(str(self.high)) - Decimal(str(self.low))) / Decimal(str(self.step))) + 1
        found = [Decimal(str(self.low)) + k * Decimal(str(self.step)) for k in range(count)]
        return [int(one) if self.whole else float(one) for one in found]

    def holds(self, value: Any) -> bool:
        """Whether ``value`` is one that can be proposed."""
        if self.choices or self.step is not None:
            return any(value == one for one in self.values or ())
        return isinstance(value, (int, float)) and not isinstance(value, bool) and self.low <= value <= self.high

    def stored(self, value: Any) -> Any:
        """``value`` as Optuna keeps it."""
        return next((label for label, one in self.labels.items() if one == value), value) if self.choices else value

    @property
    def shown(self) -> str:
        """In words: ``9, 13, 17`` or ``0.5 … 2 (log)``, with its condition."""
        if self.choices:
            text = ", ".join(short(one) for one in self.choices)
        else:
            text = f"{self.low:g} … {self.high:g}" + (f" by {self.step:g}" if self.step else "")
        text += " (log)" if self.log else ""
        terms = [f"{name} is {' or '.join(map(short, allowed))}" for name, allowed in self.when.items()]
        return text + (f", where {' and '.join(terms)}" if terms else "")


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=vars)
