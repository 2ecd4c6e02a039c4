"""The order of cells: balanced, complete, few reloads."""

import math

from hypothesis import given
from hypothesis import strategies as st

from sweeps.order import RELOAD_SHARE, balanced, blocks_joined, compared, reloads

Cell = tuple[str, int, str]  # setting, block, loader


def blocks_of(loaders: list[str], blocks: int) -> list[list[Cell]]:
    return [[(f"s{i}", block, loader) for i, loader in enumerate(loaders)] for block in range(blocks)]


def ordered(loaders: list[str], blocks: int, seconds: float, reload_s: float) -> list[Cell]:
    cells = blocks_of(loaders, blocks)
    return balanced(cells, lambda c: c[2], blocks_joined(cells, lambda c: c[2], lambda _: seconds, reload_s))


loader_lists = st.lists(st.sampled_from("abc"), min_size=1, max_size=7)


@given(loader_lists, st.integers(1, 8), st.floats(0.1, 100), st.floats(0, 100))
def test_every_cell_runs_once(loaders: list[str], blocks: int, seconds: float, reload_s: float) -> None:
    cells = ordered(loaders, blocks, seconds, reload_s)
    assert sorted(cells) == sorted(cell for block in blocks_of(loaders, blocks) for cell in block)


@given(loader_lists, st.integers(1, 8))
def test_with_cheap_reloads_every_prefix_is_fair(loaders: list[str], blocks: int) -> None:
    cells = ordered(loaders, blocks, 100.0, 0.0)
    for end in range(len(cells) + 1):
        seen = [sum(1 for cell in cells[:end] if cell[0] == f"s{i}") for i in range(len(loaders))]
        assert max(seen) - min(seen) <= 1


@given(loader_lists, st.integers(1, 12), st.floats(1, 100), st.floats(0.1, 50))
def test_reloads_stay_within_their_share_or_are_as_few_as_can_be(
    loaders: list[str], blocks: int, seconds: float, reload_s: float
) -> None:
    cells = ordered(loaders, blocks, seconds, reload_s)
    count, fewest = reloads(cells, lambda c: c[2]), len(set(loaders))
    per_block = seconds * len(loaders)
    allowed = RELOAD_SHARE * per_block * blocks / reload_s + fewest
    assert count == fewest or count <= allowed


def test_only_the_prompt_before_counts() -> None:
    assert reloads("ABA", lambda c: c) == 3
    assert reloads("AAB", lambda c: c) == 2
    assert reloads("", lambda c: c) == 0


@given(loader_lists, st.integers(1, 8), st.floats(1, 100), st.floats(0, 50))
def test_an_order_costs_no_less_than_the_fewest_loads_and_no_more_than_the_order_given(
    loaders: list[str], blocks: int, seconds: float, reload_s: float
) -> None:
    cells = ordered(loaders, blocks, seconds, reload_s)
    found = compared(cells, lambda c: c[2], lambda c: c[1], lambda c: int(c[0][1:]))
    assert found.fewest == len(set(loaders)) <= found.own <= found.as_given
    assert found.own == reloads(cells, lambda c: c[2])


@given(loader_lists, st.integers(1, 12), st.floats(1, 100), st.floats(0.1, 50))
def test_every_prefix_is_fair_up_to_the_blocks_that_were_joined(
    loaders: list[str], blocks: int, seconds: float, reload_s: float
) -> None:
    cells = ordered(loaders, blocks, seconds, reload_s)
    groups, total = len(set(loaders)), seconds * len(loaders)
    joined = max(1, math.ceil((groups - 1) * reload_s / (RELOAD_SHARE * total) * (1 + 1e-9)))
    for end in range(len(cells) + 1):
        seen = [sum(1 for cell in cells[:end] if cell[0] == f"s{i}") for i in range(len(loaders))]
        assert max(seen) - min(seen) <= joined


def test_neighbouring_blocks_share_a_loader() -> None:
    cells = ordered(["a", "a", "b"], 4, 100.0, 1.0)
    assert reloads(cells, lambda c: c[2]) == 1 + 4


def test_nothing_to_order_is_fine() -> None:
    assert balanced([], lambda c: c, blocks_joined([], lambda c: c, lambda c: 1.0, 1.0)) == []
