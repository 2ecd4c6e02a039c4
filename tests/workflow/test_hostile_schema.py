"""Node information of any shape: it is read, or refused as unreadable, and a graph is checked against what was read."""

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.graph import default_graph
from workflow.schema import SNAPSHOT, NodeSchema, SchemaError
from workflow.validate import validate

SHIPPED = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def spoiled(value: Any, data: st.DataObject) -> Any:
    """``value`` with something else in place of one part of it, however deep."""
    if not isinstance(value, dict | list) or not value or data.draw(st.integers(0, 6)) == 0:
        return data.draw(JSON)
    key = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
    value[key] = spoiled(value[key], data)
    return value


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_one_wrong_part_never_breaks_the_check(data: st.DataObject) -> None:
    info = spoiled(copy.deepcopy(SHIPPED), data)
    try:
        schema = NodeSchema.from_object_info(info)
    except SchemaError:
        return
    for problem in validate(default_graph(), schema):
        assert str(problem)


def test_bounds_and_steps_that_nothing_can_be_computed_with_are_none() -> None:
    for wild in (float("nan"), float("inf"), 10**400):
        for about in ({"max": wild}, {"min": -wild}, {"step": wild}, {"step": 5e-324}):
            info = copy.deepcopy(SHIPPED)
            info["WanVideoSampler"]["input"]["required"]["steps"] = ["INT", about]
            assert validate(default_graph(), NodeSchema.from_object_info(info, complete=False)) == []
