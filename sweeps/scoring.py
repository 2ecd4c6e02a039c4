"""Scoring in processes of its own, while the next cell renders: capped threads, a time limit, crashes survived."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workflow.errors import HarnessError
from workflow.files import read_json, sha256_file, write_json
from workflow.windows import Windows


@dataclass(frozen=True)
class Footage:
    """A real video of the speaker, and the file that keeps its score: it is judged once for all renders."""

    video: Path
    sha256: str
    record: Path


@dataclass(frozen=True)
class ScoreTask:
    """One video to judge; everything in it can be sent to another process.

    ``speech`` None: by its own sound; ``reference`` None: by its first frames; ``windows`` None: as it tells itself.
    """

    key: str
    scorer: str
    video: Path
    speech: Path | None
    reference: Path | None
    windows: Windows | None
    settings: Any
    speech_sha256: str | None = None
    """What the speech must still be; None where it is not compared."""
    reference_sha256: str | None = None
    """The same of the reference."""
    size: tuple[int, int] | None = None
    """Width and height in pixels that the video must have."""
    footage: Footage | None = None


class InputChanged(HarnessError):
    """Speech, reference or footage that is no longer what was planned."""

    code = "score-input-changed"


Scorer = Callable[[ScoreTask], dict[str, Any]]


def score(task: ScoreTask) -> dict[str, Any]:
    """Judge one video; the score as JSON."""
    from eval.sanity import Expected
    from eval.score import score_video

    for file, sha256 in ((task.speech, task.speech_sha256), (task.reference, task.reference_sha256)):
        if file is not None and sha256 is not None:
            _check_unchanged(file, sha256)
    width, height = task.size or (None, None)
    judged = score_video(
        task.video,
        speech=task.speech,
        reference=task.reference,
        windows=task.windows,
        settings=task.settings,
        expected=Expected(width, height, task.windows.frames if task.size and task.windows else None),
        footage=_norm(task.footage, task.settings),
    )
    return judged.to_json()


def _check_unchanged(file: Path, sha256: str) -> None:
    """A score is kept under what its inputs were: others must not get there."""
    if sha256_file(file) != sha256:
        raise InputChanged(f"{file} was changed since it was planned", hint="the same command plans it anew")


def _norm(footage: Footage | None, settings: Any) -> Mapping[str, float] | None:
    """What the speaker's own footage says is normal; None where there is none, or where it cannot be measured."""
    from eval.footage import FootageError, norm_of, score_footage
    from eval.score import Score

    if footage is None:
        return None
    kept = read_json(footage.record)
    if kept is None:
        _check_unchanged(footage.video, footage.sha256)
        kept = score_footage(footage.video, settings).to_json()
        footage.record.parent.mkdir(parents=True, exist_ok=True)
        write_json(footage.record, kept)
    try:
        return norm_of(footage.video, Score.from_json(kept))
    except FootageError:
        return None  # the table of the footage itself says why


@dataclass
class ScoringPool:
    """Persistent spawned workers. Results come back through ``finished``, in the order they are done.

    A task that takes longer than ``timeout_s`` is killed with its worker; one whose worker dies is a failed score;
    both are outcomes, and the pool goes on.
    """

    workers: int = 1
    timeout_s: float = 600.0
    scorer: Scorer = score
    _waiting: dict["Future[dict[str, Any]]", ScoreTask] = field(default_factory=dict)
    _pool: Any = None

    def __enter__(self) -> "ScoringPool":
        return self

    def submit(self, task: ScoreTask) -> None:
        """Queue ``task``; the workers start with the first one."""
        if self._pool is None:
            self._pool = processes(self.workers)
        self._waiting[self._pool.schedule(self.scorer, args=(task,), timeout=self.timeout_s)] = task

    @property
    def waiting(self) -> int:
        """How many tasks are not finished yet."""
        return len(self._waiting)

    def finished(self, timeout_s: float = 0.0) -> Iterator[tuple[ScoreTask, Mapping[str, Any] | None, str]]:
        """Each task done since the last call as (task, score or None, why there is none); waits for the first."""
        from concurrent.futures import FIRST_COMPLETED, wait

        done, _ = wait(self._waiting, timeout=timeout_s, return_when=FIRST_COMPLETED)
        for future in [one for one in self._waiting if one in done]:
            task = self._waiting.pop(future)
            error = future.exception()
            if error is None:
                yield task, future.result(), ""
            else:
                yield task, None, _why(error, self.timeout_s)

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
            self._pool = None


def processes(workers: int) -> Any:
    """So many spawned processes; together they take half of the cores."""
    from multiprocessing import get_context

    from pebble import ProcessPool

    from eval.workers import cap_threads

    threads = max(1, (os.cpu_count() or 2) // 2 // workers)
    return ProcessPool(max_workers=workers, context=get_context("spawn"), initializer=cap_threads, initargs=(threads,))


def _why(error: BaseException, timeout_s: float) -> str:
    if isinstance(error, TimeoutError):
        return f"scoring took longer than {timeout_s:g} s and was stopped"
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"scoring failed: {type(error).__name__}: {first}"
