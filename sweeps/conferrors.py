"""Hydra's, OmegaConf's and YAML's exceptions as one plain line and one hint."""

import re
from collections.abc import Callable

from sweeps.commandline import GROUPS, near_misses
from workflow.errors import HarnessError


class ConfigError(HarnessError):
    """A config key, type, group or option that does not exist or does not fit."""

    code = "config-invalid"


_FULL_KEY = re.compile(r"full_key: (\S+)")
_QUOTED = re.compile(r"'([^']*)'")
_IN_FILE = re.compile(r"^In '([^']+)'")
_OVERRIDE = re.compile(r"^Error merging override [~+]*([^=\s]+)=?(.*)", re.DOTALL)
_VALUE = re.compile(r"Value '(.*?)'(?: of type '\w+')?(?: could not be| is not)", re.DOTALL)
_WRONG = re.compile("onvert|nvalid|not a valid|ncompat|support")
_KINDS = {
    "valid bool": "true or false",
    "Integer": "a whole number",
    "Float": "a number",
    "ListConfig": "a list; write it in brackets",
    "dict": "a mapping",
}


def translate(error: Exception, keys: Callable[[], list[str]]) -> ConfigError | None:
    """The plain form of a configuration ``error``; None when it is of another kind.

    ``keys`` yields every known key, asked only when near misses are wanted.
    """
    from hydra.errors import HydraException, MissingConfigException
    from omegaconf.errors import InterpolationKeyError, MissingMandatoryValue, OmegaConfBaseException
    from yaml import YAMLError

    if isinstance(error, YAMLError):
        return _broken_file(error)
    if isinstance(error, MissingConfigException):
        return _missing_option(error)
    if not isinstance(error, (HydraException, OmegaConfBaseException)):
        return None
    if isinstance(error, MissingMandatoryValue):
        key = str(getattr(error, "full_key", "")) or str(error).splitlines()[0]
        return ConfigError(f"{key} has no value yet", hint=f"set it: {key}=VALUE")
    whole = f"{error}\n{error.__cause__ or ''}"
    file = _IN_FILE.match(whole)
    place = f"conf/{file[1]}.yaml: " if file else ""
    key = _key(error, whole)
    if isinstance(error, InterpolationKeyError):
        return ConfigError(f"{place}{key}: {whole.splitlines()[0]}", hint="${…} names another key of the config")
    if "No match in the defaults list" in whole:
        return unknown_key(_first_quoted(whole), keys)
    if "not in struct" in whole or re.search(r"Key '.*' not in '", whole):
        return unknown_key(key, keys, place)
    if "does not support deletion" in whole:
        return ConfigError(f"{key} cannot be taken out", hint=f"to leave what the graph has: {key}=null")
    if "is not a subclass of" in whole:
        return ConfigError(f"{place}{key} holds keys of its own", hint=f"set one of them: {key}.NAME=VALUE")
    if _WRONG.search(whole):
        return _wrong_type(key, whole, place)
    return ConfigError(str(error).splitlines()[0], hint="python sweep.py --help lists groups and options")


def not_text(error: UnicodeDecodeError) -> ConfigError:
    """The error for a config file with bytes that are no UTF-8, found by the words before them."""
    before = error.object[max(0, error.start - 40) : error.start].decode("utf-8", "replace").splitlines()[-1:]
    place = f" after {before[0]!r}" if before and before[0] else ""
    return ConfigError(f"a config file is not UTF-8 text{place}", hint="save it again as UTF-8")


def unknown_key(key: str, keys: Callable[[], list[str]], place: str = "") -> ConfigError:
    """The error for a ``key`` that the config does not have, with the keys it may have been meant as."""
    bare = key.lstrip("+~")
    if bare == "experiment" and place:
        return ConfigError(f"{place}it stands outside the config", hint="its first line must be: # @package _global_")
    if bare == "experiment":
        return ConfigError("experiment is chosen with a plus before it", hint="+experiment=NAME")
    misses = near_misses(bare, [*GROUPS, *keys()])
    shown = ["+experiment" if one == "experiment" else one for one in misses]
    hint = "did you mean " + " or ".join(shown) + "?" if shown else "python sweep.py --cfg job shows every key"
    return ConfigError(f"{place}there is no key {bare}", hint=hint)


def _key(error: Exception, whole: str) -> str:
    """The key that ``error`` is about: the user's own override where it is one, since inner keys may be indices."""
    override = _OVERRIDE.match(str(error))
    inner = _FULL_KEY.search(whole)
    found = inner[1] if inner else str(getattr(error, "full_key", "") or "")
    if override and (not found.startswith(override[1]) or found.startswith(f"{override[1]}[")):
        return override[1]
    return found or _first_quoted(whole)


def _first_quoted(text: str) -> str:
    match = _QUOTED.search(text)
    return match[1] if match else text.splitlines()[0]


def _wrong_type(key: str, whole: str, place: str) -> ConfigError:
    """A value of the wrong kind: what was given, and what is wanted."""
    hint = f"python sweep.py --cfg job --package {key.split('[')[0]} shows what stands there now"
    override = _OVERRIDE.match(whole)
    given = override[2].splitlines()[0] if override and override[2] else None
    match = _VALUE.search(whole)
    value = given if given is not None else match[1] if match else None
    wanted = next((words for kind, words in _KINDS.items() if re.search(rf"\b{kind}\b", whole)), None)
    reason = next((line.strip() for line in whole.splitlines() if _WRONG.search(line)), "")
    if wanted is None or value is None:
        return ConfigError(f"{place}{key}: {reason}", hint=hint)
    name = key.removeprefix("workflow.")
    if value.startswith("[") and key.startswith("workflow.") and "ListConfig" not in whole:
        hint = f"to compare several: sweep.axes.{name}={value}"
    elif key == "sweep.zip":
        wanted, hint = "a list of lists", "sweep.zip=[[width,height]]"
    elif "ListConfig" in whole:
        hint = f"{key}=[{value}]"
    return ConfigError(f"{place}{key}={value} is not {wanted}", hint=hint)


def _missing_option(error: Exception) -> ConfigError:
    wanted = str(getattr(error, "missing_cfg_file", "") or "")
    options = list(getattr(error, "options", None) or [])
    group, _, option = wanted.rpartition("/")
    if not options:
        return ConfigError(str(error).splitlines()[0], hint="python sweep.py --help lists groups and options")
    misses = near_misses(option, options)
    hint = f"did you mean {' or '.join(misses)}? " if misses else ""
    if (group, option) == ("variant", "best"):
        hint = "tag the setting that you found best first: python -m sweeps best SWEEP:SETTING"
        return ConfigError("nothing is tagged as variant=best", hint=hint)
    shown = ", ".join(sorted(options))
    return ConfigError(f"there is no {group}={option}", hint=f"{hint}there are: {shown}")


def _broken_file(error: Exception) -> ConfigError:
    """A config file that is no YAML: where, and what the parser missed."""
    mark = getattr(error, "problem_mark", None)
    where = f"{mark.name}, line {mark.line + 1}" if mark else "a config file"
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return ConfigError(f"{where}: {problem}", hint="check brackets, quotes and indentation of that line")
