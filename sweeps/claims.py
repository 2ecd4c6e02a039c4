"""Jobs that an earlier command left on servers: a cell of a pool is followed where its job is, not begun elsewhere."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from sweeps.plan import PlannedCell
from sweeps.store import Store
from workflow.files import read_json

if TYPE_CHECKING:
    from runner.journal import Journal


class Claims:
    """What the journals in ``store`` tell of ``cells`` that are to be rendered: which server has which.

    A job that ended by itself without a video binds its cell to nobody.
    """

    def __init__(self, cells: Iterable[PlannedCell], store: Store) -> None:
        self._left: dict[str, Journal] = {}
        for one in cells:
            journal = _journal(one, store)
            if journal is not None:
                self._left[one.name] = journal

    def given(self, url: str) -> Collection[str]:
        """The cells that the server at ``url`` has, by name."""
        return [name for _, name in self.of(url)]

    def of(self, url: str) -> list[tuple[str, str]]:
        """Prompt id and cell of each job that was left at ``url``."""
        return [(one.prompt_id, name) for name, one in self._left.items() if _plain(one.url) == _plain(url)]

    def settle(self, name: str) -> None:
        """The cell is begun: from now on it is where this command says."""
        self._left.pop(name, None)


def _journal(planned: PlannedCell, store: Store) -> "Journal | None":
    """The journal of a job that may still wait, run or have its video on the server."""
    from runner.attempts import FAILURE, is_over
    from runner.journal import read_journal

    cell, environment = planned.job
    folder = store.left(cell.recipe, environment)
    if folder is None or is_over(read_json(folder / FAILURE)):
        return None
    journal = read_journal(folder)
    follows = journal is not None and journal.recipe == cell.recipe and journal.state != "downloaded"
    return journal if follows else None


def _plain(url: str) -> str:
    return url.rstrip("/")
