"""How to score, as options of a command line: profile, networks, device, number type, weights."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from eval.cli_weights import add_source_options, sources_of
from eval.score import PROFILES, Settings
from eval.settings import DEVICES, DTYPES

if TYPE_CHECKING:
    from rich.console import Console


def add_scoring_options(parser: argparse.ArgumentParser) -> None:
    """Options that ``settings_of`` reads."""
    parser.add_argument("--profile", choices=sorted(PROFILES), default="default", help="which metrics, how dense")
    parser.add_argument("--networks", metavar="A,B", help="only these networks; none: what needs no weights")
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="where the networks run")
    parser.add_argument("--dtype", choices=DTYPES, default="float32", help="number type of SyncNet")
    add_source_options(parser)


def settings_of(args: argparse.Namespace) -> Settings:
    """The settings that the options of ``add_scoring_options`` name."""
    settings = replace(PROFILES[args.profile], device=args.device, dtype=args.dtype, sources=sources_of(args))
    if args.networks is None:
        return settings
    return replace(settings, networks=() if args.networks == "none" else parts(args.networks))


def check_device(settings: Settings) -> None:
    """Refuse a card that is not there before anything is fetched or scored. Raises NoGpuError."""
    from eval.device import resolve

    if settings.device == "cuda":
        resolve(settings.device)


def parts(text: str) -> tuple[str, ...]:
    """The names in ``a, b``.

    >>> parts("lipsync, colour,")
    ('lipsync', 'colour')
    """
    return tuple(part.strip() for part in text.split(",") if part.strip())


def fetch_weights(settings: Settings, console: "Console") -> None:
    """Fetch the weights that are missing, after saying so; what cannot be had is said, and its metrics say so too."""
    from eval.fetching import fetch_missing

    def say(line: str) -> None:
        console.print(line, style="yellow", markup=False, highlight=False)

    fetch_missing(list(settings.used), settings.sources, say)
