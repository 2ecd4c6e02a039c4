"""Queue, events, caching, interrupts: what a client of ComfyUI relies on."""

import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
import requests

Graph = Callable[..., dict[str, Any]]


def until(what: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


def test_system_stats_say_what_it_is(standin: Any) -> None:
    stats = standin.get("/system_stats")
    assert stats["system"]["stand_in"]["version"]
    assert "stand-in" in stats["devices"][0]["name"]
    assert {"comfyui_version", "os", "argv", "ram_free", "ram_total", "python_version"} <= set(stats["system"])
    assert standin.get("/api/system_stats")["system"]["stand_in"] == stats["system"]["stand_in"]


def test_object_info_lists_what_was_uploaded(standin: Any) -> None:
    info = standin.get("/object_info")
    assert "portrait.png" in info["LoadImage"]["input"]["required"]["image"][0]
    sounds = info["LoadAudio"]["input"]["required"]["audio"][0]
    assert "voice.wav" in sounds and "portrait.png" not in sounds and sounds == sorted(sounds)
    assert standin.get("/object_info/NoSuch") == {}
    assert list(standin.get("/object_info/WanVideoSampler")) == ["WanVideoSampler"]


def test_events_come_in_the_order_of_the_server(standin: Any, graph: Graph, listen: Callable[[str], Any]) -> None:
    client = uuid.uuid4().hex
    events = listen(client)
    until(lambda: events.of("status"))
    prompt_id = standin.post(graph({"14.seed": 100}), client_id=client).json()["prompt_id"]
    entry = standin.wait(prompt_id)
    until(lambda: [data for data in events.of("executing") if data["node"] is None])
    kinds = [event["type"] for event in events.seen]
    mine = [event for event in events.seen if event["data"].get("prompt_id") == prompt_id]
    assert events.seen[0]["data"]["sid"] == client
    assert [event["type"] for event in mine][:3] == ["execution_start", "execution_cached", "progress_state"]
    assert [event["type"] for event in mine][-2:] == ["execution_success", "executing"]
    assert kinds.index("executed") < kinds.index("execution_success")
    nodes = [data["node"] for data in events.of("executing")]
    assert nodes[-3:] == ["15", "16", None]
    shown = [data for data in events.of("executed") if data["node"] == "16"]
    assert shown[0]["output"] == entry["outputs"]["16"]
    assert entry["status"]["status_str"] == "success" and entry["status"]["completed"] is True
    assert [name for name, _ in entry["status"]["messages"]] == [
        "execution_start", "execution_cached", "execution_success",
    ]  # fmt: skip


def test_nodes_run_in_the_order_of_a_recorded_run(
    standin: Any, listen: Callable[[str], Any], comfyui_output: Path
) -> None:
    with av.open(str(comfyui_output)) as container:
        prompt = json.loads(container.metadata["prompt"])
    prompt["6"]["inputs"]["audio"] = "voice.wav"
    prompt["7"]["inputs"]["image"] = prompt["17"]["inputs"]["image"] = "portrait.png"
    prompt["5"]["inputs"]["model"] = "WanVideo/InfiniteTalk/Wan2_1-InfiniteTalk_Single_Q8.gguf"
    requests.post(f"{standin.url}/free", json={"free_memory": True}, timeout=5)
    time.sleep(0.5)
    client = uuid.uuid4().hex
    events = listen(client)
    until(lambda: events.of("status"))
    answer = standin.post(prompt, client_id=client)
    assert answer.status_code == 200, answer.text
    standin.wait(answer.json()["prompt_id"])
    until(lambda: [data for data in events.of("executing") if data["node"] is None])
    nodes = [data["node"] for data in events.of("executing")]
    assert " ".join(map(str, nodes)) == "6 1 4 8 17 3 9 10 2 5 12 11 13 14 15 16 None"
    # Node 7 shows the picture that 17 has just loaded: executed, without output.
    assert [data["output"] for data in events.of("executed") if data["node"] == "7"] == [None]


def test_the_sampler_reports_weights_then_steps_and_windows(
    standin: Any, graph: Graph, listen: Callable[[str], Any]
) -> None:
    client = uuid.uuid4().hex
    events = listen(client)
    prompt_id = standin.post(graph({"14.seed": 101, "14.steps": 4}), client_id=client).json()["prompt_id"]
    standin.wait(prompt_id)
    until(lambda: [data for data in events.of("executing") if data["node"] is None])
    ticks = [(data["value"], data["max"]) for data in events.of("progress") if data["node"] == "14"]
    weights = [value for value, maximum in ticks if maximum == 1633]
    steps = [value for value, maximum in ticks if maximum != 1633]
    assert weights == list(range(1, 1634))
    # 30 frames in windows of 21 with stride 16: two windows, and 30 // 16 + 1 = 2 estimated.
    assert steps == list(range(1, 9)) and ticks[-1][1] == 8
    assert ticks.index((1633, 1633)) < ticks.index((1, 8))


def test_an_identical_prompt_is_answered_from_the_cache(
    standin: Any, graph: Graph, listen: Callable[[str], Any]
) -> None:
    prompt = graph({"14.seed": 102})
    first = standin.render(prompt)
    events = listen(standin.client)
    began = time.monotonic()
    second = standin.render(prompt)
    assert time.monotonic() - began < 1
    assert second["outputs"] == first["outputs"]
    cached = dict(second["status"]["messages"])["execution_cached"]["nodes"]
    assert set(cached) == set(prompt)
    until(lambda: events.of("execution_success"))
    assert [data["node"] for data in events.of("executing") if data["node"]] == []
    assert events.of("executed")[0]["output"] == first["outputs"]["16"]


def test_only_what_changed_and_what_follows_runs_again(standin: Any, graph: Graph) -> None:
    standin.render(graph({"14.seed": 103}, prefix="t/cache_a"))

    def cached(change: dict[str, Any]) -> set[str]:
        entry = standin.render(graph(change, prefix="t/cache_b"))
        return set(dict(entry["status"]["messages"])["execution_cached"]["nodes"])

    everything = set(graph())
    assert cached({"14.seed": 103}) == everything - {"16"}
    assert cached({"14.seed": 104}) == everything - {"14", "15", "16"}
    assert cached({"14.seed": 104, "8.audio_scale": 2.0}) == everything - {"8", "14", "15", "16"}
    assert cached({"14.seed": 104, "12.blocks_to_swap": 10}) == everything - {"8", "12", "13", "14", "15", "16"}
    # The classic cache holds the last prompt's nodes only: going back reloads.
    assert cached({"14.seed": 104}) == everything - {"12", "13", "14", "15", "16"}


def test_other_bytes_under_the_same_name_are_not_the_cache(standin: Any, graph: Graph, voice: Path) -> None:
    changed = bytearray(voice.read_bytes())
    changed[2000:4000] = bytes(2000)
    prompt = graph({"6.audio": "other.wav", "14.seed": 105})
    other = voice.with_name("other.wav")
    other.write_bytes(voice.read_bytes())
    standin.upload(other)
    standin.render(prompt)
    other.write_bytes(bytes(changed))
    assert standin.upload(other, overwrite="true").json()["name"] == "other.wav"
    entry = standin.render(prompt)
    assert "6" not in dict(entry["status"]["messages"])["execution_cached"]["nodes"]


@pytest.fixture
def paced(starter: Any, ender: Any, tmp_path: Path, portrait: Path, voice: Path) -> Any:
    server = starter(tmp_path / "paced", "--pace", "30")
    server.upload(portrait)
    server.upload(voice)
    yield server
    ender(server)


def test_interrupt_delete_and_queue(paced: Any, graph: Graph) -> None:
    first = paced.post(graph({"14.seed": 1})).json()["prompt_id"]
    second = paced.post(graph({"14.seed": 2})).json()["prompt_id"]
    third = paced.post(graph({"14.seed": 3})).json()["prompt_id"]
    until(lambda: paced.get("/queue")["queue_running"])
    state = paced.get("/queue")
    assert [job[1] for job in state["queue_running"]] == [first]
    assert [job[1] for job in state["queue_pending"]] == [second, third]
    assert state["queue_running"][0][3]["client_id"] == paced.client
    assert state["queue_running"][0][4] == ["16"]
    assert paced.get("/prompt") == {"exec_info": {"queue_remaining": 3}}
    assert paced.get(f"/history/{first}") == {}
    requests.post(f"{paced.url}/queue", json={"delete": [second]}, timeout=5)
    assert [job[1] for job in paced.get("/queue")["queue_pending"]] == [third]
    requests.post(f"{paced.url}/interrupt", json={"prompt_id": second}, timeout=5)
    assert paced.get("/queue")["queue_running"][0][1] == first
    requests.post(f"{paced.url}/interrupt", json={"prompt_id": first}, timeout=5)
    entry = paced.wait(first, 5)
    assert entry["status"]["status_str"] == "error" and entry["status"]["completed"] is False
    assert entry["status"]["messages"][-1][0] == "execution_interrupted"
    assert entry["outputs"] == {}
    requests.post(f"{paced.url}/interrupt", timeout=5)
    requests.post(f"{paced.url}/queue", json={"clear": True}, timeout=5)
    paced.wait(third, 5)
    assert paced.get(f"/history/{second}") == {}
    requests.post(f"{paced.url}/history", json={"delete": [first]}, timeout=5)
    assert list(paced.get("/history")) == [third]
    requests.post(f"{paced.url}/free", json={"unload_models": True, "free_memory": True}, timeout=5)
    assert paced.get("/queue") == {"queue_running": [], "queue_pending": []}


def test_the_same_id_twice_is_queued_twice(standin: Any, graph: Graph) -> None:
    prompt = graph({"14.seed": 102})
    answers = [standin.post(prompt, prompt_id="run-001") for _ in range(2)]
    assert [answer.json()["prompt_id"] for answer in answers] == ["run-001", "run-001"]
    assert answers[1].json()["number"] == answers[0].json()["number"] + 1
    until(lambda: not standin.get("/prompt")["exec_info"]["queue_remaining"])


def test_a_page_from_elsewhere_is_refused(standin: Any) -> None:
    answer = requests.get(f"{standin.url}/queue", headers={"Origin": "http://example.com"}, timeout=5)
    assert answer.status_code == 403
    answer = requests.get(f"{standin.url}/queue", headers={"Host": "example.com"}, timeout=5)
    assert answer.status_code == 403
    assert requests.get(f"{standin.url}/queue", headers={"Origin": standin.url}, timeout=5).status_code == 200
