"""Which parameters mattered, by a named evaluator, and how far that can be trusted."""

import random
import statistics
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

EVALUATOR: Final = "PED-ANOVA"
"""Watanabe et al. 2023: how far a parameter's values differ between the best trials and all. f-ANOVA may disagree."""
FEWEST: Final = 12
"""Trials below which an importance is chance."""
RESAMPLES: Final = 50


@dataclass(frozen=True)
class Importance:
    """A parameter's share, and the range of nine in ten resamplings of the trials."""

    share: float
    low: float
    high: float

    @property
    def shown(self) -> str:
        """``62 % (40 … 81)``."""
        return f"{100 * self.share:.0f} % ({100 * self.low:.0f} … {100 * self.high:.0f})"


def importances(study: "Study", objective: int) -> dict[str, Importance]:
    """The importance of every parameter that all trials have, largest first; empty below ``FEWEST`` trials."""
    from optuna.trial import TrialState

    trials = [one for one in study.get_trials(deepcopy=False) if one.state == TrialState.COMPLETE]
    if len({str(one.params) for one in trials}) < FEWEST:
        return {}
    found = _shares(study, trials, objective)
    if not found:
        return {}
    draw = random.Random(0)
    again = [_shares(study, draw.choices(trials, k=len(trials)), objective) for _ in range(RESAMPLES)]
    told: dict[str, Importance] = {}
    for name, share in found.items():
        ends = statistics.quantiles([one.get(name, 0.0) for one in again], n=20)
        told[name] = Importance(share, ends[0], ends[-1])
    return told


def _shares(study: "Study", trials: "list[FrozenTrial]", objective: int) -> Mapping[str, float]:
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        part = optuna.create_study(directions=study.directions)
        part.add_trials(trials)
        try:
            return get_param_importances(
                part, evaluator=PedAnovaImportanceEvaluator(), target=lambda trial: trial.values[objective]
            )
        except (ValueError, RuntimeError):  # every trial alike
            return {}
