"""Seconds of renders: a first guess from the measured machine, corrected by the store's own history."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from workflow.cost import FIRST_GUESS, LOAD_S, Parts, Shape, Span, seconds, stand_in_seconds
from workflow.errors import HarnessError

Scale = tuple[float, float, float]

ALIKE: Final = 3.0
"""A render that took more or less than the others by so much is passed over: it waited for somebody, or spilled."""
SURE: Final = 0.03
"""No forecast claims to be nearer than this share."""
_PRIOR: Final = 1.0  # the first guess counts as so many renders
_FITS: Final = 4
_LEAST: Final = 0.02  # of the common factor: no part of a render takes nothing


class StopTimeError(HarnessError):
    """``sweep.stop_at`` is no time of day."""

    code = "stop-at-invalid"


@dataclass(frozen=True)
class Past:
    """A render of the past: what it was and what it took, None where that is not known."""

    shape: Shape
    seconds: float
    size: int = 0
    cold: bool | None = None
    load_s: float | None = None
    vram: int | None = None
    ram: int | None = None


@dataclass(frozen=True)
class CostModel:
    """Seconds of a warm render: ``guess`` times ``scale`` (cell, steps, windows), give or take ``spread``.

    ``load`` is what reading the models anew adds. ``learned_from`` counts the renders that corrected it.
    """

    guess: Callable[[Shape], Parts]
    load: Span
    spread: Span
    scale: Scale = (1.0, 1.0, 1.0)
    learned_from: int = 0

    def seconds(self, shape: Shape) -> float:
        """The one figure to reckon with, for a render without a reload."""
        parts = self.guess(shape)
        return parts.cell * self.scale[0] + parts.steps * self.scale[1] + parts.windows * self.scale[2]

    def span(self, shape: Shape) -> Span:
        """The same as a range."""
        return self.spread.times(self.seconds(shape))


MODEL_SERVER: Final = CostModel(seconds, LOAD_S, FIRST_GUESS)
STAND_IN: Final = CostModel(stand_in_seconds, Span(0.1, 0.2, 0.5), Span(0.4, 1.0, 3.0))


def learn(model: CostModel, history: Sequence[Past]) -> CostModel:
    """``model`` corrected by ``history``.

    Each of its three parts gets a factor of its own: those that explain the renders with the least relative error
    (squared), the median of measured ÷ guessed being the prior for all three. What a reload takes is the difference
    between the loading of renders that read the models and of those that did not; renders that did teach nothing
    else, as long as there are others.
    """
    past = [one for one in history if one.seconds > 0]
    load = _learn_load(model.load, past)
    warm = [one for one in past if not one.cold] or past
    taken = [max(one.seconds - (load.mid if one.cold else 0.0), 0.3 * one.seconds) for one in warm]
    if not warm:
        return model
    rows = [(model.guess(one.shape), seconds) for one, seconds in zip(warm, taken, strict=True)]
    factor = statistics.median(seconds / parts.whole for parts, seconds in rows)
    scale, alike = (factor, factor, factor), rows
    for _ in range(_FITS):  # which renders are unlike the others shows the better, the better the fit
        alike = [row for row in rows if 1 / ALIKE <= _off(row, scale) <= ALIKE] or alike
        scale = _fit(alike, factor)
    spread = _spread([_off(row, scale) for row in alike])
    return replace(model, load=load, scale=scale, spread=spread, learned_from=len(past))


def _learn_load(first: Span, past: Sequence[Past]) -> Span:
    cold = [one.load_s for one in past if one.cold and one.load_s is not None]
    warm = [one.load_s for one in past if one.cold is False and one.load_s is not None]
    if not cold or not warm:
        return first
    reload = max(0.0, statistics.median(cold) - statistics.median(warm))
    return Span(0.7 * reload, reload, 1.5 * reload)


def _of(parts: Parts) -> Scale:
    return parts.cell, parts.steps, parts.windows


def _off(row: tuple[Parts, float], scale: Scale) -> float:
    """What a render took, as a multiple of what ``scale`` says."""
    parts, seconds = row
    return seconds / sum(part * by for part, by in zip(_of(parts), scale, strict=True))


def _fit(rows: Sequence[tuple[Parts, float]], factor: float) -> Scale:
    """Least squares of relative errors with ``factor`` as the prior of all parts, none below a little of it."""
    scaled = [[part * factor / seconds for part in _of(parts)] for parts, seconds in rows]
    square = [[sum(row[i] * row[j] for row in scaled) + _PRIOR * (i == j) for j in range(3)] for i in range(3)]
    goal = [sum(row[i] for row in scaled) + _PRIOR for i in range(3)]
    found = [1.0, 1.0, 1.0]
    for _ in range(200):  # one part at a time: the bound is kept, and three parts converge at once
        for i in range(3):
            rest = sum(square[i][j] * found[j] for j in range(3) if j != i)
            found[i] = max((goal[i] - rest) / square[i][i], _LEAST)
    return found[0] * factor, found[1] * factor, found[2] * factor


def _spread(off: Sequence[float]) -> Span:
    """From the tenth to the ninetieth per cent of what renders took against the fit; wider where few are known."""
    unsure = max(0.35 / len(off) ** 0.5, SURE)
    ordered = sorted(off)
    low, high = ordered[int(0.1 * (len(off) - 1))], ordered[-1 - int(0.1 * (len(off) - 1))]
    return Span(min(low, 1 - unsure), 1.0, max(high, 1 + unsure))


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
