"""Renders a plan's cells: the next prompt queued before the last one ends, scoring beside it, nothing lost."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeps.config import ExpectedFailure
from sweeps.expected import is_expected
from sweeps.lane import Lane, Sent
from sweeps.limits import Limits
from sweeps.plan import Plan, PlannedCell
from sweeps.scoring import ScoreTask, ScoringPool
from sweeps.store import Entry, Store, StoreError, unusable

if TYPE_CHECKING:
    from runner.live import View
    from runner.outcome import Outcome
    from runner.progress import Progress as Seen
    from runner.server import Server


@dataclass(frozen=True)
class Failure:
    """Why a cell has no video: how the last of its ``tries`` ended, at which stage, in words.

    ``expected`` if the experiment said so; ``fault`` as of the outcome.
    """

    status: str
    stage: str
    message: str
    expected: bool = False
    tries: int = 1
    fault: str = ""


@dataclass
class Progress:
    """What came of the plan so far, by cell name."""

    failures: dict[str, Failure] = field(default_factory=dict)
    unscored: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    """Cells that were not begun as they were not worth it, and why."""
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
    """Executes a plan on one server. ``task`` makes a cell's score task, None where videos are not judged; ``facts``
    go into each ``render.json``.

    ``rendered`` is told of every new render and its seconds; ``after`` is called after every block of cells, so that
    what is known can be shown; ``skip`` says right before a cell begins why it is not worth it.
    """

    plan: Plan
    store: Store
    server: "Server"
    pool: ScoringPool
    view: "View"
    limits: Limits
    task: Callable[[PlannedCell, Entry], ScoreTask | None]
    cancel: threading.Event
    facts: Mapping[str, Any] = field(default_factory=dict)
    expected: Sequence[ExpectedFailure] = ()
    max_failures: int | None = None
    rendered: Callable[[PlannedCell, Entry, float | None], None] = lambda *_: None
    after: Callable[["Progress"], None] = lambda _: None
    skip: Callable[[PlannedCell], str | None] = lambda _: None
    progress: Progress = field(default_factory=Progress)
    _todo: deque[PlannedCell] = field(default_factory=deque)
    _places: dict[str, int] = field(default_factory=dict)
    _closed: bool = False

    def __post_init__(self) -> None:
        from runner.recover import Mender

        self._lane = Lane(self.server, self.cancel)
        self._mender = Mender(self.server, self.view.note, self.cancel)

    def run(self) -> Progress:
        """Reuse what is stored, render the rest in the plan's order, score everything; Ctrl-C ends it politely."""
        for one in self.plan.cells:
            if one.state == "reuse":
                self._reuse(one)
        self._todo = deque(self.plan.to_run)
        blocks: set[tuple[str, int]] = set()
        while True:
            self._fill()
            if self._lane.ahead:
                sent = self._lane.next()
                outcome = self._follow(sent)
                with self._writing():
                    self._ended(sent, outcome)
                self._collect()
                block = (sent.planned.clip.name, sent.planned.seed)
                if blocks and block not in blocks:
                    self.after(self.progress)
                blocks.add(block)
            elif self._closed or not (self._lane.waiting or (self._todo and not self.progress.stopped)):
                break
            else:
                self._lane.waiting.sleep(self.cancel)
                self._collect()
                if self.cancel.is_set():
                    self._stop("interrupted")
        self._settle()
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
            self._stop(trouble.message)

    def _stop(self, why: str, *, closed: bool = True) -> None:
        """Start no further cell of the plan; where ``closed``, try none again either."""
        self.progress.stopped = self.progress.stopped or why
        self._closed = self._closed or closed

    def _fill(self) -> None:
        """Keep the server busy: cells whose next attempt is due, then the next ones of the plan."""
        waiting = self._lane.waiting
        while not self._lane.full:
            again = waiting.due()
            if again is None:
                self._pass_over()
            if again is None and not self._todo:
                return
            if not self._may_start(again.planned if again else self._todo[0], again is not None):
                return
            if again is not None and not self._lane.ahead and (why := self._mender.check()):
                self._stop(why)
                return
            with self._writing():
                if again is not None:
                    self._lane.send(again.planned, again.folder, waiting.take().counted)
                else:
                    self._submit(self._todo.popleft())

    def _pass_over(self) -> None:
        while self._todo and (why := self.skip(self._todo[0])):
            self.progress.skipped[self._todo.popleft().name] = why

    def _may_start(self, planned: PlannedCell, again: bool) -> bool:
        if self.cancel.is_set():
            self._stop("interrupted")
        elif self.max_failures is not None and self._bad() > self.max_failures:
            self._stop(f"more than sweep.max_failures={self.max_failures} cells failed")
        elif again or not self.progress.stopped:
            why = self.limits.forbids(planned.seconds, self._lane.queued_s, again=again)
            if why:
                self._stop(f"{planned.name} was not started{' again' if again else ''}: {why}", closed=again)
        return not self._closed and (again or not self.progress.stopped)

    def _bad(self) -> int:
        return sum(not failure.expected for failure in self.progress.failures.values())

    def _submit(self, planned: PlannedCell) -> None:
        """Queue a cell, or take up again what a killed process left of it."""
        cell, environment = planned.job
        if self.store.adopt(cell.recipe, environment, self._facts(planned)):
            self.progress.done.add(planned.name)
            self._reuse(planned)
            return
        attempt = self.store.attempt(cell.recipe, environment)
        self.limits.cells += 1
        self._lane.send(planned, attempt)

    def _follow(self, sent: Sent) -> "Outcome":
        cell, name = sent.submitted.cell, sent.planned.name
        place = self._places.setdefault(name, len(self._places) + 1)
        self.view.cell_started(cell, place, len(self.plan.to_run), self._lane.attempt(name))

        def look(seen: "Seen") -> None:
            self.view.progress(cell, seen)
            self._collect()  # now: a score that is done must not wait for this render's end to be kept

        return self._lane.follow(sent, look, self._fill)

    def _ended(self, sent: Sent, outcome: "Outcome") -> None:
        """Keep what came; or put the server in order, and try again, or record the failure."""
        from runner.live import ending

        name, journal = sent.planned.name, sent.submitted.journal
        self.limits.gpu_s += outcome.timings.total_s or 0.0
        if outcome.done:
            self._mender.worked()
            self.view.cell_finished(sent.submitted.cell, outcome)
            self._keep(sent, outcome)
            if why := self._mender.mend(outcome).stop:
                self._stop(why)
                self._lane.let_go(why, away=False)
            return
        if outcome.status == "out_of_memory":
            self._lane.take_back(f"the server's memory is looked at first, as {name} ran out of it")
        prompt_id = journal.prompt_id if journal else None
        mended = self._mender.mend(outcome, prompt_id, alone=not self._lane.ahead)
        why = self.server.trouble() or mended.stop or (outcome.message if outcome.stop else None)
        why = why or ("interrupted" if self.cancel.is_set() else None)
        final = why or is_expected(sent.planned, outcome.status, self.expected)
        again = None if final else self._lane.again(sent, outcome, excused=mended.excused)
        if again:
            self.view.note(f"{name}: {ending(outcome)}; {again}")
        else:
            self.view.cell_finished(sent.submitted.cell, outcome)
            self._fail(sent.planned, outcome, sent.folder)
        if why:
            self._stop(why)
        if mended.stop:
            self._lane.let_go(mended.stop, away=outcome.fault == "away")

    def _settle(self) -> None:
        """Cells that wait for another attempt when the sweep stops: their last failure stands."""
        while self._lane.waiting:
            one = self._lane.waiting.take()
            if one.outcome.status != "cancelled":
                with self._writing():
                    self._fail(one.planned, one.outcome, one.folder)

    def _facts(self, planned: PlannedCell) -> dict[str, Any]:
        return {
            **self.facts,
            **planned.facts,
            "setting": planned.setting,
            "clip": planned.clip.name,
            "seed": planned.seed,
        }

    def _keep(self, sent: Sent, outcome: "Outcome") -> None:
        cell, environment = sent.planned.job
        entry = self.store.commit(sent.folder, cell.recipe, environment, self._facts(sent.planned))
        self.progress.done.add(sent.planned.name)
        self.progress.rendered += 1
        self.rendered(sent.planned, entry, outcome.timings.total_s)
        self._score(sent.planned, entry)

    def _fail(self, planned: PlannedCell, outcome: "Outcome", folder: Path) -> None:
        cell, environment = planned.job
        expected = is_expected(planned, outcome.status, self.expected)
        tries = max(1, self._lane.tries[planned.name].counts.total())
        failure = Failure(outcome.status, outcome.stage, outcome.message, expected, tries, outcome.fault)
        self.progress.failures[planned.name] = failure
        if failure.status == "cancelled" and self.cancel.is_set():
            self.store.discard(folder)  # our own doing, which nothing is to be learnt from
        else:
            self.store.fail(folder, cell.recipe, environment, {**self.facts, **asdict(failure)})

    def _reuse(self, planned: PlannedCell) -> None:
        cell, environment = planned.job
        entry = self.store.find(cell.recipe, environment)
        if entry is not None:
            self.progress.reused += 1
            self._score(planned, entry)

    def _score(self, planned: PlannedCell, entry: Entry) -> None:
        task = self.task(planned, entry)
        if task is not None and self.store.score(entry, task.scorer) is None:
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
