"""How long LPIPS to a reference takes, beside ``lpips.LPIPS``, which runs its backbone on the reference each time.

    python tests/benchmarks/bench_lpips.py [--device cpu|cuda] [--threads 2] [--rounds 15] [--batch 8]

Random weights: they take as long as trained ones, but figures of quality they have none. Milliseconds a face of
224 × 224, least and median of interleaved rounds, so that a busy machine hits both alike; and for neighbouring frames
of a 464 × 832 video, milliseconds a pair.
"""

import argparse
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from eval.nets.perceptual import as_input, load_lpips  # noqa: E402
from eval.nets.torchvision_ops import importable_torchvision  # noqa: E402
from eval.view import within  # noqa: E402

SEED = 0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batch", type=int, default=8)
    ask = parser.parse_args()
    torch.set_num_threads(ask.threads)
    importable_torchvision()
    import lpips
    from torchvision.models import alexnet

    torch.manual_seed(SEED)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "alexnet.pth"
        torch.save({name: value for name, value in alexnet().state_dict().items() if "features" in name}, path)
        ours = load_lpips(path, ask.device)
    torch.manual_seed(SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False).to(ask.device)
    rng = np.random.default_rng(SEED)
    faces = [rng.integers(0, 256, (224, 224, 3), np.uint8) for _ in range(ask.batch)]
    frames = [within(rng.integers(0, 256, (832, 464, 3), np.uint8), 256) for _ in range(ask.batch)]
    reference = ours.of(faces[:1])

    def theirs(those: list[np.ndarray], these: list[np.ndarray]) -> np.ndarray:
        a, b = (as_input(torch.from_numpy(np.stack(pictures)).to(ask.device)) for pictures in (those, these))
        with torch.no_grad():
            return plain(a, b).flatten().cpu().numpy()

    def pairs() -> np.ndarray:
        maps = ours.of(frames)
        halves = (tuple(one[start::2] for one in maps) for start in (0, 1))
        return ours.distance(*halves).cpu().numpy()

    works: dict[str, tuple[Callable[[], np.ndarray], int]] = {
        "face to reference, lpips.LPIPS": (lambda: theirs(faces, faces[:1] * ask.batch), ask.batch),
        "face to reference, here": (lambda: ours.distance(ours.of(faces), reference).cpu().numpy(), ask.batch),
        "neighbouring frames, lpips.LPIPS": (lambda: theirs(frames[::2], frames[1::2]), ask.batch // 2),
        "neighbouring frames, here": (pairs, ask.batch // 2),
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ask.rounds + 1):
        for name, (work, count) in works.items():
            start = time.perf_counter()
            work()
            taken[name].append(1000 * (time.perf_counter() - start) / count)
    print(f"{ask.device}, {ask.threads} threads, batch {ask.batch}, torch {torch.__version__}")
    for name, times in taken.items():
        print(f"{name:36} {min(times[1:]):7.2f} ms, median {statistics.median(times[1:]):7.2f} ms")
    worst = float(np.abs(works["face to reference, here"][0]() - works["face to reference, lpips.LPIPS"][0]()).max())
    print(f"largest difference of the values: {worst:.1e}")


if __name__ == "__main__":
    main()
