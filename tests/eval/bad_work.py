"""Work for a scoring process that dies or hangs at one of its videos; a module of its own, so that it can import it."""

import os
import signal
import time

from eval.batch import Failed, Job, Outcome


def die(place: int, job: Job) -> Outcome:
    """Kill the process at ``deadly.mp4``."""
    if job.video.name == "deadly.mp4":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)
    return Failed("sound", "alive")


def hang(place: int, job: Job) -> Outcome:
    """Never end at ``endless.mp4``."""
    if job.video.name == "endless.mp4":
        time.sleep(600)
    return Failed("sound", "alive")
