"""What differs between two graphs: laws that hold of any graphs, and the differences that people make."""

import copy
import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workflow.binding import bind
from workflow.diff import ABSENT, Change, changes
from workflow.graph import Graph, default_graph, title_of
from workflow.parameters import ALIASES
from workflow.recipe import VOLATILE, recipe_hash

PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(),
    st.sampled_from(["", "absent", "true", "1", "a\\b.safetensors", "a/b.safetensors", "a\\b", "你好\x1b"]),
    st.text(max_size=4),
)
VALUES = st.one_of(PLAIN, st.lists(PLAIN, max_size=3), st.dictionaries(st.text(max_size=2), PLAIN, max_size=2))
NAMES = st.sampled_from(["text", "model", "image", "value", "filename_prefix", "save_output", "steps"])
NOWHERE = "nowhere"


@st.composite
def graphs(draw: st.DrawFn, loops: bool = True) -> Graph:
    """Small graphs of few classes and titles, so that much can be mistaken: links also into loops and to nowhere."""
    ids = draw(st.lists(st.sampled_from("123456789"), unique=True, min_size=1, max_size=6))
    graph: Graph = {}
    for at, node in enumerate(ids):
        sources = [*(ids if loops else ids[:at]), NOWHERE]
        links = st.tuples(st.sampled_from(sources), st.integers(0, 1)).map(list)
        inputs = draw(st.dictionaries(NAMES, st.one_of(VALUES, links), max_size=4))
        graph[node] = {"class_type": draw(st.sampled_from("AB")), "inputs": inputs}
        if draw(st.booleans()):
            graph[node]["_meta"] = {"title": draw(st.sampled_from("xy"))}
    return graph


def renamed(graph: Graph, names: Mapping[str, str]) -> Graph:
    """The same graph under other ids."""

    def value(one: Any) -> Any:
        link = isinstance(one, list) and len(one) == 2 and isinstance(one[0], str) and type(one[1]) is int
        return [names[one[0]], one[1]] if link and one[0] in names else one

    return {
        names[node]: told | {"inputs": {name: value(one) for name, one in told["inputs"].items()}}
        for node, told in graph.items()
    }


@given(graphs())
def test_nothing_differs_from_itself(graph: Graph) -> None:
    assert changes(graph, copy.deepcopy(graph)) == ()


@given(graphs(), st.data())
def test_ids_do_not_count(graph: Graph, data: st.DataObject) -> None:
    new = data.draw(st.permutations([*graph, "a", "b", "c"]))
    assert changes(graph, renamed(graph, dict(zip(graph, new, strict=False)))) == ()


@given(graphs(loops=False), st.data())
def test_nor_does_the_order_of_nodes_and_inputs(graph: Graph, data: st.DataObject) -> None:
    other = {
        node: graph[node] | {"inputs": dict(data.draw(st.permutations(list(graph[node]["inputs"].items()))))}
        for node in data.draw(st.permutations(list(graph)))
    }
    new = data.draw(st.permutations([*graph, "a", "b", "c"]))
    assert changes(graph, renamed(other, dict(zip(graph, new, strict=False)))) == ()


@pytest.mark.parametrize("which", ["shipped", "exported"])
def test_a_real_graph_dealt_anew_is_the_same(which: str, request: pytest.FixtureRequest) -> None:
    """Ids of one loader become those of the other; names of files to write change as well."""
    graph: Graph = request.getfixturevalue(which)
    names = dict(zip(graph, [*list(graph)[1:], "500"], strict=True))
    other = copy.deepcopy(renamed(graph, names))
    for node in other.values():
        node["inputs"] |= {name: "elsewhere" for name in VOLATILE if name in node["inputs"]}
    assert changes(graph, other) == () == changes(other, graph)


@given(graphs(), graphs())
def test_other_sides_swap_before_and_after(one: Graph, other: Graph) -> None:
    def told(found: tuple[Change, ...], *sides: str) -> Counter[tuple[str, ...]]:
        return Counter((each.input, *(getattr(each, side) for side in sides), each.parameter) for each in found)

    assert told(changes(one, other), "before", "after") == told(changes(other, one), "after", "before")


def _recipe(graph: Graph) -> str | None:
    try:
        return recipe_hash(graph, {}, 0)
    except ValueError:  # infinity and NaN have none
        return None


@given(graphs(), st.data())
def test_one_value_changed_is_one_change_exactly_where_the_recipe_changes(graph: Graph, data: st.DataObject) -> None:
    """The recipe's hash was written for another purpose and by other code: it says what can change a video."""
    node, name, value = data.draw(st.sampled_from(list(graph))), data.draw(NAMES), data.draw(VALUES)
    other = copy.deepcopy(graph)
    other[node]["inputs"][name] = value
    here, there = _recipe(graph), _recipe(other)
    assume(here is not None and there is not None)
    found = changes(graph, other)
    assert len(found) == (here != there)
    for one in found:
        assert (one.node, one.input) == (title_of(graph, node), name)
        assert one.before != one.after
        assert name in graph[node]["inputs"] or one.before == ABSENT


@given(graphs(), graphs())
def test_tunable_parameters_come_first_and_in_their_order(one: Graph, other: Graph) -> None:
    seen = [each.parameter for each in changes(one, other)]
    named = [name for name in seen if name]
    assert seen[: len(named)] == named == sorted(named, key=list(ALIASES).index)


SET: dict[str, Any] = {
    "positive_prompt": "一个人在说话",
    "negative_prompt": "x",
    "audio_scale": 2.0,
    "audio_cfg_scale": 2.0,
    "normalize_loudness": False,
    "combine_embeds": "sum",
    "tiles": 2,
    "ratio": 0.25,
    "width": 480,
    "height": 672,
    "frame_window_size": 77,
    "motion_frame": 17,
    "colormatch": "mkl",
    "steps": 8,
    "cfg": 2.0,
    "shift": 5.0,
    "scheduler": "euler",
    "merge_loras": True,
    "block_swap": 0,
    "i2v_model": "I2V/other.gguf",
    "base_precision": "fp16",
    "quantization": "fp8_e4m3fn",
    "attention_mode": "sdpa",
    "infinitetalk_model": "other.gguf",
}


def test_every_parameter_is_among_these() -> None:
    assert {*SET, "loras", "second_image"} == set(ALIASES)


@pytest.mark.parametrize("which", ["shipped", "exported"])
@pytest.mark.parametrize("name", SET)
def test_one_parameter_patched_is_one_change_of_its_name(name: str, which: str, request: pytest.FixtureRequest) -> None:
    """In the exported graph width and height stand in constants that several nodes read."""
    graph: Graph = request.getfixturevalue(which)
    bound = bind(graph)
    assert bound.read(graph, name) != SET[name]
    (found,) = changes(graph, bound.patch(graph, {name: SET[name]}).graph)
    assert found.parameter == name
    said = str(SET[name]).lower() if isinstance(SET[name], bool) else f"{SET[name]}".removesuffix(".0")
    assert found.after == said
    assert found.shown == f"{name}: {found.before} → {said}"


def test_another_second_image_is_a_link_and_a_node_less(shipped: Graph) -> None:
    found = changes(shipped, bind(shipped).patch(shipped, {"second_image": "frame"}).graph)
    assert [one.shown for one in found] == [
        "second_image: [Face close-up] → [Reference frame]",
        "Face close-up: LoadImage → absent",
    ]


def test_a_close_up_where_there_was_none_is_a_node_more(exported: Graph) -> None:
    found = changes(exported, bind(exported).patch(exported, {"second_image": "face"}).graph)
    assert [one.shown for one in found] == [
        "second_image: absent → [Face close-up]",
        "Face close-up: absent → LoadImage",
    ]


def test_loras_are_told_link_by_link(shipped: Graph) -> None:
    def found(*loras: dict[str, Any]) -> list[str]:
        patched = bind(shipped).patch(shipped, {"loras": list(loras)}).graph
        return [one.shown for one in changes(shipped, patched)]

    name = shipped["11"]["inputs"]["lora"]
    assert found({"name": name}) == []
    assert found({"name": "a.safetensors"}) == [f"loras: {name} → a.safetensors"]
    assert found({"name": name, "strength": 0.8}) == ["LoRA.strength: 1 → 0.8"]
    assert found() == ["LoRA: WanVideoLoraSelect → absent", "I2V model.lora: [LoRA] → absent"]
    assert found({"name": name}, {"name": "b.safetensors"}) == [
        "LoRA 2: absent → WanVideoLoraSelect",
        "I2V model.lora: [LoRA] → [LoRA 2]",
    ]


def nodes(**inputs: Any) -> Graph:
    return {"1": {"class_type": "A", "inputs": inputs}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (2, 2.0),
        ("WanVideo\\a.safetensors", "WanVideo/a.safetensors"),
        (math.nan, math.nan),
        (math.inf, math.inf),
        ([1, [2.0]], [1.0, [2]]),
        (["9", 0], ["9", 0]),
    ],
)
def test_what_a_server_takes_alike_is_no_change(before: Any, after: Any) -> None:
    assert changes(nodes(x=before), nodes(x=after)) == ()


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (1, True, "A.x: 1 → true"),
        (1, "1", 'A.x: 1 → "1"'),
        (True, "true", 'A.x: true → "true"'),
        (1.0, 1.0000000000000002, "A.x: 1 → 1.0000000000000002"),
        (0.1234567, 0.1234568, "A.x: 0.1234567 → 0.1234568"),
        ("a\\b", "a/b", "A.x: a\\b → a/b"),
        ("a", "", 'A.x: a → ""'),
        (None, "null", 'A.x: null → "null"'),
        (["1", 0], ["1", 1], 'A.x: ["1", 0] → ["1", 1]'),
        (["9", 0], ["8", 0], "A.x: [9, not there] → [8, not there]"),
    ],
)
def test_what_it_does_not_is_shown_apart(before: Any, after: Any, shown: str) -> None:
    assert [one.shown for one in changes(nodes(x=before), nodes(x=after))] == [shown]


def test_an_input_that_is_not_there_is_not_the_word_for_it() -> None:
    assert [one.shown for one in changes(nodes(), nodes(x="absent"))] == ['A.x: absent → "absent"']


def test_another_class_in_a_node_s_place_is_another_node() -> None:
    before, after = nodes(x=1), {"1": {"class_type": "B", "inputs": {"x": 1}}}
    assert [one.shown for one in changes(before, after)] == ["A: A → absent", "B: absent → B"]


def test_the_second_of_two_samplers_is_not_called_by_the_parameters_of_the_first(shipped: Graph) -> None:
    loose = {"class_type": "WanVideoSampler", "inputs": {"steps": 4}, "_meta": {"title": "Loose"}}
    before, after = shipped | {"90": loose}, shipped | {"90": loose | {"inputs": {"steps": 9}}}
    assert [one.shown for one in changes(before, after)] == ["Loose.steps: 4 → 9"]


def test_titles_that_a_person_wrote_anew_change_nothing(shipped: Graph) -> None:
    other = copy.deepcopy(shipped)
    for node in other.values():
        node["_meta"] = {"title": "mine"}
    assert changes(shipped, other) == ()
    other["14"]["inputs"]["steps"] = 9
    assert [one.shown for one in changes(shipped, other)] == ["steps: 4 → 9"]


def test_a_chain_of_ten_thousand_nodes_is_no_trouble() -> None:
    def chain(last: int) -> Graph:
        graph: Graph = {"0": {"class_type": "A", "inputs": {"x": last}}}
        return graph | {str(n): {"class_type": "A", "inputs": {"x": [str(n - 1), 0]}} for n in range(1, 10_000)}

    assert changes(chain(1), chain(1)) == ()
    assert [one.shown for one in changes(chain(1), chain(2))] == ["A.x: 1 → 2"]


def test_the_shipped_graph_is_left_as_it_is(node_of: Callable[[str], dict[str, Any]], shipped: Graph) -> None:
    node_of("Sampler")["steps"] = 9
    before = copy.deepcopy(default_graph())
    assert [one.shown for one in changes(default_graph(), shipped)] == ["steps: 4 → 9"]
    assert default_graph() == before
