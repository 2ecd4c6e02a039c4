"""Looks at proposals by rendering: a bracket's rung is a small plan, and its results are verdicts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from sweeps.plan import Plan, PlannedCell
from sweeps.planning import Planner
from sweeps.progress import Progress
from sweeps.results import SettingResult, SweepResult
from sweeps.running import came_of
from sweeps.search.driver import Verdict
from sweeps.search.early import worse
from sweeps.search.fidelity import Rung
from sweeps.search.figures import objectives, pretended, violations
from sweeps.search.looks import clips_at
from sweeps.search.proposal import BASELINE, Proposal
from sweeps.search.setup import Search, SearchError
from sweeps.settings import Setting, setting_at, short

if TYPE_CHECKING:
    from sweeps.app import App

Render = Callable[[Plan, Callable[[PlannedCell, Callable[[], Progress]], str | None]], Progress]
"""Renders and scores a plan, asking before each cell whether it is worth it."""


@dataclass
class Looks:
    """The driver's look.

    ``render`` runs a plan; ``best`` names the best trial so far; ``planned`` makes a plan with what the server's model
    files are, and ``as_rendered`` has it with every block where it was rendered. ``found`` has
    the result of every setting that was looked at, by its trial's number, of the dearest look; the baseline's is under
    -1.
    """

    app: "App"
    planner: Planner
    search: Search
    render: Render
    best: Callable[[], Proposal | None]
    planned: Callable[[Callable[[Planner], Plan]], Plan]
    as_rendered: Callable[[], Plan]
    logged: Callable[[SweepResult], None] = lambda _: None
    found: dict[int, SettingResult] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)
    """Of all looks together."""
    last: SweepResult | None = None

    def baseline(self) -> Setting:
        """The setting that changes nothing."""
        return setting_at(self.app.config, self.app.compose, {}, BASELINE)

    def setting(self, one: Proposal) -> Setting:
        """A proposal's setting, called by its number and what it sets."""
        if one.baseline:
            return self.baseline()
        said = ", ".join(f"{name.removeprefix('inputs.')}={short(value, 24)}" for name, value in one.point.items())
        return setting_at(self.app.config, self.app.compose, one.point, f"#{one.number} {said}")

    def plan(self, settings: Sequence[Setting], rung: Rung) -> Plan:
        """The plan of one look.

        Raises:
            SearchError: it searches by cost and has one cell a setting, which may be the one that reads the model.
        """
        cache = self.planner.clip_cache
        plan = self.planned(
            lambda planner: planner.plan_of(
                settings, BASELINE, lambda setting: clips_at(planner.clips(setting), rung, cache)
            )
        )
        one = sum(cell.setting == BASELINE for cell in plan.cells) == 1
        if one and any(objective.metric.startswith("cost/") for objective in self.search.objectives):
            raise SearchError(
                f"a look at {rung.shown} is one cell a setting, and the first cell after a model is read has no cost",
                hint="two clips, or two seeds: sweep.seeds=[2,3]",
            )
        return plan

    def __call__(self, proposals: Sequence[Proposal], rung: Rung, at: int) -> Mapping[int, Verdict]:
        """Render what is not there yet, and judge it."""
        best = self.best() if rung.whole else None
        beside = [one for one in ([best] if best else []) if one.number not in {p.number for p in proposals}]
        named = {one.number: self.setting(one) for one in (*proposals, *beside)}
        settings = {one.name: one for one in (self.baseline(), *named.values())}
        plan = self.plan(list(settings.values()), rung)
        watched = {
            named[one.number].name: named[best.number].name
            for one in proposals
            if best is not None and not one.baseline and one.number != best.number
        }
        progress = self.render(plan, partial(self._skip, watched, {}))
        result = self.app.result(self.planner, self.as_rendered(), **came_of(progress))
        self._keep(proposals, named, result, progress)
        seen = pretended(result)
        return {one.number: self._verdict(named[one.number].name, rung, seen, progress) for one in proposals}

    def _skip(
        self,
        watched: Mapping[str, str],
        decided: dict[str, tuple[int, str]],
        planned: PlannedCell,
        progress: Callable[[], Progress],
    ) -> str | None:
        """Why the next cell of a setting need not be rendered: it is surely worse than the best so far."""
        clips = self.app.config.search.stop_early
        if clips is None or len(self.search.objectives) > 1 or planned.setting not in watched:
            return None
        now = progress()
        state = now.rendered + now.scored
        seen, why = decided.get(planned.setting, (-1, ""))
        if not why and seen != state:
            result = pretended(self.app.result(self.planner, self.as_rendered(), **came_of(now)))
            own, best = result.setting(planned.setting), result.setting(watched[planned.setting])
            why = worse(own, best, self.search.objectives[0], clips) if own and best else ""
            decided[planned.setting] = (state, why)
        return why or None

    def _verdict(self, name: str, rung: Rung, result: SweepResult, progress: Progress) -> Verdict:
        setting, baseline = result.setting(name), result.setting(BASELINE)
        if setting is None or baseline is None:  # a limit left none of its cells
            return Verdict(unfinished=True)
        skipped = {cell_name: why for cell_name, why in progress.skipped.items() if cell_name.startswith(f"{name}/")}
        left = [one for one in setting.cells if one.state == "pending"]
        unjudged = any(one.state == "done" and one.reason == "not scored yet" for one in setting.cells)
        if len(left) > len(skipped) or unjudged:
            return Verdict(unfinished=True)
        if skipped:  # on the clips that it has
            done = tuple(one for one in setting.cells if one.state != "pending")
            setting = replace(setting, cells=done)
        values, why = objectives(setting, baseline, self.search.objectives)
        broken, unknown = violations(setting, baseline, self.search.bounds)
        needed = rung.whole and not skipped and not result.stand_in  # a bound holds where it has a figure
        if values is not None and unknown and needed:
            shown, reason = next(iter(unknown.items()))
            return Verdict(why=f"the bound {shown} cannot be checked: {reason}")
        return Verdict(values, broken, why, next(iter(skipped.values()), ""))

    def _keep(
        self,
        proposals: Sequence[Proposal],
        named: Mapping[int, Setting],
        result: SweepResult,
        progress: Progress,
    ) -> None:
        self.last = result
        for one in proposals:
            setting = result.setting(named[one.number].name)
            if setting is not None:
                self.found[-1 if one.baseline else one.number] = setting
        if -1 not in self.found and (base := result.setting(BASELINE)) is not None:
            self.found[-1] = base
        _add(self.progress, progress)
        self.logged(self.so_far(result))

    def recall(self, trials: Sequence[Proposal]) -> None:
        """Read from the store what earlier starts rendered of these trials."""
        new = [one for one in trials if one.number not in self.found and not one.baseline]
        if not new and -1 in self.found:
            return
        plan = self.plan([self.baseline(), *(self.setting(one) for one in new)], Rung())
        result = self.app.result(self.planner, plan)
        for number, one in ((-1, self.baseline()), *((one.number, self.setting(one)) for one in new)):
            if (setting := result.setting(one.name)) is not None:
                self.found.setdefault(number, setting)
        self.last = self.last or result

    def so_far(self, result: SweepResult) -> SweepResult:
        """Everything that was looked at, as one result."""
        return replace(result, settings=tuple(self.found[number] for number in sorted(self.found)))


def _add(whole: Progress, part: Progress) -> None:
    whole.failures |= part.failures
    whole.unscored |= part.unscored
    whole.skipped |= part.skipped
    whole.done |= part.done
    whole.rendered += part.rendered
    whole.reused += part.reused
    whole.scored += part.scored
    whole.stopped = whole.stopped or part.stopped
    whole.disk = whole.disk or part.disk
