"""SyncNet beside the decode: batches of crops go to threads, points come back in order, a bounded number at a time."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from eval.nets.folded import Folded

Crops = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
Samples = npt.NDArray[np.int16]
T = TypeVar("T")

MOST = 4  # threads; each holds a batch and its feature maps


class LipPool:
    """Computes points of crops in threads of its own.

    A few threads with a core each beat one that has all cores: nothing waits for a slower neighbour, and the thread
    that decodes gets its share. On a GPU it is one thread. At most two batches more than there are threads are held.
    """

    def __init__(self, model: "Folded") -> None:
        import torch

        cores = torch.get_num_threads()  # also settles this thread's own number, which is to stay
        self._threads = min(cores, MOST) if model.device.type == "cpu" else 1
        self._model = model
        self._waiting: deque[tuple[Future[Points], Callable[[Points], None]]] = deque()
        self._pool = ThreadPoolExecutor(
            self._threads, "lips", initializer=torch.set_num_threads, initargs=(max(cores // self._threads, 1),)
        )

    def submit(self, crops: Crops, take: Callable[[Points], None]) -> None:
        """Compute the points ``[n, 1024]`` of ``[n + 4, 224, 224, 3]`` uint8 crops, and call ``take`` with them.

        ``take`` is called in this thread, by a later ``submit`` or ``finish``; so is what went wrong raised.
        """
        while len(self._waiting) > self._threads:
            self._settle()
        self._waiting.append((self._pool.submit(self._points, crops), take))

    def hear(self, speech: Samples, lead: int) -> "Future[Points]":
        """Begin to compute the points of a piece of the sound, without its first ``lead`` windows, beside the rest."""
        return self._pool.submit(self._heard, speech, lead)

    def finish(self) -> None:
        """Wait for all points, and end the threads."""
        while self._waiting:
            self._settle()
        self._pool.shutdown()

    def _settle(self) -> None:
        future, take = self._waiting.popleft()
        take(future.result())

    def _heard(self, speech: Samples, lead: int) -> Points:
        from eval.nets.embed import sound_embeddings

        return sound_embeddings(self._model, speech)[lead:]

    def _points(self, crops: Crops) -> Points:
        import torch

        found = self._model.lips(torch.from_numpy(crops).to(self._model.device))
        return np.asarray(found.cpu().numpy(), np.float32)


def on_one_core(task: Callable[[], T]) -> T:
    """What ``task`` returns, with torch kept to one core: many small steps would wait for each other on several."""
    import torch

    torch.get_num_threads()  # settles this thread's own number, which is to stay
    with ThreadPoolExecutor(1, "scores", initializer=torch.set_num_threads, initargs=(1,)) as alone:
        return alone.submit(task).result()
