"""Renders a plan's cells: the next prompt queued before the last one ends, scoring beside it, nothing lost."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeps.config import ExpectedFailure
from sweeps.limits import Limits
from sweeps.plan import Plan, PlannedCell
from sweeps.scoring import ScoreTask, ScoringPool
from sweeps.store import Entry, Store, StoreError, unusable

if TYPE_CHECKING:
    from runner.live import View
    from runner.outcome import Outcome
    from runner.progress import Progress as Seen
    from runner.render import Submitted
    from runner.server import Server

AHEAD = 2
"""Prompts on the server at a time: one that runs, one that waits, so that the card is never idle between cells."""


@dataclass(frozen=True)
class Failure:
    """Why a cell has no video: how it ended, at which stage, in words; ``expected`` if the experiment said so."""

    status: str
    stage: str
    message: str
    expected: bool = False


@dataclass
class Progress:
    """What came of the plan so far, by cell name."""

    failures: dict[str, Failure] = field(default_factory=dict)
    unscored: dict[str, str] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    """Cells that have a sound render by this call's doing."""
    rendered: int = 0
    reused: int = 0
    scored: int = 0
    stopped: str | None = None
    disk: StoreError | None = None
    """Why nothing more can be written, once that is so: what was finished before is kept."""


@dataclass
class Engine:
    """Executes a plan on one server. ``task`` makes a cell's score task; ``facts`` go into each ``render.json``.

    ``rendered`` is told of every new render and its seconds; ``after`` is called after every block of cells, so that
    what is known can be shown.
    """

    plan: Plan
    store: Store
    server: "Server"
    pool: ScoringPool
    view: "View"
    limits: Limits
    task: Callable[[PlannedCell, Entry], ScoreTask]
    cancel: threading.Event
    facts: Mapping[str, Any] = field(default_factory=dict)
    expected: Sequence[ExpectedFailure] = ()
    max_failures: int | None = None
    rendered: Callable[[PlannedCell, Entry, float | None], None] = lambda *_: None
    after: Callable[["Progress"], None] = lambda _: None
    progress: Progress = field(default_factory=Progress)
    _repeated: set[str] = field(default_factory=set)

    def run(self) -> Progress:
        """Reuse what is stored, render the rest in the plan's order, score everything; Ctrl-C ends it politely."""
        for one in self.plan.cells:
            if one.state == "reuse":
                self._reuse(one)
        todo = deque(one for one in self.plan.cells if one.state == "run")
        ahead: deque[tuple[PlannedCell, Submitted, Path]] = deque()
        total, done = len(todo), 0
        block: tuple[str, int] | None = None
        while (todo and not self.progress.stopped) or ahead:
            while todo and len(ahead) < AHEAD and self._may_start(todo[0], ahead):
                with self._writing():
                    self._submit(todo.popleft(), ahead)
            if not ahead:
                continue
            planned, submitted, attempt = ahead.popleft()
            done += 1
            outcome = self._follow(planned, submitted, done, total)
            with self._writing():
                if self._repeats(planned, outcome, attempt):
                    done -= 1
                    self._submit(planned, ahead)
                else:
                    self._keep(planned, outcome, attempt)
            self._collect()
            if block not in (None, (planned.clip.name, planned.seed)):
                self.after(self.progress)
            block = (planned.clip.name, planned.seed)
        self._drain()
        return self.progress

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A disk that refuses ends the sweep politely: cells on their way are still followed, none is started."""
        try:
            yield
        except (StoreError, OSError) as error:
            trouble = error if isinstance(error, StoreError) else unusable(self.store.root, error)
            self.progress.disk = self.progress.disk or trouble
            self.progress.stopped = self.progress.stopped or trouble.message

    def _may_start(self, planned: PlannedCell, ahead: Sequence[tuple[PlannedCell, Any, Path]]) -> bool:
        if self.cancel.is_set():
            self.progress.stopped = "interrupted"
        elif self.max_failures is not None and self._bad() > self.max_failures:
            self.progress.stopped = f"more than sweep.max_failures={self.max_failures} cells failed"
        elif not self.progress.stopped:
            queued = sum(one.seconds for one, _, _ in ahead)
            why = self.limits.forbids(planned.seconds, queued)
            if why:
                self.progress.stopped = f"{planned.name} was not started: {why}"
        return self.progress.stopped is None

    def _bad(self) -> int:
        return sum(not failure.expected for failure in self.progress.failures.values())

    def _submit(self, planned: PlannedCell, ahead: deque[tuple[PlannedCell, "Submitted", Path]]) -> None:
        """Queue a cell, or take up again what a killed process left of it."""
        from runner.render import submit

        cell, environment = planned.job
        if self.store.adopt(cell.recipe, environment, self._facts(planned)):
            self.progress.done.add(planned.name)
            self._reuse(planned)
            return
        attempt = self.store.attempt(cell.recipe, environment)
        self.limits.cells += 1
        ahead.append((planned, submit(self.server, cell, attempt, cancel=self.cancel), attempt))

    def _follow(self, planned: PlannedCell, submitted: "Submitted", done: int, total: int) -> "Outcome":
        from runner.render import follow

        cell = submitted.cell
        self.view.cell_started(cell, done, total)

        def look(seen: "Seen") -> None:
            self.view.progress(cell, seen)
            self._collect()  # now: a score that is done must not wait for this render's end to be kept

        outcome = follow(self.server, submitted, on_progress=look, cancel=self.cancel)
        self.view.cell_finished(cell, outcome)
        return outcome

    def _repeats(self, planned: PlannedCell, outcome: "Outcome", attempt: Path) -> bool:
        """Whether to send a cell once more: its sampler came from the server's cache, which was emptied since."""
        if outcome.done or not outcome.timings.cached or planned.name in self._repeated or self.cancel.is_set():
            return False
        self._repeated.add(planned.name)
        self.store.discard(attempt)
        self.view.note(f"{planned.name}: the server answered from its cache; it is rendered afresh")
        return True

    def _facts(self, planned: PlannedCell) -> dict[str, Any]:
        return {**self.facts, "setting": planned.setting, "clip": planned.clip.name, "seed": planned.seed}

    def _keep(self, planned: PlannedCell, outcome: "Outcome", attempt: Path) -> None:
        self.limits.gpu_s += outcome.timings.total_s or 0.0
        if not outcome.done:
            self._failed(planned, Failure(outcome.status, outcome.stage, outcome.message), attempt)
            away = outcome.status == "lost" and outcome.stage == "upload"  # it was waited for already
            if outcome.stop or away or self.server.trouble():
                self.progress.stopped = self.server.trouble() or outcome.message
            return
        cell, environment = planned.job
        entry = self.store.commit(attempt, cell.recipe, environment, self._facts(planned))
        self.progress.done.add(planned.name)
        self.progress.rendered += 1
        self.rendered(planned, entry, outcome.timings.total_s)
        self._score(planned, entry)

    def _failed(self, planned: PlannedCell, failure: Failure, attempt: Path) -> None:
        cell, environment = planned.job
        kept = replace(failure, expected=is_expected(planned, failure.status, self.expected))
        self.progress.failures[planned.name] = kept
        if kept.status == "cancelled":
            self.store.discard(attempt)  # its job is off the server: the next call must not look for it
        else:
            self.store.fail(attempt, cell.recipe, environment, {**self.facts, **asdict(kept)})

    def _reuse(self, planned: PlannedCell) -> None:
        cell, environment = planned.job
        entry = self.store.find(cell.recipe, environment)
        if entry is not None:
            self.progress.reused += 1
            self._score(planned, entry)

    def _score(self, planned: PlannedCell, entry: Entry) -> None:
        task = self.task(planned, entry)
        if self.store.score(entry, task.scorer) is None:
            self.pool.submit(task)

    def _collect(self, wait_s: float = 0.0) -> None:
        for task, score, why in self.pool.finished(wait_s):
            if score is None:
                self.progress.unscored[task.key] = why
                self.view.note(f"{task.key}: {why}")
                continue
            with self._writing():
                self.store.put_score(Entry(task.video.parent, {}), task.scorer, score)
                self.progress.scored += 1
        self.view.scoring(self.progress.scored, self.progress.scored + self.pool.waiting)

    def _drain(self) -> None:
        while self.pool.waiting and not self.cancel.is_set():
            self._collect(0.5)


def is_expected(planned: PlannedCell, status: str, expected: Sequence[ExpectedFailure]) -> bool:
    """Whether the experiment declared that this cell may end in ``status``."""
    values = {
        **(planned.cell.values if planned.cell else {}),
        "width": planned.clip.width,
        "height": planned.clip.height,
    }
    return any(
        one.outcome == status and all(values.get(key) == value for key, value in one.where.items()) for one in expected
    )
