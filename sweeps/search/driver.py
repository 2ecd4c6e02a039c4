"""The loop of a search: propose, look, drop or look closer, tell; it knows nothing of servers and videos."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sweeps.search.aims import total_violation
from sweeps.search.book import Book
from sweeps.search.fidelity import Bracket, Ladder, Rung
from sweeps.search.proposal import Proposal
from workflow.errors import HarnessError


class BaselineFailed(HarnessError):
    """The setting that everything is compared with has no figure."""

    code = "search-baseline"


@dataclass(frozen=True)
class Verdict:
    """What a look at one proposal came to.

    ``values`` are its objectives, None where one has no value: then ``why`` says so. ``violations`` has the bounds
    that are defined at this look. ``stopped`` says why it was not looked at to the end, being worse. ``unfinished``:
    the search was stopped before.
    """

    values: tuple[float, ...] | None = None
    violations: Mapping[str, float] = field(default_factory=dict)
    why: str = ""
    stopped: str = ""
    unfinished: bool = False


class Look(Protocol):
    """Looks at proposals on a rung, all together; a verdict for each, by its number."""

    def __call__(self, proposals: Sequence[Proposal], rung: Rung, at: int) -> Mapping[int, Verdict]:
        """``at`` is the rung's place on the ladder."""
        ...


@dataclass
class Driver:
    """Runs a search to ``trials`` proposals in all, those of earlier starts counted. ``stopped`` says why nothing more
    may be begun; ``told`` is called after every bracket."""

    book: Book
    ladder: Ladder
    look: Look
    trials: int
    batch: int
    stopped: Callable[[], str | None] = lambda: None
    told: Callable[[], None] = lambda: None
    exhausted: bool = False

    def run(self) -> None:
        """Look at what an earlier process left behind, or an outage of the storage, then at new proposals."""
        while not self.stopped():
            left = self.book.unfinished()
            room = self.trials - self.book.counted
            turn = left[0].bracket if left else self.book.brackets
            size = min(room, self._bracket(turn).size)
            proposals = [one for one in left if one.bracket == turn] or (self.book.ask(size, turn) if room > 0 else [])
            if not proposals:
                self.exhausted = room > 0
                return
            if not self._look(turn, proposals):
                return

    def _bracket(self, turn: int) -> Bracket:
        brackets = self.ladder.brackets(self.batch)
        return brackets[turn % len(brackets)]

    def _look(self, turn: int, proposals: Sequence[Proposal]) -> bool:
        """One bracket, rung by rung; whether it came to its end."""
        alive = list(proposals)
        for at in range(self._bracket(turn).start, len(self.ladder.rungs)):
            rung, last = self.ladder.rungs[at], at == len(self.ladder.rungs) - 1
            if gone_on := [one for one in alive if one.rung > at]:  # decided here before it was left behind
                self._drop([one for one in alive if one not in gone_on], rung, {})
                alive = gone_on
                continue
            verdicts = self.look(alive, rung, at)
            if self._shelved(alive, verdicts):
                return False
            ranked = self._judged(alive, verdicts, at, last)
            alive = [] if last else self._promoted(ranked, verdicts, at)
            if not alive:
                break
        self.told()
        return True

    def _shelved(self, alive: Sequence[Proposal], verdicts: Mapping[int, Verdict]) -> bool:
        """Where the search was stopped, put everything back; whether it was."""
        if not any(verdicts[one.number].unfinished for one in alive):
            return False
        self.book.shelve(alive)
        return True

    def _judged(
        self, alive: Sequence[Proposal], verdicts: Mapping[int, Verdict], at: int, last: bool
    ) -> list[Proposal]:
        """Tell the failures, and on the ``last`` rung everything; those that are left, best first."""
        left: list[Proposal] = []
        for one in sorted(alive, key=lambda one: not one.baseline):  # first: nothing is told where it failed
            verdict = verdicts[one.number]
            if verdict.values is None and one.baseline:
                self.book.shelve(alive)
                raise BaselineFailed(
                    f"the baseline has no figure to search by: {verdict.why}",
                    hint="everything is compared with it; mend that first, the same command goes on",
                )
            if verdict.values is None:
                self.book.fail(one, verdict.why)
                continue
            if len(verdict.values) == 1:
                self.book.report(one, at, verdict.values[0])
            if verdict.stopped:
                self.book.prune(one, verdict.stopped, verdict.violations)
            elif last:
                self.book.complete(one, verdict.values, verdict.violations)
            else:
                left.append(one)
        return sorted(left, key=lambda one: self._rank(verdicts[one.number]))

    def _rank(self, verdict: Verdict) -> tuple[float, float]:
        """Those that keep the bounds by their objective, then the others by how much they break them."""
        objective, values = self.book.objectives[0], verdict.values or (0.0,)
        return total_violation(verdict.violations), -values[0] if objective.maximise else values[0]

    def _promoted(self, ranked: Sequence[Proposal], verdicts: Mapping[int, Verdict], at: int) -> list[Proposal]:
        """Those that go on; the baseline always does, everything is compared with it."""
        going = list(self.ladder.survivors([one for one in ranked if not one.baseline]))
        going += [one for one in ranked if one.baseline]
        for one in going:
            self.book.promote(one, at + 1)
        self._drop([one for one in ranked if one not in going], self.ladder.rungs[at], verdicts)
        return going

    def _drop(self, proposals: Sequence[Proposal], rung: Rung, verdicts: Mapping[int, Verdict]) -> None:
        for one in proposals:
            broken = verdicts[one.number].violations if one.number in verdicts else {}
            self.book.prune(one, f"not among the best at {rung.shown}", broken)
