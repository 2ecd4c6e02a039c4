"""One number a frame, kept in eight bytes: what collectors hand from the decode to the metrics."""

import math
from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]


class Series:
    """Named columns of floats that grow by one row a frame; what was not measured is NaN."""

    def __init__(self, names: Sequence[str]) -> None:
        self._columns = {name: array("d") for name in names}
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, **row: float) -> None:
        """Append one frame's numbers; a column that is not named gets NaN. Raises KeyError for an unknown name."""
        unknown = row.keys() - self._columns.keys()
        if unknown:
            raise KeyError(f"no such column: {sorted(unknown)}; there are {sorted(self._columns)}")
        for name, column in self._columns.items():
            column.append(row.get(name, math.nan))
        self._length += 1

    def __getitem__(self, name: str) -> Floats:
        """The column as a copy, ``[frames]`` float64."""
        return np.array(self._columns[name], dtype=np.float64)


def curve(values: Floats, digits: int = 5) -> list[float | None]:
    """A column as JSON can hold it: NaN becomes None, numbers are rounded to ``digits`` significant digits.

    >>> curve(np.array([0.1234567, np.nan]))
    [0.12346, None]
    """
    return [float(f"{v:.{digits}g}") if math.isfinite(v) else None for v in values.tolist()]


def known(values: Floats) -> Floats:
    """The numbers without the gaps."""
    return values[np.isfinite(values)]


def filled(values: Floats) -> Floats:
    """Gaps bridged by straight lines, ends held; all zeros when nothing is known."""
    there = np.isfinite(values)
    if not there.any():
        return np.zeros_like(values)
    at = np.arange(values.size)
    return np.asarray(np.interp(at, at[there], values[there]), dtype=np.float64)
