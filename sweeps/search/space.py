"""The search space: which values each parameter may take, and under which conditions it is searched at all."""

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sweeps.ranges import AxisError, axis_values
from sweeps.search.dimension import Dimension
from sweeps.settings import short, typed
from workflow.errors import HarnessError

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

KEYS = ("low", "high", "step", "log", "choices", "when")
MOST_POINTS = 100_000
"""Points of a space that are still listed one by one."""


class SpaceError(HarnessError):
    """A search space in which nothing can be searched, or that contradicts itself."""

    code = "search-space"


@dataclass(frozen=True)
class Space:
    """All dimensions, each after those that its condition names."""

    dimensions: tuple[Dimension, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that are searched."""
        return tuple(one.name for one in self.dimensions)

    @property
    def conditional(self) -> bool:
        """Whether some parameter is searched only with certain values of others."""
        return any(one.when for one in self.dimensions)

    def suggest(self, trial: "BaseTrial") -> dict[str, Any]:
        """The point that ``trial`` proposes: values of the parameters that are searched in it."""
        point: dict[str, Any] = {}
        for one in self.dimensions:
            if one.active(point):
                point[one.name] = one.suggest(trial)
        return point

    def point_of(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The point at which a setting with these ``values`` lies, and what of it lies outside the space, in words."""
        point: dict[str, Any] = {}
        outside: list[str] = []
        for one in self.dimensions:
            if not one.active(point):
                continue
            value = values.get(one.name)
            point[one.name] = value
            if not one.holds(value):
                outside.append(f"{one.name}={short(value)} is not among {one.shown}")
        return point, tuple(outside)

    def stored(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """A point as Optuna keeps it."""
        by_name = {one.name: one for one in self.dimensions}
        return {name: by_name[name].stored(value) for name, value in point.items()}

    @property
    def size(self) -> int | None:
        """How many points there are; None for infinitely many, or too many to list."""
        points = self.points()
        return None if points is None else len(points)

    def points(self) -> list[dict[str, Any]] | None:
        """Every point, the last parameter moving fastest; None where they cannot be listed."""
        columns = [one.values for one in self.dimensions]
        if any(values is None for values in columns):
            return None
        if math.prod(len(values or ()) for values in columns) > MOST_POINTS:
            return None
        found: dict[str, dict[str, Any]] = {}
        for combination in itertools.product(*(values or () for values in columns)):
            point: dict[str, Any] = {}
            for one, value in zip(self.dimensions, combination, strict=True):
                if one.active(point):
                    point[one.name] = value
            found.setdefault(key_of(point), point)
        return list(found.values())

    def to_json(self) -> dict[str, Any]:
        """The space in words by parameter, to compare two of them by."""
        return {one.name: one.shown for one in self.dimensions}


def key_of(point: Mapping[str, Any]) -> str:
    """Text that is equal for equal points; 2 and 2.0 are one."""
    return json.dumps(_even(dict(point)), sort_keys=True, ensure_ascii=False)


def space_of(given: Mapping[str, Any]) -> Space:
    """The space as an experiment file has it: parameter → range, list or mapping (see ``conf/experiment/search.yaml``).

    Raises:
        SpaceError: nothing to search, an unknown key, a range the wrong way round, a condition on what is not searched.
    """
    dimensions = {name: _dimension(name, value) for name, value in given.items() if value is not None}
    if not dimensions:
        raise SpaceError(
            "search.space is empty: there is nothing to search",
            hint="give at least one parameter a range: search.space.cfg='{low:1.0,high:2.0}', or search=grid",
        )
    space = Space(tuple(_in_order(dimensions)))
    if space.size == 1:
        point = ", ".join(f"{name}={short(value)}" for name, value in (space.points() or [{}])[0].items())
        raise SpaceError(f"search.space has one point only ({point})", hint="give a parameter more than one value")
    return space


def _dimension(name: str, given: Any) -> Dimension:
    at = f"search.space.{name}"
    if not isinstance(given, Mapping):
        given = {"choices": _listed(name, given)}
    unknown = sorted(set(given) - set(KEYS))
    if unknown:
        raise SpaceError(f"{at} has no key {unknown[0]!r}", hint=f"keys are {', '.join(KEYS)}")
    when = {str(key): tuple(_allowed(key, value)) for key, value in (given.get("when") or {}).items()}
    if given.get("choices") is not None:
        if any(given.get(key) is not None for key in ("low", "high", "step")):
            raise SpaceError(f"{at} has choices and a range", hint="one of the two")
        choices = [_typed(name, one) for one in _listed(name, given["choices"])]
        repeated = next((one for at_, one in enumerate(choices) if one in choices[:at_]), None)
        if repeated is not None:
            raise SpaceError(f"{at} has the choice {short(repeated)} twice", hint="once is enough")
        return Dimension(name, tuple(choices), when=when)
    return _range(name, given, when)


def _range(name: str, given: Mapping[str, Any], when: Mapping[str, tuple[Any, ...]]) -> Dimension:
    at = f"search.space.{name}"
    numbers = [given.get(key) for key in ("low", "high")]
    if None in numbers or not all(_is_number(one) for one in numbers):
        raise SpaceError(f"{at} needs choices, or the numbers low and high", hint=f"{at}='{{low:1.0,high:2.0}}'")
    low, high, step, log = given["low"], given["high"], given.get("step"), bool(given.get("log"))
    low, high = _typed(name, low), _typed(name, high)
    whole = isinstance(low, int) and isinstance(high, int) and (step is None or float(step).is_integer())
    step = 1 if whole and step is None else step
    if low > high:
        raise SpaceError(f"{at}: low {low:g} is above high {high:g}", hint="low comes first")
    if step is not None and (not _is_number(step) or step <= 0):
        raise SpaceError(f"{at}: step {step} must be above 0", hint="leave it out for every value in between")
    if log and low <= 0:
        raise SpaceError(f"{at}: log needs low above 0, it is {low:g}", hint="a small number instead of 0")
    if log and step is not None and step != 1:
        raise SpaceError(f"{at}: log and step do not go together", hint="Optuna has no steps on a log scale")
    if step is not None and (whole or not log):  # the last value that the steps reach
        reach = int((Decimal(str(high)) - Decimal(str(low))) / Decimal(str(step)))
        high = type(high)(Decimal(str(low)) + reach * Decimal(str(step)))
    return Dimension(name, low=low, high=high, step=step, log=log, whole=whole, when=when)


def _in_order(dimensions: Mapping[str, Dimension]) -> Iterator[Dimension]:
    """Each dimension after those that its condition names."""
    left, placed = dict(dimensions), set[str]()
    for one in dimensions.values():
        for other, allowed in one.when.items():
            if other not in dimensions:
                raise SpaceError(
                    f"search.space.{one.name} depends on {other}, which is not searched",
                    hint=f"searched are {', '.join(dimensions)}",
                )
            if (strange := next((v for v in allowed if not dimensions[other].holds(v)), None)) is not None:
                raise SpaceError(
                    f"search.space.{one.name} waits for {other}={short(strange)}, which is never proposed",
                    hint=f"{other} is {dimensions[other].shown}",
                )
    while left:
        ready = [name for name, one in left.items() if set(one.when) <= placed]
        if not ready:
            raise SpaceError(f"the conditions of {', '.join(left)} go in a circle", hint="one of them must be free")
        for name in ready:
            placed.add(name)
            yield left.pop(name)


def _listed(name: str, value: Any) -> list[Any]:
    with _said_here():
        return axis_values(name, value)


def _typed(name: str, value: Any) -> Any:
    with _said_here():
        return typed(name, value)


@contextmanager
def _said_here() -> Iterator[None]:
    """What is wrong with a value, said of the space: its values are an axis's."""
    try:
        yield
    except AxisError as error:
        hint = (error.hint or "").replace("sweep.axes.", "search.space.")
        raise SpaceError(error.message.replace("sweep.axes.", "search.space."), hint=hint) from error


def _allowed(name: Any, value: Any) -> Sequence[Any]:
    values = value if isinstance(value, (list, tuple)) else [value]
    return [_typed(str(name), one) for one in values]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _even(value: Any) -> Any:
    """Numbers as one type, parts in one order: what equals is written alike."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _even(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_even(one) for one in value]
    return _even(vars(value)) if hasattr(value, "__dict__") else value
