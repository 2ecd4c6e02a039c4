"""What came of a sweep: the values that tables, MLflow and reports read, and nothing else.

They can be rebuilt from the store at any time; nothing here reads a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

State = Literal["done", "failed", "impossible", "collapsed", "pending"]

STAND_IN_NOTE = "stand-in: shows the method, not the model"
"""What every table, picture and run of stand-in renders carries."""
REHEARSAL_NOTE = "rehearsal: random weights, cost only"
"""The same of renders from a rehearsal's random weights, of which nothing is measured but time and memory."""
OF_A_MODEL = ("cost/window_s", "cost/step_s")
"""Metrics that say nothing of the stand-in's puppet."""


def mark_of(stand_in: bool, rehearsal: str) -> str:
    """One word for what rendered; empty for a model."""
    return "stand-in" if stand_in else "rehearsal" if rehearsal else ""


def note_of(mark: str) -> str:
    """What has to be said beside every figure of results with that mark; empty for renders of a model."""
    return {"stand-in": STAND_IN_NOTE, "rehearsal": REHEARSAL_NOTE}.get(mark, "")


@dataclass(frozen=True)
class CellResult:
    """What came of one cell.

    ``reason`` and ``stage`` say why there is no video. ``folder`` holds ``video.mp4``, ``render.json`` and
    ``workflow_api.json``. ``score`` is a Score as JSON; ``cost`` maps metric names to values as JSON
    (``{"value": …, "missing": …}``). ``expected`` marks a failure that the experiment declared as a result;
    ``attempts`` counts those that the cell took by its own doing. A
    collapsed cell may carry the folder, score and cost of the cell it cannot differ from.
    """

    setting: str
    clip: str
    seed: int
    state: State
    reason: str | None = None
    stage: str | None = None
    reused: bool = False
    recipe: str | None = None
    environment: str | None = None
    folder: Path | None = None
    score: Mapping[str, Any] | None = None
    cost: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    expected: bool = False
    attempts: int = 1
    spent: Mapping[str, Any] = field(default_factory=dict)
    """What the render took against its forecast, see ``sweeps.account``."""
    card: str = ""
    """The GPU that rendered it; empty where that is not known."""
    place: str = ""
    """The kind of server that rendered it, in a few words: card, version, label."""
    inputs: tuple[str, ...] = ()
    """SHA-256 of the files that it reads, sorted: pictures and speech."""
    other_card: bool = False
    """Whether most cells of the sweep were rendered on another card, so that its cost is in no mean."""

    @property
    def video(self) -> Path | None:
        """The rendered MP4 in the store, None when there is none."""
        path = None if self.folder is None else self.folder / "video.mp4"
        return path if path is not None and path.is_file() else None

    @property
    def failed_badly(self) -> bool:
        """Whether this cell failed and nobody said that it might."""
        return self.state == "failed" and not self.expected

    @property
    def why(self) -> str:
        """State, stage and reason in a few words, for tables: ``failed at sample: out of memory``."""
        said = "failed as expected" if self.state == "failed" and self.expected else self.state
        place = f" at {self.stage}" if self.stage and self.state == "failed" else ""
        return f"{said}{place}" + (f": {self.reason}" if self.reason else "")


@dataclass(frozen=True)
class SettingResult:
    """One setting with the parameters in effect and all its cells, in the order of the plan."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    cells: tuple[CellResult, ...] = ()
    description: str = ""

    @property
    def clips(self) -> tuple[str, ...]:
        """Names of the clips, once each, in the order of the plan."""
        return tuple(dict.fromkeys(cell.clip for cell in self.cells))

    @property
    def finished(self) -> bool:
        """Whether nothing of this setting is left to do."""
        return all(cell.state != "pending" for cell in self.cells)

    def count(self, state: State) -> int:
        """How many cells are in ``state``."""
        return sum(cell.state == state for cell in self.cells)

    def first_seed(self) -> tuple[CellResult, ...]:
        """One cell a clip: the one of the first seed, as pictures show them."""
        first: dict[str, CellResult] = {}
        for cell in self.cells:
            first.setdefault(cell.clip, cell)
        return tuple(first.values())

    def first_with_video(self) -> CellResult | None:
        """The cell whose video a preview shows."""
        return next((one for one in self.cells if one.video), None)


@dataclass(frozen=True)
class SweepResult:
    """Everything that came of one sweep so far.

    ``plan_hash`` names the frozen plan: the same one resumed continues the same MLflow runs. ``started`` has a time
    zone. ``config_yaml`` is the whole resolved config. ``stamp`` is what is known of the environment, as JSON.
    ``rehearsal`` names the random weights that were rendered from, empty for a model. ``cost_only`` says why nothing
    looked at the videos, empty where something did.
    """

    experiment: str
    sweep_id: str
    plan_hash: str
    stand_in: bool
    settings: tuple[SettingResult, ...]
    started: datetime
    baseline: str | None = None
    config_yaml: str = ""
    stamp: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    description: str = ""
    footage: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Scores as JSON of the user's own real videos, by clip: the ceiling."""
    rehearsal: str = ""
    cost_only: str = ""
    judged: str = ""
    """A hash of how the videos were judged: the evaluator's settings, versions of metrics, weights."""

    @property
    def mark(self) -> str:
        """What its folder and its MLflow experiment are marked with, so that it never mixes with renders of a model."""
        return mark_of(self.stand_in, self.rehearsal)

    @property
    def note(self) -> str:
        """What has to be said wherever its figures are shown; empty for renders of a model."""
        return note_of(self.mark)

    @property
    def cells(self) -> tuple[CellResult, ...]:
        """All cells, setting by setting."""
        return tuple(cell for setting in self.settings for cell in setting.cells)

    @property
    def failed(self) -> bool:
        """Whether any cell failed that was not declared as allowed to."""
        return any(cell.failed_badly for cell in self.cells)

    def setting(self, name: str | None) -> SettingResult | None:
        """The setting of that name, None when there is none."""
        return next((one for one in self.settings if one.name == name), None)
