"""Configs composed by Hydra, once per combination of config groups, as typed objects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from sweeps.config import Config


@dataclass
class Composer:
    """Composes ``conf/config.yaml`` with the user's overrides; works inside a Hydra app only.

    ``overrides`` are the user's own in order; ``inputs`` the ``workflow.inputs`` pairs read beside Hydra.
    """

    overrides: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    _memo: dict[tuple[tuple[str, str], ...], Config] = field(default_factory=dict)

    def __call__(self, groups: Mapping[str, str]) -> Config:
        """The config with ``groups`` (group → option) chosen by axes in place of the user's own choice of them."""
        key = tuple(sorted(groups.items()))
        if key not in self._memo:
            self._memo[key] = self._compose(groups)
        return self._memo[key]

    def _compose(self, groups: Mapping[str, str]) -> Config:
        from hydra import compose

        own = [one for one in self.overrides if one.lstrip("+~").split("=", 1)[0] not in groups]
        chosen = [f"{group}={option}" for group, option in groups.items()]
        composed = compose("config", [*own, *chosen], return_hydra_config=True)
        return typed(composed, composed.hydra.runtime.choices, self.inputs)


def typed(composed: Any, choices: Mapping[str, Any], inputs: Mapping[str, Any]) -> Config:
    """The typed object of a composed config; ``choices`` are the options behind it (group → option).

    Raises:
        ConfigError: a value that must be set is not.
    """
    from omegaconf import OmegaConf, open_dict

    if "hydra" in composed:
        with open_dict(composed):
            composed.pop("hydra")

    missing = sorted(OmegaConf.missing_keys(composed))
    if missing:
        from sweeps.conferrors import ConfigError

        raise ConfigError(f"{', '.join(missing)} has no value yet", hint=f"set it: {missing[0]}=VALUE")
    config = cast(Config, OmegaConf.to_object(composed))
    config.workflow.inputs.update(inputs)
    config.choices = {str(group): str(option) for group, option in choices.items() if "/" not in str(group) and option}
    return config
