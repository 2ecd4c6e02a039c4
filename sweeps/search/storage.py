"""Where trials are kept: opened, told of in words, and what differs between two searches of one name."""

import functools
import json
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from sweeps.secrets import without_passwords
from workflow.errors import HarnessError

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


T = TypeVar("T")
P = ParamSpec("P")
S = TypeVar("S", bound="Patient")


class StudyError(HarnessError):
    """A storage that cannot be used, or that holds another search under this name."""

    code = "search-storage"


IN_MEMORY: Final = "inmemory"
"""A storage that ends with the process, for trying out."""


def open_storage(url: str) -> "BaseStorage":
    """Where the trials are kept; sqlite writes ahead (WAL), which spares most of the waiting for a disk."""
    import optuna
    import sqlalchemy

    if url == IN_MEMORY:
        return optuna.storages.InMemoryStorage()
    options = {} if url.startswith("sqlite") else {"pool_pre_ping": True}  # connections do not outlive an outage
    storage = optuna.storages.RDBStorage(url, engine_kwargs=options)
    if storage.engine.dialect.name == "sqlite":
        sqlalchemy.event.listen(storage.engine, "connect", _write_ahead)
        storage.engine.dispose()  # connections from now on
    return storage


def _write_ahead(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def shown_storage(url: str) -> str:
    """A storage's URL without its password."""
    return without_passwords(url)


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What is another in ``now``, in words, name by name."""
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from (f"{name} {one}" for one in differences(old, new))
        elif old != new:
            yield f"{name}: {_said(old)} before, {_said(new)} now"


def _said(value: Any) -> str:
    text = "nothing" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"


@contextmanager
def quiet() -> Iterator[None]:
    """Without Optuna's remarks on what is experimental in it: they change nothing that a user can do."""
    from optuna.exceptions import ExperimentalWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.simplefilter("ignore", UserWarning)
        yield


@contextmanager
def reached(storage: str) -> Iterator[None]:
    """A storage that cannot be used is said in one line; its password is not."""
    import optuna
    import sqlalchemy

    try:
        yield
    except optuna.exceptions.DuplicatedStudyError as error:
        raise StudyError(f"{error}", hint="another sweep.name, or another search.storage") from error
    except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError, ImportError, RuntimeError) as error:
        raise StudyError(
            f"Optuna cannot use {shown_storage(storage)}: {_first_line(error)}",
            hint="sqlite:///FILE, or postgresql+psycopg://user@host/database; leave search.storage out for a file",
        ) from error


def _first_line(error: BaseException) -> str:
    """What the database said; Optuna's own words around it say less."""
    return str(error.__cause__ or error).strip().splitlines()[0]


@dataclass
class Patience:
    """Does things with a storage again while it is away, for ``seconds`` at most; ``say`` is told of it once."""

    storage: str
    seconds: float = 600.0
    say: Callable[[str], None] = lambda _: None

    def __call__(self, action: Callable[[], T]) -> T:
        """The result of ``action``, which may be done more than once.

        Raises:
            StudyError: the storage stayed away.
        """
        import optuna
        import sqlalchemy

        began: float | None = None
        while True:
            try:
                done = action()
            except (
                sqlalchemy.exc.OperationalError,
                sqlalchemy.exc.InterfaceError,
                optuna.exceptions.StorageInternalError,
            ) as error:
                if began is None:
                    began = time.monotonic()
                    self.say(f"{shown_storage(self.storage)} is away ({_first_line(error)}); waiting for it")
                if time.monotonic() - began > self.seconds:
                    raise StudyError(
                        f"{shown_storage(self.storage)} stayed away for {self.seconds:.0f} s: {_first_line(error)}",
                        hint="what was rendered is kept; the same command goes on",
                    ) from error
                time.sleep(min(5.0, 0.2 + 0.2 * (time.monotonic() - began)))
                continue
            if began is not None:
                self.say(f"{shown_storage(self.storage)} is back after {time.monotonic() - began:.0f} s")
            return done


class Patient(Protocol):
    """What has patience with its storage."""

    patience: Patience


def patient(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Let ``method`` wait for a storage that is away; it must do no harm when it is done twice."""

    @functools.wraps(method)
    def held(self: S, /, *args: P.args, **more: P.kwargs) -> T:
        return self.patience(lambda: method(self, *args, **more))

    return held
