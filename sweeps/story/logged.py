"""The history's sweep as MLflow has it: put together from the evidence that each setting's run carries."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from sweeps.compare.runs import evidence
from sweeps.kept import read_portable
from sweeps.results import SweepResult
from sweeps.story.claims import BASE, CLAIMS
from sweeps.tracking_client import open_client, tracking_uri, translated
from sweeps.tracking_runs import find_children, search_everywhere
from workflow.errors import HarnessError

if TYPE_CHECKING:
    from sweeps.config import TrackingConfig


HINT: Final = "run it first: python sweep.py +experiment=tuning_history"


class NoStory(HarnessError):
    """MLflow has no sweep of the history."""

    code = "no-story"


def logged(tracking: "TrackingConfig", outputs: Path, sweep: str = "") -> SweepResult:
    """The newest finished sweep that holds variants of the history against v2, or the one whose run is ``sweep``.

    Videos are not in it: they stay in the store. Raises NoStory, NoSide, NothingKept, TrackingError.
    """
    _is_there(tracking, outputs)
    client = open_client(tracking, outputs)
    runs = _settings(client, sweep)
    found = [read_portable(evidence(client, run)) for run in runs]
    return replace(found[0], settings=tuple(one.settings[0] for one in found))


def _is_there(tracking: "TrackingConfig", outputs: Path) -> None:
    """MLflow would make a database that is not there, and tell of no runs after some seconds."""
    kind, _, place = tracking_uri(tracking, outputs).partition(":///")
    path = Path(unquote(place.partition("?")[0]))
    if kind == "sqlite" and not path.is_file():
        raise NoStory(f"no MLflow database {path.name} in the folder {path.parent.name}", hint=HINT)


def _settings(client: Any, sweep: str) -> list[Any]:
    """The runs of a sweep's settings, in the order in which they began."""
    named = sweep.replace("'", "")
    query = f"attributes.run_id = '{named}'" if sweep else f"tags.role = 'sweep' and tags.baseline = '{BASE}'"
    variants = {claim.variant for claim in CLAIMS}
    with translated("search runs"):
        for parent in search_everywhere(client, query):
            children = find_children(client, parent.info.experiment_id, parent.info.run_id)
            if BASE in children and variants & set(children) and parent.info.status != "RUNNING":
                return sorted(children.values(), key=lambda one: int(one.info.start_time))
    which = f"run {sweep} is no finished sweep" if sweep else "MLflow has no finished sweep"
    raise NoStory(f"{which} of the history's variants against {BASE}", hint=HINT)
