"""Renders a plan's cells on one server or several: what they have in common, scoring beside it, nothing lost."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sweeps.claims import Claims
from sweeps.config import ExpectedFailure
from sweeps.dispatch import Dispatch, Job
from sweeps.expected import is_expected
from sweeps.homes import Block, Homes, block_of
from sweeps.lane import Sent
from sweeps.limits import Limits
from sweeps.plan import Plan, PlannedCell
from sweeps.progress import Failure, Progress
from sweeps.retrying import Retries
from sweeps.scoring import ScoreTask, ScoringPool
from sweeps.site import Site
from sweeps.store import Entry, Store, StoreError, unusable
from sweeps.threads import Thread
from sweeps.work import Work

if TYPE_CHECKING:
    from runner.live import View
    from runner.outcome import Outcome
    from runner.pool import Member


_LOOK_S: Final = 0.05
"""Between two looks at what was scored and what is to be shown."""


@dataclass
class Engine:
    """Executes a plan on ``members``, each a server with a thread of its own. What is written, counted and shown goes
    through here, one at a time.

    ``task`` makes a cell's score task, None where videos are not judged; ``facts`` go into each ``render.json``.
    ``rendered`` is told of every new render and its seconds; ``after`` is called after every block of cells but the
    last, so that what is known can be shown; ``skip`` says right before a cell begins why it is not worth it.
    ``group_of`` numbers a member's environment among those of ``homes``, None for one that the plan does not know;
    ``fits`` says whether a member has what a cell's graph names. ``look`` is called many times a second, for those who
    watch.
    """

    plan: Plan
    store: Store
    members: Sequence["Member"]
    pool: ScoringPool
    view: "View"
    limits: Limits
    task: Callable[[PlannedCell, Entry], ScoreTask | None]
    cancel: threading.Event
    facts: Mapping[str, Any] = field(default_factory=dict)
    expected: Sequence[ExpectedFailure] = ()
    max_failures: int | None = None
    homes: Homes = field(default_factory=Homes)
    rendered: Callable[[PlannedCell, Entry, float | None], None] = lambda *_: None
    after: Callable[[Progress], None] = lambda _: None
    skip: Callable[[PlannedCell], str | None] = lambda _: None
    group_of: Callable[["Member"], int | None] = lambda _: 0
    fits: Callable[["Member", PlannedCell], bool] = lambda *_: True
    look: Callable[["Engine"], None] = lambda _: None
    progress: Progress = field(default_factory=Progress)
    retries: Retries = field(default_factory=Retries)
    notes: deque[str] = field(default_factory=lambda: deque(maxlen=8))
    _places: dict[str, int] = field(default_factory=dict)
    _to_score: deque[ScoreTask] = field(default_factory=deque)
    _blocks: Counter[Block] = field(default_factory=Counter)
    _block_ended: bool = False

    def __post_init__(self) -> None:
        self.lock = self.retries.lock
        self.claims = Claims(self.plan.to_run if len(self.members) > 1 else (), self.store)
        self._blocks.update(block_of(one) for one in self.plan.to_run)
        self.dispatch = Dispatch(
            Work(self.plan.to_run, self.homes, self.plan.joined),
            self.retries,
            self.limits,
            self.progress,
            self.cancel,
            self._begin,
            lambda one: self.skip(one),
            self.max_failures,
        )
        self.dispatch.sites = [Site(self, one) for one in self.members]

    def run(self) -> Progress:
        """Reuse what is stored, render the rest in the plan's order, score everything; Ctrl-C ends it politely."""
        for one in self.plan.cells:
            if one.state == "reuse":
                self._reuse(one)
        sites = self.dispatch.sites
        threads = [Thread(site.run, self.dispatch.crash) for site in sites]
        for thread in threads:
            thread.start()
        self.look(self)
        while any(thread.is_alive() and self._waits_for(site) for thread, site in zip(threads, sites, strict=True)):
            self._collect()
            self.look(self)
            if self._block_ended:
                self._block_ended = False
                if not self.cancel.is_set() and any(count > 0 for count in self._blocks.values()):
                    self.after(self.progress)
            time.sleep(_LOOK_S)
        for thread in threads:
            if not thread.is_alive():
                thread.result()
        self._settle()
        self._drain()
        return self.progress

    def _waits_for(self, site: Site) -> bool:
        """A server that is out, and perhaps being restarted, does not hold up the end."""
        return site.here or site.busy or not self.dispatch.over(site)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A disk that refuses ends the sweep politely: cells on their way are still followed, none is started."""
        try:
            yield
        except (StoreError, OSError) as error:
            trouble = error if isinstance(error, StoreError) else unusable(self.store.root, error)
            self.progress.disk = self.progress.disk or trouble
            self.dispatch.stop(trouble.message)

    def _begin(self, planned: PlannedCell) -> Job | None:
        """A cell's folder; None where a killed process left its finished render."""
        cell, environment = planned.job
        self.claims.settle(planned.name)
        if self.store.adopt(cell.recipe, environment, self._facts(planned)):
            self.progress.done.add(planned.name)
            self._reuse(planned)
            self._passed(planned)
            return None
        self.limits.cells += 1
        return Job(planned, self.store.attempt(cell.recipe, environment))

    def note(self, text: str) -> None:
        """Something worth a line, for those who watch too."""
        self.notes.append(text)
        self.view.note(text)

    def begun(self, site: Site, sent: Sent) -> None:
        """A cell is now followed."""
        name = sent.planned.name
        with self.lock:
            place = self._places.setdefault(name, len(self._places) + 1)
            which = self.retries.tries[name].shown(site.server.config.retries)
        where = site.member.name if len(self.members) > 1 else ""
        self.view.cell_started(sent.submitted.cell, place, len(self.plan.to_run), which, where)

    def spent(self, outcome: "Outcome") -> None:
        """A render took its time, whatever came of it."""
        with self.lock:
            self.limits.gpu_s += outcome.timings.total_s or 0.0

    def keep(self, sent: Sent, outcome: "Outcome") -> None:
        """A cell is done: its render is kept, and scored."""
        self.view.cell_finished(sent.submitted.cell, outcome)
        cell, environment = sent.planned.job
        with self.lock:
            entry = self.store.commit(sent.folder, cell.recipe, environment, self._facts(sent.planned))
            self.progress.done.add(sent.planned.name)
            self.progress.rendered += 1
            self.rendered(sent.planned, entry, outcome.timings.total_s)
            self._score(sent.planned, entry)
            self._passed(sent.planned)

    def fail(self, sent: Sent, outcome: "Outcome") -> None:
        """A cell failed for good."""
        self.view.cell_finished(sent.submitted.cell, outcome)
        with self.lock:
            self._fail(sent.planned, outcome, sent.folder)

    def _fail(self, planned: PlannedCell, outcome: "Outcome", folder: Path) -> None:
        cell, environment = planned.job
        expected = is_expected(planned, outcome.status, self.expected)
        tries = max(1, self.retries.tries[planned.name].counts.total())
        failure = Failure(outcome.status, outcome.stage, outcome.message, expected, tries, outcome.fault)
        self.progress.failures[planned.name] = failure
        self._passed(planned)
        if failure.status == "cancelled" and self.cancel.is_set():
            self.store.discard(folder)  # our own doing, which nothing is to be learnt from
        else:
            stamp = {"stamp": planned.facts["stamp"]} if "stamp" in planned.facts else {}
            self.store.fail(folder, cell.recipe, environment, {**self.facts, **stamp, **asdict(failure)})

    def _passed(self, planned: PlannedCell) -> None:
        """A cell is over, one way or another: its block may be."""
        self._blocks[block_of(planned)] -= 1
        self._block_ended = self._block_ended or self._blocks[block_of(planned)] <= 0

    def _settle(self) -> None:
        """Cells that wait for another attempt when the sweep stops: their last failure stands."""
        while self.retries.waiting:
            one = self.retries.waiting.take()
            if one.outcome.status != "cancelled":
                with self.writing():
                    self._fail(one.planned, one.outcome, one.folder)

    def _facts(self, planned: PlannedCell) -> dict[str, Any]:
        return {
            **self.facts,
            **planned.facts,
            "setting": planned.setting,
            "clip": planned.clip.name,
            "seed": planned.seed,
        }

    def _reuse(self, planned: PlannedCell) -> None:
        cell, environment = planned.job
        entry = self.store.find(cell.recipe, environment)
        if entry is not None:
            self.progress.reused += 1
            self._score(planned, entry)

    def _score(self, planned: PlannedCell, entry: Entry) -> None:
        task = self.task(planned, entry)
        if task is not None and self.store.score(entry, task.scorer) is None:
            self._to_score.append(task)

    def _collect(self, wait_s: float = 0.0) -> None:
        while self._to_score:
            self.pool.submit(self._to_score.popleft())
        for task, score, why in self.pool.finished(wait_s):
            if score is None:
                self.progress.unscored[task.key] = why
                self.note(f"{task.key}: {why}")
                continue
            with self.writing(), self.lock:
                self.store.put_score(Entry(task.video.parent, {}), task.scorer, score)
                self.progress.scored += 1
        self.view.scoring(self.progress.scored, self.progress.scored + self.pool.waiting)

    def _drain(self) -> None:
        self._collect()
        while self.pool.waiting and not self.cancel.is_set():
            self._collect(0.5)
            self.look(self)
