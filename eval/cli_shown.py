"""What the person at the terminal sees of scoring: progress, results in the order asked for, and how it ended."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from eval.batch import Failed, Heard
from eval.score import Score

if TYPE_CHECKING:
    from rich.console import Console

OK, BAD_INPUT, SOME_FAILED = 0, 2, 3
DIED = "scoring-failed"
Kind = Literal["judged", "broken", "failed", "unreadable"]


def kind_of(outcome: Score | Failed) -> Kind:
    """*Unreadable*: absent, or no video; *broken*: a video with nothing to judge; *failed*: its judge died."""
    if isinstance(outcome, Failed):
        return "failed" if outcome.code == DIED else "unreadable"
    if outcome.status != "broken":
        return "judged"
    return "broken" if outcome.fps else "unreadable"


def exit_code(outcomes: Collection[Score | Failed]) -> int:
    """0: all judged; 2: not one could be read; 3: some could not be read, are broken, or their judge died."""
    kinds = {kind_of(outcome) for outcome in outcomes}
    if kinds <= {"judged"}:
        return OK
    return BAD_INPUT if kinds == {"unreadable"} else SOME_FAILED


class Shown:
    """Prints outcomes in the order of ``videos``, each as soon as those before it are there.

    ``pictures`` says where a video's curves go, ``windows`` whether a table of the windows is wished for.
    """

    def __init__(
        self, videos: Sequence[Path], console: "Console", pictures: Mapping[Path, Path], windows: bool
    ) -> None:
        self.outcomes: dict[Path, Score | Failed] = {}
        self._waiting = list(videos)
        self._console, self._pictures, self._windows = console, pictures, windows
        self._total = len(videos)

    def add(self, video: Path, outcome: Score | Failed) -> None:
        """Take what came of a video."""
        self.outcomes[video] = outcome
        if self._total > 1 and not self._console.is_terminal:  # a terminal has bars
            self._line(f"{len(self.outcomes)} of {self._total} done: {video}", "dim")
        while self._waiting and self._waiting[0] in self.outcomes:
            self._show(self._waiting.pop(0))

    def rest(self) -> None:
        """Show what is done but waits for another one, as after Ctrl-C."""
        for video in self._waiting:
            if video in self.outcomes:
                self._show(video)
        self._waiting = []

    def end(self) -> None:
        """Say how many came to what, and what no score tells."""
        from eval.table import NOT_MEASURED

        kinds = [kind_of(outcome) for outcome in self.outcomes.values()]
        if "judged" in kinds:
            self._line(NOT_MEASURED)
        if self._total > 1:
            others: tuple[Kind, ...] = ("broken", "failed", "unreadable")
            counts = [f"{kinds.count(kind)} {kind}" for kind in others if kind in kinds]
            self._line(", ".join([f"{kinds.count('judged')} judged", *counts]))

    def _show(self, video: Path) -> None:
        from eval.table import score_table

        outcome = self.outcomes[video]
        if isinstance(outcome, Failed):
            self._refused(video, outcome.message)
            return
        if kind_of(outcome) == "unreadable":
            self._refused(video, outcome.reason or outcome.status)
            return
        self._console.print(score_table(outcome, str(video)), highlight=False)
        if self._windows and outcome.status != "broken" and outcome.seams is not None:
            from eval.windowtable import windows_table

            self._console.print(windows_table(outcome, video.name), markup=False)
        if video in self._pictures:
            from eval.plot import plot_curves

            plot_curves(outcome, self._pictures[video], video.name)

    def _refused(self, video: Path, why: str) -> None:
        self._line(why if str(video) in why else f"{video}: {why}", "red")

    def _line(self, text: str, style: str = "") -> None:
        self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress(console: "Console", videos: Sequence[Path]) -> Iterator[tuple[Heard, Callable[[Path], None]]]:
    """A bar for the videos and one for each that is being judged: (what hears of frames, what ends a video's bar)."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        every = bar.add_task("videos", total=len(videos), visible=len(videos) > 1)
        tasks: dict[Path, Any] = {}

        def heard(video: Path, done: int, total: int | None) -> None:
            if video not in tasks:
                tasks[video] = bar.add_task(video.name, total=total)
            bar.update(tasks[video], completed=done, total=total)

        def finished(video: Path) -> None:
            if video in tasks:
                bar.remove_task(tasks.pop(video))
            bar.advance(every)

        yield heard, finished
