"""Which metrics failed their own calibration: read from what ``python -m eval calibrate --install`` wrote."""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from eval.metric import METRICS
from eval.settings import SCORER_VERSION

SHIPPED = Path(__file__).with_name("calibration.json")
"""The calibration that score tables go by."""

CHANGED = "changed since it was calibrated"
BY_LANDMARKS = "by landmarks"
"""In a value's flags: it was measured, or aligned, by face landmarks and not by the geometry of the face."""

_TWO_WAYS = ("mouth/", "tail/mouth", "likeness/lpips")
"""Metrics that are measured differently with landmarks: each way has a verdict of its own."""


def shipped(landmarks: bool) -> Path:
    """The file of the calibration without, or with, face landmarks."""
    return SHIPPED.with_name("calibration_landmarks.json") if landmarks else SHIPPED


def experimental(landmarks: bool = False) -> Mapping[str, str]:
    """Metrics that are not to be trusted, by name, with the reason in words; ``landmarks``: when measured by them.

    A metric whose version, or whose scorer's, is not the calibrated one is among them until it is calibrated again.
    One that could not be calibrated (:func:`uncalibrated`) is not.
    """
    known = _known(landmarks)
    return MappingProxyType({name: reason for name, (level, reason) in known.items() if level == "experimental"})


def uncalibrated(landmarks: bool = False) -> Mapping[str, str]:
    """Metrics of which nothing is known, for example as their weights were absent, with the reason."""
    known = _known(landmarks)
    found = {name: reason for name, (level, reason) in known.items() if level == "not calibrated"}
    return MappingProxyType(found | {name: "no calibration is shipped" for name in METRICS if name not in known})


def remark(name: str, flags: Iterable[str] = ()) -> str | None:
    """One or two words to stand beside a value of the metric ``name``, given its flags; None where it is trusted."""
    landmarks = any(BY_LANDMARKS in flag for flag in flags)
    if name in experimental(landmarks):
        return "experimental"
    return "not calibrated" if name in uncalibrated(landmarks) and "timings" not in METRICS[name].needs else None


def forget() -> None:
    """Read the files anew at the next question, as after a calibration was installed."""
    _known.cache_clear()


@lru_cache(maxsize=2)
def _known(landmarks: bool) -> Mapping[str, tuple[str, str]]:
    """(level, reason) by metric; what is measured one way only may come from either calibration."""
    known, other = _read(shipped(landmarks)), _read(shipped(not landmarks))
    for name, verdict in other.items():
        if not name.startswith(_TWO_WAYS) and known.get(name, ("not calibrated", ""))[0] == "not calibrated":
            known[name] = verdict
    return known


def _read(path: Path) -> dict[str, tuple[str, str]]:
    """(level, reason) by metric; nothing when there is no file. Raises ValueError for one that is damaged."""
    if not path.is_file():
        return {}
    data: Any = json.loads(path.read_text(encoding="utf-8"))
    found: dict[str, tuple[str, str]] = {}
    for name, one in data["metrics"].items():
        if name not in METRICS:
            continue
        changed = one["version"] != METRICS[name].version or data["scorer_version"] != SCORER_VERSION
        stale = changed and one["level"] != "not calibrated"
        found[name] = ("experimental", CHANGED) if stale else (one["level"], one["reason"])
    return found
