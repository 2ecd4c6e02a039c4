"""Hydra's and OmegaConf's exceptions as one plain line and one hint."""

import re
from collections.abc import Callable

from sweeps.commandline import near_misses
from workflow.errors import HarnessError


class ConfigError(HarnessError):
    """A config key, type, group or option that does not exist or does not fit."""

    code = "config-invalid"


_QUOTED = re.compile(r"'([^']*)'")


def translate(error: Exception, keys: Callable[[], list[str]]) -> ConfigError | None:
    """The plain form of a configuration ``error``; None when it is of another kind.

    ``keys`` yields every known key, asked only when near misses are wanted.
    """
    from hydra.errors import HydraException, MissingConfigException
    from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

    if isinstance(error, MissingConfigException):
        return _missing_option(error)
    if isinstance(error, MissingMandatoryValue):
        key = str(getattr(error, "full_key", "")) or str(error).splitlines()[0]
        return ConfigError(f"{key} has no value yet", hint=f"set it: {key}=VALUE")
    if not isinstance(error, (HydraException, OmegaConfBaseException)):
        return None
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    key = str(getattr(cause, "full_key", "") or "") or _first_quoted(str(error))
    text = str(cause or error).splitlines()[0].strip()
    if "not in struct" in str(error) + str(cause) or "not in '" in text or "Could not override" in str(error):
        if "converted" in text or "Cannot convert" in text or "Invalid value" in text:
            return _wrong_type(key, text)
        misses = near_misses(key.lstrip("+"), keys())
        hint = "did you mean " + " or ".join(misses) + "?" if misses else "python sweep.py --cfg job shows every key"
        return ConfigError(f"there is no key {key}", hint=hint)
    if "onver" in text or "Invalid" in text or "Incompatible" in text or "not supported" in text:
        return _wrong_type(key, text)
    return ConfigError(str(error).splitlines()[0], hint="python sweep.py --help lists groups and options")


def _first_quoted(text: str) -> str:
    match = _QUOTED.search(text)
    return match[1] if match else text.splitlines()[0]


def _wrong_type(key: str, text: str) -> ConfigError:
    return ConfigError(f"{key}: {text}", hint="python sweep.py --cfg job shows what stands there now")


def _missing_option(error: Exception) -> ConfigError:
    wanted = str(getattr(error, "missing_cfg_file", "") or "")
    options = list(getattr(error, "options", None) or [])
    group, _, option = wanted.rpartition("/")
    if not options:
        return ConfigError(str(error).splitlines()[0], hint="python sweep.py --help lists groups and options")
    misses = near_misses(option, options)
    hint = f"did you mean {' or '.join(misses)}? " if misses else ""
    return ConfigError(f"there is no {group} named {option}", hint=f"{hint}there are: {', '.join(sorted(options))}")
