"""Checksums of the model files that a plan uses, where the server's folder is on this machine."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeps.forecast import size

if TYPE_CHECKING:
    from rich.console import Console

    from runner.server import Server
    from runner.stamp import Stamp

CACHE = "model_files.json"


@contextmanager
def contents(
    server: "Server", stamp: "Stamp | None", folder: Path, console: "Console"
) -> Iterator[Callable[[str], str | None] | None]:
    """The SHA-256 of a model by its name in graphs; None where the server's folder is not here, or is another one's.

    The environment needs them before the first render can be looked for, so that a file is read when it is first seen
    (with a bar, some seconds a gigabyte) and never again while it stays as it is: ``folder`` keeps what is known.
    """
    from runner.modelfiles import ModelFiles

    here = server.config.folder
    if not here or server.kind == "stand-in" or stamp is None or stamp.folder:
        yield None
        return
    with ExitStack() as stack:
        shown = _Shown(console, stack)
        yield ModelFiles(Path(here).expanduser(), folder / CACHE, shown.bytes).digest


def changed(here: str | None, folder: Path, models: Mapping[str, str | None]) -> list[str]:
    """Which of the ``models`` last seen are other files now, in words; nothing is read but their sizes and times."""
    from runner.folder import find_models
    from runner.modelfiles import ModelFiles

    if not here:
        return []
    comfyui = Path(here).expanduser()
    files = ModelFiles(comfyui, folder / CACHE, read=False)
    return [
        f"{name} is another file than when this server was last seen: its renders will be made anew"
        for name, content in models.items()
        if content and find_models(comfyui, name) and files.digest(name) != content
    ]


class _Shown:
    """A bar a file in a terminal, a line elsewhere; nothing where nothing is read."""

    def __init__(self, console: "Console", stack: ExitStack) -> None:
        self._console, self._stack = console, stack
        self._bar: Any = None
        self._tasks: dict[Path, Any] = {}

    def bytes(self, path: Path, done: int, total: int) -> None:
        """So much of a file is read."""
        from rich.markup import escape
        from rich.progress import Progress

        if path not in self._tasks:
            text = f"SHA-256 of {path.name} ({size(total)}), once"
            if not self._console.is_terminal:
                self._console.print(text, markup=False, highlight=False)
                self._tasks[path] = None
                return
            self._bar = self._bar or self._stack.enter_context(Progress(console=self._console, transient=True))
            self._tasks[path] = self._bar.add_task(escape(text), total=total)
        if self._bar is not None:
            self._bar.update(self._tasks[path], completed=done)
