"""From rows of measurements to the result: noise, responses, cross-talk, verdicts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from math import sqrt
from operator import itemgetter
from typing import Any

import numpy as np

from eval.calibrate import response
from eval.calibrate.catalogue import DISTORTIONS
from eval.calibrate.distortion import Aim, Distortion
from eval.calibrate.job import Row
from eval.calibrate.material import Material
from eval.calibrate.response import Response
from eval.calibrate.result import Clip, Cross, MetricResult, Result, Summary
from eval.calibrate.verdict import verdict
from eval.metric import METRICS
from eval.settings import SCORER_VERSION, Settings
from eval.weights import sha_of

UNTOLD = ("device", "sources")  # settings that change no figure, or tell of the machine
CAP = 1000.0  # of effects in units of noise: a metric without any noise has no finite one

Values = Mapping[float, float | None]


class Table:
    """The rows of a calibration, by clip, distortion and strength."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.clean: dict[int, Row] = {}
        self.repeats: dict[int, list[Row]] = defaultdict(list)
        self.changed: dict[str, dict[int, dict[float, list[Row]]]] = defaultdict(lambda: defaultdict(dict))
        self.failures: list[str] = []
        for row in sorted(rows, key=lambda row: (row.clip, row.kind, row.name, row.strength)):
            if row.failed is not None:
                what = row.name if row.kind != "distortion" else f"{row.name} {row.strength:g}"
                self.failures.append(f"clip {row.clip + 1}, {what}: {row.failed}")
            if row.kind == "clean":
                self.clean[row.clip] = row
            elif row.kind == "harmless":
                self.repeats[row.clip].append(row)
            else:
                self.changed[row.name][row.clip].setdefault(row.strength, []).append(row)

    def values(self, distortion: str, clip: int, metric: str) -> Values:
        """The metric's values by strength, the mean of its draws; None where it is missing in all of them."""
        rows = self.changed.get(distortion, {}).get(clip, {})
        return {strength: _mean([row.values.get(metric) for row in draws]) for strength, draws in sorted(rows.items())}

    def noise(self, metric: str) -> tuple[float | None, int]:
        """(standard deviation, measurements): harmless copies about their clip's mean, pooled over clips."""
        squares, free, count = 0.0, 0, 0
        for clip, clean in self.clean.items():
            found = [row.values.get(metric) for row in (clean, *self.repeats[clip])]
            known = np.array([value for value in found if value is not None])
            if known.size > 1:
                squares += float(np.sum((known - known.mean()) ** 2))
                free += known.size - 1
                count += known.size
        return (None, count) if free == 0 else (float(np.sqrt(squares / free)), count)

    def noisiest(self, metric: str) -> str | None:
        """The harmless change that moves the metric most, in the mean over clips; None when none does."""
        moved: dict[str, list[float]] = defaultdict(list)
        for clip, clean in self.clean.items():
            for row in self.repeats[clip]:
                before, after = clean.values.get(metric), row.values.get(metric)
                if before is not None and after is not None:
                    moved[row.name].append(abs(after - before))
        name, most = max(
            ((name, sum(all_) / len(all_)) for name, all_ in moved.items()), key=itemgetter(1), default=("", 0)
        )
        return name if most > 0 else None


def _known(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def analyse(rows: Sequence[Row], materials: Mapping[int, Material], settings: Settings, complete: bool) -> Result:
    """Everything that the rows say. Clips without a clean row that is ok are not in ``materials``."""
    table = Table(row for row in rows if row.clip in materials)
    names = [name for name in DISTORTIONS if name in table.changed]
    numbers = {clip: place for place, clip in enumerate(sorted(materials))}
    return Result(
        scorer_version=SCORER_VERSION,
        settings={name: value for name, value in asdict(settings).items() if name not in UNTOLD},
        weights={network: sha_of(network, settings.sources) for network in settings.networks},
        complete=complete,
        clips=tuple(_clip(materials[clip]) for clip in numbers),
        distortions={name: _described(DISTORTIONS[name]) for name in names},
        metrics={metric: _metric(metric, table, names) for metric in settings.metrics},
        failures=tuple(table.failures),
        responses={name: [_raw(table, name, clip, settings.metrics) for clip in numbers] for name in names},
        repeats=tuple({row.name: _known(row.values) for row in table.repeats[clip]} for clip in numbers),
    )


def _metric(metric: str, table: Table, names: Sequence[str]) -> MetricResult:
    noise, repeats = table.noise(metric)
    clean = {clip: row.values.get(metric) for clip, row in table.clean.items()}
    reasons = Counter(row.missing[metric] for row in table.clean.values() if metric in row.missing)
    aims: dict[str, Summary] = {}
    own: list[float] = []
    for name in names:
        row = DISTORTIONS[name]
        if metric not in row.aims:
            continue
        found = [
            answer
            for clip, value in clean.items()
            if value is not None
            and _has_room(metric, value, row.aims[metric], noise)
            and (answer := _response(row, metric, value, table.values(name, clip, metric), noise))
        ]
        if found:
            aims[name] = summary(found, row.reference)
            own += [abs(aims[name].at_reference or 0.0)]
    typical = float(np.median(own)) if own else 0.0
    cross = {name: _cross(DISTORTIONS[name], metric, table, clean, noise, typical) for name in names}
    there = sum(value is not None for value in clean.values())
    why = reasons.most_common(1)[0][0] if reasons else ""
    aimed = any(metric in row.aims for row in DISTORTIONS.values())
    level, reason = verdict(there, why, aims, cross, aimed, len(clean))
    return MetricResult(
        METRICS[metric].version, level, reason, tuple(clean.values()), _outside(metric, clean.values()), noise, repeats,
        table.noisiest(metric), aims, cross if there else {},
    )  # fmt: skip


def _outside(metric: str, clean: Iterable[float | None]) -> int | None:
    if METRICS[metric].target == (None, None):
        return None
    return sum(value is not None and not METRICS[metric].within(value) for value in clean)


def _has_room(metric: str, clean: float, aim: Aim, noise: float | None) -> bool:
    """Whether the clean value can go the meant way at all: a head that never rests cannot rest less."""
    bound = METRICS[metric].range[aim.sign > 0]
    return bound is None or abs(bound - clean) > response.threshold(noise or 0.0)


def _response(row: Distortion, metric: str, clean: float, values: Values, noise: float | None) -> Response | None:
    return response.respond(clean, values, row.aims[metric], row.reference, noise)


def summary(found: Sequence[Response], reference: float) -> Summary:
    """Several clips' responses to one distortion."""
    detected = [one.detected for one in found]
    changes = [one.at_reference for one in found if one.at_reference is not None]
    ranks = [one.spearman for one in found if one.spearman is not None]
    ends = [one.saturates for one in found if one.saturates is not None]
    return Summary(
        clips=len(found),
        following=sum(one.follows for one in found),
        monotone=sum(one.monotone for one in found),
        seen=sum(level is not None and level <= reference for level in detected),
        spearman=float(np.median(ranks)) if ranks else None,
        slope=_triple([one.slope for one in found]),
        true_ratio=_triple([one.true_ratio for one in found]),
        at_reference=float(np.median(changes)) if changes else None,
        detected=None if None in detected else max(level for level in detected if level is not None),
        saturates=min(ends, default=None),
    )


def _triple(values: Sequence[float | None]) -> tuple[float, float, float] | None:
    known = [value for value in values if value is not None]
    return (float(np.median(known)), min(known), max(known)) if known else None


def _cross(
    row: Distortion, metric: str, table: Table, clean: Mapping[int, float | None], noise: float | None, own: float
) -> Cross:
    changes = [
        change
        for clip, value in clean.items()
        if value is not None
        and (change := response.largest_change(value, table.values(row.name, clip, metric), row.reference)) is not None
    ]
    if not changes:
        return Cross(None, None, row.expected(metric))
    change = float(np.median(changes))
    in_noise = None if noise is None else min(change / max(sqrt(2) * noise, change / CAP, 1e-12), CAP)
    return Cross(in_noise, min(change / own, CAP) if own > 0 else None, row.expected(metric))


def _clip(material: Material) -> Clip:
    scene = material.scene
    return Clip(
        material.sha256, material.width, material.height, scene.face_width, scene.spoken / scene.fps,
        material.start_s, material.coverage, scene.seams,
    )  # fmt: skip


def _described(row: Distortion) -> dict[str, Any]:
    return {
        "summary": row.summary, "unit": row.unit, "reference": row.reference, "touches": list(row.touches),
        "aims": {metric: asdict(aim) for metric, aim in row.aims.items()},
    }  # fmt: skip


def _raw(table: Table, name: str, clip: int, metrics: Sequence[str]) -> dict[str, Any]:
    found = {metric: table.values(name, clip, metric) for metric in metrics}
    strengths = sorted(table.changed[name].get(clip, {}))
    kept = {
        metric: list(values.values()) for metric, values in found.items() if any(v is not None for v in values.values())
    }
    return {"strengths": strengths, "values": kept}
