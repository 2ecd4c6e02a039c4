"""One adoption from a folder to its exit code: look, read, copy, judge, tell."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sweeps.adopt.enter import enter
from sweeps.adopt.folder import GROWS, Seen, look, settled
from sweeps.adopt.group import Group, Video, grouped
from sweeps.adopt.inputs import Inputs
from sweeps.adopt.judge import Judged, broken, judged_by
from sweeps.adopt.made import NotAdopted, made_by
from sweeps.adopt.result import Taken, check_baseline, name_of, plan_of, result_of
from sweeps.adopt.tell import Teller
from sweeps.adopt.words import Left
from sweeps.finish import INTERRUPTED, OK, SOME_FAILED, finish
from sweeps.interrupt import interruptible
from sweeps.judging import cost_only, fetch_weights
from sweeps.kept import keep
from sweeps.lock import owned
from sweeps.naming import sweep_folder
from sweeps.rescoring import Scored, score_all
from sweeps.results import SweepResult
from sweeps.scoring import Scorer, score
from sweeps.store import REFUSED, Entry, Store, check_writable, unusable
from workflow.errors import HarnessError
from workflow.files import sha256_file, write_json

if TYPE_CHECKING:
    from rich.console import Console

    from sweeps.config import Config

Entries = dict[str, tuple[Entry, bool]]
BY_RULE: Final = "the same bytes as"


@dataclass
class Adoption:
    """One command: the videos of ``folder`` into the store under ``outputs``."""

    folder: Path
    outputs: Path
    config: "Config"
    console: "Console"
    audio: Inputs
    pictures: Inputs
    scorer: Scorer = score
    cancel: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.name = self.config.sweep.name or name_of(self.folder)
        self.store = Store(self.outputs / "store")
        self.left: list[Left] = []
        self.lost: set[str] = set()
        self.tell = Teller(self.console, self.name)

    def run(self) -> int:
        """Do it; the exit code. Raises NoFolder, NoVideos, NoSetting, StoreLocked, StoreError and others."""
        found, self.left = look(self.folder, self.store.root)
        self.tell.begin(self.folder, len(found))
        with interruptible(self.cancel):
            videos = self._read(found)
            kinds = [self._grouped([one for one in videos if one.made.stand_in is mark]) for mark in (False, True)]
            if self.cancel.is_set():
                self.tell.stopped()
                return INTERRUPTED
            self.tell.left(self.left)
            kinds = [one for one in kinds if one]
            if not kinds:
                self.tell.nothing()
                return SOME_FAILED
            check_baseline(self.config.sweep.baseline, [one for groups in kinds for one in groups])
            check_writable(self.outputs)
            with owned(self.store.root, self.name):
                return self._taken(kinds)

    def _read(self, found: Sequence[Seen]) -> list[Video]:
        """Those that say how they were made, each content once."""
        still, growing = settled(found)
        self.left += growing
        videos: dict[str, Video] = {}
        with self._bar("reading", len(still)) as step:
            for one in still:
                if self.cancel.is_set():
                    break
                try:
                    sha256 = sha256_file(one.path)
                    if sha256 in videos:
                        self.left.append(Left(one.name, f"{BY_RULE} {videos[sha256].name}", bad=False))
                    else:
                        video = Video(one, sha256, made_by(one.path))
                        if not one.still:
                            raise NotAdopted(GROWS)
                        videos[sha256] = video
                except NotAdopted as error:
                    self.left.append(Left(one.name, error.message))
                except OSError as error:
                    self.left.append(Left(one.name, f"it cannot be read: {error.strerror}"))
                step()
        return list(videos.values())

    def _grouped(self, videos: Sequence[Video]) -> tuple[Group, ...]:
        groups, left = grouped(videos)
        self.left += left
        return groups

    def _taken(self, kinds: Sequence[tuple[Group, ...]]) -> int:
        """Copy, judge and tell the groups, those of a model and those of the stand-in apart."""
        every = {one.video.sha256: one.video for groups in kinds for group in groups for one in group.members}
        entries, full = self._enter(list(every.values()))
        taken = [one for one in (Taken(groups, entries, self.lost) for groups in kinds) if not one.empty]
        for one in taken:
            self._plan(self._result(one))
        self.tell.copied(entries)
        if full is not None:
            raise full
        if not taken:
            return SOME_FAILED
        tasks, scored = self._judge([every[sha256] for sha256 in entries], entries)
        names = {sha256: video.name for sha256, video in every.items()}
        self.tell.scored(scored, names, cost_only(self.config, ""))
        results = [self._result(replace(one, judged=tasks, unscored=scored.unscored)) for one in taken]
        if self.cancel.is_set():
            for result in results:
                with suppress(OSError):
                    keep(result, self._home(result), self.outputs)
            self.tell.stopped()
            return INTERRUPTED
        return self._told(results, scored, names)

    def _enter(self, videos: Sequence[Video]) -> tuple[Entries, HarnessError | None]:
        """The places of the videos in the store, and what the disk refused."""
        entries: Entries = {}
        with self._bar("copying", len(videos)) as step:
            for one in videos:
                if self.cancel.is_set():
                    break
                try:
                    entries[one.sha256] = enter(self.store, one)
                except NotAdopted as error:
                    self._lose(one, error.message)
                except HarnessError as error:
                    return entries, error
                except OSError as error:
                    if error.errno in REFUSED:
                        return entries, unusable(self.store.root, error)
                    self._lose(one, f"it cannot be copied: {error.strerror}")
                step()
        return entries, None

    def _lose(self, video: Video, why: str) -> None:
        self.lost.add(video.sha256)
        self.left.append(Left(video.name, why))
        self.tell.left(self.left[-1:])

    def _plan(self, result: SweepResult) -> None:
        """Say that the renders are in use, where the disk takes it."""
        with suppress(OSError):
            for name in ("plan.json", f"plans/{result.plan_hash[:12]}.json"):
                write_json(self._home(result) / name, plan_of(result))

    def _judge(self, videos: Sequence[Video], entries: Entries) -> tuple[dict[str, Judged], Scored]:
        """How each video is judged, and what came of it."""
        if cost_only(self.config, ""):
            return {}, Scored()
        stopped = self.cancel.is_set()
        if not stopped:
            fetch_weights(self.config, self.console)  # first: a score is kept under the weights that it was made with
        tasks = {
            one.sha256: judged_by(self.config, one, entries[one.sha256][0], self.audio, self.pictures) for one in videos
        }
        todo = [] if stopped else [one.task for one in tasks.values()]
        try:
            return tasks, score_all(self.config, self.store, todo, self.console, self.cancel, self.scorer)
        except OSError as error:
            if error.errno not in REFUSED:
                raise
            raise unusable(self.store.root, error) from error

    def _result(self, taken: Taken) -> SweepResult:
        title = f"adopted from {self.tell.shown(self.folder)}"
        return result_of(self.name, title, self.config, self.store, taken)

    def _home(self, result: SweepResult) -> Path:
        return sweep_folder(self.outputs, self.name, result.mark)

    def _told(self, results: Sequence[SweepResult], scored: Scored, names: Mapping[str, str]) -> int:
        """Tables, MLflow and report of each result; the exit code of all."""
        from sweeps.app import App

        config, code = self.config, OK
        config.outputs, config.sweep.name = str(self.outputs), self.name
        for result in results:
            self.tell.notes(result)
            app = App(config, lambda _: config, self.console, cancel=self.cancel)
            code = max(code, finish(app, result, rebuild=True))
            self.tell.compare(result, self.outputs)
        flawed = broken({str(one.recipe): one.score for result in results for one in result.cells})
        self.tell.broken(flawed, names)
        lost = any(one.bad for one in self.left) or scored.unscored or flawed
        return code or (SOME_FAILED if lost else OK)

    @contextmanager
    def _bar(self, what: str, total: int) -> Iterator[Any]:
        from rich.progress import Progress

        with Progress(console=self.console, disable=not self.console.is_terminal, transient=True) as bar:
            shown = bar.add_task(what, total=total)
            yield lambda: bar.advance(shown)
