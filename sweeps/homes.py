"""Where the blocks of a sweep are rendered: cells that are compared stay in one environment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sweeps.plan import Plan, PlannedCell, State

Block = tuple[str, int]
"""One clip × one seed: the cells of a block, one a setting, are what is compared."""


def block_of(planned: PlannedCell) -> Block:
    """The block that a cell belongs to."""
    return planned.clip.name, planned.seed


@dataclass
class Homes:
    """The environment of each block, by its number; ``choices`` has the cells of the blocks that are still open.

    With one environment there is nothing to choose: every block is settled in number 0.
    """

    choices: dict[Block, Mapping[int, Mapping[str, PlannedCell]]] = field(default_factory=dict)
    chosen: dict[Block, int] = field(default_factory=dict)

    def home(self, block: Block) -> int | None:
        """The environment of a block; None while it is open."""
        return self.chosen.get(block, None if block in self.choices else 0)

    def of(self, planned: PlannedCell) -> int:
        """The environment of a cell's block; the first while it is open."""
        return self.home(block_of(planned)) or 0

    def settled(self, block: Block) -> bool:
        """Whether a block has its environment."""
        return self.home(block) is not None

    def open_to(self, block: Block, group: int) -> bool:
        """Whether an open block may be rendered in ``group``."""
        return group in self.choices.get(block, {})

    def may(self, planned: PlannedCell, group: int) -> bool:
        """Whether a server of ``group`` may render a cell."""
        block = block_of(planned)
        return self.home(block) == group or self.open_to(block, group)

    def settle(self, block: Block, group: int) -> Mapping[str, PlannedCell]:
        """From now on a block is rendered in ``group``: its cells there, by name."""
        self.chosen[block] = group
        return self.choices.pop(block)[group]


def merged(plans: Sequence[Plan], homes: Homes) -> Plan:
    """One plan out of those of the same cells in several environments; ``homes`` learns what is still open.

    A block has the environment that it had before in this sweep, else the one that holds most of its renders, else
    any in which most of its cells are possible.
    """
    first = plans[0]
    if len(plans) == 1:
        return first
    homes.choices.clear()
    blocks: dict[Block, dict[int, dict[str, PlannedCell]]] = {}
    for k, plan in enumerate(plans):
        for one in plan.cells:
            blocks.setdefault(block_of(one), {}).setdefault(k, {})[one.name] = one
    for block, cells in blocks.items():
        if block in homes.chosen:
            continue
        impossible = {k: _count(there, "impossible") for k, there in cells.items()}
        best = [k for k, count in impossible.items() if count == min(impossible.values())]
        stored = {k: _count(cells[k], "reuse") for k in best}
        if max(stored.values()):
            homes.chosen[block] = max(stored, key=lambda k: stored[k])
        elif len(best) == 1:
            homes.chosen[block] = best[0]
        else:
            homes.choices[block] = {k: cells[k] for k in best}
    return as_settled(plans, homes)


def as_settled(plans: Sequence[Plan], homes: Homes) -> Plan:
    """The plan with every block as it is in its environment; one that is still open as in the first."""
    first = plans[0]
    if len(plans) == 1:
        return first
    named = [{one.name: one for one in plan.cells} for plan in plans]
    cells, twins = [], {}
    for one in first.cells:
        home = homes.of(one)
        cells.append(named[home][one.name])
        if (twin := plans[home].twins.get(one.name)) is not None:
            twins[one.name] = twin
    return replace(first, cells=tuple(cells), twins=twins, warnings=_all(plan.warnings for plan in plans))


def _count(cells: Mapping[str, PlannedCell], state: State) -> int:
    return sum(one.state == state for one in cells.values())


def _all(texts: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for some in texts for text in some))
