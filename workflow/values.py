"""One plain value against one input's spec."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from workflow.models import server_spelling, suggestions
from workflow.schema import InputSpec


@dataclass(frozen=True)
class Fault:
    """What is wrong with a value; ``kind`` is the server's word for it where it has one."""

    kind: str
    message: str
    allowed: str = ""
    suggestions: tuple[str, ...] = ()
    level: Literal["refused", "warned"] = "refused"


def check_value(value: Any, spec: InputSpec) -> Iterator[Fault]:
    """Faults of ``value``; stricter than the server, which turns 2.9 into 2 and "false" into True.

    >>> [fault.kind for fault in check_value(2.9, InputSpec("INT", min=3))]
    ['invalid_input_type']
    """
    if not spec.is_widget:
        yield Fault("invalid_input_type", f"takes a link of type {spec.kind}, got the value {value!r}", spec.kind)
        return
    kinds = [part.strip() for part in spec.kind.split(",")]
    if "*" in kinds:
        return
    if not any(_is_kind(value, kind) for kind in kinds):
        yield Fault("invalid_input_type", f"takes {' or '.join(kinds)}, got {value!r}", allowed_text(spec))
    elif "COMBO" in kinds:
        yield from _check_option(value, spec)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _check_number(value, spec)


def allowed_text(spec: InputSpec) -> str:
    """What an input takes, in words."""
    if spec.options is not None:
        return ", ".join(str(option) for option in spec.options) or "nothing, the server's list is empty"
    if spec.kind == "BOOLEAN":
        return "true, false"
    parts = [f"{word} {limit}" for word, limit in (("from", spec.min), ("to", spec.max)) if limit is not None]
    if spec.step is not None and spec.kind != "STRING":
        parts.append(f"in steps of {spec.step:g}")
    return " ".join([spec.kind, *parts])


def _is_kind(value: Any, kind: str) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind == "INT":
        return number and value == int(value)
    if kind == "FLOAT":
        return number
    if kind == "BOOLEAN":
        return isinstance(value, bool)
    if kind == "STRING":
        return isinstance(value, str)
    return kind == "COMBO" and isinstance(value, str | int | float | bool)


def _check_option(value: Any, spec: InputSpec) -> Iterator[Fault]:
    if spec.options is None:
        return
    if isinstance(value, str):
        if server_spelling(value, spec.options) is None:
            near = suggestions(value, spec.options)
            yield Fault("value_not_in_list", f"{value!r} is not in the list", allowed_text(spec), near)
    elif not any(type(option) is type(value) and option == value for option in spec.options):
        yield Fault("value_not_in_list", f"{value!r} is not in the list", allowed_text(spec))


def _check_number(value: float, spec: InputSpec) -> Iterator[Fault]:
    if spec.min is not None and value < spec.min:
        yield Fault("value_smaller_than_min", f"{value!r} is smaller than {spec.min}", allowed_text(spec))
    elif spec.max is not None and value > spec.max:
        yield Fault("value_bigger_than_max", f"{value!r} is bigger than {spec.max}", allowed_text(spec))
    elif spec.step:
        # The browser's widget snaps to multiples of the step, shifted by what is left of the minimum.
        steps = (value - (spec.min or 0.0)) / spec.step
        if abs(steps - round(steps)) > 1e-6 * max(1.0, abs(steps)):
            message = f"{value!r} is off the step of {spec.step:g}; the server computes with it all the same"
            yield Fault("off_step", message, allowed_text(spec), level="warned")
