"""The primary metrics over all releases that were held against the baseline: where a step is, and how large."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sweeps.aggregate import summarise
from sweeps.compare.compare import Comparison
from sweeps.figure import new_figure, save_figure
from sweeps.lettering import drawable
from sweeps.summary_view import unit
from sweeps.tracking_client import TrackingError, open_client, translated

if TYPE_CHECKING:
    from sweeps.config import TrackingConfig

PARENT: Final = "mlflow.parentRunId"
MOST: Final = 24
"""Releases that are drawn: the baseline and the newest."""


@dataclass(frozen=True)
class Release:
    """One setting's mean of each metric in one environment, with its interval; ``label`` names the environment."""

    label: str
    figures: dict[str, tuple[float, float | None, float | None]]


def draw(found: Comparison, path: Path, outputs: Path, tracking: "TrackingConfig") -> bool:
    """Draw the baseline, the earlier releases that MLflow has of this sweep, and the candidate; False without any.

    Raises MediaWriteError.
    """
    metrics = [row.metric for row in found.primaries if row.candidate is not None]
    if not metrics:
        return False
    _picture(found, metrics, releases(found, metrics, outputs, tracking), path)
    return True


def releases(found: Comparison, metrics: list[str], outputs: Path, tracking: "TrackingConfig") -> list[Release]:
    """The baseline, the newest of the earlier releases, oldest first, and the candidate."""
    past = _earlier(found, metrics, outputs, tracking)
    return [_of(found.baseline, metrics), *past, _of(found.candidate, metrics)]


def label_of(stamp: Any, when: datetime) -> str:
    """A release in a few words: its label, else its version, and the day."""
    told = str(stamp.get("release") or "") or f"ComfyUI {stamp.get('comfyui') or '?'}"
    return f"{told}\n{when:%Y-%m-%d}"


def _of(side: Any, metrics: list[str]) -> Release:
    figures = {}
    for metric in metrics:
        one = summarise(side.setting, metric)
        if one.mean is not None:
            figures[metric] = (one.mean, one.low, one.high)
    return Release(label_of(side.sweep.stamp, side.sweep.started), figures)


def _earlier(found: Comparison, metrics: list[str], outputs: Path, tracking: "TrackingConfig") -> list[Release]:
    """Earlier runs of the sweep's setting, oldest first; none where MLflow cannot be asked."""
    from sweeps.tracking import experiment_name

    sweep = found.candidate.sweep
    query = "attributes.status = 'FINISHED' and tags.role = 'setting'"
    try:
        client = open_client(tracking, outputs)
        with translated("search runs"):
            experiment = client.get_experiment_by_name(experiment_name(sweep))
            if experiment is None:
                return []
            newest = client.search_runs(
                [experiment.experiment_id], query, max_results=MOST, order_by=["attributes.start_time DESC"]
            )
            ids = {run.data.tags.get(PARENT, "") for run in newest}
            named = ", ".join(f"'{one}'" for one in sorted(ids))
            parents = client.search_runs([experiment.experiment_id], f"attributes.run_id IN ({named})") if ids else []
    except TrackingError:
        return []
    plans = {run.info.run_id: run.data.tags.get("plan_hash") for run in parents}
    told = list[Release]()
    for run in newest:
        plan = plans.get(run.data.tags.get(PARENT))
        if plan in (None, sweep.plan_hash) or len(told) == MOST - 2:
            continue  # no sweep's, or the candidate itself, logged already
        values = run.data.metrics
        figures = {
            metric: (values[metric], values.get(f"{metric}.low"), values.get(f"{metric}.high"))
            for metric in metrics
            if math.isfinite(values.get(metric, math.nan))
        }
        when = datetime.fromtimestamp(run.info.start_time / 1000, UTC)
        told.append(Release(label_of(run.data.tags, when), figures))
    return told[::-1]


def _picture(found: Comparison, metrics: list[str], releases: list[Release], path: Path) -> None:
    figure = new_figure(max(5.0, 1.1 * len(releases) + 2), 1.9 * len(metrics) + 0.8)
    axes = figure.subplots(len(metrics), 1, squeeze=False, sharex=True)
    margins = {row.metric: row.margin for row in found.primaries}
    for axis, metric in zip(axes[:, 0], metrics, strict=True):
        places = [at for at, one in enumerate(releases) if metric in one.figures]
        means = [releases[at].figures[metric][0] for at in places]
        ends = [releases[at].figures[metric][1:] for at in places]
        errors = [
            [mean - (low if low is not None else mean) for mean, (low, _) in zip(means, ends, strict=True)],
            [(high if high is not None else mean) - mean for mean, (_, high) in zip(means, ends, strict=True)],
        ]
        axis.errorbar(places, means, yerr=errors, fmt="o-", color="#0072b2", capsize=3, drawstyle="steps-mid")
        base = releases[0].figures.get(metric)
        if base is not None:
            axis.axhline(base[0], color="#8a8a8a", lw=0.8)
            if size := margins.get(metric):
                axis.axhspan(base[0] - size, base[0] + size, color="#8a8a8a", alpha=0.15)
        axis.set_ylabel(f"{metric}\n{unit(metric)}", fontsize=8)
        axis.grid(alpha=0.2)
    axes[-1, 0].set_xticks(range(len(releases)), [drawable(one.label, "?") for one in releases], fontsize=7)
    note = f" · {found.candidate.sweep.note}" if found.candidate.sweep.note else ""
    figure.suptitle(f"baseline first, margin in grey{note}", fontsize=9)
    save_figure(figure, path)
