"""Searches without servers: a book in a file."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from sweeps.search.aims import Objective
from sweeps.search.book import Book
from sweeps.search.samplers import make_sampler
from sweeps.search.space import Space, space_of

sys.path.insert(0, str(Path(__file__).parent))  # the helpers here

from computed import BASE
from postgres import Postgres


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Book]:
    """Opens the same study again and again."""

    def opened(
        space: Space | None = None,
        *,
        sampler: str = "tpe",
        objectives: Sequence[Objective] = (Objective("cost/window_s", False),),
        definition: Mapping[str, Any] | None = None,
        base: Mapping[str, Any] = BASE,
        name: str = "study",
    ) -> Book:
        space = space or space_of({"steps": {"low": 2, "high": 9}, "cfg": [1.0, 1.5, 2.0], "shift": [9.0, 11.0]})
        told = definition if definition is not None else {"space": space.to_json()}
        made = Book(
            f"sqlite:///{tmp_path}/optuna.db",
            name,
            space,
            objectives,
            lambda begun: make_sampler(sampler, {}, 0, begun),
            told,
        )
        made.open(base)
        return made

    return opened


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    made = Postgres()
    if not made.there:
        made.remove()
        pytest.skip("no PostgreSQL under /usr/lib/postgresql: apt-get install postgresql")
    made.create()
    yield made
    made.remove()
