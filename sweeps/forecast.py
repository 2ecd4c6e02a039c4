"""What a plan will cost: seconds a cell from a small cost model, corrected by the store's own history."""

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from workflow.errors import HarnessError

RENDER_BYTES_PER_PIXEL = 0.012
"""H.264 at crf 19 with sound, metadata, scores and a margin; measured on talking heads at 464×832."""


class StopTimeError(HarnessError):
    """``sweep.stop_at`` is no time of day."""

    code = "stop-at-invalid"


@dataclass(frozen=True)
class CostModel:
    """Seconds = cell + windows × (step_s × steps × passes + window_s), the window's part scaled by its pixels.

    The model server's numbers are read off full-size runs at 464×832 on one GPU (4 steps: 28.7 s for one window,
    49 to 54 s for two; 8 steps: 40.3 s; load about 12 s more): an order of magnitude for another card, corrected by
    ``factor`` = the median of measured ÷ modelled seconds in the store.
    """

    cell_s: float
    load_s: float
    step_s: float
    window_s: float
    factor: float = 1.0
    learned_from: int = 0

    def seconds(self, *, windows: int, frames: int, steps: int, passes: int, width: int, height: int) -> float:
        """Forecast seconds of one uncached render without a reload; ``frames`` a window as generated."""
        area = width * height * frames / (464 * 832 * 81)
        return self.factor * (self.cell_s + windows * area * (self.step_s * steps * passes + self.window_s))


MODEL_SERVER = CostModel(cell_s=6.0, load_s=17.0, step_s=2.9, window_s=10.0)
STAND_IN = CostModel(cell_s=0.3, load_s=0.2, step_s=0.01, window_s=0.9)


def learn(model: CostModel, history: Iterable[tuple[Mapping[str, Any], float]]) -> CostModel:
    """``model`` corrected by ``history``: pairs of what ``seconds`` takes and the seconds it really took."""
    ratios = [taken / model.seconds(**cell) for cell, taken in history if taken > 0]
    if not ratios:
        return model
    return CostModel(model.cell_s, model.load_s, model.step_s, model.window_s, statistics.median(ratios), len(ratios))


def passes(cfg: float, audio_cfg: float) -> int:
    """Model passes a step: 1 at cfg 1, 2 when cfg or audio cfg differs from 1, 3 when both do."""
    return 1 + (not math.isclose(cfg, 1.0)) + (not math.isclose(audio_cfg, 1.0))


def stop_time(text: str | None, now: datetime) -> datetime | None:
    """The next moment of the day ``HH:MM`` after ``now``.

    >>> stop_time("08:00", datetime(2026, 1, 1, 22, 0))
    datetime.datetime(2026, 1, 2, 8, 0)
    """
    if text is None:
        return None
    try:
        clock = datetime.strptime(text, "%H:%M").time()
    except ValueError as error:
        raise StopTimeError(
            f"sweep.stop_at={text} is no time of day", hint="write it as sweep.stop_at=08:00"
        ) from error
    moment = datetime.combine(now.date(), clock)
    return moment if moment > now else moment + timedelta(days=1)


def duration(seconds: float) -> str:
    """Seconds as a person reads them.

    >>> duration(42), duration(600), duration(9000)
    ('42 s', '10 min', '2 h 30 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def size(count: float) -> str:
    """Bytes as a person reads them.

    >>> size(1234567)
    '1.2 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
