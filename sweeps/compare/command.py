"""``python -m sweeps compare`` and ``baseline``: what is better, by how much, and may the release go out."""

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast, get_args

from eval.metric import METRICS
from sweeps.compare.checks import invalid, notes, other_card
from sweeps.compare.compare import MOST_PRIMARIES, Comparison, compare
from sweeps.compare.rule import Margin, Side
from sweeps.compare.sides import Side as Sides
from sweeps.compare.sides import find_side
from sweeps.compare.told import as_json, junit, markdown, show, wide
from workflow.errors import HarnessError, told
from workflow.files import write_atomically, write_json

if TYPE_CHECKING:
    from sweeps.config import CompareConfig

OK, INVALID, REGRESSION = 0, 2, 4
COST: Final = "cost/"
EXAMPLE: Final = "lipsync/confidence=0.5"


class CompareWords(HarnessError):
    """A metric or a margin that does not exist."""

    code = "compare-words"


class NotWritten(HarnessError):
    """A file that was asked for cannot be written."""

    code = "compare-file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of ``compare``."""
    for name in ("baseline", "candidate"):
        parser.add_argument(
            name, help="SWEEP:SETTING, a setting's name, an MLflow run's id, an MLflow query, or the word baseline"
        )
    parser.add_argument("--metrics", nargs="+", default=[], metavar="NAME", help="show these besides the primary ones")
    parser.add_argument(
        "--primaries", nargs="+", metavar="NAME", help=f"decide by these, {MOST_PRIMARIES} at most (conf/compare)"
    )
    parser.add_argument(
        "--margin", nargs="+", default=[], metavar="NAME=SIZE", help=f"another margin, in its unit: {EXAMPLE}"
    )
    add_config(parser)
    for kind in ("json", "markdown", "junit"):
        parser.add_argument(f"--{kind}", type=Path, metavar="FILE", help=f"also write it as {kind}")


def add_config(parser: argparse.ArgumentParser) -> None:
    """The word that sets what ``sweep.py`` would be told."""
    parser.add_argument(
        "--config", nargs="+", default=[], metavar="KEY=VALUE", help="as for sweep.py: tracking=server tracking.uri=…"
    )


def run(args: argparse.Namespace) -> int:
    """Compare; 4 on a regression, 2 where nothing may be concluded."""
    from rich.console import Console

    from sweeps.compose import as_typed

    config = as_typed(args.config)
    margins, primaries = rules(config.compare, args.primaries, args.margin, args.metrics)
    sides = [find_side(words, args.outputs, config.tracking) for words in (args.baseline, args.candidate)]
    found = decided(sides[0], sides[1], config.compare, margins, primaries, args.metrics)
    show(found, wide(Console()), whole=bool(args.metrics))
    code = code_of(found)
    try:
        write_all(found, args.json, args.markdown, args.junit)
    except OSError as error:
        wrong = NotWritten(f"{error.filename} cannot be written: {error.strerror}", hint="name another file")
        code = max(code, told(wrong))  # a regression stays one
    return code


def decided(
    baseline: Sides,
    candidate: Sides,
    config: "CompareConfig",
    margins: Mapping[str, Margin],
    primaries: Sequence[str],
    metrics: Sequence[str] = (),
) -> Comparison:
    """The comparison, with the reasons why it may be invalid, and what else is to be known."""
    chosen, said = list[str](), list[str]()
    elsewhere = other_card(baseline, candidate)
    margins = {name: one for name, one in margins.items() if not (elsewhere and name.startswith(COST))}
    for name in primaries:
        other = config.instead.get(name, name)
        there = baseline.has(name) or candidate.has(name)
        if name.startswith(COST) and elsewhere:
            said.append(f"{name} decides nothing: {elsewhere}")
        elif there or other == name or other not in margins or other in primaries:
            chosen.append(name)
        else:
            said.append(f"{other} decides in place of {name}, of which neither side has a value")
            chosen.append(other)
    found = compare(baseline, candidate, margins, chosen, metrics)
    wrong = invalid(baseline, candidate, found.rows, chosen)
    wrong += () if chosen else ("no primary metric is left to decide",)
    return replace(found, invalid=wrong, notes=(*said, *notes(baseline, candidate)))


def code_of(found: Comparison) -> int:
    """The exit code that a comparison asks for."""
    return INVALID if found.invalid else REGRESSION if found.regressions else OK


def write_all(found: Comparison, json: Path | None, text: Path | None, cases: Path | None) -> None:
    """Write what was asked for."""
    if json:
        write_json(json, as_json(found))
    if text:
        write_atomically(text, markdown(found))
    if cases:
        write_atomically(cases, junit(found))


def rules(
    config: "CompareConfig", primaries: Sequence[str] | None, margins: Sequence[str], metrics: Sequence[str] = ()
) -> tuple[dict[str, Margin], list[str]]:
    """The margins and primary metrics in force. Raises CompareWords."""
    found = {name: _margin(name, vars(one)) for name, one in config.margins.items()}
    for words in margins:
        name, _, size = words.partition("=")
        try:
            own = replace(found.get(name) or _own(name), size=float(size), relative=False, why="--margin")
        except ValueError as error:
            raise CompareWords(f"--margin {words}: no number", hint=f"for instance --margin {EXAMPLE}") from error
        found[name] = _checked(own, f"--margin {words}")
    chosen = list(dict.fromkeys(primaries if primaries is not None else config.primaries))
    unknown = [name for name in (*found, *chosen, *metrics) if name not in METRICS]
    if unknown:
        raise CompareWords(f"no such metric: {', '.join(unknown)}", hint="python -m eval score --help lists them all")
    if not 1 <= len(chosen) <= MOST_PRIMARIES:
        hint = "more of them raise more false alarms, or find less; the others inform"
        raise CompareWords(f"{len(chosen)} primary metrics: 1 to {MOST_PRIMARIES} decide", hint=hint)
    lacking = [name for name in chosen if name not in found]
    if lacking:
        hint = f"compare.margins in a config, or --margin {lacking[0]}=SIZE"
        raise CompareWords(f"{', '.join(lacking)}: a primary metric needs a margin", hint=hint)
    return found, chosen


def _margin(name: str, told: Mapping[str, object]) -> Margin:
    side, size = cast(Side, told["side"]), float(str(told["size"]))
    if side not in get_args(Side):
        raise CompareWords(f"compare.margins.{name}.side={side}", hint=f"one of {', '.join(get_args(Side))}")
    return _checked(Margin(size, side, bool(told["relative"]), str(told["why"])), f"compare.margins.{name}.size={size}")


def _checked(margin: Margin, words: str) -> Margin:
    """The margin, where it is one: beyond one that is no number nothing would ever be worse."""
    if not 0 <= margin.size < math.inf:
        raise CompareWords(f"{words}: no margin", hint="a number, 0 or more")
    return margin


def _own(name: str) -> Margin:
    """A margin of the user's for a metric that has none: its own direction."""
    side = METRICS[name].better if name in METRICS else "none"
    if side in ("higher", "lower"):
        return Margin(0.0, cast(Side, side))
    return Margin(0.0, "band")


def add_baseline_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of ``baseline``."""
    parser.add_argument("what", choices=("set", "show", "history"))
    parser.add_argument(
        "side", nargs="?", metavar="RUN", help="with set: SWEEP:SETTING, a setting, or an MLflow run's id"
    )
    parser.add_argument("--why", default="", metavar="REASON", help="with set: kept beside it")
    add_config(parser)


def run_baseline(args: argparse.Namespace) -> int:
    """Register a baseline, or show what is registered."""
    from sweeps.compare.baseline import history, set_baseline
    from sweeps.compose import as_typed

    tracking = as_typed(args.config).tracking
    if args.what == "set":
        if not args.side:
            raise CompareWords("baseline set: which run?", hint="python -m sweeps baseline set SWEEP:SETTING --why …")
        one = set_baseline(args.side, args.why, args.outputs, tracking)
        print(f"baseline: {one.name} ({one.run_id})")
        return OK
    found = history(args.outputs, tracking)
    if not found:
        print("no baseline was ever set: python -m sweeps baseline set SWEEP:SETTING", file=sys.stderr)
        return INVALID
    for one in found[: 1 if args.what == "show" else None]:
        print(f"{one.when}  {one.name}  {one.run_id}  by {one.who}" + (f": {one.why}" if one.why else ""))
    return OK


def add_best_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of ``best``."""
    parser.add_argument(
        "side", nargs="?", metavar="RUN", help="SWEEP:SETTING, a setting, a run's id; none shows what is"
    )
    parser.add_argument("--why", default="", metavar="REASON", help="kept beside it")
    add_config(parser)


def run_best(args: argparse.Namespace) -> int:
    """Tag the best setting, or show which one is."""
    from sweeps.compare.best import read_best, tag_best
    from sweeps.compose import as_typed

    if args.side:
        name = tag_best(args.side, args.why, args.outputs, as_typed(args.config).tracking)
        print("\n".join([f"variant=best is {name} from now on", *read_best()[1:]]))
        return OK
    said = read_best()
    print(
        "\n".join(said) or "nothing is tagged: python -m sweeps best SWEEP:SETTING",
        file=sys.stdout if said else sys.stderr,
    )
    return OK if said else INVALID
