"""Typed schemas of every config group: Hydra checks names and types of all that a user writes.

Light on purpose: it is imported before Hydra composes. ``None`` means "not set here".
"""

from dataclasses import dataclass, field, fields, make_dataclass
from typing import Any, Optional

from omegaconf import MISSING

from runner.config import ServerConfig
from workflow.parameters import Parameters

GROUP_AXES = ("variant", "model", "gpu", "clips")
"""Config groups that an axis can walk over: each value is composed by Hydra."""


@dataclass
class WorkflowConfig(Parameters):
    """The graph and the values of its tunable parameters."""

    graph: Optional[str] = None
    """API-format graph to use in place of the shipped one."""
    inputs: dict[str, Any] = field(default_factory=dict)
    """Any other input of the graph: {"Node title.input": value}."""


Axes = make_dataclass(
    "Axes",
    [(group, Any, field(default=None)) for group in GROUP_AXES]
    + [(one.name, Any, field(default=None)) for one in fields(Parameters)]
    + [("inputs", dict[str, Any], field(default_factory=dict))],
)
Axes.__doc__ = "One optional field per tunable parameter and config group: a list of values, or a quoted range string."


@dataclass
class BudgetConfig:
    """No cell starts whose forecast passes a budget."""

    wall_hours: Optional[float] = None
    gpu_hours: Optional[float] = None
    cells: Optional[int] = None


@dataclass
class ExpectedFailure:
    """A failure that is a result: cells whose parameters equal ``where`` may end in ``outcome``."""

    where: dict[str, Any] = field(default_factory=dict)
    outcome: str = MISSING
    why: str = ""


@dataclass
class SweepConfig:
    """What is compared, over what, and when to stop."""

    name: Optional[str] = None
    title: str = ""
    axes: Axes = field(default_factory=Axes)  # type: ignore[valid-type]
    zip: list[list[str]] = field(default_factory=list)
    seeds: list[int] = field(default_factory=lambda: [2])
    baseline: Optional[str] = None
    reuse: str = "exact"
    stop_at: Optional[str] = None
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    max_failures: Optional[int] = None
    expected_failures: list[ExpectedFailure] = field(default_factory=list)
    story: bool = False
    """Set the tuning history's own verdicts beside what was measured, at the end."""


@dataclass
class ClipEntry:
    """One hand-written clip: a picture and a speech, the rest is optional."""

    picture: str = MISSING
    speech: str = MISSING
    name: Optional[str] = None
    face: Optional[str] = None
    reference_video: Optional[str] = None
    prompt: Optional[str] = None
    width: Optional[int] = None
    height: Optional[int] = None


@dataclass
class ClipsConfig:
    """Who speaks what."""

    kind: str = "sample"
    dir: Optional[str] = None
    pair: str = "name"
    width: int = 464
    height: int = 832
    names: Optional[list[str]] = None
    entries: Optional[list[ClipEntry]] = None


@dataclass
class PerNetwork:
    """One text for each weights file."""

    syncnet: Optional[str] = None
    lpips: Optional[str] = None
    landmarks: Optional[str] = None
    sface: Optional[str] = None


@dataclass
class WeightsConfig:
    """Where the networks' weights come from: ``python -m eval weights list`` shows what there is."""

    fetch: bool = True
    """Fetch what is missing before the first score, after saying so."""
    folder: Optional[str] = None
    """The cache folder; None is the usual one, which INFINITETALK_SWEEP_CACHE moves."""
    mirrors: list[str] = field(default_factory=list)
    """Base URLs that are tried before the files' own."""
    files: PerNetwork = field(default_factory=PerNetwork)
    """Paths of your own copies."""
    sha256: PerNetwork = field(default_factory=PerNetwork)
    """Checksums of your own copies, where they are not the published files."""


@dataclass
class ScoringConfig:
    """Which metrics, how finely (strides in frames, widths in pixels), in how many processes."""

    families: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    device: str = "cpu"
    dtype: str = "float32"
    weights: WeightsConfig = field(default_factory=WeightsConfig)
    face_stride: int = 5
    face_width: int = 240
    mouth_width: int = 96
    sharp_stride: int = 3
    colour_stride: int = 1
    flow_width: int = 232
    flow_stride: int = 1
    lpips_stride: int = 5
    sface_stride: int = 10
    sync_scale: float = 1.06
    sync_shift_x: float = 0.0
    sync_shift_y: float = 0.0
    sync_crop_windows: int = 56
    workers: int = 1
    timeout_s: float = 600.0


@dataclass
class TrackingConfig:
    """Where MLflow keeps its runs."""

    kind: str = "local"
    uri: Optional[str] = None


@dataclass
class BoundConfig:
    """A metric that must stay inside its ends; ``_change`` and ``_ratio`` are against the baseline."""

    metric: str = MISSING
    min: Optional[float] = None
    max: Optional[float] = None
    min_change: Optional[float] = None
    max_change: Optional[float] = None
    min_ratio: Optional[float] = None
    max_ratio: Optional[float] = None


@dataclass
class RungConfig:
    """A cheaper look at a setting: the first ``seconds`` of each speech, and so many clips; None for all."""

    seconds: Optional[float] = None
    clips: Optional[int] = None


@dataclass
class FidelityConfig:
    """Cheap looks first: which settings are worth a whole one."""

    method: str = "none"
    """``none``, ``halving`` or ``hyperband``."""
    rungs: list[RungConfig] = field(default_factory=list)
    """The looks before the whole one, cheapest first."""
    keep: int = 3
    """One in so many goes on to the next rung."""


@dataclass
class SearchConfig:
    """How proposals come: every combination of the axes (``grid``), or from one of Optuna's samplers."""

    sampler: str = "grid"
    arguments: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the sampler's class."""
    space: Axes = field(default_factory=Axes)  # type: ignore[valid-type]
    objectives: list[str] = field(default_factory=list)
    bounds: list[BoundConfig] = field(default_factory=list)
    trials: int = 30
    batch: int = 4
    """Proposals that are rendered together."""
    seed: int = 0
    stop_early: Optional[int] = 3
    """Clips after which a setting may be stopped that is worse than the best so far; None never stops one."""
    fidelity: FidelityConfig = field(default_factory=FidelityConfig)
    storage: Optional[str] = None
    """Where Optuna keeps the trials, as a database URL; None is a sqlite file in the outputs folder."""

    @property
    def proposes(self) -> bool:
        """Whether settings are proposed; else they are every combination."""
        return self.sampler != "grid"


@dataclass
class MarginConfig:
    """The smallest change of a metric that matters, which side of it is good, and the reason."""

    size: float = MISSING
    side: str = MISSING
    relative: bool = False
    why: str = ""


@dataclass
class CompareConfig:
    """What decides a comparison: the primary metrics, and the margin of each that has a verdict."""

    against: Optional[str] = None
    """What the sweep's one setting is held against at its end: ``baseline``, or whatever compare takes."""
    primaries: list[str] = field(default_factory=list)
    instead: dict[str, str] = field(default_factory=dict)
    """What decides in a primary metric's place where that has no value on either side."""
    margins: dict[str, MarginConfig] = field(default_factory=dict)


@dataclass
class HooksConfig:
    """The user's own commands, run without a shell; the sweep's summary comes as JSON on standard input."""

    on_done: Optional[str] = None
    on_failure: Optional[str] = None


@dataclass
class Config:
    """The whole of one command."""

    action: str = "run"
    limit: Optional[int] = None
    outputs: Optional[str] = None
    verbose: bool = False
    choices: dict[str, str] = field(default_factory=dict)
    """Which option of each group was composed; filled by the composer."""
    order: list[str] = field(default_factory=list)
    """Names of the axes as they were given, since composing sorts them; filled by the composer."""
    workflow: WorkflowConfig = field(default_factory=WorkflowConfig)
    sweep: SweepConfig = field(default_factory=SweepConfig)
    clips: ClipsConfig = field(default_factory=ClipsConfig)
    server: ServerConfig = field(default_factory=ServerConfig)
    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    compare: CompareConfig = field(default_factory=CompareConfig)
    hooks: HooksConfig = field(default_factory=HooksConfig)


def register() -> None:
    """Tell Hydra the schema of ``config``, once: called before each time that it composes."""
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    if "schema.yaml" not in store.repo:
        store.store(name="schema", node=Config)
