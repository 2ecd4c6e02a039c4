"""What a server runs again, what it answers from its cache, and what stays of a prompt that failed."""

import time
from collections.abc import Callable
from typing import Any

import pytest

MakeGraph = Callable[..., dict[str, dict[str, Any]]]


def cached(entry: dict[str, Any]) -> list[str]:
    """The nodes that were not run."""
    return sorted(next(data["nodes"] for name, data in entry["status"]["messages"] if name == "execution_cached"))


@pytest.fixture
def bad_sound(raw: Any) -> str:
    """A file that is no sound, though it is called one."""
    return str(raw.upload("bad.wav", b"not a sound"))


def test_titles_numbers_and_spellings_do_not_matter_names_do(raw: Any, make_graph: MakeGraph) -> None:
    graph = make_graph(raw.unique(), frame_rate=25)
    raw.run(graph)
    graph["2"]["_meta"] = {"title": "another"}
    assert cached(raw.run(graph)) == ["1", "2"]
    graph["2"]["inputs"]["frame_rate"] = "25.0"
    assert cached(raw.run(graph)) == ["1", "2"]
    graph["2"]["inputs"]["no_such_input"] = 1
    assert cached(raw.run(graph)) == ["1"]


def test_an_output_under_another_number_runs_again(raw: Any, make_graph: MakeGraph) -> None:
    graph = make_graph(raw.unique())
    raw.run(graph)
    moved = {"7": graph["1"], "8": {**graph["2"], "inputs": {**graph["2"]["inputs"], "images": ["7", 0]}}}
    assert cached(raw.run(moved)) == ["7"]


def test_only_the_last_prompt_is_remembered(raw: Any, make_graph: MakeGraph) -> None:
    first, other = make_graph(raw.unique()), make_graph(raw.unique())
    other["1"]["inputs"]["image"] = raw.picture(64, 96)
    raw.run(first)
    assert cached(raw.run(other)) == []
    again = raw.run(first)
    assert cached(again) == []
    assert again["outputs"]["2"]["gifs"][0]["filename"].endswith("_00002.mp4")


def test_free_memory_empties_the_cache_and_unloading_models_does_not(raw: Any, make_graph: MakeGraph) -> None:
    graph = make_graph(raw.unique())
    raw.run(graph)
    assert raw.body("/free", '{"unload_models": true}')[0] == 200
    time.sleep(1.2)  # it is done between prompts, by a worker that looks once a second
    assert cached(raw.run(graph)) == ["1", "2"]
    assert raw.body("/free", '{"free_memory": true}')[0] == 200
    time.sleep(1.2)
    assert cached(raw.run(graph)) == []


def test_without_a_client_the_outputs_of_a_cached_prompt_may_be_missing(raw: Any, make_graph: MakeGraph) -> None:
    graph = make_graph(raw.unique())
    first, again = raw.run(graph), raw.run(graph, client_id=None)
    assert cached(again) == ["1", "2"]
    assert again["outputs"] == ({} if raw.since(0, 27) else first["outputs"])


def test_what_ran_before_a_failure_stays(raw: Any, make_graph: MakeGraph, bad_sound: str) -> None:
    graph = make_graph(raw.unique())
    raw.run(graph)
    failing = make_graph(raw.unique(), audio=["3", 0])
    failing["3"] = {"class_type": "LoadAudio", "inputs": {"audio": bad_sound}}
    entry = raw.run(failing)
    assert entry["status"]["status_str"] == "error" and entry["status"]["completed"] is False
    assert entry["outputs"] == {} and cached(entry) == ["1"]
    kept = ["1", "2"] if raw.since(0, 27) else ["1"]
    assert cached(raw.run(graph)) == kept, "newer releases keep what was there until another node has run"


def test_a_node_that_raises_says_where_and_what(raw: Any, make_graph: MakeGraph, bad_sound: str) -> None:
    graph = make_graph(raw.unique(), audio=["3", 0])
    graph["3"] = {"class_type": "LoadAudio", "inputs": {"audio": bad_sound}}
    name, data = raw.run(graph)["status"]["messages"][-1]
    assert name == "execution_error"
    assert set(data) == {
        "prompt_id", "node_id", "node_type", "executed", "exception_message", "exception_type", "traceback",
        "current_inputs", "current_outputs", "timestamp",
    }  # fmt: skip
    assert (data["node_id"], data["node_type"], data["executed"]) == ("3", "LoadAudio", [])
    assert data["exception_type"] == "av.error.InvalidDataError"
    assert data["exception_message"].startswith("[Errno 1094995529] Invalid data found when processing input: ")
    assert data["exception_message"].endswith("\n")
    assert data["current_inputs"] == {"audio": [bad_sound]}
    assert sorted(data["current_outputs"]) == ["1", "2", "3"]
    assert all(isinstance(line, str) and line.startswith("  File ") for line in data["traceback"])
