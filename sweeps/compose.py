"""Configs composed by Hydra, once per combination of config groups, as typed objects."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

from sweeps.commandline import CommandLine, known_keys, read
from sweeps.config import Config

NO_LINE = CommandLine(())
CONF = Path(__file__).resolve().parents[1] / "conf"


@dataclass
class Composer:
    """Composes ``conf/config.yaml`` with the user's overrides; works inside a Hydra app only.

    ``overrides`` are the user's own in order; ``line`` has what was read beside Hydra.
    """

    overrides: tuple[str, ...] = ()
    line: CommandLine = NO_LINE
    _memo: dict[tuple[tuple[str, str], ...], Config] = field(default_factory=dict)

    def __call__(self, groups: Mapping[str, str]) -> Config:
        """The config with ``groups`` (group → option) chosen by axes in place of the user's own choice of them."""
        key = tuple(sorted(groups.items()))
        if key not in self._memo:
            self._memo[key] = self._compose(groups)
        return self._memo[key]

    def _compose(self, groups: Mapping[str, str]) -> Config:
        from hydra import compose

        composed = compose("config", in_groups(self.overrides, groups), return_hydra_config=True)
        return typed(composed, composed.hydra.runtime.choices, self.line)


def typed(composed: Any, choices: Mapping[str, Any], line: CommandLine = NO_LINE) -> Config:
    """The typed object of a composed config; ``choices`` are the options behind it (group → option).

    Raises:
        ConfigError: a key that does not exist (a plus before it gets it past Hydra), a value that is not set.
    """
    from omegaconf import OmegaConf, open_dict

    if "hydra" in composed:
        with open_dict(composed):
            composed.pop("hydra")
    _check_keys(composed)
    _check_missing(composed)
    config = cast(Config, OmegaConf.to_object(composed))
    config.workflow.inputs.update(line.inputs)
    cast(Any, config.sweep.axes).inputs.update(line.axes)
    config.choices = {str(group): str(option) for group, option in choices.items() if _ours(group, option)}
    _check_model(config)
    return config


def in_groups(overrides: Iterable[str], groups: Mapping[str, str]) -> list[str]:
    """``overrides`` with ``groups`` (group → option) chosen in place of their own choice of them."""
    own = [one for one in overrides if one.lstrip("+~").split("=", 1)[0] not in groups]
    return [*own, *(f"{group}={option}" for group, option in groups.items())]


def configured(overrides: Iterable[str] = (), line: CommandLine = NO_LINE) -> Config:
    """The config that ``python sweep.py`` composes, for commands beside it. Raises ConfigError."""
    from hydra import compose, initialize_config_dir

    from sweeps.conferrors import translate
    from sweeps.config import register

    register()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            composed = compose("config", list(overrides), return_hydra_config=True)
        return typed(composed, composed.hydra.runtime.choices, line)
    except Exception as error:
        if plain := translate(error, lambda: known_keys(Config)):
            raise plain from error
        raise


def as_typed(words: Sequence[str]) -> Config:
    """The config of ``words`` that a user typed behind ``--config``. Raises CommandLineError, ConfigError."""
    line = read(words)
    return configured(line.arguments, line)


def axis_order(experiment: str | None, line: CommandLine, folders: Iterable[str]) -> list[str]:
    """The axes as they were given: as the ``experiment`` in one of the ``folders`` has them, then as ``line`` has.

    A composed config has them in the order of the schema.
    """
    from omegaconf import OmegaConf

    names: list[str] = []
    for folder in folders if experiment else ():
        file = Path(folder) / "experiment" / f"{experiment}.yaml"
        axes: Any = OmegaConf.select(OmegaConf.load(file), "sweep.axes") if file.is_file() else None
        for name in axes or ():
            names += [f"inputs.{one}" for one in axes[name] or ()] if name == "inputs" else [str(name)]
    return list(dict.fromkeys([*names, *line.order]))


def _ours(group: Any, option: Any) -> bool:
    return "/" not in str(group) and bool(option)


def _check_keys(composed: Any) -> None:
    known, tops = _known()

    def walk(node: Any, prefix: str) -> Iterator[str]:
        for name in node:
            key = f"{prefix}{name}"
            if key not in known:
                yield key
            elif key in tops:
                yield from walk(node[name], f"{key}.")

    for key in walk(composed, ""):
        from sweeps.conferrors import unknown_key

        raise unknown_key(key, lambda: known_keys(Config))


@cache
def _known() -> tuple[frozenset[str], frozenset[str]]:
    """Every key, and those that hold keys of their own."""
    keys = known_keys(Config)
    return frozenset(keys), frozenset(key.rpartition(".")[0] for key in keys)


def _check_missing(composed: Any) -> None:
    from omegaconf import OmegaConf

    missing = sorted(OmegaConf.missing_keys(composed))
    if not missing:
        return
    from sweeps.conferrors import ConfigError

    hint = f"set it: {missing[0]}=VALUE"
    if missing[0].startswith("clips.entries"):
        hint = "write the list into a copy of conf/clips/list.yaml, and choose it: clips=NAME"
    raise ConfigError(f"{' and '.join(missing)} {'has' if len(missing) == 1 else 'have'} no value yet", hint=hint)


def _check_model(config: Config) -> None:
    """With ``model=custom`` the files must be named: left out, the graph's own would be used unsaid."""
    if config.choices.get("model") != "custom":
        return
    for name in ("i2v_model", "infinitetalk_model"):
        if getattr(config.workflow, name) is None and getattr(config.sweep.axes, name) is None:
            from sweeps.conferrors import ConfigError

            raise ConfigError(
                f"model=custom needs workflow.{name}", hint=f"workflow.{name}=DIR/FILE as ComfyUI lists it"
            )
