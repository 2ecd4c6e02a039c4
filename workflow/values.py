"""One plain value against one input's spec."""

import math
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


def check_value(value: Any, spec: InputSpec) -> list[Fault]:
    """Faults of ``value``; stricter than the server, which turns 2.9 into 2 and "false" into True.

    >>> [fault.kind for fault in check_value(2.9, InputSpec("INT", min=3))]
    ['invalid_input_type']
    """
    if not spec.is_widget:
        return [Fault("invalid_input_type", f"takes a link of type {spec.kind}, got the value {value!r}", spec.kind)]
    if "*" in spec.kinds:
        return []
    if not any(_is_kind(value, kind) for kind in spec.kinds):
        wanted = " or ".join(spec.kinds)
        return [Fault("invalid_input_type", f"takes {wanted}, got {value!r}", allowed_text(spec))]
    if "COMBO" in spec.kinds:
        return [] if spec.options is None else _check_option(value, spec, spec.options)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _check_number(value, spec)
    return []


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
    if kind == "STRING":
        return isinstance(value, str)
    if kind == "BOOLEAN":
        return isinstance(value, bool)
    if kind == "COMBO":
        return isinstance(value, str | int | float | bool)
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return number and (kind == "FLOAT" or (kind == "INT" and value == int(value)))


def _check_option(value: Any, spec: InputSpec, options: tuple[Any, ...]) -> list[Fault]:
    if isinstance(value, str):
        if server_spelling(value, options) is None:
            near = suggestions(value, options)
            return [Fault("value_not_in_list", f"{value!r} is not in the list", allowed_text(spec), near)]
    elif not any(type(option) is type(value) and option == value for option in options):
        return [Fault("value_not_in_list", f"{value!r} is not in the list", allowed_text(spec))]
    return []


def _check_number(value: float, spec: InputSpec) -> list[Fault]:
    if spec.min is not None and value < spec.min:
        return [Fault("value_smaller_than_min", f"{value!r} is smaller than {spec.min}", allowed_text(spec))]
    if spec.max is not None and value > spec.max:
        return [Fault("value_bigger_than_max", f"{value!r} is bigger than {spec.max}", allowed_text(spec))]
    if spec.step:
        # The browser's widget snaps to multiples of the step, shifted by what is left of the minimum.
        steps = (value - (spec.min or 0.0)) / spec.step
        if math.isfinite(steps) and abs(steps - round(steps)) > 1e-6 * max(1.0, abs(steps)):
            message = f"{value!r} is off the step of {spec.step:g}; the server computes with it all the same"
            return [Fault("off_step", message, allowed_text(spec), level="warned")]
    return []
