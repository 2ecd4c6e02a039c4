"""Axis values: lists and range strings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.ranges import AxisError, axis_values


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-9, 9).filter(bool))
def test_a_range_of_whole_numbers_is_pythons_range(start: int, stop: int, step: int) -> None:
    expected = list(range(start, stop, step))
    if not expected:
        with pytest.raises(AxisError, match="empty"):
            axis_values("steps", f"range({start},{stop},{step})")
    else:
        assert axis_values("steps", f"range({start}, {stop}, {step})") == expected


@given(st.integers(0, 30), st.integers(1, 40), st.integers(1, 7))
def test_decimal_steps_are_exact(start: int, length: int, step: int) -> None:
    stop = start + length
    found = axis_values("cfg", f"range({start / 10}, {stop / 10}, {step / 10})")
    assert found == [tenth / 10 for tenth in range(start, stop, step)]


@pytest.mark.parametrize(
    "value", [3, None, {"a": 1}, "9,13", "range(1)", "range(1,5,0)", "range(a,b)", "range(0,1e9,1)", []]
)
def test_what_is_no_list_and_no_range_is_refused_with_the_axis_named(value: object) -> None:
    with pytest.raises(AxisError, match=r"sweep\.axes\.motion_frame") as caught:
        axis_values("motion_frame", value)
    assert caught.value.hint
