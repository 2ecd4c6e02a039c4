"""How one metric answers to one distortion on one clip: direction, order, slope, the least that is seen."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.calibrate.distortion import Aim
from eval.series import Floats, Indices

SURE = 2.0  # standard deviations of a difference that count as a change: some 95 %
WOBBLE = 0.1  # of the whole answer: a smaller step back is no disorder
LEAST_POINTS = 3


@dataclass(frozen=True)
class Response:
    """The answer to a distortion, ``sign`` being the direction that was meant.

    ``monotone``: nowhere does it turn back by more than noise. ``moves``: from one end to the other it goes the
    meant way by more than noise. ``spearman`` and ``kendall`` are rank correlations of strength and value, ``slope``
    is Theil and Sen's, in the metric's unit for a unit of strength. ``at_reference`` is the change at the reference
    strength (of two sides: half the difference of both), ``detected`` the smallest strength from which on every
    larger one is seen (of two sides: the larger; None: not even the largest), ``saturates`` the strength after which
    nothing more happens (None: there is none). ``true_ratio`` is the slope over the known one.
    """

    clean: float
    strengths: tuple[float, ...]
    values: tuple[float | None, ...]
    monotone: bool
    moves: bool
    spearman: float | None
    kendall: float | None
    slope: float | None
    at_reference: float | None
    detected: float | None
    saturates: float | None
    true_ratio: float | None

    @property
    def follows(self) -> bool:
        """Whether the metric does what it was meant to do."""
        return self.monotone and self.moves


def respond(
    clean: float, values: Mapping[float, float | None], aim: Aim, reference: float, noise: float | None
) -> Response | None:
    """The response from the ``clean`` value and those at other strengths; None with fewer than two of them.

    ``noise`` is the standard deviation of repeats of one clip (None: not known, then nothing is detected).
    """
    strengths, numbers = _known({0.0: clean, **values})
    if strengths.size < LEAST_POINTS:
        return None
    seen = math.nan if noise is None else threshold(noise)
    slope = _slope(strengths, numbers)
    known = expected_slope(aim, clean)
    change = (numbers - clean) * aim.sign
    meant = change if aim.enough is None else np.minimum(change, max((aim.enough - clean) * aim.sign, 0.0))
    return Response(
        clean=clean,
        strengths=(0.0, *values) if 0.0 not in values else tuple(values),
        values=(clean, *values.values()) if 0.0 not in values else tuple(values.values()),
        monotone=bool(_turns_back(meant) <= np.fmax(seen, WOBBLE * float(np.ptp(meant))) + 1e-12),
        moves=bool(change[-1] - change[0] > seen),
        spearman=_rank(strengths, numbers, "spearman"),
        kendall=_rank(strengths, numbers, "kendall"),
        slope=slope,
        at_reference=at_reference(clean, values, reference),
        detected=_detected(strengths, change, seen),
        saturates=_saturates(strengths, change, seen),
        true_ratio=slope / known if slope is not None and known else None,
    )


def expected_slope(aim: Aim, clean: float) -> float | None:
    """The slope that is known beforehand; None where none is, or where parts of a negative value would mean nothing."""
    if aim.per_unit is None or (aim.of_clean and clean <= 0):
        return None
    return aim.per_unit * (clean if aim.of_clean else 1.0)


def threshold(noise: float) -> float:
    """The change that counts as one: two values each have the noise."""
    return SURE * math.sqrt(2.0) * noise


def at_reference(clean: float, values: Mapping[float, float | None], reference: float) -> float | None:
    """The change at the reference strength; with values on both sides, half the difference between them."""
    up, down = values.get(reference), values.get(-reference)
    if up is None:
        return None if down is None else clean - down
    return up - clean if down is None else (up - down) / 2


def largest_change(clean: float, values: Mapping[float, float | None], reference: float) -> float | None:
    """The larger of the changes at the reference strength and at its opposite, as an amount."""
    found = [values.get(side) for side in (reference, -reference)]
    return max((abs(value - clean) for value in found if value is not None), default=None)


def _known(values: Mapping[float, float | None]) -> tuple[Floats, Floats]:
    pairs = sorted((strength, value) for strength, value in values.items() if value is not None)
    return np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])


def _turns_back(change: Floats) -> float:
    """The deepest fall below an earlier value: 0 for a curve that never falls."""
    return float(np.max(np.maximum.accumulate(change) - change))


def _rank(strengths: Floats, numbers: Floats, which: str) -> float | None:
    from scipy.stats import kendalltau, spearmanr

    if np.ptp(numbers) == 0:
        return None
    result = spearmanr(strengths, numbers) if which == "spearman" else kendalltau(strengths, numbers)
    return float(result.statistic)


def _slope(strengths: Floats, numbers: Floats) -> float | None:
    from scipy.stats import theilslopes

    return float(theilslopes(numbers, strengths)[0])


def _sides(strengths: Floats) -> Sequence[Indices]:
    """Indices of each side that has levels, from 0 outwards."""
    at = np.arange(strengths.size)
    sides = [at[strengths > 0], at[strengths < 0][::-1]]
    return [side for side in sides if side.size]


def _detected(strengths: Floats, change: Floats, seen: float) -> float | None:
    worst: float | None = 0.0
    for side in _sides(strengths):
        way = np.sign(strengths[side[0]])
        clear = change[side] * way > seen
        if not clear[-1]:
            return None
        first = int(np.flatnonzero(~clear)[-1]) + 1 if not clear.all() else 0
        worst = max(worst or 0.0, abs(float(strengths[side[first]])))
    return worst


def _saturates(strengths: Floats, change: Floats, seen: float) -> float | None:
    found: list[float] = []
    for side in _sides(strengths):
        for place, index in enumerate(side[:-1]):
            later = change[side[place + 1 :]]
            if abs(change[index]) > seen and np.all(np.abs(later - change[index]) <= seen):
                found.append(abs(float(strengths[index])))
                break
    return min(found, default=None)
