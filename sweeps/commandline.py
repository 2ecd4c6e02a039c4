"""What a user types, before Hydra reads it: quoting that Hydra lacks, and Hydra's errors in one plain line."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, get_type_hints

from workflow.errors import HarnessError

GROUPS = ("variant", "experiment", "clips", "server", "gpu", "model", "scoring", "tracking", "search", "compare")
"""Config groups: what ``conf/`` has a folder for."""
AXES = "sweep.axes."
_INPUTS = re.compile(r"^\+{0,2}(?P<what>workflow|sweep\.axes)\.inputs\.(?P<key>[^=]+)=(?P<value>.*)$", re.DOTALL)
_FLAGS = (
    "--cfg",
    "-c",
    "--package",
    "-p",
    "--config-path",
    "-cp",
    "--config-name",
    "-cn",
    "--config-dir",
    "-cd",
    "--info",
    "-i",
)
"""Hydra's own flags that take a word."""
_ALONE = (
    "--help",
    "-h",
    "--hydra-help",
    "--version",
    "--resolve",
    "--run",
    "-r",
    "--multirun",
    "-m",
    "--shell-completion",
    "-sc",
    "--experimental-rerun",
)
"""Hydra's own flags that stand alone."""
_LISTS = (
    "sweep.axes.",
    "sweep.seeds",
    "sweep.zip",
    "sweep.expected",
    "clips.names",
    "clips.entries",
    "scoring.families",
    "scoring.networks",
    "scoring.weights.mirrors",
)
"""Keys that take lists; elsewhere a bracket begins a text."""
_PAIR = re.compile(r"^(?P<key>[~+]*[\w./@:-]+)=(?P<value>.*)$", re.DOTALL)


class CommandLineError(HarnessError):
    """An override that cannot be read, or that names something that is not there."""

    code = "command-line"


@dataclass(frozen=True)
class CommandLine:
    """Overrides Hydra can parse, then its own flags; ``inputs`` and ``axes`` are the ``workflow.inputs."Title.input"``
    and ``sweep.axes.inputs."Title.input"`` pairs that its grammar cannot hold. ``order`` names the axes as typed."""

    arguments: tuple[str, ...]
    inputs: dict[str, Any] = field(default_factory=dict)
    axes: dict[str, Any] = field(default_factory=dict)
    order: tuple[str, ...] = ()


def read(arguments: Sequence[str]) -> CommandLine:
    """Read ``arguments``: text with spaces, Chinese or punctuation is quoted for Hydra where only text can be meant.

    Raises:
        CommandLineError: naming the argument and, where it can be known, the quoting that works.
    """
    raw: dict[str, dict[str, Any]] = {"workflow": {}, "sweep.axes": {}}
    kept: list[str] = []
    flags: list[str] = []  # kept for the end: argparse takes no overrides on both sides of a flag
    for before, argument in zip(["", *arguments], arguments, strict=False):
        match = _INPUTS.match(argument)
        if before in _FLAGS and "=" not in argument:
            flags.append(argument)
        elif match:
            raw[match["what"]][match["key"].strip("\"'")] = _scalar(match["value"])
        elif argument in ("-m", "--multirun"):
            raise CommandLineError(
                "--multirun is Hydra's own sweeper, which cannot resume",
                hint="name the values: sweep.axes.cfg=[1.0,2.0]",
            )
        elif argument.startswith("-"):
            flags.append(_flag(argument))
        else:
            kept.append(_parsable(argument))
    return CommandLine((*kept, *flags), raw["workflow"], raw["sweep.axes"], tuple(_axes(arguments)))


def _axes(arguments: Sequence[str]) -> Iterator[str]:
    """The axes that ``arguments`` give values, in their order."""
    for argument in arguments:
        name = argument.lstrip("+").partition("=")[0]
        if name.startswith(AXES):
            axis, dot, own = name.removeprefix(AXES).partition(".")
            yield f"{axis}{dot}" + own.strip("\"'")


def _flag(argument: str) -> str:
    known = (*_FLAGS, *_ALONE)
    if argument.split("=", 1)[0] not in known:
        near = difflib.get_close_matches(argument.split("=", 1)[0], known, n=1, cutoff=0.7)
        hint = (
            f"did you mean {near[0]}?" if near else "settings are written key=value; python sweep.py --help lists them"
        )
        raise CommandLineError(f"there is no flag {argument}", hint=hint)
    return argument


def _scalar(text: str) -> Any:
    import yaml

    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return value if isinstance(value, (bool, int, float, str, list)) else text


def _parsable(argument: str) -> str:
    """``argument`` as Hydra's grammar takes it."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    parser = OverridesParser.create()
    try:
        override = parser.parse_override(argument)
    except HydraException:
        override = None
    match = _PAIR.match(argument)
    if override is not None and override.key_or_group:
        if override.is_sweep_override() and match:
            raise CommandLineError(
                _sweep_message(match["key"], match["value"]), hint=_sweep_hint(match["key"], match["value"])
            )
        if override.key_or_group in GROUPS and isinstance(override.value(), list):
            raise CommandLineError(
                f"{argument} names several options of one group", hint=f"to compare them: sweep.axes.{argument}"
            )
        return argument
    if not match:
        raise CommandLineError(f"{argument!r} is no key=value", hint="python sweep.py --help lists what can be set")
    key, value = match["key"], match["value"]
    if value[:1] in ("[", "{", '"', "'"):
        bare = key.lstrip("+~")
        if bare == "sweep.axes.inputs":
            hint = "name each input by itself: 'sweep.axes.inputs.\"Node title.input\"=[1,2]'"
        else:
            listed = bare.startswith((*_LISTS, "workflow.loras")) or value[0] in "\"'"
            shown = _quote_items(value) if listed else _quoted(value)
            hint = f"quote each text inside, and the whole for the shell: '{key}={shown}'"
        raise CommandLineError(f"{key}: the value {value} cannot be read", hint=hint)
    return f"{key}={_quoted(value)}"


def _quoted(text: str) -> str:
    """``text`` in double quotes, as Hydra reads them: backslashes count only before a quote and at the end.

    >>> _quoted('C:\\\\clips "a"')
    '"C:\\\\clips \\\\"a\\\\""'
    """
    return '"' + re.sub(r'(\\*)("|$)', lambda found: found[1] * 2 + ('\\"' if found[2] else ""), text) + '"'


def _quote_items(value: str) -> str:
    """A guess at what was meant by an unreadable list: its items as quoted text.

    >>> _quote_items("[你好,再见]")
    '["你好","再见"]'
    """
    items = [item.strip().strip("\"'") for item in value.strip("[]{}\"' ").split(",")]
    return (
        "[" + ",".join(_quoted(item) for item in items) + "]" if value.startswith("[") else _quoted(value.strip("\"'"))
    )


def _sweep_message(key: str, value: str) -> str:
    return f"{key}={value} reads as several values"


def _sweep_hint(key: str, value: str) -> str:
    bare = key.lstrip("+~")
    axis = bare.removeprefix("workflow.").removeprefix("sweep.axes.")
    if bare.startswith("sweep.axes."):
        inner = value if re.match(r"^range\(", value) else None
        return f"\"{bare}='{inner}'\"" if inner else f"{bare}=[{value}]"
    return f"to compare them: sweep.axes.{axis}=[{value}]; if it is one text: '{bare}={_quoted(value)}'"


def known_keys(schema: type, prefix: str = "") -> list[str]:
    """Every dotted key of a structured config ``schema``."""
    hints = get_type_hints(schema)
    keys: list[str] = []
    for one in fields(schema):
        keys.append(prefix + one.name)
        kind = hints[one.name]
        if is_dataclass(kind) and isinstance(kind, type):
            keys += known_keys(kind, f"{prefix}{one.name}.")
    return keys


def near_misses(word: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The names that ``word`` may have been meant as, best first: whole keys, then last parts.

    >>> near_misses("workflow.motion_frames", ["workflow.motion_frame", "sweep.seeds"])
    ['workflow.motion_frame']
    """
    known = list(known)
    whole = difflib.get_close_matches(word, known, n=count, cutoff=0.75)
    tail = word.rsplit(".", 1)[-1]
    tails: dict[str, list[str]] = {}
    for key in known:
        tails.setdefault(key.rsplit(".", 1)[-1], []).append(key)
    close = [key for part in difflib.get_close_matches(tail, tails, n=count, cutoff=0.7) for key in tails[part]]
    return list(dict.fromkeys(whole + close))[:count]
