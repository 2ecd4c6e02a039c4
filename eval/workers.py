"""A worker process's share of the machine."""

import os
import signal

POOLS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip


def cap_threads(threads: int) -> None:
    """Keep this process to ``threads`` cores, before any library opens its own pool; Ctrl-C is its parent's."""
    for name in POOLS:
        os.environ[name] = str(threads)

    import cv2

    cv2.setNumThreads(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
