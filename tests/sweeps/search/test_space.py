"""The search space: what it holds, in which order, under which conditions, and what it refuses."""

from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.search.space import SpaceError, key_of, space_of


def test_ranges_lists_and_range_strings_are_the_values_that_they_say() -> None:
    space = space_of({"steps": {"low": 2, "high": 7, "step": 2}, "cfg": [1.0, 1.5], "motion_frame": "range(9,18,4)"})
    assert [one.values for one in space.dimensions] == [[2, 4, 6], [1.0, 1.5], [9, 13, 17]]
    assert space.size == 18
    assert space_of({"shift": {"low": 1.0, "high": 2.0}}).size is None
    assert space_of({"audio_scale": {"low": 0.1, "high": 0.4, "step": 0.1}}).dimensions[0].values == [
        0.1,
        0.2,
        0.3,
        0.4,
    ]


def test_a_parameter_is_searched_only_where_its_condition_holds() -> None:
    space = space_of({"shift": {"low": 1.0, "high": 3.0, "step": 1.0, "when": {"steps": 8}}, "steps": [4, 8]})
    points = space.points()
    assert points is not None
    assert sorted(map(key_of, points)) == sorted(
        map(key_of, [{"steps": 4}, *({"steps": 8, "shift": one} for one in (1.0, 2.0, 3.0))])
    )
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        point = space.suggest(study.ask())
        assert ("shift" in point) == (point["steps"] == 8)


def test_the_baseline_lies_at_a_point_or_what_lies_outside_is_said() -> None:
    space = space_of({"steps": {"low": 4, "high": 8}, "cfg": [1.0, 2.0]})
    assert space.point_of({"steps": 4, "cfg": 1.0, "shift": 11.0}) == ({"steps": 4, "cfg": 1.0}, ())
    assert space.point_of({"steps": 2, "cfg": 1.0})[1] == ("steps=2 is not among 4 … 8 by 1",)


def test_chains_of_loras_can_be_choices() -> None:
    chains = [[{"name": "a.safetensors", "strength": 1.0}], []]
    space = space_of({"loras": chains, "cfg": [1.0, 2.0]})
    point = space.suggest(optuna.create_study().ask({}))
    assert isinstance(point["loras"], list)
    assert len(space.points() or []) == 4


@pytest.mark.parametrize(
    ("given_space", "words"),
    [
        ({}, "is empty"),
        ({"cfg": [1.0]}, "one point only"),
        ({"cfg": {"low": 1.5, "high": 1.5}}, "one point only"),
        ({"cfg": {"low": 2.0, "high": 1.0}}, "above high"),
        ({"cfg": {"low": 1.0}}, "needs choices, or the numbers low and high"),
        ({"cfg": {"low": 1.0, "high": 2.0, "stepp": 1}}, "no key 'stepp'"),
        ({"cfg": {"low": 0.0, "high": 2.0, "log": True}}, "above 0"),
        ({"cfg": {"low": 1.0, "high": 2.0, "step": 0}}, "must be above 0"),
        ({"cfg": {"choices": [1.0, 1.0]}}, "twice"),
        ({"cfg": {"choices": [1.0, 2.0], "low": 1.0}}, "choices and a range"),
        ({"steps": ["many", 4]}, "search.space.steps has 'many'"),
        ({"cfg": []}, "is empty"),
        ({"cfg": {"choices": [1.0, 2.0], "when": {"steps": 4}}}, "depends on steps, which is not searched"),
        ({"cfg": {"choices": [1.0, 2.0], "when": {"steps": 5}}, "steps": [4, 8]}, "never proposed"),
        (
            {"cfg": {"choices": [1.0, 2.0], "when": {"steps": 4}}, "steps": {"choices": [4, 8], "when": {"cfg": 1.0}}},
            "in a circle",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused_with_its_place(given_space: dict[str, Any], words: str) -> None:
    with pytest.raises(SpaceError) as refused:
        space_of(given_space)
    assert words in refused.value.message
    assert refused.value.hint


numbers = st.integers(-50, 50)


@given(numbers, st.integers(0, 40), st.integers(1, 7))
def test_every_listed_value_can_be_proposed_and_nothing_else(low: int, width: int, step: int) -> None:
    space = space_of({"steps": {"low": low, "high": low + width + 1, "step": step}, "cfg": [1.0, 2.0]})
    values = space.dimensions[0].values
    assert values == list(range(low, low + width + 2, step))
    assert all(space.dimensions[0].holds(one) == (one in values) for one in range(low - 2, low + width + 4))


@given(st.dictionaries(st.sampled_from("abc"), st.one_of(st.integers(-5, 5), st.floats(-2, 2), st.text(max_size=3))))
def test_equal_points_have_equal_keys_whatever_the_order_and_the_type_of_their_numbers(point: dict[str, Any]) -> None:
    other = {name: float(value) if isinstance(value, int) else value for name, value in reversed(point.items())}
    assert key_of(point) == key_of(other)
