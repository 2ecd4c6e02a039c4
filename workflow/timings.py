"""What is known of the time one render took."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

SLOW: Final = 3.0
"""A step that takes so many times the median is slow: memory may be spilling from the card into the host."""
SHORTEST_S: Final = 1.0
"""A shorter step is never slow: what delays it is the news of it, not the card."""
FEWEST: Final = 3
"""Measured steps without which there is no median to speak of."""

StepSeconds = tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True)
class SlowStep:
    """A step of the sampler that took ``times`` the median; window and step count from 1."""

    window: int
    step: int
    seconds: float
    times: float

    def __str__(self) -> str:
        return f"step {self.step} of window {self.window} took {self.times:.1f}× the median ({self.seconds:.1f} s)"


@dataclass(frozen=True)
class Timings:
    """Seconds, each None where no event told it. ``cold`` is True when this render re-read the loader.

    ``window_s`` holds the sampler's seconds for each window in order; the first of a cold render carries
    warm-up and is never used for cost. ``step_s`` holds the steps of each window: the first is None, since only its
    end is told and it carries what comes before. ``slow`` are the steps among them that took over three times their
    median. ``cached`` is True when the sampler's result came from the server's cache.
    """

    queue_s: float | None = None
    load_s: float | None = None
    sample_s: float | None = None
    total_s: float | None = None
    download_s: float | None = None
    node_s: tuple[tuple[str, float], ...] = ()
    window_s: tuple[float, ...] = ()
    step_s: StepSeconds = ()
    slow: tuple[SlowStep, ...] = ()
    cached: bool | None = None
    cold: bool | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> "Timings":
        """The timings of a record; keys of other versions are passed over, missing ones are unknown."""
        names = {item.name for item in fields(cls)}
        kept = {key: item for key, item in (value or {}).items() if key in names}
        kept["node_s"] = tuple((str(name), float(seconds)) for name, seconds in kept.get("node_s", ()))
        kept["window_s"] = tuple(kept.get("window_s", ()))
        kept["step_s"] = tuple(tuple(window) for window in kept.get("step_s", ()))
        kept["slow"] = tuple(SlowStep(**one) if isinstance(one, Mapping) else one for one in kept.get("slow", ()))
        return cls(**kept)


def median_step(step_s: Sequence[Sequence[float | None]]) -> float | None:
    """The median of the measured steps in seconds; None where there are too few to have one."""
    known = [seconds for window in step_s for seconds in window if seconds is not None]
    return statistics.median(known) if len(known) >= FEWEST else None


def slow_steps(step_s: Sequence[Sequence[float | None]]) -> tuple[SlowStep, ...]:
    """The steps that took over :data:`SLOW` times the median.

    A step whose successor came in less than a third of the median was not slow: the news of it was late, and the next
    one's was not.

    >>> [str(one) for one in slow_steps([(None, 3.0, 3.0, 15.0)])]
    ['step 4 of window 1 took 5.0× the median (15.0 s)']
    """
    median = median_step(step_s)
    if not median:
        return ()
    found = []
    for number, window in enumerate(step_s, start=1):
        for step, seconds in enumerate(window, start=1):
            after = window[step] if step < len(window) else None
            late = after is not None and after < median / SLOW
            if seconds is not None and seconds >= SHORTEST_S and seconds > SLOW * median and not late:
                found.append(SlowStep(number, step, seconds, round(seconds / median, 2)))
    return tuple(found)
