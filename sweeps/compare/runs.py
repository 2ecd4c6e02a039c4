"""Sides that are MLflow runs: by id, by a query, with everything that a comparison needs in an artifact of theirs."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeps.compare.sides import NoSide, Side, side_of_evidence
from sweeps.tracking_client import open_client, translated
from sweeps.tracking_files import EVIDENCE
from sweeps.tracking_runs import find_children, owner_is_dead, search_everywhere
from workflow.files import read_json

if TYPE_CHECKING:
    from sweeps.config import TrackingConfig


def side_of_run(run_id: str, outputs: Path, tracking: "TrackingConfig") -> Side:
    """A run of one setting, or a sweep's with only one. Raises NoSide, NothingKept, TrackingError."""
    client = open_client(tracking, outputs)
    return _side(client, one_run(client, run_id))


def side_of_query(query: str, outputs: Path, tracking: "TrackingConfig") -> Side:
    """The one run of a setting that an MLflow query finds. Raises NoSide, NothingKept, TrackingError."""
    client = open_client(tracking, outputs)
    with translated("search runs"):
        found = search_everywhere(client, query)
    settings = [one for one in found if one.data.tags.get("role") != "sweep"]
    if not settings:
        raise NoSide(
            f"no run of a setting for {query!r}", hint="an MLflow query, such as tags.release = 'wrapper-2026-02'"
        )
    if len(settings) > 1:
        some = "; ".join(f"{one.info.run_id} {one.info.run_name} of {_begun(one)}" for one in settings[:5])
        raise NoSide(f"{query!r} finds {len(settings)} runs", hint=f"name one by its id: {some}")
    return _side(client, one_run(client, settings[0].info.run_id))


def _begun(run: Any) -> str:
    return f"{datetime.fromtimestamp(run.info.start_time / 1000):%Y-%m-%d %H:%M}"


def _run(client: Any, run_id: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_run(run_id)
    except MlflowException as error:
        raise NoSide(
            f"no run {run_id}: {error.message}", hint="its id is in the address of its page in MLflow"
        ) from error


def one_run(client: Any, run_id: str) -> Any:
    """The run of one setting that an id means: its own, or the only one of a sweep. Raises NoSide."""
    run = _run(client, run_id)
    if run.data.tags.get("role") == "sweep":
        children = find_children(client, run.info.experiment_id, run.info.run_id)
        if len(children) != 1:
            names = "; ".join(f"{one.info.run_id} {name}" for name, one in list(children.items())[:8])
            raise NoSide(f"run {run.info.run_id} is a sweep of {len(children)} settings", hint=f"name one of {names}")
        run = next(iter(children.values()))
    if run.info.status == "RUNNING":
        gone = owner_is_dead(run.data.tags)
        raise NoSide(
            f"run {run.info.run_id} ({run.info.run_name}) is {'not finished' if gone else 'still running'}",
            hint="its process is gone: the sweep's command goes on" if gone else "wait for its end",
        )
    return run


def _side(client: Any, run: Any) -> Side:
    return side_of_evidence(evidence(client, run), f"run {run.info.run_id[:8]}")


def evidence(client: Any, run: Any) -> Any:
    """What a run carries to be compared by. Raises NoSide where it has nothing."""
    import tempfile

    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory(prefix="sweep-compare-") as folder:
        try:
            path = client.download_artifacts(run.info.run_id, EVIDENCE, folder)
        except (MlflowException, OSError) as error:
            raise NoSide(
                f"run {run.info.run_id} ({run.info.run_name}) has no {EVIDENCE}: never written, or deleted",
                hint="the sweep's command with action=log writes it anew",
            ) from error
        return read_json(Path(path))
