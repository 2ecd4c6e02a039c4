"""How fast a video is scored, and whether memory grows with its length.

    python tests/benchmarks/bench_scoring.py [--profile default] [--long 300]

Makes a 10 s and a 5 min video of 464×832 from a real clip (TALKING_CLIPS, else scikit-image's portrait), scores each in
a process of its own, and prints frames a second over everything (opening, sound, decode, faces, metrics) and the
peak resident memory of the process. A second run in the same process leaves the one-time imports out.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import chain, cycle, islice
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
CLIP = Path(os.environ.get("TALKING_CLIPS", ROOT.parent / "shared" / "data")) / "talking_frontal.mp4"
WIDTH, HEIGHT, FPS = 464, 832, 25


def pictures() -> tuple[list[np.ndarray], np.ndarray]:
    """Some seconds of frames at full size, and speech as long; forwards then backwards they loop without a cut."""
    import cv2

    from workflow.media.decode import frames
    from workflow.media.picture import fit
    from workflow.media.sound import speech

    if CLIP.is_file():
        # The clip's face fills its picture; a real render leaves room around it.
        ground = np.full((HEIGHT, WIDTH, 3), 96, np.uint8)
        ground[::16] = 120
        images = []
        for frame in islice(frames(CLIP), 125):
            image = ground.copy()
            image[150:614] = cv2.resize(frame, (464, 464), interpolation=cv2.INTER_AREA)
            images.append(image)
        return images, speech(CLIP)[: 5 * 16000]
    from skimage.data import astronaut

    still = fit(np.ascontiguousarray(astronaut()[:, 60:340, ::-1]), WIDTH, HEIGHT)
    moved = [np.roll(still, round(6 * np.sin(i / 4)), axis=1) for i in range(125)]
    rng = np.random.default_rng(0)
    loudness = np.repeat(np.abs(np.sin(np.arange(125) * 0.7)), 640)
    return moved, (rng.normal(0, 3000, loudness.size) * loudness).astype(np.int16)


def make(path: Path, seconds: int) -> None:
    """Write a talking video of that length."""
    from workflow.media.encode import VideoWriter
    from workflow.media.sound import write_wav

    images, sound = pictures()
    there_and_back: Iterator[np.ndarray] = cycle(chain(images, reversed(images)))
    wav = path.with_suffix(".wav")
    write_wav(wav, np.resize(sound, seconds * 16000), 16000)
    with VideoWriter(path, WIDTH, HEIGHT, FPS, audio=wav) as writer:
        for frame in islice(there_and_back, seconds * FPS):
            writer.write(frame)


def measure(video: str, profile: str, repeats: int) -> None:
    """Runs in the child: score and report as JSON."""
    from eval.score import PROFILES, score_video
    from workflow.windows import Windows

    runs = []
    for _ in range(repeats):
        start, spent = time.perf_counter(), time.process_time()
        score = score_video(Path(video), windows=Windows(81, 9, 10000), settings=PROFILES[profile])
        runs.append(score.frames / (time.perf_counter() - start))
        cpu = 1000 * (time.process_time() - spent) / score.frames
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"frames": score.frames, "coverage": score.coverage, "first": runs[0], "best": max(runs)}
    print(json.dumps({**found, "cpu": cpu, "peak": peak}))


def in_child(video: Path, profile: str, repeats: int) -> dict[str, float]:
    """Score in a fresh interpreter, so that its peak memory is its own."""
    command = [sys.executable, __file__, "--child", str(video), "--profile", profile, "--repeats", str(repeats)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=environment)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Make, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="default")
    parser.add_argument("--long", type=int, default=300, help="seconds of the long video")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        measure(args.child, args.profile, args.repeats)
        return
    with tempfile.TemporaryDirectory() as folder:
        peaks = []
        for seconds, repeats in ((10, args.repeats), (args.long, 1)):
            video = Path(folder) / f"{seconds}s.mp4"
            make(video, seconds)
            got = in_child(video, args.profile, repeats)
            peaks.append(got["peak"])
            print(
                f"{seconds:4d} s, {got['frames']:.0f} frames, face in {got['coverage']:.0%}: first run "
                f"{got['first']:.0f} frames/s with imports, best {got['best']:.0f} frames/s, "
                f"{got['cpu']:.1f} ms CPU a frame, peak {got['peak']:.0f} MB"
            )
        print(f"peak memory, long over short: {peaks[1] / peaks[0] - 1:+.1%}")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
