"""One command from its config to its exit code: plan, render, score, log."""

import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.harness import harness
from sweeps import known as seen
from sweeps.anew import Anew
from sweeps.collect import collect
from sweeps.config import Config
from sweeps.contents import changed
from sweeps.doctoring import doctor
from sweeps.environments import Environments, environments
from sweeps.hooks import run_hook
from sweeps.interrupt import interruptible
from sweeps.judging import COST, cost_only, fetch_weights, footage_scores, judged, score_task, scorer_of
from sweeps.naming import sweep_folder, sweep_name
from sweeps.plan import Plan, PlannedCell, require_possible
from sweeps.planning import Planner
from sweeps.precheck import check_config
from sweeps.rescoring import score_all
from sweeps.results import SweepResult
from sweeps.running import execute
from sweeps.scoring import Scorer, ScoreTask, score
from sweeps.settings import Compose
from sweeps.store import REFUSED, Entry, Store, check_writable, unusable
from workflow.errors import HarnessError
from workflow.words import counted

if TYPE_CHECKING:
    from rich.console import Console

    from sweeps.gate import Gate

ROOT = Path(__file__).resolve().parents[1]
ACTIONS = ("run", "plan", "doctor", "score", "log", "produce")
"""What a command can do, in the words a user types."""


class ActionError(HarnessError):
    """An action that does not exist."""

    code = "action-unknown"


class NothingRendered(HarnessError):
    """An action on stored renders, of which there are none."""

    code = "nothing-rendered"


@dataclass
class App:
    """One command. ``config_yaml`` is the composed config as text, for the record; ``scorer`` judges one video."""

    config: Config
    compose: Compose
    console: "Console"
    config_yaml: str = ""
    cancel: threading.Event = field(default_factory=threading.Event)
    scorer: Scorer = score
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def outputs(self) -> Path:
        """Where everything lands."""
        given = self.config.outputs
        return (ROOT / "outputs") if given is None else Path(given).expanduser().absolute()

    @property
    def name(self) -> str:
        """The sweep's name: as configured, else the experiment's, else what it compares."""
        return sweep_name(self.config)

    def folder(self, mark: str) -> Path:
        """Where the plans and tables of this sweep stand; those of stand-in and rehearsal apart: they never mix."""
        return sweep_folder(self.outputs, self.name, mark)

    @cached_property
    def anew(self) -> str:
        """What marks the renders of a sweep that reuses none of before; empty where stored ones may be reused."""
        if self.config.sweep.reuse != "never":
            return ""
        time = Anew(self.outputs, self.name)
        if self.config.action == "run":
            return time.begin()
        return (time.last if self.config.action in ("score", "log") else time.mark) or "anew"

    @cached_property
    def gate(self) -> "Gate | None":
        """What the sweep is held against at its end. Raises NoSide, CompareWords."""
        if self.config.compare.against is None:
            return None
        from sweeps.gate import Gate

        return Gate.of(self.config, self.outputs)

    def over(self) -> None:
        """Nothing of this sweep is left to do: one that renders anew begins anew the next time."""
        if self.anew and self.config.action == "run":
            with suppress(OSError):  # then the next time goes on with this one, which is whole
                Anew(self.outputs, self.name).end()

    def warn(self, line: str) -> None:
        """Say something that a person should look at; nothing in ``line`` is markup."""
        self.console.print(line, style="yellow", markup=False, highlight=False)

    def run(self) -> int:
        """Do what ``action`` says; the exit code."""
        actions: dict[str, Callable[[], int]] = {
            "run": lambda: execute(self),
            "plan": self._plan,
            "doctor": lambda: doctor(self),
            "score": lambda: self._again(score=True),
            "log": lambda: self._again(score=False),
            "produce": self._produce,
        }
        if self.config.action not in actions:
            raise ActionError(f"there is no action={self.config.action}", hint=f"choose one of {', '.join(ACTIONS)}")
        check_config(self.config, self.outputs)
        try:
            return self._told(actions[self.config.action])
        except OSError as error:
            if error.errno not in REFUSED:
                raise
            raise unusable(self.outputs, error) from error

    def _told(self, action: Callable[[], int]) -> int:
        """Do ``action``; a sweep that ends before its first cell tells the user's hook too."""
        try:
            return action()
        except Exception as error:
            if self.config.action == "run":
                summary = {"sweep": self.name, "error": str(error), "outputs": str(self.outputs)}
                trouble = run_hook(self.config.hooks.on_failure, summary)
                if trouble:
                    self.warn(trouble)
            raise

    def planner(self, known: seen.Known, clip_cache: Path, *, thorough: bool = False) -> Planner:
        """A planner over this command's store."""
        store = Store(self.outputs / "store")
        return Planner(self.config, self.compose, known, store, self.name, clip_cache, thorough, anew=self.anew)

    def environments(self, knowns: Sequence[seen.Known], clip_cache: Path, *, thorough: bool = False) -> Environments:
        """The environments of servers of which so much is known, with a planner for each."""
        several = self.config.server.several
        return environments(lambda known: self.planner(known, clip_cache, thorough=thorough), knowns, several=several)

    def _recalled(self, clip_cache: Path, *, thorough: bool = False) -> Environments:
        return self.environments(
            seen.recall_all(self.outputs / "servers", self.config.server), clip_cache, thorough=thorough
        )

    def _plan(self) -> int:
        """Print the plan; nothing is written and no server is asked."""
        with tempfile.TemporaryDirectory(prefix="clips-") as folder:
            cache = Path(folder) / "clips"
            if (self.outputs / "clips").is_dir():
                shutil.copytree(self.outputs / "clips", cache)
            places = self._recalled(cache)
            planner, plan = places.planner, places.plan(Planner.draft)
            require_possible(plan)
            here = self.config.server.folder
            planner.said.update(dict.fromkeys(changed(here, self.outputs / "servers", planner.known.models)))
            if self.config.search.proposes:
                self._show_search(planner)
            self.show(planner, plan)
        return 0

    def _show_search(self, planner: Planner) -> None:
        """What is searched; the plan below it is the baseline's, since the rest is not proposed yet."""
        from sweeps.search.describe import describe
        from sweeps.search.setup import search_of

        describe(self.console, self.config, search_of(self.config, planner.known.rehearsal), self.name)
        trials = self.config.search.trials
        self.console.print(f"{trials} trials at most; the baseline, as one of them:", highlight=False)

    def show(self, planner: Planner, plan: Plan) -> None:
        """Print the plan and its forecast."""
        from sweeps.show import show_plan

        for line in planner.said:
            self.warn(line)
        show_plan(self.console, plan, planner.outlook(plan), planner.known.seen)

    def _produce(self) -> int:
        """Render with one setting and deliver; nothing is judged, nothing compared."""
        if self.config.search.proposes:
            raise ActionError(
                "action=produce of a search: not there", hint="variant=best produces with what you tagged"
            )
        self.config.scoring.families, self.config.compare.against = [COST], None
        return execute(self)

    def _again(self, *, score: bool) -> int:
        """Score stored renders that lack a score of the present scorer, or only log what is there."""
        from sweeps.finish import finish
        from sweeps.lock import owned

        if self.config.search.proposes:
            raise ActionError(
                f"action={self.config.action} of a search: not there",
                hint="action=run scores and logs what the store has, and renders only what is missing",
            )
        if not (self.outputs / "store").is_dir():
            raise self._nothing_rendered()
        check_writable(self.outputs)
        with owned(self.outputs / "store", f"{self.name}, action={self.config.action}"), interruptible(self.cancel):
            places = self._recalled(self.outputs / "clips", thorough=True)
            planner, plan = places.planner, places.plan(Planner.draft)
            require_possible(plan)
            if planner.known.stamp is None:
                raise NothingRendered(
                    "no server was seen yet: what the store holds for it cannot be known",
                    hint="the same command with action=run sees it, and reuses what is there",
                )
            if not any(one.state == "reuse" for one in plan.cells):
                raise self._nothing_rendered()
            unscored = self._score_stored(planner, plan) if score else {}
            result = self.result(planner, plan, unscored=unscored)
            return finish(self, result, rebuild=True)

    def _nothing_rendered(self) -> NothingRendered:
        return NothingRendered(
            f"action={self.config.action}: nothing of {self.name} is rendered in {self.outputs}",
            hint="render it first, by the same command with action=run; or name the folder: outputs=DIR",
        )

    def _score_stored(self, planner: Planner, plan: Plan) -> dict[str, str]:
        """Score what has no score yet; why some have none still."""
        if not cost_only(self.config, planner.known.rehearsal):
            fetch_weights(self.config, self.console)
        tasks = []
        for one in plan.cells:
            if one.cell is None or one.environment is None or one.state == "collapsed":
                continue
            entry = planner.store.find(one.cell.recipe, one.environment)
            task = self.task(planner, one, entry) if entry is not None else None
            tasks += [task] if task is not None else []
        found = score_all(self.config, planner.store, tasks, self.console, self.cancel, self.scorer)
        self.console.print(f"scored {counted(len(found.new), 'render')} again", highlight=False)
        return found.unscored

    def task(self, planner: Planner, one: PlannedCell, entry: Entry) -> ScoreTask | None:
        """What to score of a cell's render; None where videos are not judged."""
        if cost_only(self.config, planner.known.rehearsal):
            return None
        return score_task(self.config, planner, one, entry)

    def result(self, planner: Planner, plan: Plan, **more: Any) -> SweepResult:
        """What came of ``plan`` as the store has it now."""
        stamp = planner.known.stamp
        return collect(
            plan,
            planner.store,
            lambda one: scorer_of(self.config, planner, one),
            sweep_id=self.name,
            started=self.started,
            expected=self.config.sweep.expected_failures,
            config_yaml=self.config_yaml,
            title=self.config.sweep.title,
            footage=footage_scores(self.config, planner, plan),
            stamp=(stamp.to_json() if stamp else {}) | {"harness": harness()},
            cost_only=cost_only(self.config, planner.known.rehearsal),
            judged=judged(self.config),
            **more,
        )
