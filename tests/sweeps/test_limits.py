"""No cell starts whose forecast passes a limit."""

from datetime import datetime, timedelta

import pytest

from sweeps.config import BudgetConfig
from sweeps.limits import Limits

NOON = datetime(2026, 5, 1, 12, 0)


def limits(now: list[datetime], stop_at: datetime | None = None, **budget: float) -> Limits:
    return Limits(BudgetConfig(**budget), stop_at, now=lambda: now[-1])  # type: ignore[arg-type]


def test_without_limits_everything_may_start() -> None:
    assert limits([NOON]).forbids(1e9) is None


def test_a_cell_that_would_end_after_stop_at_does_not_start() -> None:
    now = [NOON]
    found = limits(now, NOON + timedelta(minutes=10))
    assert found.forbids(599) is None
    assert "sweep.stop_at=12:10" in (found.forbids(601) or "")
    now.append(NOON + timedelta(minutes=5))
    assert found.forbids(301) is not None


def test_cells_that_wait_on_the_server_count() -> None:
    assert limits([NOON], NOON + timedelta(minutes=10)).forbids(400, queued_s=300) is not None


def test_wall_hours_count_from_the_start() -> None:
    now = [NOON]
    found = limits(now, wall_hours=1)
    now.append(NOON + timedelta(minutes=59))
    assert found.forbids(59) is None
    assert "wall_hours" in (found.forbids(61) or "")


def test_gpu_hours_count_what_renders_took() -> None:
    found = limits([NOON], gpu_hours=1)
    found.gpu_s = 3000
    assert found.forbids(600) is None
    assert "gpu_hours" in (found.forbids(601) or "")


@pytest.mark.parametrize(("started", "allowed"), [(0, True), (1, True), (2, False)])
def test_a_budget_of_cells_counts_those_started(started: int, allowed: bool) -> None:
    found = limits([NOON], cells=2)
    found.cells = started
    assert (found.forbids(1) is None) is allowed


def test_forecasts_are_corrected_by_what_this_calls_renders_took() -> None:
    found = limits([NOON], NOON + timedelta(minutes=10))
    assert found.forbids(500) is None
    for _ in range(3):
        found.took(forecast_s=100, seconds=200)
    found.took(forecast_s=100, seconds=5000)  # one that spilled
    found.took(forecast_s=0, seconds=1)
    assert "forecast 17 min" in (found.forbids(500) or "")
    assert found.forbids(290) is None
