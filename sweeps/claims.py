"""Jobs that an earlier command left on servers: a cell of a pool is followed where its job is, not begun elsewhere."""

from typing import TYPE_CHECKING

from sweeps.plan import Plan
from sweeps.store import Store

if TYPE_CHECKING:
    from runner.journal import Journal


class Claims:
    """What the store's journals tell of the cells that a plan is to render, by the cells' names."""

    def __init__(self, plan: Plan, store: Store) -> None:
        from runner.journal import read_journal

        self._left: dict[str, Journal] = {}
        for one in plan.to_run:
            cell, environment = one.job
            for folder in store.attempts(cell.recipe, environment):
                journal = read_journal(folder)
                if journal is not None and journal.recipe == cell.recipe and journal.state != "downloaded":
                    self._left.setdefault(one.name, journal)

    def holder(self, name: str) -> str | None:
        """The address of the server that was given this cell."""
        journal = self._left.get(name)
        return None if journal is None else _plain(journal.url)

    def holds(self, url: str, name: str) -> bool:
        """Whether the server at ``url`` was given this cell."""
        return self.holder(name) == _plain(url)

    def of(self, url: str) -> list[tuple[str, str]]:
        """Prompt id and cell of each job that was left at ``url``."""
        return [(one.prompt_id, name) for name, one in self._left.items() if _plain(one.url) == _plain(url)]

    def settle(self, name: str) -> None:
        """The cell is begun: from now on it is where this command says."""
        self._left.pop(name, None)


def _plain(url: str) -> str:
    return url.rstrip("/")
