"""Which cell a server takes next: in the plan's order, with the model it has, and only where it ends it soonest."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final, Protocol

from sweeps.homes import Block, Homes, block_of
from sweeps.plan import PlannedCell

_FEW: Final = 4
"""With more cells than so many a server, it does not matter yet who takes one."""


class Taker(Protocol):
    """A server that asks for a cell. ``group`` is the environment it renders in, ``loader`` the model it holds."""

    group: int
    loader: str

    @property
    def given(self) -> Collection[str]:
        """Names of the cells that an earlier command gave it."""

    def fits(self, planned: PlannedCell) -> bool:
        """Whether it has what the cell's graph names."""

    def may(self, planned: PlannedCell) -> bool:
        """Whether it fits, and the cell's block is at home there or still open."""

    def free_in(self) -> float:
        """Seconds until it has done what it was given, as far as can be told."""

    def cost(self, planned: PlannedCell) -> float:
        """Seconds that it would take for a cell."""


@dataclass
class Work:
    """The cells that nobody took yet, in the plan's order; ``homes`` says where blocks may be rendered.

    ``joined`` is how many blocks the plan's order takes together to spare reloads. Not for two threads at a time.
    """

    todo: list[PlannedCell]
    homes: Homes = field(default_factory=Homes)
    joined: int = 1

    def __len__(self) -> int:
        return len(self.todo)

    def any(self, taker: Taker) -> bool:
        """Whether something is left that ``taker`` can do."""
        return any(taker.may(one) for one in self.todo)

    def peek(self, taker: Taker, others: Sequence[Taker] = ()) -> PlannedCell | None:
        """The cell that ``taker`` should begin now; None where there is none for it, or ``others`` end them sooner.

        Alone a server follows the plan. One of several stays with its model, inside the blocks at the front: as many as
        there are servers, or as the plan takes together. What an earlier command gave it comes first.
        """
        if names := taker.given:
            given = next((one for one in self.todo if one.name in names and taker.may(one)), None)
            if given is not None:
                return given
        window = self._front(max(self.joined, 1 + len(others)) if others else 1)
        able = [one for one in window if taker.may(one)]
        if not able:
            able = [one for one in self.todo if taker.may(one)][:1]
        if not able:
            return None
        found = able[0]
        if others:
            held = {one.loader for one in others}
            found = next((one for one in able if one.loader == taker.loader), None) or next(
                (one for one in able if one.loader not in held), found
            )
        return found if self._soonest(taker, others, found) else None

    def take(self, planned: PlannedCell, group: int) -> PlannedCell:
        """Remove a cell that ``peek`` named; as its block is rendered in ``group``, where that was open until now."""
        self.drop(planned)
        if self.homes.settled(block_of(planned)):
            return planned
        chosen = self.homes.settle(block_of(planned), group)
        self.todo = [chosen.get(one.name, one) for one in self.todo if chosen.get(one.name, one).state == "run"]
        return chosen[planned.name]

    def has(self, name: str) -> bool:
        """Whether a cell of this name was not taken yet."""
        return any(one.name == name for one in self.todo)

    def drop(self, planned: PlannedCell) -> None:
        """Remove a cell that is not worth it."""
        self.todo.pop(next(at for at, one in enumerate(self.todo) if one is planned))

    def _front(self, blocks: int) -> list[PlannedCell]:
        if blocks <= 1:
            return self.todo[:1]
        seen: dict[Block, None] = {}
        found = []
        for one in self.todo:
            if len(seen) == blocks and block_of(one) not in seen:
                break
            seen[block_of(one)] = None
            found.append(one)
        return found

    def _soonest(self, taker: Taker, others: Sequence[Taker], planned: PlannedCell) -> bool:
        """Whether some cell falls to ``taker`` when each that is left goes where it ends first.

        A block that is open to several environments goes as a whole to where it ends first.
        """
        everybody = [taker, *others]
        if not self.homes.settled(block_of(planned)):
            return self._best_home(taker, everybody, planned)
        mine = [one for one in self.todo if self.homes.may(one, taker.group)]
        kin = [one for one in everybody if one.group == taker.group]
        if len(kin) == 1 or len(mine) > _FEW * len(kin):
            return True
        turn = count()
        ends = [(one.free_in(), next(turn), one) for one in kin]
        for one in mine:
            able = [(free + who.cost(one), at, who) for free, at, who in ends if who.fits(one)]
            if not able:
                continue
            end, at, who = min(able, key=lambda entry: entry[:2])
            if who is taker:
                return True
            ends[next(k for k, entry in enumerate(ends) if entry[1] == at)] = (end, at, who)
        return False

    def _best_home(self, taker: Taker, everybody: Sequence[Taker], planned: PlannedCell) -> bool:
        block = block_of(planned)

        def end(group: int) -> float:
            kin = [one for one in everybody if one.group == group]
            waits = [one for one in self.todo if self.homes.home(block_of(one)) == group or block_of(one) == block]
            busy = sum(one.free_in() for one in kin)
            each = [sum(who.cost(one) for who in kin) / len(kin) for one in waits]
            return (busy + sum(each)) / len(kin)

        groups = {one.group for one in everybody if self.homes.open_to(block, one.group)}
        return not groups or end(taker.group) <= min(end(group) for group in groups)
