"""The result of a calibration, as it is kept in JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

FORMAT = 1

Level = Literal["trusted", "experimental", "not calibrated"]


@dataclass(frozen=True)
class Clip:
    """What was calibrated on, by the contents of the file; no name and no place of it."""

    sha256: str
    width: int
    height: int
    face_width: float
    seconds: float
    start_s: float
    coverage: float
    seams: tuple[int, ...]


@dataclass(frozen=True)
class Summary:
    """A metric's answers to one distortion that is aimed at it, over ``clips`` clips.

    ``following`` counts clips on which it follows, ``seen`` those on which the reference strength is detected.
    ``slope`` is (median, least, largest) over clips, ``true_ratio`` likewise, ``detected`` the worst clip's (None: one
    of them never), ``saturates`` the earliest.
    """

    clips: int
    following: int
    monotone: int
    seen: int
    spearman: float | None
    slope: tuple[float, float, float] | None
    true_ratio: tuple[float, float, float] | None
    at_reference: float | None
    detected: float | None
    saturates: float | None


@dataclass(frozen=True)
class Cross:
    """What a distortion does at its reference strength: in standard deviations of a difference of repeats, and over
    the median of what the metric's own distortions do. ``expected``: the metric's own quantity changes, rightly."""

    in_noise: float | None
    relative: float | None
    expected: bool


@dataclass(frozen=True)
class MetricResult:
    """All about one metric. ``clean`` has a value or None for each clip; ``noise`` is the repeats' deviation.

    ``false_alarms`` counts clean clips outside the metric's own gate (None: it has none). ``noisiest`` is the harmless
    change that it answers to most.
    """

    version: int
    level: Level
    reason: str
    clean: tuple[float | None, ...] = ()
    false_alarms: int | None = None
    noise: float | None = None
    repeats: int = 0
    noisiest: str | None = None
    aims: Mapping[str, Summary] = field(default_factory=dict)
    cross: Mapping[str, Cross] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """A calibration: of which scorer, on what, with what outcome.

    ``responses`` are the raw values: distortion, then clip, then ``strengths`` and ``values`` by metric; ``repeats``
    likewise: clip, then harmless change, then metric.
    ``complete`` is False when only some distortions or levels were measured.
    """

    scorer_version: int
    settings: Mapping[str, Any]
    weights: Mapping[str, str | None]
    complete: bool
    clips: tuple[Clip, ...]
    distortions: Mapping[str, Mapping[str, Any]]
    metrics: Mapping[str, MetricResult]
    failures: tuple[str, ...] = ()
    responses: Mapping[str, Any] = field(default_factory=dict)
    repeats: tuple[Any, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain dict of JSON types, numbers to five significant digits."""
        return {"format": FORMAT, **_plain(asdict(self))}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.5g}")
    return value


def from_json(data: Mapping[str, Any]) -> Result:
    """The inverse of :meth:`Result.to_json`. Raises ValueError for another format, KeyError or TypeError for damage."""
    if data.get("format") != FORMAT:
        raise ValueError(f"calibration format {data.get('format')!r} is not {FORMAT}")
    fields = {name: value for name, value in data.items() if name != "format"}
    fields["clips"] = tuple(Clip(**{**clip, "seams": tuple(clip["seams"])}) for clip in data["clips"])
    fields["metrics"] = {name: _metric(one) for name, one in data["metrics"].items()}
    fields["failures"], fields["repeats"] = tuple(data["failures"]), tuple(data["repeats"])
    return Result(**fields)


def _metric(data: Mapping[str, Any]) -> MetricResult:
    aims = {name: Summary(**{**one, **_triples(one)}) for name, one in data["aims"].items()}
    cross = {name: Cross(**one) for name, one in data["cross"].items()}
    return MetricResult(**{**data, "clean": tuple(data["clean"]), "aims": aims, "cross": cross})


def _triples(one: Mapping[str, Any]) -> dict[str, Any]:
    return {key: None if one[key] is None else tuple(one[key]) for key in ("slope", "true_ratio")}
