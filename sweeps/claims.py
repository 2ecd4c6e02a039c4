"""Jobs that an earlier command left on servers: a cell of a pool is followed where its job is, not begun elsewhere."""

from collections.abc import Collection
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

    def holds(self, url: str, name: str) -> bool:
        """Whether the server at ``url`` was given this cell."""
        journal = self._left.get(name)
        return journal is not None and _same(journal.url, url)

    def elsewhere(self, url: str, name: str, here: Collection[str]) -> bool:
        """Whether a server ``here`` other than the one at ``url`` was given this cell."""
        journal = self._left.get(name)
        return journal is not None and not _same(journal.url, url) and any(_same(journal.url, one) for one in here)

    def of(self, url: str) -> list[tuple[str, str]]:
        """Prompt id and cell of each job that was left at ``url``."""
        return [(one.prompt_id, name) for name, one in self._left.items() if _same(one.url, url)]

    def settle(self, name: str) -> None:
        """The cell is begun: from now on it is where this command says."""
        self._left.pop(name, None)


def _same(one: str, other: str) -> bool:
    return one.rstrip("/") == other.rstrip("/")
