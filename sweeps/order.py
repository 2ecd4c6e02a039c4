"""The order of a plan's cells: balanced blocks, with few reloads of the model."""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

C = TypeVar("C")

RELOAD_SHARE = 0.05
"""Blocks grow while reloads would take more than this share of the time."""


def balanced(blocks: Sequence[Sequence[C]], loader: Callable[[C], Hashable], joined: int = 1) -> list[C]:
    """Order the cells of ``blocks`` (one clip × one seed each, all settings) so that every prefix is a fair comparison.

    Inside a block cells with equal loader inputs stand together, in the order of their first appearance; every
    second block runs backwards, so that two neighbours share a loader. So many neighbouring blocks are ``joined``.

    >>> cells = [[("a", 1), ("b", 1)], [("a", 2), ("b", 2)]]
    >>> balanced(cells, loader=lambda c: c[0])
    [('a', 1), ('b', 1), ('b', 2), ('a', 2)]
    """
    keyed = [[(loader(cell), cell) for cell in block] for block in blocks if block]
    groups = list(dict.fromkeys(key for block in keyed for key, _ in block))
    ordered: list[C] = []
    for turn, start in enumerate(range(0, len(keyed), joined)):
        together: dict[Hashable, list[C]] = {group: [] for group in groups}
        for key, cell in chain.from_iterable(keyed[start : start + joined]):
            together[key].append(cell)
        for group in groups if turn % 2 == 0 else reversed(groups):
            ordered += together[group]
    return ordered


def blocks_joined(
    blocks: Sequence[Sequence[C]],
    loader: Callable[[C], Hashable],
    seconds: Callable[[C], float],
    reload_s: float,
) -> int:
    """How many neighbouring blocks to take together, so that the reloads within them cost no more than
    ``RELOAD_SHARE`` of their render time; 1 where there are none.

    >>> cells = [[("a", 1), ("b", 1)], [("a", 2), ("b", 2)]]
    >>> blocks_joined(cells, loader=lambda c: c[0], seconds=lambda c: 100.0, reload_s=1.0)
    1
    """
    full = [block for block in blocks if block]
    groups = len({loader(cell) for block in full for cell in block})
    if groups < 2 or reload_s <= 0:
        return 1
    mean = sum(seconds(cell) for block in full for cell in block) / len(full)
    if mean <= 0:
        return len(full)
    return min(len(full), max(1, math.ceil((groups - 1) * reload_s / (RELOAD_SHARE * mean))))


def reloads(cells: Sequence[C], loader: Callable[[C], Hashable]) -> int:
    """How often the model is read in this order, the first time included.

    A server keeps what the prompt before used and nothing older: A, B, A are three loads.
    """
    keys = [loader(cell) for cell in cells]
    return sum(1 for i, key in enumerate(keys) if i == 0 or key != keys[i - 1])


@dataclass(frozen=True)
class Reloads:
    """What an order costs and saves in model loads: its own, the ``fewest`` there can be (one loader after the other,
    which compares nothing before the end), and those of the order ``as_given`` (setting after setting, block by block).
    """

    own: int
    fewest: int
    as_given: int


def compared(
    cells: Sequence[C], loader: Callable[[C], Hashable], block: Callable[[C], Hashable], place: Callable[[C], int]
) -> Reloads:
    """The loads of ``cells`` in their order against other orders; ``place`` is a cell's place in the order given.

    >>> cells = [("a", 1), ("b", 1), ("b", 2), ("a", 2)]
    >>> compared(cells, loader=lambda c: c[0], block=lambda c: c[1], place=lambda c: "ab".index(c[0]))
    Reloads(own=3, fewest=2, as_given=4)
    """
    turn = {key: at for at, key in enumerate(dict.fromkeys(map(block, cells)))}
    given = sorted(cells, key=lambda one: (turn[block(one)], place(one)))
    return Reloads(reloads(cells, loader), len({loader(one) for one in cells}), reloads(given, loader))
