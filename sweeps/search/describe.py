"""A search in words, before it begins."""

from functools import partial
from typing import TYPE_CHECKING

from sweeps.config import Config
from sweeps.search.samplers import class_name
from sweeps.search.setup import Search
from workflow.words import counted

if TYPE_CHECKING:
    from rich.console import Console


def describe(console: "Console", config: Config, search: Search, name: str) -> None:
    """Print what is searched, for what, within which bounds, by what."""
    say = partial(console.print, soft_wrap=True, markup=False, highlight=False)
    say(f"search: {name}", style="bold")
    for one in search.space.dimensions:
        say(f"  {one.name}: {one.shown}")
    size = search.space.size
    points = "" if size is None else f", {counted(size, 'point')} in all"
    aims = ", ".join(one.shown for one in search.objectives)
    say(f"for {aims}, by {class_name(config.search.sampler)}{points}")
    for bound in search.bounds:
        say(f"  as long as {bound.shown}")
    for rung in search.ladder.rungs[:-1]:
        say(f"  first {rung.shown}, one in {search.ladder.keep} goes on")
