"""All measurements of a calibration, over the cores that there are."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from eval.calibrate import harmless
from eval.calibrate.catalogue import DISTORTIONS
from eval.calibrate.job import Job, Row, measure
from eval.calibrate.material import Material, prepare
from eval.score import Settings
from eval.workers import cap_threads
from workflow.errors import HarnessError

Task = TypeVar("Task")
TIMEOUT_S = 1800.0  # a measurement of ten seconds takes some seconds; a hanging one must not stop the rest


class UnknownDistortion(HarnessError):
    """A distortion was asked for that does not exist."""

    code = "unknown-distortion"


@dataclass(frozen=True)
class Options:
    """How much is measured. ``only`` empty: every distortion."""

    seconds: float = 10.0
    side: int = 832
    only: tuple[str, ...] = ()
    quick: bool = False
    workers: int = 0
    """Processes; 0: as many as there are cores."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.only if name not in DISTORTIONS]
        if unknown:
            raise UnknownDistortion(
                f"no such distortion: {', '.join(unknown)}", hint=f"there are {', '.join(DISTORTIONS)}"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The distortions in the order of reports."""
        return tuple(name for name in DISTORTIONS if not self.only or name in self.only)

    def levels(self, name: str) -> tuple[float, ...]:
        """The strengths of a distortion, without 0."""
        return DISTORTIONS[name].quick if self.quick else DISTORTIONS[name].levels

    @property
    def harmless(self) -> tuple[str, ...]:
        """The harmless changes that repeat noise is taken from."""
        return harmless.QUICK if self.quick else tuple(harmless.HARMLESS)


@dataclass(frozen=True)
class Died:
    """Why a task has no result."""

    reason: str


def jobs_of(clip: int, material: Material, options: Options, settings: Settings) -> list[Job]:
    """Every measurement of one clip, the clean one first."""
    jobs = [Job(clip, "clean", "clean", 0.0, material, settings)]
    jobs += [Job(clip, "harmless", name, 0.0, material, settings) for name in options.harmless]
    for name in options.names:
        draws = range(DISTORTIONS[name].draws)
        jobs += [
            Job(clip, "distortion", name, level, material, settings, draw)
            for level in options.levels(name)
            for draw in draws
        ]
    return jobs


class Pool:
    """Worker processes for a calibration; a context manager. Leaving it stops what is still running."""

    def __init__(self, workers: int = 0) -> None:
        from multiprocessing import get_context

        from pebble import ProcessPool

        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self.workers = workers or cores
        threads = max(1, cores // self.workers)
        self._pool: Any = ProcessPool(
            max_workers=self.workers, context=get_context("spawn"), initializer=cap_threads, initargs=(threads,)
        )

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.stop()
        self._pool.join()

    def prepared(
        self, clips: Sequence[Path], folder: Path, options: Options, settings: Settings
    ) -> Iterator[tuple[int, Material | HarnessError | Died]]:
        """(number of the clip, its material or why it is refused), as they are done."""
        tasks = [
            (number, (clip, folder / f"clip{number}", options.seconds, options.side, settings))
            for number, clip in enumerate(clips)
        ]
        for (number, _), outcome in self._each(tasks, prepare, lambda task: task[1]):
            yield number, outcome

    def measured(self, jobs: Sequence[Job]) -> Iterator[Row]:
        """The row of each job, as they are done; one that dies is a row that says so."""
        for job, outcome in self._each(jobs, measure, lambda job: (job,)):
            if isinstance(outcome, Row):
                yield outcome
            else:
                reason = outcome.reason if isinstance(outcome, Died) else outcome.message
                yield Row(job.clip, job.kind, job.name, job.strength, failed=reason)

    def _each(
        self, tasks: Sequence[Task], work: Callable[..., Any], arguments: Callable[[Task], tuple[Any, ...]]
    ) -> Iterator[tuple[Task, Any]]:
        waiting: dict[Future[Any], Task] = {
            self._pool.schedule(work, args=arguments(task), timeout=TIMEOUT_S): task for task in tasks
        }
        while waiting:
            done, _ = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in done:
                task, error = waiting.pop(future), future.exception()
                if error is None:
                    yield task, future.result()
                elif isinstance(error, HarnessError):
                    yield task, error
                else:
                    yield task, Died(_why(error))


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"took longer than {TIMEOUT_S:g} s and was stopped"
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"{type(error).__name__}: {first}"
