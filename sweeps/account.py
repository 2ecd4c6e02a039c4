"""The forecast against what it came to: in one line for a person, and as numbers for MLflow."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sweeps.forecast import duration
from sweeps.outlook_lines import between, between_gib
from sweeps.results import CellResult, SweepResult
from workflow.cost import GIB, Span
from workflow.words import counted

KINDS = ("vram", "ram")
WORDS = {"vram": "VRAM", "ram": "host memory"}


@dataclass(frozen=True)
class Account:
    """Of ``renders`` whose forecast and time are both known: seconds of all, the forecast of the loads included;
    the peaks in bytes are the largest of any, each with the forecast of the same render."""

    renders: int
    seconds: float
    forecast: Span
    peaks: Mapping[str, tuple[float, Span]]

    @property
    def factor(self) -> float:
        """What it took against the middle of the forecast."""
        return self.seconds / self.forecast.mid if self.forecast.mid > 0 else 1.0


def spent(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a render took and what was forecast of it, out of its ``render.json``; empty for older ones."""
    forecast, timings = record.get("forecast"), record.get("timings") or {}
    if not isinstance(forecast, Mapping):
        return {}
    figures = (record.get("memory") or {}).get("figures") or {}
    peaks = {"vram": figures.get("vram_reserved"), "ram": figures.get("ram_used")}
    return {
        "seconds": timings.get("total_s"),
        "cold": timings.get("cold"),
        "forecast": dict(forecast),
        "peaks": {kind: (one or {}).get("peak") for kind, one in peaks.items()},
    }


def account(cells: Iterable[CellResult]) -> Account | None:
    """The account of what ``cells`` took; None where nothing is known of any. Collapsed cells took nothing."""
    seconds, whole, renders = 0.0, Span(0.0, 0.0, 0.0), 0
    peaks: dict[str, tuple[float, Span]] = {}
    for cell in cells:
        told = cell.spent.get("forecast", {})
        took = cell.spent.get("seconds")
        if cell.state != "done" or took is None or "seconds" not in told:
            continue
        renders, seconds = renders + 1, seconds + took
        whole = whole.plus(Span(*told["seconds"]))
        if cell.spent.get("cold") and "load_s" in told:
            whole = whole.plus(Span(*told["load_s"]))
        for kind in KINDS:
            peak = cell.spent["peaks"].get(kind)
            if peak is not None and kind in told and peak > peaks.get(kind, (0.0, whole))[0]:
                peaks[kind] = (peak, Span(*told[kind]))
    return Account(renders, seconds, whole, peaks) if renders else None


def account_line(found: Account, *, stand_in: bool) -> str:
    """The account in one line.

    >>> account_line(Account(2, 66.0, Span(46, 66, 260), {}), stand_in=False)
    'forecast 46 s to 4 min for 2 renders, they took 66 s: 1.0× its middle'
    """
    renders = counted(found.renders, "render")
    they = "it" if found.renders == 1 else "they"
    parts = [
        f"forecast {between(found.forecast)} for {renders}, {they} took {duration(found.seconds)}: "
        f"{found.factor:.1f}× its middle"
    ]
    for kind, (peak, span) in found.peaks.items():
        parts.append(f"{WORDS[kind]} {peak / GIB:.1f} GiB, forecast {between_gib(span)}")
    return "; ".join(parts) + (" (a stand-in's numbers)" if stand_in else "")


def account_metrics(found: Account | None) -> dict[str, float]:
    """The account as metrics of the sweep's run: seconds, and GiB."""
    if found is None:
        return {}
    told = {
        "forecast/renders": float(found.renders),
        "forecast/seconds": found.forecast.mid,
        "forecast/seconds.low": found.forecast.low,
        "forecast/seconds.high": found.forecast.high,
        "forecast/seconds.actual": found.seconds,
        "forecast/factor": found.factor,
    }
    for kind, (peak, span) in found.peaks.items():
        told |= {f"forecast/{kind}_gib": span.mid / GIB, f"forecast/{kind}_gib.low": span.low / GIB}
        told |= {f"forecast/{kind}_gib.high": span.high / GIB, f"forecast/{kind}_gib.actual": peak / GIB}
    return told


def of_sweep(sweep: SweepResult, *, fresh: bool = False) -> Account | None:
    """The account of a sweep; ``fresh``: only of what this call rendered."""
    return account(one for one in sweep.cells if not (fresh and one.reused))


def slow_steps(cell: CellResult) -> list[str]:
    """Steps of a cell that took over three times the median, in words."""
    flags = cell.cost.get("cost/slow_steps", {}).get("flags") or ()
    return [f"{cell.clip}/{cell.seed}: {text}" for text in flags if text.startswith("step ")]


def slow_lines(sweep: SweepResult, most: int = 5) -> list[str]:
    """The same of what this call rendered, at most so many."""
    told = [
        f"{cell.setting}/{text}"
        for cell in sweep.cells
        if cell.state == "done" and not cell.reused
        for text in slow_steps(cell)
    ]
    return (
        told if len(told) <= most else [*told[: most - 1], f"… and {counted(len(told) - most + 1, 'slow step')} more"]
    )
