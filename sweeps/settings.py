"""The settings of a sweep: variant < command line < axis, expanded from the axes."""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, make_dataclass, replace
from functools import cache
from typing import Any, get_type_hints

from sweeps.config import GROUP_AXES, Config
from sweeps.ranges import AxisError, axis_values
from workflow.parameters import Parameters

PARAMETERS = tuple(one.name for one in fields(Parameters))
Compose = Callable[[Mapping[str, str]], Config]


@dataclass(frozen=True)
class Setting:
    """What is compared: a composed config and the axis values over it, with a name people can read.

    ``axis`` holds the axis values as given, ``values`` every tunable parameter in effect (None left out), ``inputs``
    the raw inputs of the graph.
    """

    name: str
    axis: Mapping[str, Any]
    config: Config
    values: Mapping[str, Any]
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Given:
    """One value of an axis: as the user wrote it, and as its parameter's type has it."""

    value: Any
    typed: Any


def expand(base: Config, compose: Compose) -> list[Setting]:
    """Every setting of the sweep in the order of the axes as they were given: the last one moves fastest.

    Raises:
        AxisError: an axis that is no list, values of a wrong type, zipped axes of unequal length, a setting twice.
    """
    axes = {name: [_Given(value, typed(name, value)) for value in values] for name, values in _axes(base).items()}
    settings = [_setting(base, compose, given) for given in _combinations(axes, base.sweep.zip)]
    _unique(settings)
    return settings


def setting_at(base: Config, compose: Compose, axis: Mapping[str, Any], name: str = "") -> Setting:
    """The setting with these values of its axes, called ``name`` or after them."""
    made = _setting(base, compose, {axis_: _Given(value, typed(axis_, value)) for axis_, value in axis.items()})
    return replace(made, name=name) if name else made


def _setting(base: Config, compose: Compose, given: Mapping[str, _Given]) -> Setting:
    axis = {name: one.value for name, one in given.items()}
    groups = {name: str(value) for name, value in axis.items() if name in GROUP_AXES}
    config = compose(groups) if groups else base
    values = {name: getattr(config.workflow, name) for name in PARAMETERS}
    values |= {name: one.typed for name, one in given.items() if name in values}
    inputs = dict(config.workflow.inputs) | {
        name.removeprefix("inputs."): value for name, value in axis.items() if name.startswith("inputs.")
    }
    kept = {name: _plain(value) for name, value in values.items() if value is not None}
    return Setting(_name(axis, base), axis, config, kept, inputs)


def baseline_of(base: Config, settings: Sequence[Setting]) -> str:
    """The setting the others are compared with: as named, else the one that changes nothing, else the first."""
    wanted = base.sweep.baseline
    if wanted is not None:
        if wanted not in {one.name for one in settings}:
            names = ", ".join(one.name for one in settings)
            raise AxisError(f"sweep.baseline={wanted} is no setting of this sweep", hint=f"the settings are: {names}")
        return wanted
    own = {name: _plain(getattr(base.workflow, name)) for name in PARAMETERS}
    for setting in settings:
        if all(_plain(value) == own.get(name) for name, value in setting.axis.items()):
            return setting.name
    return settings[0].name


def axis_names(base: Config) -> list[str]:
    """The names of the sweep's axes, in the order in which they were given."""
    return list(_given(base))


def space_names(base: Config) -> list[str]:
    """The names of what is searched."""
    return list(flat(base.search.space))


def flat(axes: Any) -> dict[str, Any]:
    """What is given of an ``Axes``, by name; raw inputs as ``inputs.NAME``."""
    given = asdict(axes)
    inputs = given.pop("inputs") or {}
    named = {name: value for name, value in given.items() if value is not None}
    return named | {f"inputs.{name}": value for name, value in inputs.items()}


def _axes(base: Config) -> dict[str, list[Any]]:
    return {name: axis_values(name, value) for name, value in _given(base).items()}


def _given(base: Config) -> dict[str, Any]:
    named = flat(base.sweep.axes)
    if not named and not base.search.proposes and space_names(base):
        from sweeps.search.setup import grid_of

        return grid_of(base)  # every combination of what could be searched
    place = {name: index for index, name in enumerate(base.order)}
    return dict(sorted(named.items(), key=lambda item: place.get(item[0], len(place))))


def _combinations(axes: Mapping[str, list[_Given]], zipped: Sequence[Sequence[str]]) -> list[dict[str, _Given]]:
    """The product over axes, zipped ones moving together as one."""
    together: dict[str, tuple[str, ...]] = {}
    for names in zipped:
        for name in names:
            if name not in axes:
                raise AxisError(f"sweep.zip names {name}, which is no axis", hint=f"axes: {', '.join(axes) or 'none'}")
            if name in together:
                raise AxisError(f"sweep.zip names {name} twice", hint="each axis moves with one group only")
            together[name] = tuple(names)
        lengths = {name: len(axes[name]) for name in names}
        if len(set(lengths.values())) > 1:
            said = ", ".join(f"{name} has {count}" for name, count in lengths.items())
            raise AxisError(
                f"zipped axes differ in length: {said}", hint="zipped axes need one value each for every pair"
            )
    bundles = list(dict.fromkeys(together.get(name, (name,)) for name in axes))
    columns = [
        [dict(zip(bundle, values, strict=True)) for values in zip(*(axes[name] for name in bundle), strict=True)]
        for bundle in bundles
    ]
    return [{name: value for part in parts for name, value in part.items()} for parts in itertools.product(*columns)]


def typed(name: str, value: Any) -> Any:
    """``value`` checked and coerced against what its axis takes: a parameter's type, or the name of an option."""
    if name in GROUP_AXES and not isinstance(value, str):
        raise AxisError(
            f"sweep.axes.{name} has {value!r}, which names no option", hint=f"options are conf/{name}/*.yaml"
        )
    if name not in PARAMETERS or value is None:
        return value
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        merged = OmegaConf.merge(_schema_of(name), {name: value})
    except OmegaConfBaseException as error:
        reason = str(error).splitlines()[0]
        raise AxisError(
            f"sweep.axes.{name} has {value!r}: {reason}", hint="each value has the parameter's own type"
        ) from error
    return getattr(OmegaConf.to_object(merged), name)


@cache
def _schema_of(name: str) -> Any:
    """A structured config of this parameter alone: merging into all of them would take ten times as long."""
    from omegaconf import OmegaConf

    kind = get_type_hints(Parameters)[name]
    return OmegaConf.structured(make_dataclass("Parameter", [(name, kind, field(default=None))]))


def _plain(value: Any) -> Any:
    """LoRA specs as mappings; all else as it is."""
    if isinstance(value, list):
        return [asdict(one) if hasattr(one, "strength") else one for one in value]
    return value


def _name(axis: Mapping[str, Any], base: Config) -> str:
    if not axis:
        return base.choices.get("variant", "setting")
    return ", ".join(str(v) if k == "variant" else f"{k.removeprefix('inputs.')}={short(v)}" for k, v in axis.items())


def short(value: Any, most: int = 36) -> str:
    """A value as a name shows it: long text cut, LoRAs as name@strength.

    >>> short([{"name": "sub/a.safetensors", "strength": 0.8}])
    'a@0.8'
    """
    if isinstance(value, list) and all(isinstance(one, Mapping) for one in value):
        stems = [str(one.get("name", "?")).rsplit("/", 1)[-1].removesuffix(".safetensors") for one in value]
        chain = [f"{short(stem, 16)}@{one.get('strength', 1.0):g}" for stem, one in zip(stems, value, strict=True)]
        return "+".join(chain) or "none"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _unique(settings: list[Setting]) -> None:
    seen: dict[str, str] = {}
    names: set[str] = set()
    for i, setting in enumerate(settings):
        key = json.dumps([setting.axis], sort_keys=True, default=str, ensure_ascii=False)
        if key in seen:
            raise AxisError(
                f"the setting {setting.name} stands twice in the axes", hint="to repeat a setting: sweep.seeds=[1,2,3]"
            )
        seen[key] = setting.name
        if setting.name in names:
            settings[i] = replace(setting, name=f"{setting.name} #{i + 1}")
        names.add(settings[i].name)
