"""How fast pictures come in and go out: ``python tests/benchmarks/bench_media.py [VIDEO]``.

Prints milliseconds a frame at 464×832 for decoding, encoding and face tracking, in CPU and wall time, and the peak
memory of tracking a short and a long video. VIDEO is a real talker (default: the clips that the tests use).
"""

import itertools
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from workflow.media.arrays import Picture
from workflow.media.decode import frames
from workflow.media.encode import VideoWriter
from workflow.media.facebox import FaceTracker
from workflow.media.picture import fit

DATA = Path(os.environ.get("TALKING_CLIPS", Path(__file__).resolve().parents[3] / "shared" / "data"))


@contextmanager
def timed(label: str, count: int) -> Iterator[None]:
    """Print wall and CPU milliseconds for each of ``count`` frames."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{label:34} {1000 * wall / count:6.2f} ms wall  {1000 * cpu / count:6.2f} ms CPU  {count / wall:6.0f} frames/s"
    )


def write(path: Path, images: Iterable[Picture], preset: str) -> None:
    with VideoWriter(path, 464, 832, preset=preset) as video:
        for image in images:
            video.write(image)


def peak_mib() -> float:
    """The most memory that this process has held, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def main() -> int:
    """Measure and print."""
    clip = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA / "talking_frontal.mp4"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mp4"
        write(path, (fit(image, 464, 832) for image in frames(clip, stop=250)), "veryfast")
        for label, again in (("tracking 10 s", 1), ("tracking 100 s", 10)):
            source = itertools.chain.from_iterable(frames(path) for _ in range(again))
            before = peak_mib()
            seen = sum(one.box is not None for one in FaceTracker(25).track(source))
            print(f"{label:34} {seen}/{250 * again} frames with a face, peak {before:.0f} → {peak_mib():.0f} MiB")
        images = list(frames(path))
        with timed("decode to BGR", len(images)):
            for _ in frames(path):
                pass
        with timed("track the face, decoding apart", len(images)):
            for _ in FaceTracker(25).track(images):
                pass
        for preset in ("veryfast", "ultrafast"):
            with timed(f"encode, {preset}", len(images)):
                write(path, images, preset)
    return 0


if __name__ == "__main__":
    sys.exit(main())
