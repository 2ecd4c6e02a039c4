"""What the recipe depends on and what not; which cells collapse."""

import copy
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.effective import collapse_key, effective, inert_inputs
from workflow.graph import Graph, default_graph, is_link
from workflow.recipe import VOLATILE, recipe_hash
from workflow.windows import Windows

WIDGETS = [
    (node_id, name)
    for node_id, node in default_graph().items()
    for name, value in node["inputs"].items()
    if not is_link(value)
]


def changed(node: str, name: str, value: Any, graph: Graph | None = None) -> Graph:
    graph = copy.deepcopy(graph or default_graph())
    graph[node]["inputs"][name] = value
    return graph


def recipe(graph: Graph) -> str:
    return recipe_hash(graph, {}, 2)


def other(value: Any) -> Any:
    return (not value) if isinstance(value, bool) else value + 1 if isinstance(value, int | float) else value + "x"


@given(st.sampled_from(WIDGETS))
def test_every_input_but_the_volatile_ones_changes_the_recipe(place: tuple[str, str]) -> None:
    node, name = place
    graph = changed(node, name, other(default_graph()[node]["inputs"][name]))
    assert (recipe(graph) == recipe(default_graph())) is (name in VOLATILE)


@given(st.randoms(use_true_random=False))
def test_order_titles_and_number_types_do_not_count(rng: random.Random) -> None:
    def shuffled(items: dict[str, Any]) -> dict[str, Any]:
        keys = list(items)
        rng.shuffle(keys)
        return {key: items[key] for key in keys}

    def as_float(value: Any) -> Any:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    graph = {
        node_id: {
            "_meta": {"title": str(rng.random())},
            "class_type": node["class_type"],
            "inputs": {name: as_float(value) for name, value in shuffled(node["inputs"]).items()},
        }
        for node_id, node in shuffled(default_graph()).items()
    }
    assert recipe(graph) == recipe(default_graph())


def test_true_is_not_one() -> None:
    assert recipe(changed("14", "batched_cfg", True)) != recipe(changed("14", "batched_cfg", 1))


def test_files_count_by_content_not_by_name() -> None:
    a, b = changed("7", "image", "a.png"), changed("7", "image", "b.png")
    same, different = "0" * 64, "1" * 64
    assert recipe_hash(a, {"a.png": same}, 2) == recipe_hash(b, {"b.png": same}, 2)
    assert recipe_hash(a, {"a.png": same}, 2) != recipe_hash(a, {"a.png": different}, 2)
    assert recipe_hash(a, {"a.png": same, "unused.png": different}, 2) == recipe_hash(a, {"a.png": same}, 2)


def test_seed_counts() -> None:
    assert recipe_hash(default_graph(), {}, 1) != recipe_hash(default_graph(), {}, 2)


def test_both_spellings_of_a_model_are_one() -> None:
    a, b = "I2V\\a.gguf", "I2V/a.gguf"
    assert recipe(changed("13", "model", a)) == recipe(changed("13", "model", b))
    assert recipe(changed("2", "positive_prompt", "a\\b")) != recipe(changed("2", "positive_prompt", "a/b"))


def keys(a: Graph, b: Graph, windows: Windows | None = None) -> tuple[str, str]:
    return collapse_key(a, {}, 2, windows), collapse_key(b, {}, 2, windows)


def one_picture(tiles: int) -> Graph:
    graph = changed("9", "tiles", tiles)
    del graph["9"]["inputs"]["image_2"]
    return graph


@pytest.mark.parametrize(
    ("base", "node", "name", "collapses"),
    [
        (default_graph(), "2", "negative_prompt", True),
        (changed("14", "cfg", 2.0), "2", "negative_prompt", False),
        (changed("14", "batched_cfg", True), "2", "negative_prompt", False),
        (changed("14", "cfg", 1.0000000000000002), "2", "negative_prompt", True),
        (default_graph(), "2", "positive_prompt", False),
        (default_graph(), "9", "strength_2", False),
        (one_picture(0), "9", "strength_2", True),
        (one_picture(0), "9", "combine_embeds", True),
        # one picture in several tiles gives two embeddings, which are combined
        (one_picture(4), "9", "strength_2", False),
        (one_picture(4), "9", "combine_embeds", False),
        (default_graph(), "9", "ratio", False),
        (changed("9", "tiles", 0), "9", "ratio", True),
        (default_graph(), "15", "tile_x", True),
        (changed("15", "enable_vae_tiling", True), "15", "tile_x", False),
        (default_graph(), "10", "motion_frame", False),
    ],
)
def test_only_what_is_not_read_collapses(base: Graph, node: str, name: str, collapses: bool) -> None:
    a, b = keys(base, changed(node, name, other(base[node]["inputs"][name]), base))
    assert (a == b) is collapses


def test_the_overlap_collapses_only_where_there_is_one_window() -> None:
    a, b = default_graph(), changed("10", "motion_frame", 13)
    one, two = keys(a, b, Windows(81, 9, 81))
    assert one == two
    one, two = keys(a, b, Windows(81, 9, 82))
    assert one != two


def test_a_negative_prompt_read_elsewhere_is_not_inert() -> None:
    graph = copy.deepcopy(default_graph())
    graph["20"] = {"class_type": "WanVideoApplyNAG", "inputs": {"nag_text_embeds": ["2", 1]}}
    assert "negative_prompt" not in {item.input for item in inert_inputs(graph)}


@given(st.sampled_from(WIDGETS), st.sampled_from(WIDGETS))
def test_effective_is_a_projection(first: tuple[str, str], second: tuple[str, str]) -> None:
    graph = default_graph()
    for node, name in (first, second):
        graph = changed(node, name, other(default_graph()[node]["inputs"][name]), graph)
    once = effective(graph)
    assert effective(once) == once
