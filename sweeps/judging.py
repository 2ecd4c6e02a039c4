"""What to score and how: the evaluator's settings out of the config, a render's score task, the weights it needs."""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sweeps.config import Config
from sweeps.plan import Plan, PlannedCell
from sweeps.planning import Planner
from sweeps.results import REHEARSAL_NOTE
from sweeps.scoring import Footage, ScoreTask
from sweeps.store import KEY, Entry
from workflow.cell import Cell
from workflow.files import read_json

if TYPE_CHECKING:
    from rich.console import Console

    from eval.settings import Settings
    from eval.weights import Sources


COST = "cost"
"""The family that is measured in any case: alone in ``scoring.families`` it means that nothing looks at the videos."""


def cost_only(config: Config, rehearsal: str) -> str:
    """Why videos are not judged; empty where they are. What random weights draw is never judged."""
    if rehearsal:
        return REHEARSAL_NOTE
    return "not judged: scoring.families=[cost]" if config.scoring.families == [COST] else ""


def settings_of(config: Config) -> "Settings":
    """The evaluator's settings out of the config group ``scoring``."""
    from dataclasses import fields

    from eval.settings import SCORED, Settings

    given = {
        one.name: getattr(config.scoring, one.name) for one in fields(Settings) if hasattr(config.scoring, one.name)
    }
    given["families"] = tuple(one for one in config.scoring.families if one != COST) or SCORED
    given["networks"] = tuple(config.scoring.networks)
    if config.scoring.device == "auto" and _renders_here(config):
        given["device"] = "cpu"  # a card that renders is never used for scoring unless asked
    return Settings(**given, sources=sources_of(config))


def sources_of(config: Config) -> "Sources":
    """Where weights are looked for, out of ``scoring.weights``."""
    from eval.weights import Sources

    given = config.scoring.weights
    return Sources.read(given.folder, vars(given.files), vars(given.sha256), list(given.mirrors))


def shares_card(config: Config) -> bool:
    """Whether scoring was told to use a card that also renders: cost figures are not to be trusted then."""
    return config.scoring.device == "cuda" and bool(config.scoring.networks) and _renders_here(config)


def _renders_here(config: Config) -> bool:
    """Whether the server is a ComfyUI on this machine; the stand-in uses no card."""
    from socket import gethostname
    from urllib.parse import urlsplit

    if config.server.kind != "comfyui" or config.server.url is None:
        return False
    host = (urlsplit(config.server.url).hostname or "").lower()
    return host in ("localhost", "::1", "0.0.0.0", gethostname().lower()) or host.startswith("127.")  # noqa: S104


def fetch_weights(config: Config, console: "Console") -> None:
    """Fetch the weights that the scoring profile needs and that are not here; what cannot be had is said, once.

    Raises WeightsWrong for a file that is there and not the right one, NoGpuError for a card that is not there:
    before the hours that would end in no score.
    """
    settings = settings_of(config)
    if not settings.used:
        return
    from eval.device import resolve
    from eval.fetching import fetch_missing
    from eval.weights import WeightsAbsent, find

    def say(line: str) -> None:
        console.print(line, style="yellow", markup=False, highlight=False)

    names, sources = list(settings.used), settings.sources
    if config.scoring.weights.fetch:
        fetch_missing(names, sources, say)
    for name in names:
        with suppress(WeightsAbsent):
            find(name, sources)
    if config.scoring.device == "cuda":
        resolve("cuda")


def score_task(config: Config, planner: Planner, one: PlannedCell, entry: Entry) -> ScoreTask:
    """What to score of a cell's render."""
    cell, _ = one.job
    return ScoreTask(
        one.name,
        scorer_of(config, planner, one),
        entry.video,
        one.clip.speech,
        one.clip.frame,
        cell.windows,
        settings_of(config),
        planner.files(one.clip).speech.sha256,
        planner.files(one.clip).frame.sha256,
        _size(cell),
        footage_of(config, planner, one),
    )


def footage_of(config: Config, planner: Planner, one: PlannedCell) -> Footage | None:
    """The clip's own footage and where its score is kept, None where the clip has none."""
    from eval.settings import scorer_hash

    file = planner.files(one.clip).footage
    if file is None:
        return None
    scorer = scorer_hash(settings_of(config), speech_sha256=None, reference_sha256=None)
    name = f"{file.sha256[:KEY]}-{scorer[:KEY]}.json"
    return Footage(file.path, file.sha256, planner.store.root / "footage" / name)


def _size(cell: Cell) -> tuple[int, int] | None:
    """Width and height of the video that the graph asks for, where it says so itself."""
    width, height = cell.values.get("width"), cell.values.get("height")
    return (width, height) if isinstance(width, int) and isinstance(height, int) else None


def scorer_of(config: Config, planner: Planner, one: PlannedCell) -> str:
    """The hash of what judges this cell's render."""
    from eval.settings import scorer_hash

    files = planner.files(one.clip)
    return scorer_hash(
        settings_of(config),
        speech_sha256=files.speech.sha256,
        reference_sha256=files.frame.sha256,
        footage_sha256=files.footage.sha256 if files.footage else None,
    )


def judged(config: Config) -> str:
    """A hash of how videos are judged, whatever they are: equal for figures that may be compared."""
    from eval.settings import scorer_hash

    return scorer_hash(settings_of(config), speech_sha256=None, reference_sha256=None)


def footage_scores(config: Config, planner: Planner, plan: Plan) -> dict[str, Mapping[str, Any]]:
    """The scores of the clips' own footage that are there, by clip."""
    found: dict[str, Mapping[str, Any]] = {}
    for one in plan.cells:
        if one.clip.name in found or one.clip.reference_video is None:
            continue
        footage = footage_of(config, planner, one)
        kept = read_json(footage.record) if footage else None
        if isinstance(kept, dict):
            found[one.clip.name] = kept
    return found
