"""Which metrics failed their own calibration: read from what ``python -m eval calibrate --install`` wrote."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from eval.metric import METRICS
from eval.settings import SCORER_VERSION

SHIPPED = Path(__file__).with_name("calibration.json")
"""The calibration that score tables go by."""

CHANGED = "changed since it was calibrated"


@lru_cache(maxsize=1)
def experimental() -> Mapping[str, str]:
    """Metrics that are not to be trusted, by name, with the reason in words.

    A metric whose version, or whose scorer's, is not the calibrated one is among them until it is calibrated again.
    One that could not be calibrated (:func:`uncalibrated`) is not.
    """
    return MappingProxyType({name: reason for name, (level, reason) in _read().items() if level == "experimental"})


@lru_cache(maxsize=1)
def uncalibrated() -> Mapping[str, str]:
    """Metrics of which nothing is known, for example as their weights were absent, with the reason."""
    known = _read()
    found = {name: reason for name, (level, reason) in known.items() if level == "not calibrated"}
    return MappingProxyType(found | {name: "no calibration is shipped" for name in METRICS if name not in known})


def remark(name: str) -> str | None:
    """One or two words to stand beside a value of the metric ``name``; None where it may be trusted."""
    if name in experimental():
        return "experimental"
    return "not calibrated" if name in uncalibrated() and "timings" not in METRICS[name].needs else None


def forget() -> None:
    """Read the file anew at the next question, as after a calibration was installed."""
    for cached in (experimental, uncalibrated):
        cached.cache_clear()


def _read() -> dict[str, tuple[str, str]]:
    """(level, reason) by metric; nothing when there is no file. Raises ValueError for one that is damaged."""
    if not SHIPPED.is_file():
        return {}
    data: Any = json.loads(SHIPPED.read_text(encoding="utf-8"))
    found: dict[str, tuple[str, str]] = {}
    for name, one in data["metrics"].items():
        if name not in METRICS:
            continue
        changed = one["version"] != METRICS[name].version or data["scorer_version"] != SCORER_VERSION
        stale = changed and one["level"] != "not calibrated"
        found[name] = ("experimental", CHANGED) if stale else (one["level"], one["reason"])
    return found
