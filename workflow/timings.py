"""What is known of the time one render took."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timings:
    """Seconds, each None where no event told it. ``cold`` is True when this render re-read the loader.

    ``window_s`` holds the sampler's seconds for each window in order; the first of a cold render carries
    warm-up and is never used for cost. ``cached`` is True when the sampler's result came from the server's cache.
    """

    queue_s: float | None = None
    load_s: float | None = None
    sample_s: float | None = None
    total_s: float | None = None
    download_s: float | None = None
    node_s: tuple[tuple[str, float], ...] = ()
    window_s: tuple[float, ...] = ()
    cached: bool | None = None
    cold: bool | None = None
