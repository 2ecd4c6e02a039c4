"""What is to be searched, read out of a config and checked before anything is rendered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eval.metric import names_of
from sweeps.config import Config
from sweeps.judging import COST, cost_only, settings_of
from sweeps.search.aims import Bound, Objective, bounds_of, objectives_of
from sweeps.search.fidelity import Ladder, ladder_of
from sweeps.search.samplers import check_sampler, class_name
from sweeps.search.space import Space, SpaceError, space_of
from sweeps.settings import axis_names, flat, short
from workflow.errors import HarnessError


class SearchError(HarnessError):
    """A search that cannot be done as configured."""

    code = "search"


@dataclass(frozen=True)
class Search:
    """A search as configured."""

    space: Space
    objectives: tuple[Objective, ...]
    bounds: tuple[Bound, ...]
    ladder: Ladder

    def definition(self, config: Config, environment: str | None, baseline: Mapping[str, Any]) -> dict[str, Any]:
        """What must stay the same from one start to the next, by name; the sampler and the numbers of trials may
        change."""
        rungs = [one.shown for one in self.ladder.rungs[:-1]]
        return {
            "space": self.space.to_json(),
            "objectives": [one.shown for one in self.objectives],
            "bounds": [one.shown for one in self.bounds],
            "rungs": rungs,
            "clips": {"kind": config.clips.kind, "names": config.clips.names, "size": _size(config)},
            "seeds": list(config.sweep.seeds),
            "baseline": {name: short(value) for name, value in baseline.items()},
            "environment": environment,
        }


def search_of(config: Config, rehearsal: str = "") -> Search:
    """The search of ``config``, checked. ``rehearsal``: the server's random weights, of which only cost is measured.

    Raises the errors of its parts, and SearchError for axes beside a space and for numbers that make no search.
    """
    class_name(config.search.sampler)
    if axes := axis_names(config):
        raise SearchError(
            f"sweep.axes.{axes[0]} beside search.sampler={config.search.sampler}: axes make a grid",
            hint=f"search it: search.space.{axes[0]}=[…], or compare: search=grid",
        )
    if config.limit is not None:
        raise SearchError(
            f"limit={config.limit} would cut settings short: nothing could be compared",
            hint="for a quick look: search.trials=4 'clips.names=[NAME]'",
        )
    one = config.search
    for key, value, least in (("trials", one.trials, 2), ("batch", one.batch, 1), ("stop_early", one.stop_early, 2)):
        if value is not None and value < least:
            raise SearchError(f"search.{key}={value} is less than {least}", hint="the baseline is the first trial")
    space = space_of(flat(config.search.space))
    produced = names_of((COST,)) if cost_only(config, rehearsal) else _produced(config)
    found = Search(
        space, objectives_of(one.objectives, produced), bounds_of(one.bounds, produced), ladder_of(one.fidelity)
    )
    check_sampler(
        one.sampler,
        objectives=len(found.objectives),
        bounds=bool(found.bounds),
        conditions=space.conditional,
        stops_early=one.stop_early is not None,
        fidelity=len(found.ladder.rungs) > 1,
    )
    return found


def grid_of(config: Config) -> dict[str, list[Any]]:
    """Every value of each parameter of the space, to compare all combinations.

    Raises:
        SpaceError: an open range, which has no grid, or a condition.
    """
    space = space_of(flat(config.search.space))
    columns: dict[str, list[Any]] = {}
    for one in space.dimensions:
        if one.values is None or one.when:
            why = "depends on others" if one.when else "has every value in between"
            raise SpaceError(f"search.space.{one.name} {why}: that is no grid", hint="give it a step, or search=tpe")
        columns[one.name] = one.values
    return columns


def _produced(config: Config) -> list[str]:
    settings = settings_of(config)
    return names_of((*settings.families, COST), settings.networks)


def _size(config: Config) -> str:
    clips, workflow = config.clips, config.workflow
    return f"{workflow.width or clips.width}×{workflow.height or clips.height}"
