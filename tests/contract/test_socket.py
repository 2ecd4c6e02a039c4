"""The websocket: what comes, to whom, in which order."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import websocket

MakeGraph = Callable[..., dict[str, dict[str, Any]]]
Open = Callable[[str], "Ear"]
LOUD = ("progress", "progress_state", "status")  # how often these come is the server's own business


class Ear:
    """One connection and what it heard."""

    def __init__(self, url: str, client: str) -> None:
        self.socket = websocket.create_connection(
            f"ws{url.removeprefix('http')}/ws?clientId={client}", timeout=5, suppress_origin=True
        )

    def hear(self, until: str = "", seconds: float = 5.0) -> list[dict[str, Any]]:
        """The events up to one of that type (``executing`` is the last, of no node), or for so long."""
        heard: list[dict[str, Any]] = []
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self.socket.recv()
            except (websocket.WebSocketException, OSError):
                break
            if not isinstance(data, str) or not data:
                break
            heard.append(json.loads(data))
            if heard[-1]["type"] == until and (until != "executing" or heard[-1]["data"]["node"] is None):
                break
        return heard


@pytest.fixture
def listen(raw: Any) -> Iterator[Open]:
    """``listen(client id)``: connections, closed after the test."""
    ears: list[Ear] = []

    def open_(client: str) -> Ear:
        ears.append(Ear(raw.url, client))
        assert ears[-1].hear("status")[0]["data"]["sid"] == client
        return ears[-1]

    yield open_
    for ear in ears:
        ear.socket.close(timeout=1)


def steps(heard: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    """Types and nodes of the events that tell of the prompt's way."""
    return [(event["type"], event["data"].get("node")) for event in heard if event["type"] not in LOUD]


def test_a_prompt_is_told_step_by_step(raw: Any, make_graph: MakeGraph, listen: Open) -> None:
    client = uuid.uuid4().hex
    ear, graph = listen(client), make_graph(raw.unique())
    raw.run(graph, client_id=client)
    first = steps(ear.hear("executing"))
    assert first[:2] == [("execution_start", None), ("execution_cached", None)]
    assert first[-4:] == [
        ("executing", "2"), ("executed", "2"), ("execution_success", None), ("executing", None),
    ]  # fmt: skip
    raw.run(graph, client_id=client)
    heard = ear.hear("executing")
    assert steps(heard) == [
        ("execution_start", None), ("execution_cached", None), ("executed", "2"), ("execution_success", None),
        ("executing", None),
    ]  # fmt: skip
    shown = next(event["data"] for event in heard if event["type"] == "executed")
    assert set(shown) == {"node", "display_node", "output", "prompt_id"} and shown["output"]["gifs"]


def test_the_history_is_there_when_the_last_event_comes(raw: Any, make_graph: MakeGraph, listen: Open) -> None:
    client, prompt_id = uuid.uuid4().hex, str(uuid.uuid4())
    ear = listen(client)
    assert raw.prompt(make_graph(raw.unique()), client_id=client, prompt_id=prompt_id)[0] == 200
    assert ear.hear("executing")[-1]["data"] == {"node": None, "prompt_id": prompt_id}
    assert raw.get(f"/history/{prompt_id}") != {}


def test_progress_counts_frames_and_names_its_node(raw: Any, make_graph: MakeGraph, listen: Open) -> None:
    client = uuid.uuid4().hex
    ear = listen(client)
    raw.run(make_graph(raw.unique()), client_id=client)
    heard = ear.hear("executing")
    counted = [event["data"] for event in heard if event["type"] == "progress"]
    assert [(data["value"], data["max"], data["node"]) for data in counted] == [(1, 1, "2")]
    states = [event["data"]["nodes"] for event in heard if event["type"] == "progress_state"]
    assert states[-1]["2"]["state"] == "finished"
    assert set(states[-1]["2"]) == {
        "value", "max", "state", "node_id", "prompt_id", "display_node_id", "parent_node_id", "real_node_id",
    }  # fmt: skip


def test_a_failure_is_told_its_own_client(raw: Any, make_graph: MakeGraph, listen: Open) -> None:
    client = uuid.uuid4().hex
    ear, other, graph = listen(client), listen(uuid.uuid4().hex), make_graph(raw.unique())
    graph["1"]["inputs"]["image"] = raw.upload("bad.png", b"no picture")
    raw.run(graph, client_id=client)
    assert steps(ear.hear("executing"))[-2:] == [("execution_error", None), ("executing", None)]
    assert steps(other.hear(seconds=0.3)) == []


def test_an_interruption_is_told_its_own_client_or_where_there_is_none_everybody(
    raw: Any, long_graph: MakeGraph, listen: Open
) -> None:
    for client in (uuid.uuid4().hex, None):
        other = listen(uuid.uuid4().hex)
        prompt_id = raw.prompt(long_graph(raw.unique()), client_id=client)[1]["prompt_id"]
        raw.running(prompt_id)
        raw.body("/interrupt", f'{{"prompt_id": "{prompt_id}"}}')
        raw.ended(prompt_id)
        told = [name for name, _ in steps(other.hear("execution_interrupted", seconds=0.5 if client else 5))]
        assert told == ([] if client else ["execution_interrupted"])
        other.socket.close(timeout=1)  # one that nobody reads any more would hold up everybody


def test_without_a_client_everybody_hears_the_progress_and_nobody_the_rest(
    raw: Any, make_graph: MakeGraph, listen: Open
) -> None:
    other = listen(uuid.uuid4().hex)
    raw.run(make_graph(raw.unique()), client_id=None)
    heard = other.hear(seconds=0.5)
    assert steps(heard) == []
    assert "progress" in {event["type"] for event in heard}


def test_an_old_connection_that_closes_late_takes_the_new_one_with_it(
    raw: Any, make_graph: MakeGraph, listen: Open
) -> None:
    client = uuid.uuid4().hex
    old, new = listen(client), listen(client)
    old.socket.close(timeout=1)
    time.sleep(0.3)
    raw.run(make_graph(raw.unique()), client_id=client)
    assert new.hear(seconds=0.5) == []


def test_a_client_that_comes_back_hears_where_its_prompt_is(raw: Any, long_graph: MakeGraph) -> None:
    client = uuid.uuid4().hex
    prompt_id = raw.prompt(long_graph(raw.unique()), client_id=client)[1]["prompt_id"]
    raw.running(prompt_id)
    time.sleep(0.3)
    ear = Ear(raw.url, client)
    heard = ear.hear("executing", seconds=0.5)
    raw.body("/interrupt", f'{{"prompt_id": "{prompt_id}"}}')
    raw.ended(prompt_id)
    ear.socket.close(timeout=1)
    assert [event["type"] for event in heard[:2]] == ["status", "executing"]
    assert heard[1]["data"].keys() == {"node"} and heard[1]["data"]["node"] is not None


def test_features_are_told_to_a_first_message_that_asks(raw: Any, listen: Open) -> None:
    ear = listen(uuid.uuid4().hex)
    ask = json.dumps({"type": "feature_flags", "data": {}})
    ear.socket.send(ask)
    (flags,) = ear.hear("feature_flags")
    assert flags["data"] == raw.get("/features")
    ear.socket.send(ask)
    assert ear.hear(seconds=0.3) == []
