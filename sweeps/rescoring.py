"""Renders that lie in the store already, judged by the present scorer where they have no score of it."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sweeps.scoring import Scorer, ScoreTask, ScoringPool
from sweeps.store import Entry, Store

if TYPE_CHECKING:
    from rich.console import Console

    from sweeps.config import Config


@dataclass
class Scored:
    """What came of judging: keys of the tasks scored just now, and why others have no score."""

    new: list[str] = field(default_factory=list)
    unscored: dict[str, str] = field(default_factory=dict)


def score_all(
    config: "Config",
    store: Store,
    tasks: Iterable[ScoreTask],
    console: "Console",
    cancel: threading.Event,
    scorer: Scorer,
) -> Scored:
    """Score what has no score yet, each kept as soon as it is there; ends early when ``cancel`` is set."""
    from rich.progress import Progress as Bar

    found = Scored()
    todo = [one for one in tasks if store.score(Entry(one.video.parent, {}), one.scorer) is None]
    if not todo:
        return found
    with (
        ScoringPool(config.scoring.workers, config.scoring.timeout_s, scorer) as pool,
        Bar(console=console, disable=not console.is_terminal) as bar,
    ):
        for one in todo:
            pool.submit(one)
        shown = bar.add_task("scoring", total=len(todo))
        while pool.waiting and not cancel.is_set():
            for task, told, why in pool.finished(0.5):
                bar.advance(shown)
                if told is None:
                    found.unscored[task.key] = why
                else:
                    store.put_score(Entry(task.video.parent, {}), task.scorer, told)
                    found.new.append(task.key)
    return found
