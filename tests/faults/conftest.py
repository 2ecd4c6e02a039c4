"""The fault matrix: where its rows are played, and how it is printed at the end."""

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the helpers here, also for the processes that tests kill

from house import House, Street
from small_sweep import make_cells, make_clip

from sweeps.store import Store
from workflow.cell import Cell, Clip

MATRIX = "fault matrix"
_SEEDS = itertools.count(1, 100)


@pytest.fixture(scope="session")
def _house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("house"))
    made.start()
    yield made
    made.kill()


@pytest.fixture
def house(_house: House) -> Iterator[House]:
    """The server of a row, in order when the row begins."""
    _house.in_order()
    yield _house


@pytest.fixture
def street(house: House, tmp_path: Path) -> Iterator[Street]:
    """Three servers, in order when the test begins."""
    more = [House(tmp_path / name) for name in ("second", "third")]
    try:
        for one in more:
            one.start()
        yield Street([house, *more])
    finally:
        for one in more:
            one.kill()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """What is spoken by whom, tiny."""
    return make_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def cells(clip: Clip) -> Callable[..., list[Cell]]:
    """``cells(3)``: cells that no other test has."""
    return lambda count, **values: make_cells(clip, count, next(_SEEDS), **values)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Where the renders of a row are kept."""
    return Store(tmp_path / "store")


@pytest.fixture
def matrix(request: pytest.FixtureRequest) -> Callable[[str, str, str], None]:
    """``matrix(row, expected, seen)``: a line of the table that is printed when all tests are through."""
    told = request.node.user_properties  # these travel with a test's report, whatever process it ran in
    place = sum(request.node.callspec.indices.values()) if hasattr(request.node, "callspec") else 0
    return lambda row, expected, seen: told.append((MATRIX, (place, row, expected, seen)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the matrix."""
    reports = [one for each in ("passed", "failed") for one in terminalreporter.stats.get(each, [])]
    told = [(one.location[:2], *line) for one in reports for name, line in one.user_properties if name == MATRIX]
    if not told:
        return
    lines = [line[2:] for line in sorted(told)]  # as they stand in the tests, whatever order they ran in
    terminalreporter.section(MATRIX)
    widths = [max(len(line[column]) for line in lines) for column in (0, 1)]
    for row, expected, seen in (("what goes wrong", "expected", "seen"), *lines):
        terminalreporter.write_line(f"{row:<{widths[0]}}  {expected:<{widths[1]}}  {seen}")
