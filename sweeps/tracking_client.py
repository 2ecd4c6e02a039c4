"""Opening MLflow: quietly, once, and with its artifacts beside its database."""

import logging
import os
import re
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sweeps.secrets import without_passwords
from workflow.errors import HarnessError

if TYPE_CHECKING:
    from sweeps.config import TrackingConfig

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",  # also alembic's, whose sixty migration lines say nothing to a user
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # its own 7 doubling waits hold a sweep for minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}


_TABLE_FIRST = {"mlflow.experimentKind": "custom_model_development"}
"""Without it MLflow 3 takes the experiment for a chat application and hides the table of runs behind a menu."""


class TrackingError(HarnessError):
    """MLflow cannot be reached or written; renders and scores are safe, ``action=log`` makes up for it."""

    code = "tracking-failed"


def _reason(error: Exception) -> str:
    """The system's own words where they are inside: MLflow wraps them in a whole request and its retries."""
    text = str(error).strip() or type(error).__name__
    system = re.search(r"\[Errno -?\d+\] ([^\"'()\[\]]+)", text)
    return system[1].strip(" :") if system else text.splitlines()[0][:300]


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn MLflow's, the network's and the disk's errors into TrackingError."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, RequestException, SQLAlchemyError, OSError) as error:
        raise TrackingError(
            without_passwords(f"MLflow: cannot {doing}: {_reason(error)}"),
            hint="renders and scores are kept; the same command with action=log writes MLflow again",
        ) from error


def tracking_uri(config: "TrackingConfig", outputs: Path) -> str:
    """Where MLflow keeps its runs: the configured server, or ``mlflow.db`` under ``outputs``.

    The path is absolute, so that the place does not depend on where the command is started. Of its characters only
    ``%`` and ``?`` mean something in such a URI.

    Raises:
        TrackingError: an unknown kind, or a server without a URI.
    """
    if config.kind == "local":
        path = (outputs.resolve() / "mlflow.db").as_posix().replace("%", "%25").replace("?", "%3F")
        return f"sqlite:///{path}"
    if config.kind != "server":
        raise TrackingError(f"tracking.kind={config.kind} is unknown", hint="choose one of local, server")
    if not config.uri or not urlsplit(config.uri).scheme:
        raise TrackingError(
            f"tracking.uri={config.uri} is no address of a server"
            if config.uri
            else "tracking=server needs tracking.uri, the server's address",
            hint="tracking.uri=http://host:5000",
        )
    return config.uri


def open_client(config: "TrackingConfig", outputs: Path) -> Any:
    """An ``MlflowClient`` on the configured store, whose tables exist.

    Parallel first starts race in MLflow's schema migration, so the first opening is serialised by a file lock.

    Raises:
        TrackingError: MLflow cannot be loaded, the folder cannot be written, the server does not answer.
    """
    uri = tracking_uri(config, outputs)
    quieten()
    try:
        from mlflow.tracking import MlflowClient
    except ImportError as error:
        raise TrackingError(
            f"MLflow cannot be loaded: {error}",
            hint="pip install -e . brings what it needs; then the same command with action=log writes MLflow",
        ) from error

    if config.kind != "local":
        with translated(f"reach {uri}"):
            client = MlflowClient(tracking_uri=uri)
            client.search_experiments(max_results=1)
            return client
    with translated(f"open {outputs / 'mlflow.db'}"):
        outputs.mkdir(parents=True, exist_ok=True)
        with _first_opening(outputs):
            _create_database(outputs, uri)
            return MlflowClient(tracking_uri=f"{uri}?timeout=60")


def _create_database(outputs: Path, uri: str) -> None:
    """Make ``mlflow.db`` under another name and rename it when its tables are complete.

    MLflow's migrations take seconds and cannot be taken up again: a process killed among them would leave a database
    that no later one can open.
    """
    final, making = outputs / "mlflow.db", outputs / ".mlflow-making.db"
    with making.open("wb"):
        pass  # a refusal shows here at once; MLflow itself would try for two minutes
    if final.exists() and final.stat().st_size:
        making.unlink()
        return
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    new = uri.removesuffix("mlflow.db") + making.name
    opened: Any = SqlAlchemyStore  # untyped
    opened(new, (outputs.resolve() / "mlartifacts").as_uri()).engine.dispose()
    making.replace(final)


def experiment_id(client: Any, config: "TrackingConfig", outputs: Path, name: str) -> str:
    """The id of the experiment called ``name``, made when it is not there; local artifacts go under ``outputs``.

    Raises:
        TrackingError: a person deleted it in MLflow; its name stays taken.
    """
    here = config.kind == "local" or str(config.uri).startswith("sqlite:")  # else MLflow would write to ./mlruns
    root = (outputs.resolve() / "mlartifacts").as_uri() if here else None
    with translated(f"open the experiment {name!r}"), _first_opening(outputs):
        found = client.get_experiment_by_name(name)
        if found is None:
            return str(client.create_experiment(name, artifact_location=root, tags=_TABLE_FIRST))
    if config.kind == "local" and root is not None and found.artifact_location != root:
        _move_artifacts(outputs, found.artifact_location, root)
    if found.lifecycle_stage == "deleted":
        raise TrackingError(
            f"MLflow: the experiment {name!r} was deleted there, and its name stays taken",
            hint=f"restore it (mlflow experiments restore -x {found.experiment_id}) or clear it for good (mlflow gc)",
        )
    return str(found.experiment_id)


def _move_artifacts(outputs: Path, old: str, new: str) -> None:
    """Point every run at ``new`` after the outputs folder was moved or copied, as MLflow keeps absolute places.

    Otherwise it would go on writing to where the folder once was. A place chosen by hand is left alone.
    """
    if not old.endswith("/mlartifacts"):
        return
    with (
        translated("follow the moved outputs folder"),
        closing(sqlite3.connect(outputs / "mlflow.db", timeout=60)) as db,
    ):
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            db.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?)"  # noqa: S608 - both names stand above
                f" WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
            )
        db.commit()


def quieten() -> None:
    """Silence what MLflow says and sends on import; what the user set in the environment stays."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # its tracebacks: the error itself is ours
    warnings.filterwarnings("ignore", module=r"mlflow\..*")


@contextmanager
def _first_opening(outputs: Path) -> Iterator[None]:
    from filelock import FileLock

    outputs.mkdir(parents=True, exist_ok=True)
    with FileLock(outputs / ".mlflow-opening.lock", timeout=180):
        yield
