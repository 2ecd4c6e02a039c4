"""What came of a plan so far."""

from dataclasses import dataclass, field

from sweeps.store import StoreError


@dataclass(frozen=True)
class Failure:
    """Why a cell has no video: how the last of its ``tries`` ended, at which stage, in words.

    ``expected`` if the experiment said so; ``fault`` as of the outcome.
    """

    status: str
    stage: str
    message: str
    expected: bool = False
    tries: int = 1
    fault: str = ""


@dataclass
class Progress:
    """What came of the plan so far, by cell name."""

    failures: dict[str, Failure] = field(default_factory=dict)
    unscored: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    """Cells that were not begun as they were not worth it, and why."""
    done: set[str] = field(default_factory=set)
    """Cells that have a sound render by this call's doing."""
    rendered: int = 0
    reused: int = 0
    scored: int = 0
    stopped: str | None = None
    disk: StoreError | None = None
    """Why nothing more can be written, once that is so: what was finished before is kept."""
