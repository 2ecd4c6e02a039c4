"""Optuna's samplers by name, and what they cannot do."""

import difflib
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from workflow.errors import HarnessError

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

SHORT: Final = {"tpe": "TPESampler", "nsga2": "NSGAIISampler", "random": "RandomSampler"}
HEED_BOUNDS: Final = frozenset({"TPESampler", "NSGAIISampler", "NSGAIIISampler", "GPSampler"})
"""Samplers whose proposals turn away from settings that break a bound."""
SINGLE: Final = frozenset({"CmaEsSampler"})
"""Samplers for one objective only."""
NO_CONDITIONS: Final = frozenset({"CmaEsSampler", "GPSampler", "QMCSampler"})
"""Samplers that draw parameters with a condition at random, if at all."""
NOT_OURS: Final = frozenset({"BaseSampler", "GridSampler", "PartialFixedSampler"})
"""Classes that cannot be made by name alone; every combination is ``search=grid``."""
SEQUENCES: Final = frozenset({"QMCSampler"})
"""Samplers whose proposals are one sequence: its seed stays the same for the whole search."""


class SamplerError(HarnessError):
    """A sampler that does not exist, or that cannot do what is asked of it."""

    code = "search-sampler"


def class_name(name: str) -> str:
    """The sampler's class in ``optuna.samplers`` for a short or full name."""
    import optuna.samplers

    wanted = SHORT.get(name.lower(), name)
    there = {one for one in dir(optuna.samplers) if one.endswith("Sampler")} - NOT_OURS
    if wanted not in there:
        near = difflib.get_close_matches(wanted, [*there, *SHORT], 3)
        hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join([*SHORT, *sorted(there)])}"
        raise SamplerError(f"search.sampler={name} is no sampler of Optuna", hint=hint)
    return wanted


def check_sampler(
    name: str, *, objectives: int, bounds: bool, conditions: bool, stops_early: bool, fidelity: bool
) -> None:
    """Refuse what Optuna cannot do, with the reason.

    Raises:
        SamplerError: bounds with a sampler that ignores them, several objectives with one that takes one or with
            early stopping or fidelities, conditions with a sampler that needs every parameter.
    """
    wanted = class_name(name)
    if bounds and wanted not in HEED_BOUNDS:
        raise SamplerError(
            f"{wanted} ignores bounds: it would propose as if there were none",
            hint=f"search=tpe, or sampler {', '.join(sorted(HEED_BOUNDS))}; or search without search.bounds",
        )
    if objectives > 1 and wanted in SINGLE:
        raise SamplerError(f"{wanted} takes one objective, there are {objectives}", hint="search=tpe or search=nsga2")
    if conditions and wanted in NO_CONDITIONS:
        raise SamplerError(
            f"{wanted} cannot search parameters that depend on others (when)", hint="search=tpe, search=random"
        )
    if objectives > 1 and (stops_early or fidelity):
        what = "search.stop_early" if stops_early else "search.fidelity"
        raise SamplerError(
            f"{what} with {objectives} objectives: which of two settings is worse is not defined, Optuna cannot prune",
            hint="search.stop_early=null and search.fidelity.method=none, or one objective and bounds on the others",
        )


def make_sampler(
    name: str, arguments: Mapping[str, Any], seed: int, begun: int, *, conditions: bool = False
) -> "BaseSampler":
    """The sampler for the next proposals of a search of which ``begun`` trials exist; ``conditions``: not every
    parameter is searched in each.

    Its seed is derived from their number: a fixed one would repeat the first proposals after every start.
    """
    import optuna.samplers

    wanted = class_name(name)
    made: Any = getattr(optuna.samplers, wanted)
    takes = inspect.signature(made).parameters
    given: dict[str, Any] = {"multivariate": True, "group": conditions} if wanted == "TPESampler" else {}
    if "seed" in takes:
        given["seed"] = seed if wanted in SEQUENCES else seed * 1_000_003 + begun
    unknown = sorted(set(arguments) - set(takes))
    if unknown:
        own = ", ".join(one for one in takes if one != "seed")
        raise SamplerError(f"search.arguments: {wanted} takes no {unknown[0]}", hint=f"it takes {own}")
    try:
        return made(**given | dict(arguments))  # type: ignore[no-any-return]
    except (TypeError, ValueError, ImportError) as error:
        raise SamplerError(f"{wanted} refuses: {error}", hint="see its page in Optuna's documentation") from error
