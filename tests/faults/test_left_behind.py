"""A job that an earlier command left on one server of a pool: followed there, or made anew where that one cannot."""

from collections.abc import Callable
from pathlib import Path

import pytest
from house import Street
from invariants import check, nothing_left
from small_sweep import ENVIRONMENT, config, plan_of, pool_config, sweep_on

from runner.pool import open_members
from runner.render import follow, submit
from runner.server import open_server
from sweeps.claims import Claims
from sweeps.store import Store
from workflow.cell import Cell

Cells = Callable[..., list[Cell]]


@pytest.mark.parametrize("able", [True, False])
def test_a_job_is_followed_where_it_was_left(
    street: Street, cells: Cells, store: Store, tmp_path: Path, able: bool
) -> None:
    six, last = cells(6), street.houses[-1]
    with open_server(config(last.url), tmp_path) as server:  # killed right after it had sent the last cell
        submitted = submit(server, six[-1], store.attempt(six[-1].recipe, ENVIRONMENT))
    assert submitted.journal is not None
    with open_members(pool_config(street.urls), tmp_path) as members:
        progress = sweep_on(members, six, store, fits=lambda member, planned: able or str(last.port) not in member.name)
    check(store, six, progress, street)
    nothing_left(store, six, street)
    assert progress.rendered == 6 and not progress.failures
    assert last.runs(six[-1]) == 1 and street.runs(six[-1]) == (1 if able else 2)


def test_what_failed_on_a_server_is_not_bound_to_it(street: Street, cells: Cells, store: Store, tmp_path: Path) -> None:
    (cell,), house = cells(1), street.houses[0]
    folder = store.attempt(cell.recipe, ENVIRONMENT)
    with open_server(config(house.url), tmp_path) as server:
        house.fault("node-error")
        submitted = submit(server, cell, folder)
        assert Claims(plan_of([cell], store).cells, store).given(house.url) == [f"s{cell.seed}/hum/{cell.seed}"]
        assert follow(server, submitted).status == "node_error"
    assert not Claims(plan_of([cell], store).cells, store).given(house.url)
    store.fail(folder, cell.recipe, ENVIRONMENT, {})
    assert not Claims(plan_of([cell], store).cells, store).given(house.url)
