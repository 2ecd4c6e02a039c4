"""How fast the puppet is: frames a second at 464×832, from the picture to the finished MP4 with sound.

    python tests/benchmarks/bench_puppet.py [--seconds 12] [--rounds 3]

The aim is 60 frames a second on two cores. Printed are wall and CPU time of each stage, of the best round.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from runner.standin.frames import FrameStore, Images
from runner.standin.mechanisms import Knobs
from runner.standin.mux import add_sound
from runner.standin.puppet import Take, perform
from runner.standin.values import Sound
from workflow.media.encode import VideoWriter
from workflow.media.facebox import detect
from workflow.media.picture import fit
from workflow.windows import frames_for, windows_for

WIDTH, HEIGHT, RATE = 464, 832, 16000


def make_take(seconds: float) -> Take:
    """scikit-image's astronaut and a buzz with syllables."""
    from skimage.data import astronaut

    image = np.ascontiguousarray(astronaut()[:, :, ::-1])
    time_ = np.arange(int(seconds * RATE)) / RATE
    buzz = sum(np.sin(2 * np.pi * 120 * k * time_) / k for k in range(1, 12))
    speech = (0.2 * buzz * np.clip(np.sin(2 * np.pi * 4 * time_), 0, 1)).astype(np.float32)
    windows = windows_for(81, 9, frames_for(seconds), speech_seconds=seconds)
    return Take(fit(image, WIDTH, HEIGHT, detect(image)[0]), speech, windows, 2, Knobs())


def one_round(take: Take, folder: Path) -> list[tuple[str, float, float]]:
    """Stage, wall seconds, CPU seconds."""
    stages = []
    wall, cpu = time.perf_counter(), time.process_time()
    store = FrameStore(folder, WIDTH, HEIGHT)
    for frame in perform(take):
        store.append(frame)
    stages.append(("perform", time.perf_counter() - wall, time.process_time() - cpu))
    wall, cpu = time.perf_counter(), time.process_time()
    images, silent = Images(store), folder / "silent.mp4"
    with VideoWriter(silent, WIDTH, HEIGHT, take.fps) as writer:
        for frame in images:
            writer.write(frame)
    add_sound(silent, Sound(take.speech[None], RATE), len(images) / take.fps, folder / "sound.mp4", {})
    stages.append(("encode", time.perf_counter() - wall, time.process_time() - cpu))
    store.close()
    return stages


def main() -> None:
    """Print the best of some rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    take = make_take(args.seconds)
    with tempfile.TemporaryDirectory() as folder:
        rounds = [one_round(take, Path(folder)) for _ in range(args.rounds)]
    best = min(rounds, key=lambda stages: sum(wall for _, wall, _ in stages))
    frames = take.windows.frames
    for name, wall, cpu in [*best, ("together", sum(s[1] for s in best), sum(s[2] for s in best))]:
        rate, load = frames / wall, cpu / frames * 1000
        print(f"{name:9} {frames} frames in {wall:6.2f} s = {rate:6.1f} frames/s, {load:5.2f} ms CPU a frame")


if __name__ == "__main__":
    main()
