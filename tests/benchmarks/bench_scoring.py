"""How fast a video is scored, and whether memory grows with its length.

    python tests/benchmarks/bench_scoring.py                     # without networks
    python tests/benchmarks/bench_scoring.py --networks random   # with SyncNet and LPIPS on random weights
        [--profile default] [--dtype bfloat16] [--device cuda] [--short 20] [--long 300]

Random weights take as long as trained ones. Landmarks join where FACE_LANDMARKS names the landmarker's file; SFace
has no random form. Makes a short and a long video of 464×832 from a real clip (TALKING_CLIPS, else a portrait),
scores each in a process of its own, and prints frames a second over everything (opening, sound, decode, faces, metrics)
and the peak resident memory of the process. A second run in the same process leaves the one-time imports out.
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
from dataclasses import replace
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

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


def random_weights(folder: Path) -> None:
    """SyncNet, and the AlexNet of LPIPS, as files of random numbers."""
    import runpy

    import torch

    from eval.nets.torchvision_ops import importable_torchvision

    torch.manual_seed(0)
    plain = runpy.run_path(str(ROOT / "tests" / "eval" / "syncnet_reference.py"))
    torch.save(plain["random_weights"](0), folder / "syncnet")
    importable_torchvision()
    from torchvision.models import alexnet

    torch.save(alexnet(weights=None).state_dict(), folder / "lpips")


def settings_of(args: argparse.Namespace, folder: Path) -> Any:
    """The profile, with the networks whose files are in ``folder``."""
    from eval.score import PROFILES
    from eval.weights import Sources
    from workflow.files import sha256_file

    files = {name: folder / name for name in ("syncnet", "lpips") if (folder / name).is_file()}
    if args.networks != "none" and os.environ.get("FACE_LANDMARKS"):
        files["landmarks"] = Path(os.environ["FACE_LANDMARKS"])
    networks = tuple(files)
    sources = Sources(files=files, sha256={name: sha256_file(path) for name, path in files.items()})
    chosen = {"networks": networks, "sources": sources, "dtype": args.dtype, "device": args.device}
    return replace(PROFILES[args.profile], **chosen)


def measure(args: argparse.Namespace) -> None:
    """Runs in the child: score and report as JSON."""
    from eval.score import score_video
    from workflow.windows import Windows

    video, runs = Path(args.child), []
    settings = settings_of(args, video.parent)
    for _ in range(args.repeats):
        start, spent = time.perf_counter(), time.process_time()
        score = score_video(video, reference=video, windows=Windows(81, 9, 10000), settings=settings)
        runs.append(score.frames / (time.perf_counter() - start))
        cpu = 1000 * (time.process_time() - spent) / score.frames
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    there = sum(value.value is not None for value in score.values.values())
    found = {
        "metrics": there,
        "networks": settings.networks,
        "frames": score.frames,
        "coverage": score.coverage,
        "first": runs[0],
        "best": max(runs),
    }
    print(json.dumps({**found, "cpu": cpu, "peak": peak}))


def in_child(video: Path, args: argparse.Namespace, repeats: int) -> dict[str, Any]:
    """Score in a fresh interpreter, so that its peak memory is its own."""
    command = [sys.executable, __file__, "--child", str(video), "--repeats", str(repeats)]
    for name in ("profile", "networks", "dtype", "device"):
        command += [f"--{name}", getattr(args, name)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Make, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="default")
    parser.add_argument("--networks", choices=("none", "random"), default="none")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--short", type=int, default=20, help="seconds of the short video")
    parser.add_argument("--long", type=int, default=300, help="seconds of the long video")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        measure(args)
        return
    with tempfile.TemporaryDirectory() as folder:
        if args.networks == "random":
            random_weights(Path(folder))
        peaks = []
        for seconds, repeats in ((args.short, args.repeats), (args.long, 1)):
            video = Path(folder) / f"{seconds}s.mp4"
            make(video, seconds)
            got = in_child(video, args, repeats)
            peaks.append(got["peak"])
            networks = ", ".join(got["networks"]) or "no networks"
            print(
                f"{networks}, {got['metrics']} metrics, load {os.getloadavg()[0]:.1f}\n"
                f"{seconds:4d} s, {got['frames']:.0f} frames, face in {got['coverage']:.0%}: first run "
                f"{got['first']:.0f} frames/s with imports, best {got['best']:.0f} frames/s, "
                f"{got['cpu']:.1f} ms CPU a frame, peak {got['peak']:.0f} MB"
            )
        print(f"peak memory, long over short: {peaks[1] / peaks[0]:.2f}")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
