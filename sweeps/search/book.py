"""The trials of one search in Optuna's storage: proposals that repeat none, and what came of each."""

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sweeps.search.aims import Objective
from sweeps.search.proposal import ABOUT, BASELINE, BRACKET, COPY, OUTSIDE, RUNG, SHELVED, WHY, Proposal
from sweeps.search.space import Space, key_of
from sweeps.search.storage import (
    Patience,
    StudyError,
    differences,
    open_storage,
    patient,
    quiet,
    reached,
    shown_storage,
)
from sweeps.tracking_runs import owner_is_dead, owner_is_this, owner_tags

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial, TrialState

MOST_COPIES: Final = 20
"""Proposals in a row that repeat earlier ones before one is drawn from what is left."""


@dataclass
class Book:
    """One study. ``sampler`` makes the sampler for so many trials that exist; ``definition`` is what must not change
    between two starts, by name."""

    storage: str
    name: str
    space: Space
    objectives: Sequence[Objective]
    sampler: Callable[[int], "BaseSampler"]
    definition: Mapping[str, Any] = field(default_factory=dict)
    say: Callable[[str], None] = lambda _: None
    study: "Study" = field(init=False)
    patience: Patience = field(init=False)

    def __post_init__(self) -> None:
        self.patience = Patience(self.storage, say=self.say)

    def open(self, baseline: Mapping[str, Any]) -> None:
        """Begin the study with the ``baseline``'s values as trial 0, or go on with it.

        Raises:
            StudyError: the storage cannot be opened, or the study is another search's.
        """
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with quiet(), reached(self.storage):
            self.study = optuna.create_study(
                storage=open_storage(self.storage),
                study_name=self.name,
                directions=["maximize" if one.maximise else "minimize" for one in self.objectives],
                load_if_exists=True,
            )
            self._check()
            if all(SHELVED in one.user_attrs for one in self.trials):
                self._baseline(baseline)

    def _check(self) -> None:
        """Refuse to go on with a search that asked another question."""
        attributes = self.study.user_attrs
        wanted = json.loads(json.dumps(dict(self.definition), ensure_ascii=False))
        if "definition" not in attributes:
            if self.study.get_trials(deepcopy=False):
                raise StudyError(
                    f"the study {self.name} in {shown_storage(self.storage)} is not ours: it says nothing of its space",
                    hint="another sweep.name, or another search.storage",
                )
            self.study.set_user_attr("definition", wanted)
            return
        found = attributes["definition"]
        differ = [*differences(found, wanted)]
        if differ:
            raise StudyError(
                f"the search {self.name} was begun with another question: {'; '.join(differ)}",
                hint="set it back to go on, or begin a new search: sweep.name=NAME",
            )

    def _baseline(self, values: Mapping[str, Any]) -> None:
        """Let the first trial be the baseline; one outside the space is looked at, and told to no sampler."""
        point, outside = self.space.point_of(values)
        if outside:
            trial = self.study.ask()
            trial.set_user_attr(BASELINE, True)
            trial.set_user_attr(OUTSIDE, list(outside))
        else:
            self.study.enqueue_trial(self.space.stored(point), user_attrs={BASELINE: True})

    @property
    @patient
    def trials(self) -> list["FrozenTrial"]:
        """Every trial, in the order of their numbers."""
        return self.study.get_trials(deepcopy=False)

    @property
    def counted(self) -> int:
        """Trials that were looked at and told: repetitions and what was shelved do not count."""
        return sum(one.state.is_finished() and not {COPY, SHELVED} & set(one.user_attrs) for one in self.trials)

    @property
    def brackets(self) -> int:
        """How many brackets were begun."""
        return 1 + max((_about(one, BRACKET, -1) for one in self.trials), default=-1)

    @patient
    def unfinished(self) -> list[Proposal]:
        """Trials that a process left behind: they are looked at again, from what the store has of them."""
        from optuna.trial import Trial, TrialState

        left = [
            one
            for one in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
            if not (owner := _about(one, "owner", {})) or owner_is_dead(owner) or owner_is_this(owner)
        ]
        return [self._proposal(Trial(self.study, one._trial_id), _about(one, BRACKET, 0)) for one in left]

    def ask(self, count: int, bracket: int = 0) -> list[Proposal]:
        """New proposals, fewer only where the space has no more points; none repeats what was proposed before."""
        found: list[Proposal] = []
        with quiet():
            self.study.sampler = self.sampler(len(self.trials))
            while len(found) < count:
                one = self._next(bracket)
                if one is None:
                    break
                found.append(one)
        return found

    @patient
    def _next(self, bracket: int) -> Proposal | None:
        for turn in range(MOST_COPIES + 1):
            known = self._known()
            if turn == MOST_COPIES and not self._enqueue_new(known):
                return None
            one = self._proposal(self.study.ask(), bracket)
            earlier = known.get(key_of(one.point))
            if earlier is None or OUTSIDE in one.trial.user_attrs:
                return one
            self._copy(one, earlier)
        return None

    def _proposal(self, trial: "Trial", bracket: int) -> Proposal:
        point = {} if OUTSIDE in trial.user_attrs else self.space.suggest(trial)
        self._own(trial, point, bracket)
        marks = trial.user_attrs
        return Proposal(trial, point, bracket, BASELINE in marks, marks.get(RUNG, 0))

    def _own(self, trial: "Trial", point: Mapping[str, Any], bracket: int) -> None:
        trial.set_user_attr(ABOUT, {"point": key_of(point), BRACKET: bracket, "owner": owner_tags()})

    def _known(self) -> dict[str, "FrozenTrial"]:
        """The trial that stands for each point that was proposed."""
        found: dict[str, FrozenTrial] = {}
        for one in self.trials:
            point = _about(one, "point", None)
            if point is not None and not {COPY, SHELVED, OUTSIDE} & set(one.user_attrs):
                found.setdefault(point, one)
        return found

    def _enqueue_new(self, known: Mapping[str, Any]) -> bool:
        """Let the next proposal be a point that is new, drawn evenly; False where there is none or none is found."""
        points = self.space.points()
        if points is None:
            return True  # in a continuous space the next one is new all but surely
        new = [one for one in points if key_of(one) not in known]
        if new:
            drawn = random.Random(len(self.trials)).choice(new)
            self.study.enqueue_trial(self.space.stored(drawn))
        return bool(new)

    def _copy(self, one: Proposal, earlier: "FrozenTrial") -> None:
        """Tell a repeated proposal what the first one came to: it is rendered once."""
        from optuna.trial import TrialState

        one.trial.set_user_attr(COPY, earlier.number)
        if earlier.state == TrialState.COMPLETE:
            for name, value in earlier.constraints.items():
                one.trial.set_constraint(name, value)
            self._tell(one.trial, list(earlier.values))
        else:
            self._tell(one.trial, state=TrialState.FAIL)

    @property
    @patient
    def finished(self) -> list[Proposal]:
        """Trials with a whole look, by number."""
        from optuna.trial import TrialState

        return [
            self._frozen(one) for one in self.trials if one.state == TrialState.COMPLETE and COPY not in one.user_attrs
        ]

    @property
    @patient
    def best(self) -> Proposal | None:
        """The best trial that keeps every bound; of several objectives one of the front. None where there is none."""
        with suppress(ValueError):
            found = self.study.best_trials
            first = next((one for one in found if COPY not in one.user_attrs), None)
            return self._frozen(first) if first else None
        return None

    def _frozen(self, one: "FrozenTrial") -> Proposal:
        """A trial that is told, as a proposal: Optuna's frozen trials suggest what they have."""
        return Proposal(one, self.space.suggest(one), _about(one, BRACKET, 0), BASELINE in one.user_attrs)

    @patient
    def report(self, one: Proposal, rung: int, value: float) -> None:
        """Keep what a look came to (one objective only)."""
        one.trial.report(value, rung)

    @patient
    def promote(self, one: Proposal, rung: int) -> None:
        """It goes on to ``rung``."""
        one.trial.set_user_attr(RUNG, rung)

    @patient
    def complete(self, one: Proposal, values: Sequence[float], violations: Mapping[str, float]) -> None:
        """A whole look: its objectives, and by how much it breaks each bound (0 and less: it keeps it)."""
        from optuna.trial import TrialState

        if OUTSIDE in one.trial.user_attrs:  # no sampler could place it
            one.trial.set_user_attr("values", list(values))
            one.trial.set_user_attr("violations", dict(violations))
            self._tell(one.trial, state=TrialState.FAIL)
            return
        for name, value in violations.items():
            one.trial.set_constraint(name, value)
        self._tell(one.trial, list(values))

    @patient
    def prune(self, one: Proposal, why: str, violations: Mapping[str, float] = {}) -> None:
        """Not worth a further look, from what was reported."""
        from optuna.trial import TrialState

        for name, value in violations.items():
            one.trial.set_constraint(name, value)
        one.trial.set_user_attr(WHY, why)
        self._tell(one.trial, state=TrialState.PRUNED)

    @patient
    def fail(self, one: Proposal, why: str) -> None:
        """No figure came of it."""
        from optuna.trial import TrialState

        one.trial.set_user_attr(WHY, why)
        self._tell(one.trial, state=TrialState.FAIL)

    def shelve(self, proposals: Iterable[Proposal]) -> None:
        """Put back what was not looked at to its end: the next start proposes it first."""
        for one in proposals:
            self.patience(lambda one=one: self._shelve(one))  # type: ignore[misc]

    def _shelve(self, one: Proposal) -> None:
        from optuna.trial import TrialState

        if OUTSIDE not in one.trial.user_attrs:  # else the next start begins it anew
            marks = {BASELINE: True} if one.baseline else {}
            self.study.enqueue_trial(self.space.stored(one.point), user_attrs=marks, skip_if_exists=False)
        one.trial.set_user_attr(SHELVED, True)
        self._tell(one.trial, state=TrialState.FAIL)

    def _tell(self, trial: Any, values: Sequence[float] | None = None, state: "TrialState | None" = None) -> None:
        """Tell a trial once: where the answer to an earlier telling was lost, it is told already."""
        try:
            self.study.tell(trial, values, state=state)
        except ValueError:
            if not self.trials[trial.number].state.is_finished():
                raise


def _about(trial: "FrozenTrial", what: str, otherwise: Any) -> Any:
    """What we wrote of a trial when it was proposed; ``otherwise`` where a process died before."""
    return trial.user_attrs.get(ABOUT, {}).get(what, otherwise)
