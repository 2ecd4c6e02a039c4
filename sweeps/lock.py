"""One writer a store: the lock ends with its process, and says who holds it."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workflow.errors import HarnessError
from workflow.files import read_json, write_json

if TYPE_CHECKING:
    import psutil

_SAME_START_S: Final = 2.0  # Linux tells the time of its boot in whole seconds, not always the same one


class StoreLocked(HarnessError):
    """Another sweep is writing to the same store."""

    code = "store-locked"


def this_process() -> dict[str, Any]:
    """Host, process id and start time: together they name one process for good."""
    import psutil

    return {"host": socket.gethostname(), "pid": os.getpid(), "started": _started(psutil.Process())}


def _started(process: "psutil.Process") -> float:
    """When a process began, in seconds; on Linux since the boot, as there its time of day moves when a clock is set."""
    import psutil

    return process.create_time() - (psutil.boot_time() if psutil.LINUX else 0.0)


def is_gone(owner: Mapping[str, Any]) -> bool:
    """Whether the process that ``owner`` names, as ``this_process`` does, was on this host and is gone.

    False where that cannot be known.
    """
    import psutil

    if owner.get("host") != socket.gethostname():
        return False
    try:
        pid, started = int(owner["pid"]), float(owner["started"])
    except (KeyError, TypeError, ValueError):
        return False
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return True
        return abs(_started(process) - started) > _SAME_START_S  # the number belongs to another process now
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


@contextmanager
def owned(root: Path, doing: str) -> Iterator[None]:
    """Hold the store at ``root`` for this process while ``doing`` goes on.

    The operating system drops the lock when the process ends, however it ends; ``owner.json`` is for people.

    Raises:
        StoreLocked: another process holds it.
    """
    from filelock import FileLock, Timeout

    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / "owner.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        owner = read_json(root / "owner.json") or {}
        since = datetime.fromtimestamp(owner.get("since", 0)).strftime("%H:%M")
        raise StoreLocked(
            f"the store {root} is in use by {owner.get('doing', 'another sweep')}"
            f" (process {owner.get('pid', '?')} on {owner.get('host', '?')}, since {since})",
            hint="wait for it to end, or use another folder: outputs=DIR",
        ) from error
    try:
        write_json(root / "owner.json", {**this_process(), "doing": doing, "since": datetime.now().timestamp()})
        yield
    finally:
        lock.release()
