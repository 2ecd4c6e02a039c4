"""Many videos, in as many processes as there are cores: one that fails, hangs or kills its process stops no other."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.score import DEFAULT, Score, Settings, score_video
from eval.workers import cap_threads
from workflow.errors import HarnessError
from workflow.windows import Windows

LONGEST_S = 3600.0  # a video that takes longer hangs
EVERY = 10  # frames between two words of progress
Heard = Callable[[Path, int, int | None], None]


@dataclass(frozen=True)
class Job:
    """One video and what it is judged by: the arguments of ``score_video``, all of which can be sent to a process."""

    video: Path
    speech: Path | None = None
    reference: Path | None = None
    windows: Windows | None = None
    settings: Settings = DEFAULT
    footage: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Failed:
    """A video that could not be judged: the error's stable code, and its message with the hint."""

    code: str
    message: str


Outcome = Score | Failed


def score_many(
    jobs: Sequence[Job], on_progress: Heard, *, workers: int | None = None, timeout_s: float = LONGEST_S
) -> Iterator[tuple[Job, Outcome]]:
    """Judge every job; yields each with its outcome as it is done.

    ``on_progress`` gets the video, its frames done and, where known, their number. A single job runs in this process
    with all its threads; several share the cores, at most ``workers`` at a time; none takes longer than
    ``timeout_s``.
    """
    if len(jobs) <= 1:
        for job in jobs:
            yield job, judged(job, on_progress)
        return
    cores = os.cpu_count() or 1
    count = min(len(jobs), workers or cores)
    yield from _in_processes(jobs, on_progress, count, max(1, cores // count), timeout_s)


def judged(job: Job, on_progress: Heard) -> Outcome:
    """The outcome of one job, in this process; what a file does to its judge is an outcome, not an exception."""

    def step(done: int, total: int | None) -> None:
        if done % EVERY == 0:
            on_progress(job.video, done, total)

    try:
        return score_video(
            job.video,
            speech=job.speech,
            reference=job.reference,
            windows=job.windows,
            settings=job.settings,
            footage=job.footage,
            on_progress=step,
        )
    except HarnessError as error:
        return Failed(error.code, str(error))
    except Exception as error:
        logging.getLogger(__name__).debug("scoring %s failed", job.video, exc_info=True)
        return _died(error)


def _in_processes(
    jobs: Sequence[Job], on_progress: Heard, count: int, threads: int, timeout_s: float
) -> Iterator[tuple[Job, Outcome]]:
    from multiprocessing import get_context

    from pebble import ProcessPool

    context = get_context("spawn")
    # Two numbers a job, written by one worker and read here: no lock that a killed worker could take with it.
    heard = context.RawArray("q", 2 * len(jobs))
    pool: Any = ProcessPool(max_workers=count, context=context, initializer=_begin, initargs=(threads, heard))
    try:
        waiting: dict[Future[Outcome], int] = {
            pool.schedule(_work, args=(place, job), timeout=timeout_s): place for place, job in enumerate(jobs)
        }
        while waiting:
            done, _ = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
            for place in waiting.values():
                if heard[2 * place]:
                    on_progress(jobs[place].video, heard[2 * place], heard[2 * place + 1] or None)
            for future in done:
                place, error = waiting.pop(future), future.exception()
                yield jobs[place], future.result() if error is None else _died(error, timeout_s)
    finally:
        pool.stop()
        pool.join()


def _died(error: BaseException, timeout_s: float | None = None) -> Failed:
    if isinstance(error, TimeoutError) and timeout_s is not None:
        return Failed("scoring-failed", f"scoring took longer than {timeout_s:g} s and was stopped")
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return Failed("scoring-failed", f"scoring failed: {type(error).__name__}: {first}")


_heard: Any = None


def _begin(threads: int, heard: Any) -> None:
    """What a worker does first: keep to its share of the cores."""
    global _heard
    _heard = heard
    cap_threads(threads)


def _work(place: int, job: Job) -> Outcome:
    def tell(_: Path, done: int, total: int | None) -> None:
        _heard[2 * place], _heard[2 * place + 1] = done, total or 0

    return judged(job, tell)
