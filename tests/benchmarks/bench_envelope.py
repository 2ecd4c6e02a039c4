"""How far the envelope metric can be trusted on real speech: offset error, detection power, false evidence.

    python tests/benchmarks/bench_envelope.py [VIDEO …] [--step 0.5]

Takes the real clips of TALKING_CLIPS and any further talking videos with sound in sync that are named, cuts them into
pieces of 5, 10 and 15 s, and pairs each piece's mouth with

- its own sound: *power* is the share with evidence (p ≤ 0.05), *error* the distance of the found offset to that of the
  whole clip (its peak, with or without evidence), in frames of 40 ms, over pieces with evidence and over all;
- its own sound moved by −10 … +10 frames: the error of the found shift;
- foreign sound: other clips, speech.wav, the project's own long Mandarin text,
  the same clip from elsewhere (2.5 s away or more), each also backwards.
  *false* is the share with evidence. Pairs overlap, so the share is less certain than its count suggests.
"""

import argparse
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from eval.metrics import envelope as env  # noqa: E402
from eval.pipeline import watch  # noqa: E402
from eval.series import Floats  # noqa: E402
from eval.settings import DEFAULT  # noqa: E402
from workflow.media.probe import probe  # noqa: E402
from workflow.media.sound import speech  # noqa: E402

CLIPS = Path(os.environ.get("TALKING_CLIPS", ROOT.parent / "shared" / "data"))
AWAY_S = 2.5


@dataclass(frozen=True)
class Clip:
    """Mouth columns and sound of one video."""

    name: str
    fps: float
    columns: tuple[Floats, Floats, Floats]
    sound: np.ndarray


def load(path: Path) -> Clip:
    """Watch the mouth of a video once."""
    fps = probe(path).fps
    seen = watch(path, fps, None, replace(DEFAULT, families=("lipsync",)))
    assert seen.mouth is not None
    columns = tuple(seen.mouth.series[name] for name in ("dark", "row", "low"))
    print(f"{path.name}: {seen.frames} frames at {fps:g}/s, face in {seen.with_face / seen.frames:.0%}", flush=True)
    return Clip(path.name, fps, columns, speech(path))


def pair(clip: Clip, start: int, frames: int, sound: np.ndarray) -> env.Evidence | None:
    """The evidence for ``frames`` of a clip's mouth against some sound."""
    mouth = env.opening(*(column[start : start + frames] for column in clip.columns), clip.fps)
    loud = env.speech_envelope(sound, clip.fps, frames)
    return env.evidence(mouth, env.syllable_band(loud, clip.fps), clip.fps, DEFAULT.max_offset_s)


def part(sound: np.ndarray, start_s: float, length_s: float) -> np.ndarray:
    """A stretch of sound, None-padded with silence where it leaves the recording."""
    first, count = round(start_s * env.RATE), round(length_s * env.RATE)
    out = np.zeros(count, np.int16)
    inside = sound[max(first, 0) : max(first + count, 0)]
    out[max(-first, 0) : max(-first, 0) + inside.size] = inside
    return out


def frames_off(found: env.Evidence | None, true_s: float) -> float:
    """Offset error in frames of 40 ms, NaN without a result."""
    return float("nan") if found is None else abs(found.offset_s - true_s) / env.FRAME_S


def report(clips: list[Clip], sounds: dict[str, np.ndarray], length: float, step: float) -> None:
    """Print the figures for pieces of one length."""
    own: list[tuple[float, bool]] = []
    moved: list[float] = []
    false: list[bool] = []
    for clip in clips:
        frames, total = round(length * clip.fps), min(len(clip.columns[0]), int(clip.sound.size / env.RATE * clip.fps))
        whole = pair(clip, 0, total, clip.sound)
        for start in range(0, total - frames + 1, frames):
            if whole is not None:
                found = pair(clip, start, frames, part(clip.sound, start / clip.fps, length))
                own.append((frames_off(found, whole.offset_s), found is not None and found.p <= env.EVIDENCE))
                for shift in (-10, -5, 5, 10):
                    late = part(clip.sound, start / clip.fps - shift * env.FRAME_S, length)
                    found = pair(clip, start, frames, late)
                    if found is not None and found.p <= env.EVIDENCE:
                        moved.append(frames_off(found, whole.offset_s - shift * env.FRAME_S))
            for name, sound in sounds.items():
                for second in np.arange(0, sound.size / env.RATE - length + 1e-6, step):
                    if name == clip.name and abs(second - start / clip.fps) < AWAY_S:
                        continue
                    foreign = part(sound, float(second), length)
                    for other in (foreign, foreign[::-1]):
                        found = pair(clip, start, frames, other)
                        false.append(found is not None and found.p <= env.EVIDENCE)
    errors, known = np.array([error for error, _ in own]), np.array([seen for _, seen in own], dtype=bool)
    print(
        f"{length:4.0f} s: own sound {len(own)} pieces, power {known.mean():.0%}, mean |offset error| "
        f"{_mean(errors[known])} frames with evidence, {_mean(errors)} over all; moved by ±5, ±10: {len(moved)} with "
        f"evidence, error {_mean(np.array(moved))}, within 2 frames {_share(np.array(moved) <= 2)}; "
        f"foreign {len(false)} pairs, false evidence {_share(np.array(false))}",
        flush=True,
    )


def _mean(values: np.ndarray) -> str:
    return f"{np.nanmean(values):.2f}" if values.size else "–"


def _share(values: np.ndarray) -> str:
    return f"{np.mean(values):.1%}" if values.size else "–"


def main() -> None:
    """Load, pair, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="*", type=Path, help="further talking videos with their own sound in sync")
    parser.add_argument("--step", type=float, default=0.5, help="seconds between stretches of foreign sound")
    args = parser.parse_args()
    shipped = [CLIPS / name for name in ("talking_frontal.mp4", "talking_small_face.mp4")]
    clips = [load(path) for path in [*shipped, *args.videos] if path.is_file()]
    sounds = {clip.name: clip.sound for clip in clips}
    if (CLIPS / "speech.wav").is_file():
        sounds["speech.wav"] = speech(CLIPS / "speech.wav")
    sounds["spring_festival.wav"] = speech(ROOT / "sweeps" / "sample" / "spring_festival.wav")
    for length in (5, 10, 15):
        report(clips, sounds, length, args.step)


if __name__ == "__main__":
    main()
