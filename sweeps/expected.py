"""Failures that an experiment declares as results."""

from collections.abc import Sequence

from sweeps.config import ExpectedFailure
from sweeps.plan import PlannedCell


def is_expected(planned: PlannedCell, status: str, expected: Sequence[ExpectedFailure]) -> bool:
    """Whether the experiment declared that this cell may end in ``status``."""
    values = {
        **(planned.cell.values if planned.cell else {}),
        "width": planned.clip.width,
        "height": planned.clip.height,
    }
    return any(
        one.outcome == status and all(values.get(key) == value for key, value in one.where.items()) for one in expected
    )
