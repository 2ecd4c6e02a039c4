"""Sides made of numbers: one metric, one value a clip and seed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from eval.score import Score
from eval.value import absent, number
from sweeps.compare.sides import Side
from sweeps.results import CellResult, SettingResult, SweepResult

Values = Mapping[str, Mapping[str, Sequence[float | None]]]


def side(name: str, metrics: Values, **more: Any) -> Side:
    """``side(name, {metric: {clip: [value a seed, None: missing]}})``; costs go where costs are."""
    clips = list(dict.fromkeys(clip for table in metrics.values() for clip in table))
    cells = []
    for clip in clips:
        seeds = max(len(table.get(clip, ())) for table in metrics.values())
        for seed in range(seeds):
            told = {
                metric: absent("no evidence") if (value := table[clip][seed]) is None else number(value)
                for metric, table in metrics.items()
                if clip in table
            }
            score = {key: one for key, one in told.items() if not key.startswith("cost/")}
            cost = {key: one.to_json() for key, one in told.items() if key.startswith("cost/")}
            whole = Score("ok", None, score, {}, 1.0, 50, 25.0).to_json()
            made = CellResult(
                name, clip, seed, "done", folder=Path("x"), score=whole, cost=cost, inputs=(f"sha {clip}",)
            )
            cells.append(replace(made, environment="e1", card="card"))
    setting = SettingResult(name, {"steps": 4}, cells=tuple(cells))
    told_sweep: dict[str, Any] = {
        "experiment": "e", "sweep_id": "s", "plan_hash": "p" * 64, "stand_in": False, "settings": (setting,),
        "started": datetime(2026, 1, 1, tzinfo=UTC), "stamp": {"verified": True}, "judged": "j",
    }  # fmt: skip
    return Side(SweepResult(**{**told_sweep, **more}), setting, "s")


@pytest.fixture
def make_side() -> Callable[..., Side]:
    return side
