"""How fast SyncNet scores, beside a plain implementation along the reference's code path, and what bounds it.

    python tests/benchmarks/bench_syncnet.py [--device cpu|cuda] [--threads 2] [--frames 105] [--rounds 5] [--batch 32]
    python tests/benchmarks/bench_syncnet.py --errors 8      # how far bfloat16 is off, on that many seeds
    python tests/benchmarks/bench_syncnet.py --memory        # peak of 20 s and of 5 min, each in its own process

Random weights: they take as long as trained ones, but figures of quality they have none. Windows a second, best and
median of interleaved rounds, so that a busy machine hits all alike. The picture is the talking clip of TALKING_CLIPS
where there is one (its frames as crops), else noise.
"""

import argparse
import os
import resource
import runpy
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from eval.metrics.syncnet import SyncScores, distances, scores_of, sync_scores  # noqa: E402
from eval.mfcc import mfcc  # noqa: E402
from eval.nets import Folded, LipStream, SyncNet, fold, lip_embeddings, sound_embeddings  # noqa: E402

PLAIN = SimpleNamespace(**runpy.run_path(str(ROOT / "tests" / "eval" / "syncnet_reference.py")))
CLIP = Path(os.environ.get("TALKING_CLIPS", ROOT.parent / "shared" / "data")) / "talking_frontal.mp4"
GOALS = {"float32": 1.3, "bfloat16": 2.2}


def material(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Crops ``[count, 224, 224, 3]`` and the sound that goes with them."""
    if CLIP.is_file():
        import cv2

        from workflow.media.decode import frames
        from workflow.media.sound import speech

        crops = [cv2.resize(frame, (224, 224), interpolation=cv2.INTER_AREA) for frame in islice(frames(CLIP), count)]
        return np.resize(np.stack(crops), (count, 224, 224, 3)), np.resize(speech(CLIP), count * 640)
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 224, 224, 3), np.uint8), rng.normal(0, 3000, count * 640).astype(np.int16)


def model_of(weights: dict[str, torch.Tensor], device: str) -> SyncNet:
    """The network with these weights."""
    model = SyncNet()
    model.load_state_dict(weights, strict=False)
    return model.to(device)


def seconds(work: Callable[[], object], device: str) -> float:
    """Wall time of one call, until the card is done with it."""
    start = time.perf_counter()
    work()
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def speed(args: argparse.Namespace) -> None:
    """Plain and fast in turns."""
    frames, audio = material(args.frames)
    weights = PLAIN.random_weights(0)
    model = model_of(weights, args.device)
    there = {name: value.to(args.device) for name, value in weights.items()}
    runs: dict[str, Callable[[], object]] = {"plain float32": lambda: PLAIN.score(there, frames, audio)}
    for dtype in GOALS:
        runs[f"fast {dtype}"] = lambda dtype=dtype: sync_scores(frames, audio, model, dtype=dtype, batch=args.batch)
    took: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(args.rounds + 1):
        for name, work in runs.items():
            wall = seconds(work, args.device)
            if turn:  # the first turn makes room and picks kernels
                took[name].append(wall)
    windows = len(frames) - 5
    base = took["plain float32"]
    for name, walls in took.items():
        ratio, middle = min(base) / min(walls), statistics.median(base) / statistics.median(walls)
        goal = GOALS.get(name.removeprefix("fast "))
        verdict = "" if goal is None else f"  goal ≥ {goal}×: {'reached' if min(ratio, middle) >= goal else 'MISSED'}"
        best, usual = windows / min(walls), windows / statistics.median(walls)
        print(f"  {name:14s} {best:8.1f} windows/s best, {usual:8.1f} median; {ratio:.2f}× and {middle:.2f}×{verdict}")
    for dtype in GOALS:
        stages(fold(model, dtype), frames, audio, args)


def stages(model: Folded, frames: np.ndarray, audio: np.ndarray, args: argparse.Namespace) -> None:
    """Where the time of the fast form goes."""
    lips, sounds = lip_embeddings(model, frames), sound_embeddings(model, audio)
    inside = torch.from_numpy(frames[: args.batch + 4]).to(args.device)
    heard = torch.from_numpy(mfcc(audio).astype(np.float32)).to(args.device)[: 4 * len(sounds) + 16]
    pinned = torch.empty(args.batch + 4, 224, 224, 3, dtype=torch.uint8, pin_memory=args.device != "cpu")
    parts: dict[str, tuple[int, Callable[[], object]]] = {
        "pictures: network": (args.batch, lambda: model.lips(inside)),
        "sound: network": (len(sounds), lambda: model.sounds(heard)),
        "sound: MFCC": (len(sounds), lambda: mfcc(audio)),
        "distances, scores": (len(lips), lambda: scores_of(distances(lips, sounds))),
    }
    if args.device != "cpu":
        parts["copy into pinned memory"] = (args.batch, lambda: pinned.numpy().__setitem__(..., frames[: len(pinned)]))
        parts["transfer to the card"] = (args.batch, lambda: pinned.to(args.device, non_blocking=True))
    cost = {}
    for name, (windows, work) in parts.items():
        seconds(work, args.device)
        cost[name] = min(seconds(work, args.device) for _ in range(args.rounds + 2)) / windows * 1e3
    total = sum(cost.values())
    print(f"  {str(model.dtype).removeprefix('torch.')}, ms a window:")
    for name, each in sorted(cost.items(), key=lambda item: -item[1]):
        print(f"    {name:24s} {each:8.4f}  {each / total:6.1%}")
    print(f"    bound by: {max(cost, key=lambda name: cost[name])}")


def errors(args: argparse.Namespace) -> None:
    """Relative errors of both dtypes against the reference in float64; weights fitted to the clip, sound shifted."""
    frames, audio = material(args.frames)
    found: dict[str, list[list[float]]] = {dtype: [] for dtype in GOALS}
    for seed in range(args.errors):
        weights = PLAIN.fit(PLAIN.random_weights(seed), frames, audio)
        truth = PLAIN.score({name: value.double() for name, value in weights.items()}, frames, audio)
        model = model_of(weights, args.device)
        for dtype, rows in found.items():
            got: SyncScores = sync_scores(frames, audio, model, dtype=dtype)
            curve = np.abs(got.framewise_confidence - truth.framewise_confidence).max()
            rows.append(
                [
                    abs(got.min_distance / truth.min_distance - 1),
                    abs(got.confidence / truth.confidence - 1),
                    curve / np.abs(truth.framewise_confidence).max(),
                    abs(got.offset - truth.offset),
                ]
            )
    print(f"  {args.errors} seeds, {len(frames) - 5} windows; relative error, median and largest")
    for dtype, rows in found.items():
        table = np.array(rows)
        for name, column in zip(("min distance", "confidence", "framewise (of its largest)"), table.T, strict=False):
            print(f"    {dtype:9s} {name:27s} {np.median(column):.1e}  {column.max():.1e}")
        print(f"    {dtype:9s} other offset in {int((table[:, 3] > 0).sum())} of {len(table)}")


def stream(count: int, args: argparse.Namespace) -> None:
    """Runs in a child: push so many frames one by one, then print the peak of the process."""
    frames, audio = material(50)
    model = fold(model_of(PLAIN.random_weights(0), args.device), "bfloat16")
    lips, points, filled = LipStream(model), np.empty((count, 1024), np.float32), 0
    for index in range(count + 1):
        more = lips.push(frames[index % 50][None]) if index < count else lips.finish()
        points[filled : filled + len(more)] = more
        filled += len(more)
    scores_of(distances(points[:filled], sound_embeddings(model, np.resize(audio, count * 640))))
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")


def memory(args: argparse.Namespace) -> None:
    """Peak memory of a short and a long clip."""
    peaks = []
    for length in (20, 300):
        child = [sys.executable, __file__, "--child", str(length * 25), "--device", args.device]
        child += ["--threads", str(args.threads)]
        done = subprocess.run(child, check=True, capture_output=True, text=True)
        peaks.append(float(done.stdout))
        print(f"  {length:3d} s: peak {peaks[-1]:.0f} MB")
    print(f"  long over short: {peaks[1] / peaks[0]:.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--frames", type=int, default=105)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=0)
    parser.add_argument("--errors", type=int, default=0, metavar="SEEDS")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.batch = args.batch or (32 if args.device == "cpu" else 128)
    torch.set_num_threads(args.threads)
    if args.child:
        stream(args.child, args)
        return
    where = torch.cuda.get_device_name() if args.device != "cpu" else f"CPU, {args.threads} threads"
    print(f"SyncNet on {where}, torch {torch.__version__}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if args.errors:
        errors(args)
    elif args.memory:
        memory(args)
    else:
        speed(args)


if __name__ == "__main__":
    main()
