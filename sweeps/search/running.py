"""``search=tpe`` and its kin: one search on its servers, from its space to its tables."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from sweeps.config import GROUP_AXES
from sweeps.environments import Environments
from sweeps.finish import INTERRUPTED, OK, SOME_FAILED, finish
from sweeps.interrupt import interruptible
from sweeps.judging import cost_only, fetch_weights
from sweeps.limits import Limits
from sweeps.logbook import Logbook
from sweeps.plan import Plan, PlannedCell
from sweeps.planning import Planner
from sweeps.progress import Progress
from sweeps.results import SweepResult
from sweeps.running import engine_of, introduce, keep_plan, planned
from sweeps.scoring import ScoringPool
from sweeps.search.book import Book
from sweeps.search.describe import describe
from sweeps.search.driver import BaselineFailed, Driver
from sweeps.search.evaluate import Looks
from sweeps.search.fidelity import Rung
from sweeps.search.outcome import markdown, outcome_of, print_outcome
from sweeps.search.pictures import draw
from sweeps.search.proposal import BASELINE
from sweeps.search.reported import for_report
from sweeps.search.samplers import make_sampler
from sweeps.search.setup import Search, search_of
from sweeps.search.storage import shown_storage
from sweeps.search.table import write_table
from sweeps.status import Reporter
from sweeps.tracking import Tracker
from workflow.files import write_atomically
from workflow.graph import canonical_json
from workflow.words import counted

if TYPE_CHECKING:
    from runner.pool import Member
    from sweeps.app import App


def search(app: "App", places: Environments, members: Sequence["Member"], limits: Limits) -> int:
    """Search until the trials are done, the space is exhausted or a limit is reached; the exit code."""
    from runner.live import make_view

    config, planner = app.config, places.planner
    wanted = search_of(config, planner.known.rehearsal)
    with ExitStack() as stack:
        tracker = stack.enter_context(Tracker(config.tracking, app.outputs))
        pool = stack.enter_context(ScoringPool(config.scoring.workers, config.scoring.timeout_s, app.scorer))

        def render(plan: Plan, skip: Callable[[PlannedCell, Callable[[], Progress]], str | None]) -> Progress:
            keep_plan(app, planner, plan)
            with ExitStack() as bars:
                view = make_view(len(plan.to_run), app.console, stand_in=plan.stand_in)
                if plan.to_run:
                    bars.enter_context(view)
                engine = engine_of(app, places, plan, members, pool, view, limits)
                engine.skip = lambda one: skip(one, lambda: engine.progress)
                engine.look = reporter.look
                return engine.run()

        logbook = stack.enter_context(Logbook(tracker, app.warn))

        def log(result: SweepResult) -> None:
            named = replace(result, plan_hash=hash_of(book), baseline=BASELINE)
            logbook.begin(named)
            logbook.so_far(named)

        make = partial(planned, app, places, members)
        looks = Looks(app, planner, wanted, render, lambda: book.best, make, places.as_rendered, log)
        first = looks.plan([looks.baseline()], Rung())
        reporter = Reporter(app.folder(first.mark), app.name, first.mark)
        book = _book(app, wanted, planner, first)
        _introduce(app, members, wanted, book, first)
        if not cost_only(config, first.rehearsal):
            fetch_weights(config, app.console)
        stack.enter_context(interruptible(app.cancel))
        driver = Driver(
            book,
            wanted.ladder,
            looks,
            config.search.trials,
            config.search.batch,
            stopped=lambda: "interrupted" if app.cancel.is_set() else looks.progress.stopped,
            told=partial(_told, app, book, wanted),
        )
        driver.run()
        stopped = driver.stopped()
        reporter.end(f"stopped: {stopped}" if stopped else "done")
        return _finish(app, driver, looks, wanted, logbook)


def hash_of(book: Book) -> str:
    """What names a search in MLflow, as its plan's hash names a sweep."""
    return sha256(canonical_json([book.name, dict(book.definition)]).encode()).hexdigest()


def _book(app: "App", wanted: Search, planner: Planner, first: Plan) -> Book:
    """The study, opened; the baseline's values are those of its cells."""
    config = app.config
    one = next((cell for cell in first.cells if cell.cell is not None), None)
    if one is None or one.cell is None or one.state == "impossible":
        raise BaselineFailed(
            f"the baseline cannot be rendered: {first.cells[0].reason}", hint="everything is compared with it"
        )
    values = {**one.cell.values, **{f"inputs.{name}": value for name, value in first.settings[0].inputs.items()}}
    groups = {name: config.choices.get(name) for name in GROUP_AXES}
    values |= {name: value for name, value in groups.items() if value is not None}
    point, _ = wanted.space.point_of(values)
    mark = f"-{first.mark}" if first.mark else ""
    storage = config.search.storage or f"sqlite:///{(app.outputs / 'optuna.db').absolute()}"
    book = Book(
        storage,
        f"{app.name}{mark}",
        wanted.space,
        wanted.objectives,
        lambda begun: make_sampler(
            config.search.sampler,
            config.search.arguments,
            config.search.seed,
            begun,
            conditions=wanted.space.conditional,
        ),
        wanted.definition(config, one.environment, point),
        app.warn,
    )
    book.open(values)
    return book


def _introduce(app: "App", members: Sequence["Member"], wanted: Search, book: Book, first: Plan) -> None:
    describe(app.console, app.config, wanted, f"{app.name}{f' ({first.mark})' if first.mark else ''}")
    done = f", {book.counted} of them done" if book.counted else ""
    cells = counted(len(first.cells), "cell")
    lines = [
        f"{counted(app.config.search.trials, 'trial')}{done}, the first is the baseline; a whole look is {cells}",
        f"trials: optuna-dashboard {shown_storage(book.storage)}",
    ]
    if len(members) > app.config.search.batch:
        lines.append(
            f"{len(members)} servers and search.batch={app.config.search.batch}: with fewer proposals at a time than"
            " servers, some are idle, and the baseline's cells may each be the first of a server, which has no cost"
        )
    for line in lines:
        app.console.print(line, soft_wrap=True, markup=False, highlight=False)
    introduce(app, members, first.stand_in, first.rehearsal)


def _told(app: "App", book: Book, wanted: Search) -> None:
    """A line after each bracket: how far it is, and what is best."""
    best = book.best
    said = f"{book.counted} of {app.config.search.trials} trials"
    if best is not None:
        values = ", ".join(
            f"{one.metric} {value:.3g}" for one, value in zip(wanted.objectives, best.trial.values, strict=True)
        )
        said += f"; best: {'baseline' if best.baseline else f'#{best.number}'}, {values}"
    app.console.print(said, style="bold", markup=False, highlight=False)


def _finish(
    app: "App",
    driver: Driver,
    looks: Looks,
    wanted: Search,
    logbook: Logbook,
) -> int:
    book, tracker = driver.book, logbook.tracker
    looks.recall(book.finished)
    last = looks.last
    if last is None:  # stopped before anything was looked at
        app.console.print("nothing was looked at", style="yellow")
        return INTERRUPTED if app.cancel.is_set() else OK
    result = replace(looks.so_far(last), plan_hash=hash_of(book), baseline=BASELINE)
    untracked = logbook.settle(result)
    outcome = outcome_of(book, wanted, app.config.sweep.title or app.name, last.mark)
    folder = app.folder(last.mark)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "search.md", markdown(outcome))
    write_table(outcome, folder / "search.csv")
    pictures = draw(outcome, folder)
    if untracked is None and not app.cancel.is_set():
        tracker.more = [folder / "search.md", folder / "search.csv", *pictures]
    top = {row.name for row in outcome.rows[:3]} | {BASELINE}
    shown = replace(result, settings=tuple(one for one in result.settings if one.name.split(" ")[0] in top))
    extra = for_report(outcome, [one.name for one in result.settings])
    code = finish(app, result, progress=looks.progress, tracker=tracker, untracked=untracked, shown=shown, extra=extra)
    print_outcome(outcome, app.console)
    app.console.print(f"search: {folder / 'search.md'}", soft_wrap=True, markup=False, highlight=False)
    if driver.exhausted:
        app.console.print("every point of the space was tried", highlight=False)
    return code or (SOME_FAILED if not outcome.rows else OK)
