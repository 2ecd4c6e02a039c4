"""One measurement: a clip, a change, and what every metric says; done in a worker process."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from eval.calibrate import render
from eval.calibrate.material import Material
from eval.score import Settings, score_video

Kind = Literal["clean", "harmless", "distortion"]


@dataclass(frozen=True)
class Job:
    """Clip number ``clip``, changed by ``name`` at ``strength``, the ``draw``-th time."""

    clip: int
    kind: Kind
    name: str
    strength: float
    material: Material
    settings: Settings
    draw: int = 0


@dataclass(frozen=True)
class Row:
    """What came of a job: a number or None for each metric, and why numbers are missing.

    ``failed`` tells why there is no score at all.
    """

    clip: int
    kind: Kind
    name: str
    strength: float
    values: Mapping[str, float | None] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    failed: str | None = None


def measure(job: Job) -> Row:
    """Make the changed copy, score it, throw it away."""
    with tempfile.TemporaryDirectory(dir=job.material.folder) as place:
        folder = Path(place)
        if job.kind == "clean":
            copy = render.clean(job.material)
        elif job.kind == "harmless":
            copy = render.harmless(job.material, job.name, folder)
        else:
            copy = render.distorted(job.material, job.name, job.strength, job.draw, folder)
        score = score_video(
            copy.video,
            speech=copy.speech,
            reference=copy.reference,
            windows=job.material.windows,
            settings=job.settings,
            footage=job.material.footage,
        )
    values = {name: value.value for name, value in score.values.items()}
    missing = {name: value.missing for name, value in score.values.items() if value.missing is not None}
    failed = f"{score.status}: {score.reason}" if score.status != "ok" else None
    return Row(job.clip, job.kind, job.name, job.strength, values, missing, failed)
