"""Where trials are kept: opened, told of in words, and what differs between two searches of one name."""

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sweeps.secrets import without_passwords
from workflow.errors import HarnessError

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


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
    storage = optuna.storages.RDBStorage(url)
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
        first = str(error).splitlines()[0]
        raise StudyError(
            f"Optuna cannot use {shown_storage(storage)}: {first}",
            hint="sqlite:///FILE, or postgresql+psycopg://user@host/database; leave search.storage out for a file",
        ) from error
