"""A user's own footage as the norm: how far a real mouth opens, measured the way the renders are."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from eval.score import Score, score_video
from eval.settings import Settings
from workflow.errors import HarnessError

LONGEST_S = 60.0
RATE = 16000


class FootageError(HarnessError):
    """A video given as one's own footage in which no talking mouth can be measured."""

    code = "footage-unusable"


def footage_norm(path: Path, settings: Settings) -> Mapping[str, float]:
    """What ``score_video(…, footage=…)`` needs of the real video at ``path``, scored once with its own sound.

    Empty where the settings leave the mouth out. Raises :class:`FootageError` where the mouth cannot be measured,
    MissingMediaError where there is no such file, and the landmarker's errors.
    """
    if "mouth" not in settings.families:
        return {}
    networks = tuple(network for network in settings.networks if network == "landmarks")
    return norm_of(path, score_footage(path, replace(settings, families=("mouth",), networks=networks)))


def norm_of(path: Path, score: Score) -> Mapping[str, float]:
    """The norm out of the score of the footage at ``path``; raises FootageError where it has none."""
    from eval.metrics.mouth import norm

    found = norm(score.values)
    if score.status != "ok" or not found:
        why = score.reason or next((value.missing for value in score.values.values() if value.missing), "no mouth")
        raise FootageError(f"{path} is no footage to measure by: {why}", hint="give a video of a face that talks")
    return found


def score_footage(path: Path, settings: Settings) -> Score:
    """What the evaluator says of a real video, by its own sound: the ceiling. Its first minute, as a take can be long.

    Raises the errors of ``score_video``.
    """
    from workflow.media.errors import MediaError
    from workflow.media.sound import speech, write_wav

    try:
        samples = speech(path, RATE)
    except MediaError:
        return score_video(path, settings=settings)  # it says itself what is wrong
    if samples.size <= LONGEST_S * RATE:
        return score_video(path, settings=settings)
    with tempfile.TemporaryDirectory(prefix="footage-") as folder:
        first = Path(folder) / "first-minute.wav"
        write_wav(first, samples[: round(LONGEST_S * RATE)], RATE)
        return score_video(path, speech=first, settings=settings)
