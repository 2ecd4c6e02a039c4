"""Names that survive a power cut: a file flushed and renamed, and its folder flushed."""

import os
from pathlib import Path
from typing import Any

from workflow.files import sync_folder, write_json


def save_json(path: Path, value: Any) -> None:
    """``value`` as JSON, whole or not at all, on the disk when this returns. Raises OSError as the disk does."""
    write_json(path, value)
    sync_folder(path.parent)


def publish(aside: Path, path: Path) -> None:
    """Flush the finished file ``aside`` to the disk and give it its name."""
    with aside.open("rb+") as handle:
        os.fsync(handle.fileno())
    aside.replace(path)
    sync_folder(path.parent)
