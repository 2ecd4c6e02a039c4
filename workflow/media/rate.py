"""The frame rate that a video's timestamps say: headers lie, and a phone's rate varies."""

from itertools import pairwise
from statistics import median
from typing import Any

from workflow.media.container import error_number

SCANNED = 600
"""Packets whose timestamps are read: some twenty seconds."""

REORDERED = 16  # a frame comes at most that many packets after its place: the newest may have gaps yet
GAP_S = 10.0
"""A longer step between two frames is a broken clock, not a picture that stood still."""

LEAST, MOST = 1.0, 240.0
"""Frames a second of anything that can be a talking video."""

PLENTY = 61.0
"""Frames a second from which on every other one is enough: lips are slower, and frames wait in memory by the second."""


def enough(fps: float) -> float:
    """The rate that a video of ``fps`` is judged at: its own, halved until it is not above 60.

    >>> enough(25), enough(60), enough(120), enough(240)
    (25, 60, 60.0, 60.0)
    """
    while fps > PLENTY:
        fps /= 2
    return fps


class PacketTimes:
    """Collects the presentation times of a stream's packets, and tells the rate."""

    def __init__(self, stream: Any) -> None:
        self._base = float(stream.time_base or 0)
        self._headers = [float(rate) for rate in (stream.average_rate, stream.base_rate, stream.guessed_rate) if rate]
        self._times: list[float] = []

    def add(self, packet: Any) -> None:
        """Take note of one packet."""
        ticks = packet.pts if packet.pts is not None else packet.dts
        if ticks is not None:
            self._times.append(ticks * self._base)

    def __len__(self) -> int:
        return len(self._times)

    def rate(self) -> float:
        """Frames a second, 0 when nothing tells.

        A header is believed when most steps between frames agree with it to the clock's precision. Otherwise it is the
        rate of the steps that most frames share, or, where no step is common, the average rate.
        """
        steps = self._steps()
        if not steps:
            return next((rate for rate in self._headers if LEAST <= rate <= MOST), 0.0)
        usual = median(steps)
        near = [step for step in steps if abs(step - usual) <= self._base + 0.02 * usual]
        if len(near) < 0.6 * len(steps):
            return len(steps) / sum(steps)
        mean = sum(near) / len(near)
        for rate in self._headers:
            if abs(1 / rate - mean) <= 0.01 * mean + self._base / len(near) ** 0.5:
                return rate
        return 1 / mean

    def _steps(self) -> list[float]:
        times = sorted(self._times)
        times = times[: -REORDERED or None] if len(times) >= SCANNED else times
        steps = [after - before for before, after in pairwise(times)]
        return [step for step in steps if 0 < step <= GAP_S]


def first_frame_and_rate(container: Any, stream: Any) -> tuple[Any, float]:
    """The first frame that decodes (None: none does) and the rate, from the start of an open container.

    Errors of FFmpeg after the first frame are left to whoever decodes the rest.
    """
    import av.error

    times, first = PacketTimes(stream), None
    try:
        for count, packet in enumerate(container.demux(stream)):
            times.add(packet)
            if first is None:
                first = next(iter(packet.decode()), None)
            elif count >= SCANNED:
                break
    except av.error.FFmpegError as error:
        if first is None and error_number(error) != 0:
            raise
    return first, times.rate()
