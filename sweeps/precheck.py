"""What is wrong with a config in itself: said at once, before a file is read or a server asked."""

import shlex
import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from eval.trust import check as check_calibration
from runner.config import check_server
from sweeps.conferrors import ConfigError
from sweeps.config import Config
from sweeps.forecast import stop_time
from sweeps.prepare import MOST_PIXELS

LONGEST_NAME = 120
LARGEST_SEED = 2**64 - 1
REUSE = ("exact", "graph", "never")


def check_config(config: Config, outputs: Path) -> None:
    """Raise a HarnessError for the first value that cannot be meant; ``outputs`` is where everything would land."""
    if config.outputs is not None and not config.outputs.strip():
        raise ConfigError("outputs= names no folder", hint="outputs=DIR, or leave it out for outputs/ beside sweep.py")
    _at_least("limit", config.limit, 1, "the number of cells to make; leave it out for all of them")
    _sweep(config)
    _sizes(config)
    _clips(config)
    _scoring(config)
    if config.action in ("run", "score", "log"):
        check_calibration()  # tables go by it: one that cannot be read must not end hours of work
    check_server(config.server)
    _tracking(config, outputs)
    _hooks(config)
    if config.search.proposes:
        from sweeps.search.setup import search_of

        search_of(config)


def _at_least(key: str, value: float | None, least: float, hint: str) -> None:
    if value is not None and not value >= least:
        raise ConfigError(f"{key}={value:g} is less than {least:g}", hint=hint)


def _sweep(config: Config) -> None:
    sweep = config.sweep
    if sweep.reuse not in REUSE:
        raise ConfigError(f"sweep.reuse={sweep.reuse} is unknown", hint=f"choose one of {', '.join(REUSE)}")
    stop_time(sweep.stop_at, datetime.now())
    _seeds(sweep.seeds)
    for name in ("wall_hours", "gpu_hours", "cells"):
        _at_least(f"sweep.budget.{name}", getattr(sweep.budget, name), 0, "leave it out for no limit")
    _at_least("sweep.max_failures", sweep.max_failures, 0, "0 stops at the first failure; leave it out for no limit")
    _name(sweep.name)


def _name(name: str | None) -> None:
    if name is not None and (not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME):
        shown = name if len(name) <= 40 else f"{name[:40]}… ({len(name)} characters)"
        hint = f"1 to {LONGEST_NAME} characters on one line; longer words fit into sweep.title"
        raise ConfigError(f"sweep.name={shown!r} cannot name a sweep", hint=hint)


def _seeds(seeds: Iterable[int]) -> None:
    seen: set[int] = set()
    for seed in seeds:
        if not 0 <= seed <= LARGEST_SEED:
            raise ConfigError(f"sweep.seeds has {seed}", hint=f"seeds are whole numbers from 0 to {LARGEST_SEED}")
        if seed in seen:
            raise ConfigError(f"sweep.seeds has {seed} twice", hint="the same seed gives the same video")
        seen.add(seed)
    if not seen:
        raise ConfigError("sweep.seeds=[] has no seeds", hint="at least one: sweep.seeds=[2]")


def _sizes(config: Config) -> None:
    """A size that every setting has must fit the model; one that an axis brings makes its own cells impossible."""
    for name in ("width", "height"):
        swept = getattr(config.sweep.axes, name) is not None
        for key, value in (
            (f"workflow.{name}", getattr(config.workflow, name)),
            (f"clips.{name}", getattr(config.clips, name)),
        ):
            if value is None or swept:
                continue
            if not 16 <= value <= MOST_PIXELS or value % 16:
                near = min(max(round(value / 16) * 16, 16), MOST_PIXELS)
                hint = f"the model needs a multiple of 16, from 16 to {MOST_PIXELS}; try {key}={near}"
                raise ConfigError(f"{key}={value} is no size that can be rendered", hint=hint)


def _clips(config: Config) -> None:
    if config.clips.names is not None and not config.clips.names:
        raise ConfigError("clips.names=[] has no clips", hint="name some, or leave it out for all of them")


def _scoring(config: Config) -> None:
    from sweeps.judging import settings_of

    for name, value in vars(config.scoring).items():
        if name == "timeout_s":
            _more_than_0("scoring.timeout_s", value)
        elif isinstance(value, int):
            _at_least(f"scoring.{name}", value, 1, "scoring=quick, default or full set what fits together")
    try:
        settings_of(config)
    except ValueError as error:
        raise ConfigError(f"scoring.{error}", hint="scoring=quick, default or full set what fits together") from error


def _more_than_0(key: str, value: Any) -> None:
    if not value > 0:
        raise ConfigError(f"{key}={value:g} is no time to wait", hint="seconds, more than 0")


def _tracking(config: Config, outputs: Path) -> None:
    from sweeps.tracking_client import tracking_uri

    tracking_uri(config.tracking, outputs)


def _hooks(config: Config) -> None:
    """A hook that cannot run is said before the hours that it waits for."""
    for name in ("on_done", "on_failure"):
        command = getattr(config.hooks, name)
        if not command:
            continue
        try:
            words = shlex.split(command)
        except ValueError as error:
            hint = "it is split as a shell would: close what is open"
            raise ConfigError(f"hooks.{name}={command}: {error}", hint=hint) from error
        if not words or shutil.which(words[0]) is None:
            first = words[0] if words else "nothing"
            hint = "give its whole path; it is run without a shell"
            raise ConfigError(f"hooks.{name}={command}: there is no command {first}", hint=hint)
