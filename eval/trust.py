"""Which metrics failed their own calibration: the shipped one, or one's own from ``calibrate --install``."""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from eval.metric import METRICS
from eval.settings import SCORER_VERSION
from workflow.errors import HarnessError

SHIPPED = Path(__file__).with_name("calibration.json")
"""The calibration that score tables go by where there is no other."""

LOCAL = Path(__file__).resolve().parents[1] / "conf" / "local" / "calibration.json"
"""One's own, which git ignores: where it, or its twin with landmarks, is there, nothing that is shipped counts."""

CHANGED = "changed since it was calibrated"
BY_LANDMARKS = "by landmarks"
"""In a value's flags: it was measured, or aligned, by face landmarks and not by the geometry of the face."""

_TWO_WAYS = ("mouth/", "tail/mouth", "likeness/lpips")
"""Metrics that are measured differently with landmarks: each way has a verdict of its own."""


class DamagedCalibration(HarnessError):
    """The file that score tables go by makes no sense."""

    code = "calibration-damaged"


def shipped(landmarks: bool) -> Path:
    """The shipped file of the calibration without, or with, face landmarks."""
    return _twin(SHIPPED, landmarks)


def local(landmarks: bool) -> Path:
    """The same of one's own, there or not."""
    return _twin(LOCAL, landmarks)


def in_use(landmarks: bool) -> Path:
    """The file that score tables go by, there or not."""
    return local(landmarks) if is_own() else shipped(landmarks)


def is_own() -> bool:
    """Whether a calibration of one's own was installed."""
    return local(False).is_file() or local(True).is_file()


def two_ways(name: str) -> bool:
    """Whether the metric is measured differently with face landmarks."""
    return name.startswith(_TWO_WAYS)


def experimental(landmarks: bool = False) -> Mapping[str, str]:
    """Metrics that are not to be trusted, by name, with the reason in words; ``landmarks``: when measured by them.

    A metric whose version, or whose scorer's, is not the calibrated one is among them until it is calibrated again.
    One that could not be calibrated (:func:`uncalibrated`) is not. Raises DamagedCalibration, as all here do.
    """
    known = _known(landmarks)
    return MappingProxyType({name: reason for name, (level, reason) in known.items() if level == "experimental"})


def uncalibrated(landmarks: bool = False) -> Mapping[str, str]:
    """Metrics of which nothing is known, for example as their weights were absent, with the reason."""
    known = _known(landmarks)
    found = {name: reason for name, (level, reason) in known.items() if level == "not calibrated"}
    return MappingProxyType(found | {name: "there is no calibration of it" for name in METRICS if name not in known})


def remark(name: str, flags: Iterable[str] = ()) -> str | None:
    """One or two words to stand beside a value of the metric ``name``, given its flags; None where it is trusted."""
    landmarks = any(BY_LANDMARKS in flag for flag in flags)
    if name in experimental(landmarks):
        return "experimental"
    return "not calibrated" if name in uncalibrated(landmarks) and "timings" not in METRICS[name].needs else None


def check() -> None:
    """Read what tables go by, before hours of work end in one that cannot be shown. Raises DamagedCalibration."""
    for landmarks in (False, True):
        _known(landmarks)


def forget() -> None:
    """Read the files anew at the next question, as after a calibration was installed."""
    _known.cache_clear()


def data_of(path: Path) -> Mapping[str, Any]:
    """The JSON object in ``path``. Raises DamagedCalibration."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(path, str(error)) from None
    if not isinstance(data, dict):
        raise damaged(path, "not an object")
    return data


def damaged(path: Path, why: str) -> DamagedCalibration:
    """The error for a file of calibration, and how to be rid of it."""
    cure = "git checkout brings the shipped one back" if path.parent == SHIPPED.parent else "delete it, or install anew"
    return DamagedCalibration(f"{path} is no calibration: {why}", hint=cure)


@lru_cache(maxsize=2)
def _known(landmarks: bool) -> Mapping[str, tuple[str, str]]:
    """(level, reason) by metric; what is measured one way only may come from either calibration."""
    known, other = _read(in_use(landmarks)), _read(in_use(not landmarks))
    for name, verdict in other.items():
        if not two_ways(name) and known.get(name, ("not calibrated", ""))[0] == "not calibrated":
            known[name] = verdict
    return known


def _read(path: Path) -> dict[str, tuple[str, str]]:
    """(level, reason) by metric; nothing when there is no file."""
    if not path.is_file():
        return {}
    data = data_of(path)
    try:
        scorer, found = data["scorer_version"], data["metrics"].items()
        return {name: _verdict(name, one, scorer) for name, one in found if name in METRICS}
    except (KeyError, TypeError, AttributeError) as error:
        raise damaged(path, f"{type(error).__name__}: {error}") from None


def _verdict(name: str, one: Mapping[str, Any], scorer: int) -> tuple[str, str]:
    changed = one["version"] != METRICS[name].version or scorer != SCORER_VERSION
    level, reason = str(one["level"]), str(one["reason"])
    return ("experimental", CHANGED) if changed and level != "not calibrated" else (level, reason)


def _twin(path: Path, landmarks: bool) -> Path:
    return path.with_name("calibration_landmarks.json") if landmarks else path
