"""Adopted videos judged: against their speech and picture where these are here, else by their own sound."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sweeps.adopt.group import Video
from sweeps.adopt.inputs import Input, Inputs
from sweeps.judging import settings_of
from sweeps.scoring import ScoreTask
from sweeps.store import Entry

if TYPE_CHECKING:
    from sweeps.config import Config


@dataclass(frozen=True)
class Judged:
    """How one video is judged: its task, and what is to be said of it."""

    task: ScoreTask
    notes: tuple[str, ...] = ()


def judged_by(config: "Config", video: Video, entry: Entry, audio: Inputs, pictures: Inputs) -> Judged:
    """The task of one video."""
    from eval.settings import scorer_hash

    settings = settings_of(config)
    speech, picture = audio.find(video.made.speech), pictures.find(video.made.picture)
    notes = [] if isinstance(speech, Input) else [f"judged by the videos' own sound: {speech}"]
    notes += [] if isinstance(picture, Input) else [f"judged without their reference frame: {picture}"]
    heard, looked = (one if isinstance(one, Input) else None for one in (speech, picture))
    scorer = scorer_hash(
        settings,
        speech_sha256=heard.sha256 if heard else None,
        reference_sha256=looked.sha256 if looked else None,
    )
    task = ScoreTask(
        video.sha256,
        scorer,
        entry.video,
        heard.path if heard else None,
        looked.path if looked else None,
        video.made.windows,
        settings,
        heard.sha256 if heard else None,
        looked.sha256 if looked else None,
    )
    return Judged(task, tuple(notes))


def broken(scores: Mapping[str, Mapping[str, object] | None]) -> dict[str, str]:
    """Videos (by SHA-256) that were looked at and are nothing to be judged, with the reason."""
    return {
        sha256: str(score.get("reason") or "broken")
        for sha256, score in scores.items()
        if score is not None and score.get("status") == "broken"
    }
