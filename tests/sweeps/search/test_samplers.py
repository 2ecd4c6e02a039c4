"""Samplers by name, what they are refused for, and that a search goes on with other proposals after a start."""

import optuna
import pytest

from sweeps.search.samplers import HEED_BOUNDS, SamplerError, check_sampler, class_name, make_sampler

USUAL = {"objectives": 1, "bounds": False, "conditions": False, "stops_early": False, "fidelity": False}


@pytest.mark.parametrize(
    "name", ["tpe", "nsga2", "random", "TPESampler", "NSGAIIISampler", "QMCSampler", "CmaEsSampler"]
)
def test_every_sampler_can_be_had_by_name(name: str) -> None:
    assert hasattr(optuna.samplers, class_name(name))
    check_sampler(name, **USUAL)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "asked", "words"),
    [
        ("tpo", {}, "no sampler of Optuna"),
        ("random", {"bounds": True}, "ignores bounds"),
        ("CmaEsSampler", {"objectives": 2}, "takes one objective"),
        ("GPSampler", {"conditions": True}, "cannot search parameters that depend"),
        ("tpe", {"objectives": 2, "stops_early": True}, "search.stop_early with 2 objectives"),
        ("nsga2", {"objectives": 2, "fidelity": True}, "search.fidelity with 2 objectives"),
    ],
)
def test_what_optuna_cannot_do_is_refused_with_the_reason(name: str, asked: dict[str, int], words: str) -> None:
    with pytest.raises(SamplerError) as refused:
        check_sampler(name, **{**USUAL, **asked})  # type: ignore[arg-type]
    assert words in refused.value.message and refused.value.hint


def test_those_said_to_heed_bounds_do_so_in_optuna() -> None:
    """The samplers that take Optuna's constraints, read off their signatures."""
    import inspect

    taking = {
        name
        for name in dir(optuna.samplers)
        if name.endswith("Sampler")
        and "constraints_func" in inspect.signature(getattr(optuna.samplers, name)).parameters
    }
    assert taking == HEED_BOUNDS


def test_after_a_start_the_proposals_are_others_and_the_same_start_gives_the_same() -> None:
    def drawn(begun: int) -> list[float]:
        study = optuna.create_study(sampler=make_sampler("random", {}, 0, begun))
        return [study.ask().suggest_float("x", 0, 1) for _ in range(3)]

    assert drawn(0) == drawn(0) != drawn(3)


def test_arguments_reach_the_sampler_and_unknown_ones_are_refused() -> None:
    assert make_sampler("tpe", {"n_startup_trials": 3}, 0, 0)._n_startup_trials == 3  # type: ignore[attr-defined]
    with pytest.raises(SamplerError, match="takes no warmth"):
        make_sampler("tpe", {"warmth": 3}, 0, 0)
