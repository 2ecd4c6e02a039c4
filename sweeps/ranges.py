"""Axis values as a user writes them: a list, or a quoted range string."""

import math
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from workflow.errors import HarnessError

_RANGE = re.compile(r"^\s*range\(\s*([^,()]+),\s*([^,()]+?)\s*(?:,\s*([^,()]+?)\s*)?\)\s*$")
MOST_VALUES = 10_000


class AxisError(HarnessError):
    """An axis that is no list of values and no range."""

    code = "axis-invalid"


def axis_values(name: str, value: Any) -> list[Any]:
    """The values of axis ``name``: a list as it is, a range string expanded.

    ``range(start, stop, step)`` is Python's and Hydra's: ``stop`` is excluded. Decimal steps are exact.

    >>> axis_values("motion_frame", "range(9, 26, 4)")
    [9, 13, 17, 21, 25]
    >>> axis_values("cfg", "range(1.0, 1.4, 0.1)")
    [1.0, 1.1, 1.2, 1.3]
    """
    values = _expand(name, value) if isinstance(value, str) else value
    if not isinstance(values, Sequence) or isinstance(values, (str, bytes)):
        raise AxisError(
            f"sweep.axes.{name}={value!r} is no list of values",
            hint=f"write sweep.axes.{name}=[{value}] or, quoted for the shell, \"sweep.axes.{name}='range(9,26,4)'\"",
        )
    values = list(values)
    if not values:
        said = f"sweep.axes.{name}={value}" if isinstance(value, str) else f"sweep.axes.{name}=[]"
        raise AxisError(f"{said} is empty: no values", hint="name at least one value, or leave the axis out")
    return values


def _expand(name: str, text: str) -> list[Any]:
    match = _RANGE.match(text)
    if not match:
        shown = text.strip() or "9,13"
        raise AxisError(
            f"sweep.axes.{name}={text!r} is neither a list nor a range",
            hint=f"write sweep.axes.{name}=[{shown}] or, quoted for the shell, \"sweep.axes.{name}='range(9,26,4)'\"",
        )
    try:
        start, stop, step = (Decimal(part) if part else Decimal(1) for part in match.groups())
    except InvalidOperation as error:
        raise AxisError(f"sweep.axes.{name}={text!r}: not a number", hint="range(start,stop,step)") from error
    if not all(part.is_finite() for part in (start, stop, step)) or step == 0:
        raise AxisError(f"sweep.axes.{name}={text!r}: the step must be a number other than 0", hint="range(9,26,4)")
    count = max(0, math.ceil((stop - start) / step))
    if count > MOST_VALUES:
        raise AxisError(f"sweep.axes.{name}={text!r} has {count} values", hint=f"at most {MOST_VALUES}")
    whole = all(part == part.to_integral_value() for part in (start, step)) and "." not in text
    return [int(start + i * step) if whole else float(start + i * step) for i in range(count)]
