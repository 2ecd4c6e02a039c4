"""What the commands of one test process share, since each of them would make it anew in seconds."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import FileLock
from forked import Forked

from runner import embedded
from sweeps import portrait, scoring, tracking_client
from sweeps.config import TrackingConfig
from sweeps.scoring import ScoringPool
from workflow.media.arrays import Picture
from workflow.media.box import Box

Tables = Callable[[Path], None]


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """``tables(outputs)``: an ``mlflow.db`` without runs in a folder that has none. MLflow makes one in 4 s."""
    base, real = tmp_path_factory.getbasetemp(), tracking_client._create_database
    made = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "tables"  # one for all test processes

    def copied(outputs: Path) -> None:
        made.mkdir(exist_ok=True)
        with FileLock(made / "lock"):
            if not (made / "mlflow.db").exists():
                tracking_client.quieten()
                real(made, tracking_client.tracking_uri(TrackingConfig("local"), made))
        outputs.mkdir(parents=True, exist_ok=True)
        if not (outputs / "mlflow.db").exists():
            shutil.copyfile(made / "mlflow.db", outputs / "mlflow.db")

    return copied


@pytest.fixture(scope="session", autouse=True)
def tables_are_copied(tables: Tables) -> Iterator[None]:
    """Commands of this process copy them too; one that is started by itself makes its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracking_client, "_create_database", lambda outputs, uri: tables(outputs))
        yield


@pytest.fixture(scope="session", autouse=True)
def scorers_stay() -> Iterator[None]:
    """The processes that score load libraries for seconds: those of one command serve the next one of this process."""
    idle: dict[Any, Any] = {}
    made: dict[int, Any] = {}
    start, stop = scoring.processes, ScoringPool.__exit__

    def taken(workers: int) -> Any:
        ours = sorted((name, value) for name, value in os.environ.items() if name.startswith("INFINITETALK"))
        key = (workers, *sys.path, *ours)
        pool = idle.pop(key, None) or start(workers)
        made[id(pool)] = key
        return pool

    def left(self: ScoringPool, *error: object) -> None:
        if self._pool is None or self._waiting:
            stop(self, *error)
            return
        for other in idle.values():
            stop_pool(other)
        idle.clear()
        idle[made.pop(id(self._pool))] = self._pool
        self._pool = None

    def stop_pool(pool: Any) -> None:
        pool.stop()
        pool.join()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "processes", taken)
        patch.setattr(ScoringPool, "__exit__", left)
        yield
    for pool in idle.values():
        stop_pool(pool)


@pytest.fixture(scope="session", autouse=True)
def faces_are_remembered() -> Iterator[None]:
    """Faces are looked for once in each picture: most commands of this process cut the same one for a store anew."""
    seen: dict[tuple[tuple[int, ...], bytes], list[Box]] = {}
    look = portrait.detect_all

    def looked(image: Picture) -> list[Box]:
        key = (image.shape, sha256(image.tobytes()).digest())
        if key not in seen:
            seen[key] = look(image)
        return list(seen[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portrait, "detect_all", looked)
        yield


@pytest.fixture(scope="module", autouse=True)
def stand_ins_are_forked() -> Iterator[None]:
    """A stand-in of a command of this process is as new as any, yet has its libraries loaded.

    One that is started by itself, or by a command in a process of its own, starts as it does for a user; so do those of
    other rooms' tests, which may run in this process too.
    """
    own = SimpleNamespace(**{**vars(subprocess), "Popen": Forked})
    with pytest.MonkeyPatch.context() as patch:
        if sys.platform != "win32":  # there is no fork
            patch.setattr(embedded, "subprocess", own)
        yield
