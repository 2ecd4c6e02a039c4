"""Writing a file so that no reader ever sees half of it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workflow.files import umask
from workflow.media.errors import MediaWriteError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name in ``path``'s folder; on success it is flushed to disk and renamed to ``path``.

    On an error nothing is left behind. Raises MediaWriteError when the disk or the folder refuses.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=".", suffix=f".part{path.suffix}", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise refused(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~umask())
        temporary.replace(path)
    except OSError as error:
        raise refused(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` in one step."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def refused(path: Path, error: OSError) -> MediaWriteError:
    """The error for a disk or folder that refuses to take ``path``."""
    return MediaWriteError(
        f"cannot write {path}: {error.strerror or error}",
        hint="check free disk space and that the folder exists and may be written",
    )
