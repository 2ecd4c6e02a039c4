"""One command from its config to its exit code: plan, render, score, log."""

import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeps import known as seen
from sweeps.collect import collect
from sweeps.config import Config
from sweeps.hooks import run_hook
from sweeps.interrupt import interruptible
from sweeps.judging import fetch_weights, footage_scores, score_task, scorer_of
from sweeps.plan import Plan, PlannedCell
from sweeps.planning import Planner
from sweeps.precheck import check_config
from sweeps.results import SweepResult
from sweeps.running import execute
from sweeps.scoring import Scorer, ScoreTask, ScoringPool, score
from sweeps.settings import Compose
from sweeps.store import REFUSED, Entry, Store, check_writable, unusable
from workflow.errors import HarnessError

if TYPE_CHECKING:
    from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
ACTIONS = ("run", "plan", "score", "log")
"""What a command can do, in the words a user types."""
LONGEST_FOLDER = 150
"""Bytes of a folder's name: most systems take 255, and files in it have names too."""


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

    @property
    def outputs(self) -> Path:
        """Where everything lands."""
        given = self.config.outputs
        return (ROOT / "outputs") if given is None else Path(given).expanduser().absolute()

    @property
    def name(self) -> str:
        """The sweep's name: as configured, else the experiment's, else the variant's."""
        choices = self.config.choices
        return self.config.sweep.name or choices.get("experiment") or choices.get("variant") or "sweep"

    def folder(self, stand_in: bool) -> Path:
        """Where the plans and tables of this sweep stand; those of the stand-in apart, so that they never mix."""
        return self.outputs / "sweeps" / folder_name(f"{self.name} (stand-in)" if stand_in else self.name)

    def run(self) -> int:
        """Do what ``action`` says; the exit code."""
        actions: dict[str, Callable[[], int]] = {
            "run": lambda: execute(self),
            "plan": self._plan,
            "score": lambda: self._again(score=True),
            "log": lambda: self._again(score=False),
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
            if self.config.action == "run" and not isinstance(error, BrokenPipeError):
                summary = {"sweep": self.name, "error": str(error), "outputs": str(self.outputs)}
                trouble = run_hook(self.config.hooks.on_failure, summary)
                if trouble:
                    self.console.print(trouble, style="yellow", markup=False, highlight=False)
            raise

    def planner(self, known: seen.Known, clip_cache: Path, *, thorough: bool = False) -> Planner:
        """A planner over this command's store."""
        store = Store(self.outputs / "store")
        return Planner(self.config, self.compose, known, store, self.name, clip_cache, thorough)

    def _recalled(self) -> seen.Known:
        return seen.recall(self.outputs / "servers", self.config.server)

    def _plan(self) -> int:
        """Print the plan; nothing is written and no server is asked."""
        with tempfile.TemporaryDirectory(prefix="clips-") as folder:
            cache = Path(folder) / "clips"
            if (self.outputs / "clips").is_dir():
                shutil.copytree(self.outputs / "clips", cache)
            self.show(planner := self.planner(self._recalled(), cache), planner.plan())
        return 0

    def show(self, planner: Planner, plan: Plan) -> None:
        """Print the plan and its forecast."""
        from sweeps.show import show_plan

        for line in planner.said:
            self.console.print(line, style="yellow", markup=False, highlight=False)
        show_plan(
            self.console,
            plan,
            disk_bytes=planner.disk(plan),
            learned_from=planner.model.learned_from,
            seen=planner.known.seen,
        )

    def _again(self, *, score: bool) -> int:
        """Score stored renders that lack a score of the present scorer, or only log what is there."""
        from sweeps.finish import finish
        from sweeps.lock import owned

        if not (self.outputs / "store").is_dir():
            raise self._nothing_rendered()
        check_writable(self.outputs)
        with owned(self.outputs / "store", f"{self.name}, action={self.config.action}"), interruptible(self.cancel):
            planner = self.planner(self._recalled(), self.outputs / "clips", thorough=True)
            plan = planner.plan()
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
        from rich.progress import Progress as Bar

        unscored: dict[str, str] = {}
        fetch_weights(self.config, self.console)
        with ScoringPool(self.config.scoring.workers, self.config.scoring.timeout_s, self.scorer) as pool:
            for one in plan.cells:
                if one.cell is None or one.environment is None or one.state == "collapsed":
                    continue
                entry = planner.store.find(one.cell.recipe, one.environment)
                if entry is None:
                    continue
                task = self.task(planner, one, entry)
                if planner.store.score(entry, task.scorer) is None:
                    pool.submit(task)
            total = pool.waiting
            with Bar(console=self.console, disable=not self.console.is_terminal) as bar:
                shown = bar.add_task("scoring", total=total)
                while pool.waiting and not self.cancel.is_set():
                    for task, judged, why in pool.finished(0.5):
                        bar.advance(shown)
                        if judged is None:
                            unscored[task.key] = why
                        else:
                            planner.store.put_score(Entry(task.video.parent, {}), task.scorer, judged)
        done = total - pool.waiting - len(unscored)
        self.console.print(f"scored {done} render{'' if done == 1 else 's'} again", highlight=False)
        return unscored

    def task(self, planner: Planner, one: PlannedCell, entry: Entry) -> ScoreTask:
        """What to score of a cell's render."""
        return score_task(self.config, planner, one, entry)

    def result(self, planner: Planner, plan: Plan, **more: Any) -> SweepResult:
        """What came of ``plan`` as the store has it now."""
        stamp = planner.known.stamp
        return collect(
            plan,
            planner.store,
            lambda one: scorer_of(self.config, planner, one),
            sweep_id=self.name,
            started=datetime.now(UTC),
            expected=self.config.sweep.expected_failures,
            config_yaml=self.config_yaml,
            title=self.config.sweep.title,
            footage=footage_scores(self.config, planner, plan),
            stamp=stamp.to_json() if stamp else {},
            **more,
        )


def folder_name(name: str) -> str:
    """``name`` as a folder on any system: what no folder may hold is percent-encoded, what is too long is cut.

    >>> folder_name("../动作 帧=9")
    '%2E.%2F动作 帧=9'
    """
    from hashlib import sha256

    def encoded(sign: str) -> str:
        return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8"))

    safe = "".join(encoded(one) if one in '/\\:*?"<>|%' or not one.isprintable() else one for one in name)
    safe = encoded(safe[0]) + safe[1:] if safe[:1] in ". " else safe
    safe = safe[:-1] + encoded(safe[-1]) if safe[-1:] in ". " else safe
    raw = safe.encode("utf-8")
    if len(raw) <= LONGEST_FOLDER:
        return safe
    return raw[: LONGEST_FOLDER - 9].decode("utf-8", "ignore") + "-" + sha256(raw).hexdigest()[:8]
