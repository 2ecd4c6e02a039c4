"""Cheap looks first: rungs of speech length and clips, who goes on to the next, and whether the cheap looks agree."""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from sweeps.config import FidelityConfig
from workflow.errors import HarnessError
from workflow.words import counted

METHODS: Final = ("none", "halving", "hyperband")
SHORTEST_S: Final = 3.3
"""Speech below this makes one window: seams and drift do not exist there."""
TRUSTED: Final = 0.5
"""Kendall's τ between two rungs below which the cheaper one is not to be trusted."""
FEWEST_PAIRS: Final = 5

K = TypeVar("K", bound=Hashable)


class FidelityError(HarnessError):
    """Rungs that make no ladder."""

    code = "search-fidelity"


@dataclass(frozen=True)
class Rung:
    """One look at a setting: the first ``seconds`` of each speech, and the first ``clips``; None for all."""

    seconds: float | None = None
    clips: int | None = None

    @property
    def whole(self) -> bool:
        """Whether it is no shortened look."""
        return self.seconds is None and self.clips is None

    @property
    def shown(self) -> str:
        """``6 s of 2 clips``."""
        length = "the whole speech" if self.seconds is None else f"{self.seconds:g} s"
        return f"{length} of {'every clip' if self.clips is None else counted(self.clips, 'clip')}"


@dataclass(frozen=True)
class Bracket:
    """How many settings begin at which rung."""

    start: int
    size: int


@dataclass(frozen=True)
class Ladder:
    """The rungs, the whole look last, and how many settings go on from each: one in ``keep``."""

    rungs: tuple[Rung, ...] = (Rung(),)
    keep: int = 3
    hyperband: bool = False

    def brackets(self, batch: int) -> tuple[Bracket, ...]:
        """The brackets, in turn; ``batch`` is how many are proposed together where every look is a whole one.

        Hyperband's (Li et al. 2018): from many settings that begin at the lowest rung to few that begin whole, each
        with about the same cost.

        >>> Ladder((Rung(6.0, 2), Rung(6.0), Rung()), keep=3, hyperband=True).brackets(4)
        (Bracket(start=0, size=9), Bracket(start=1, size=5), Bracket(start=2, size=3))
        """
        top = len(self.rungs) - 1
        if not top:
            return (Bracket(0, batch),)
        first = Bracket(0, max(batch, self.keep**top))
        if not self.hyperband:
            return (first,)
        others = (Bracket(k, math.ceil((top + 1) / (top - k + 1) * self.keep ** (top - k))) for k in range(1, top + 1))
        return (Bracket(0, self.keep**top), *others)

    def survivors(self, ranked: Sequence[K]) -> tuple[K, ...]:
        """Those that go on, of settings ranked best first: one in ``keep``, one at least."""
        return tuple(ranked[: max(1, len(ranked) // self.keep)])


def ladder_of(config: FidelityConfig) -> Ladder:
    """The ladder as configured.

    Raises:
        FidelityError: an unknown method, rungs that are too short, not growing, or missing.
    """
    if config.method not in METHODS:
        raise FidelityError(f"search.fidelity.method={config.method} is unknown", hint=f"one of {', '.join(METHODS)}")
    if config.method == "none":
        return Ladder()
    if config.keep < 2:
        raise FidelityError(f"search.fidelity.keep={config.keep} drops none", hint="3: one in three goes on")
    rungs = [Rung(one.seconds, one.clips) for one in config.rungs]
    if not rungs:
        hint = "for example search.fidelity.rungs=[{seconds:6,clips:2},{seconds:6}]; the whole look follows by itself"
        raise FidelityError(f"search.fidelity.method={config.method} has no rungs", hint=hint)
    for at, rung in enumerate(rungs):
        place = f"search.fidelity.rungs[{at}]"
        if rung.whole:
            raise FidelityError(f"{place} is a whole look", hint="the whole look follows the last rung by itself")
        if rung.seconds is not None and rung.seconds < SHORTEST_S:
            raise FidelityError(
                f"{place}: {rung.seconds:g} s make one window, in which seams and drift do not exist",
                hint=f"{SHORTEST_S:g} s at least, which is two windows of 81 frames",
            )
        if rung.clips is not None and rung.clips < 1:
            raise FidelityError(f"{place}: {counted(rung.clips, 'clip')}", hint="one at least; leave it out for all")
        if at and not _grows(rungs[at - 1], rung):
            raise FidelityError(f"{place} costs no more than the rung before it", hint="rungs go from cheap to dear")
    return Ladder((*rungs, Rung()), config.keep, config.method == "hyperband")


def _grows(lower: Rung, upper: Rung) -> bool:
    def size(rung: Rung) -> tuple[float, float]:
        return (rung.seconds or math.inf, rung.clips or math.inf)

    before, after = size(lower), size(upper)
    return before != after and all(one <= other for one, other in zip(before, after, strict=True))


@dataclass(frozen=True)
class Agreement:
    """Kendall's τ-b of the values at two rungs, over the ``pairs`` of settings that have both."""

    lower: Rung
    upper: Rung
    tau: float | None
    pairs: int

    @property
    def trusted(self) -> bool | None:
        """Whether the cheaper look ranks as the dearer one does; None where too few have both."""
        return None if self.tau is None else self.tau >= TRUSTED

    @property
    def shown(self) -> str:
        """In words. Only settings that went on have both, the better ones: over all of them τ would be higher."""
        what = f"{self.lower.shown} against {self.upper.shown}"
        if self.tau is None:
            return f"{what}: {counted(self.pairs, 'setting')} with both, too few to say whether they rank alike"
        said = f"{what}: rank correlation τ = {self.tau:.2f} over {counted(self.pairs, 'setting')} that went on"
        return said if self.trusted else f"{said}: too low to trust the cheaper look"


def agreements(ladder: Ladder, values: Sequence[Mapping[int, float]]) -> Iterator[Agreement]:
    """How each rung ranks against the next; ``values`` are each setting's by rung."""
    from scipy.stats import kendalltau

    for at in range(len(ladder.rungs) - 1):
        pairs = [(one[at], one[at + 1]) for one in values if at in one and at + 1 in one]
        tau = None
        if len(pairs) >= FEWEST_PAIRS:
            found = float(kendalltau([a for a, _ in pairs], [b for _, b in pairs]).statistic)
            tau = found if math.isfinite(found) else None
        yield Agreement(ladder.rungs[at], ladder.rungs[at + 1], tau, len(pairs))
