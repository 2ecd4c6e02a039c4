"""Commands on several servers in a hurry, and what came of them; shared by the tests of pools and of clusters."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sweeps.app import App

SIX = ("sweep.axes.steps=[2,3,4,5,6,7]",)
HURRIED = (
    "clips.width=96",
    "clips.height=160",
    "server.poll_s=0.05",
    "server.unreachable_s=1",
    "server.rejoin_s=0.3",
    "server.memory_hz=0",
)


def renders(app: App) -> list[dict[str, Any]]:
    """The record of every render in the store."""
    return [json.loads(path.read_text("utf-8")) for path in (app.outputs / "store").glob("*/*/render.json")]


def made_on(app: App) -> Counter[str]:
    """How many renders each server made, by its address."""
    return Counter(one["journal"]["url"] for one in renders(app))


def shown(app: App) -> str:
    """What the command printed."""
    text: str = app.console.file.getvalue()  # type: ignore[attr-defined]
    return text


@contextmanager
def once_rendered(app: App, act: Callable[[], object]) -> Iterator[None]:
    """``act`` as soon as the first render stands, while the block runs."""

    def wait() -> None:
        while not renders(app):
            time.sleep(0.05)
        act()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    yield
    thread.join()
