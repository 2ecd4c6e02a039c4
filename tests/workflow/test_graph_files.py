"""Reading graphs: good ones, and files that are none."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.graph import Graph, GraphError, UiFormatError, canonical_json, load_graph, parse_graph
from workflow.schema import default_schema


def test_shipped_graph_sends_every_widget_explicitly(shipped: Graph) -> None:
    """The server gives an absent input the node's Python default, which is not always the schema's."""
    assert len(shipped) == 17
    for node in shipped.values():
        inputs = default_schema().classes[node["class_type"]].inputs_for(node["inputs"])
        unsent = [name for name, spec in inputs.items() if spec.is_widget and name not in node["inputs"]]
        assert not unsent, node["class_type"]


def test_shipped_nodes_have_titles_of_their_own(shipped: Graph) -> None:
    titles = [node["_meta"]["title"] for node in shipped.values()]
    assert len(set(titles)) == 17
    assert {"Reference frame", "Face close-up"} <= set(titles)


def test_canvas_format_is_answered_with_how_to_export(tmp_path: Path) -> None:
    path = tmp_path / "工作流.json"
    path.write_text(json.dumps({"nodes": [], "links": [], "version": 0.4}), encoding="utf-8")
    with pytest.raises(UiFormatError, match="API format") as caught:
        load_graph(path)
    assert "Export (API)" in caught.value.hint
    assert str(path) in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "not json",
        '{"1": 5}',
        '{"1": {"inputs": {}}}',
        '{"1": {"class_type": "A"}}',
        '{"1": {"class_type": "A", "inputs": []}}',
        '{"1": {"class_type": "A", "inputs": {"x": NaN}}}',
        '{"1": {"class_type": "A", "inputs": {}}, "1": {"class_type": "B", "inputs": {}}}',
        "[" * 100_000,
    ],
)
def test_hostile_json_is_one_clear_error(text: str) -> None:
    with pytest.raises(GraphError, match="somewhere"):
        parse_graph(text, "somewhere")


def test_unreadable_files_are_clear_errors(tmp_path: Path) -> None:
    (tmp_path / "picture.json").write_bytes(b"\x89PNG\xff\xfe")
    for name in ("picture.json", "absent.json", "."):
        with pytest.raises(GraphError):
            load_graph(tmp_path / name)


def test_prompt_bodies_and_byte_order_marks_are_taken(tmp_path: Path, shipped: Graph) -> None:
    path = tmp_path / "body.json"
    path.write_text("\ufeff" + json.dumps({"prompt": shipped, "client_id": "x"}), encoding="utf-8")
    assert load_graph(path) == shipped


def test_what_the_browser_leaves_in_an_export_is_dropped(exported: Graph) -> None:
    graph = parse_graph(json.dumps(exported))
    assert graph["125"]["inputs"] == {"audio": "hush.mp3"}
    assert graph["284"]["inputs"] == {"image": "woman.png"}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(_JSON)
def test_canonical_json_keeps_the_value(value: object) -> None:
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text(), st.integers(-(2**53), 2**53)))
def test_canonical_json_is_one_for_equal_values(value: dict[str, int]) -> None:
    floats = {key: float(number) for key, number in reversed(value.items())}
    assert canonical_json(floats) == canonical_json(value)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_canonical_json_refuses_what_is_no_number(bad: object) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(bad)
