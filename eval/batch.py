"""Many videos, in as many processes as there are cores: one that fails, hangs or kills its process stops no other."""

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


def score_many(jobs: Sequence[Job], on_progress: Heard, *, workers: int | None = None) -> Iterator[tuple[Job, Outcome]]:
    """Judge every job; yields each with its outcome as it is done.

    ``on_progress`` gets the video, its frames done and, where known, their number. A single job runs in this process
    with all its threads; several share the cores, at most ``workers`` at a time.
    """
    if len(jobs) <= 1:
        for job in jobs:
            yield job, judged(job, on_progress)
        return
    cores = os.cpu_count() or 1
    count = min(len(jobs), workers or cores)
    yield from _in_processes(jobs, on_progress, count, max(1, cores // count))


def judged(job: Job, on_progress: Heard) -> Outcome:
    """The outcome of one job, in this process; a user's mistake is an outcome, not an exception."""

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


def _in_processes(jobs: Sequence[Job], on_progress: Heard, count: int, threads: int) -> Iterator[tuple[Job, Outcome]]:
    from multiprocessing import get_context

    from pebble import ProcessPool

    context = get_context("spawn")
    heard = context.SimpleQueue()
    pool: Any = ProcessPool(max_workers=count, context=context, initializer=_begin, initargs=(threads, heard))
    try:
        waiting: dict[Future[Outcome], Job] = {pool.schedule(_work, args=(job,)): job for job in jobs}
        while waiting:
            done, _ = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
            while not heard.empty():
                on_progress(*heard.get())
            for future in done:
                job, error = waiting.pop(future), future.exception()
                yield job, future.result() if error is None else _died(error)
    finally:
        pool.stop()
        pool.join()


def _died(error: BaseException) -> Failed:
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return Failed("scoring-failed", f"scoring failed: {type(error).__name__}: {first}")


_heard: Any = None


def _begin(threads: int, heard: Any) -> None:
    """What a worker does first: keep to its share of the cores."""
    global _heard
    _heard = heard
    cap_threads(threads)


def _work(job: Job) -> Outcome:
    return judged(job, lambda *said: _heard.put(said))
