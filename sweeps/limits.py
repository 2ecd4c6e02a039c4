"""When a sweep must start no further cell: a time of day, or a budget of hours or cells."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sweeps.config import BudgetConfig
from sweeps.forecast import duration


@dataclass
class Limits:
    """Asked before every cell starts; counts what was spent.

    ``stop_at`` is a moment, ``now`` a clock (for tests). Wall hours count from ``started``, GPU hours are the seconds
    that renders of this call took. Forecasts are corrected by what this call's renders took against theirs.
    """

    budget: BudgetConfig
    stop_at: datetime | None = None
    now: Callable[[], datetime] = datetime.now
    started: datetime = field(init=False)
    cells: int = 0
    gpu_s: float = 0.0
    paces: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.started = self.now()

    def took(self, forecast_s: float, seconds: float) -> None:
        """A render of this call took so long."""
        if forecast_s > 0 and seconds > 0:
            self.paces.append(seconds / forecast_s)

    def forbids(
        self,
        forecast_s: float,
        queued_s: float = 0.0,
        elsewhere_s: float = 0.0,
        *,
        again: bool = False,
        pace: float | None = None,
    ) -> str | None:
        """Why a cell of ``forecast_s`` seconds behind ``queued_s`` seconds of others must not start; None if it may.

        ``elsewhere_s`` are queued on other servers. ``pace`` is what this server's renders take against their
        forecasts, where that is known. One that starts ``again`` is no further cell.
        """
        usual = statistics.median(self.paces) if self.paces else 1.0
        own = usual if pace is None else pace
        forecast_s, queued_s, elsewhere_s = forecast_s * own, queued_s * own, elsewhere_s * usual
        end = self.now() + timedelta(seconds=queued_s + forecast_s)
        budget = self.budget
        if self.stop_at is not None and end > self.stop_at:
            return f"it would end after sweep.stop_at={self.stop_at:%H:%M} (forecast {duration(forecast_s)})"
        if budget.wall_hours is not None and end > self.started + timedelta(hours=budget.wall_hours):
            return f"it would pass sweep.budget.wall_hours={budget.wall_hours:g} (forecast {duration(forecast_s)})"
        if budget.gpu_hours is not None and self.gpu_s + queued_s + elsewhere_s + forecast_s > budget.gpu_hours * 3600:
            return f"it would pass sweep.budget.gpu_hours={budget.gpu_hours:g} (forecast {duration(forecast_s)})"
        if budget.cells is not None and not again and self.cells >= budget.cells:
            return f"sweep.budget.cells={budget.cells} are started"
        return None
