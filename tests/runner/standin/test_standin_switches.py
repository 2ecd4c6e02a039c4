"""The switches for faults, and the releases that a stand-in can speak as."""

import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import requests

from runner.embedded import StandIn
from runner.standin.faults import KINDS, BadFault, Fault, Faults, read_fault
from runner.standin.memory import CARD_GIB, Card
from runner.standin.progress import Progress
from runner.standin.release import BadRelease, Release

Graph = Callable[..., dict[str, Any]]


@pytest.fixture
def own(starter: Any, ender: Any, portrait: Path, voice: Path, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """``own("--fault", …)``: a stand-in of the test's own, its inputs uploaded."""
    started = []

    def start(*words: str, uploads: bool = True) -> Any:
        started.append(starter(tmp_path / str(len(started)), *words))
        for path in (portrait, voice) if uploads else ():
            assert started[-1].upload(path).status_code == 200
        return started[-1]

    yield start
    for server in started:
        server.process.kill()
        ender(server)


def told(server: Any) -> list[dict[str, Any]]:
    return list(server.get("/stand_in/faults")["faults"])


def test_a_fault_waits_happens_and_is_over() -> None:
    faults = Faults(read_fault("http-500:times=2,after=1,path=/queue"))
    asked = ("/queue", "/history", "/queue", "/queue", "/queue")
    struck = [faults.strike("http-500", path=path) is not None for path in asked]
    assert struck == [False, False, True, True, False]
    assert faults.strike("http-502", path="/queue") is None
    assert [(one["seen"], one["struck"]) for one in faults.listing()] == [(3, 2)]


def test_a_fault_without_end_and_one_of_a_stage() -> None:
    faults = Faults(read_fault("socket-silent"), read_fault("died:when=written"))
    assert all(faults.strike("socket-silent") for _ in range(9))
    assert faults.strike("died", when="sampling") is None
    assert isinstance(faults.strike("died", when="written"), Fault)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("no-such", "there is no fault 'no-such'"),
        ("died:where=here", "the fault died has no setting 'where'"),
        ("http-500:times=often", "http-500:times=often is no number"),
        ("refused:seconds=", "refused:seconds= is no number"),
    ],
)
def test_a_fault_that_there_is_not(words: str, complaint: str) -> None:
    with pytest.raises(BadFault) as caught:
        read_fault(words)
    assert caught.value.message == complaint


def test_the_command_line_names_every_fault_and_refuses_others() -> None:
    command = [sys.executable, "-m", "runner", "standin"]
    helped = subprocess.run([*command, "--help"], capture_output=True, text=True, encoding="utf-8", check=True)
    assert all(f"\n  {name}" in helped.stdout for name in KINDS)
    for words in (["--fault", "nonsense"], ["--comfyui", "latest"]):
        refused = subprocess.run([*command, "--port", "0", *words], capture_output=True, text=True, check=False)
        assert refused.returncode == 2 and words[1] in refused.stderr and "Traceback" not in refused.stderr


def test_faults_come_and_go_at_run_time(own: Callable[..., Any]) -> None:
    server = own("--fault", "slow:seconds=0.01", uploads=False)
    route = f"{server.url}/stand_in/faults"
    more = {"add": [{"name": "http-502", "path": "/queue", "times": 1}, {"name": "http-truncated", "path": "/queue"}]}
    assert [one["name"] for one in requests.post(route, json=more, timeout=5).json()["faults"]] == [
        "slow", "http-502", "http-truncated",
    ]  # fmt: skip
    answer = requests.get(f"{server.url}/queue", timeout=5)
    assert answer.status_code == 502 and answer.headers["Content-Type"].startswith("text/html")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        server.get("/queue")
    assert server.get("/api/queue")["queue_running"] == []
    assert [one["struck"] for one in told(server)] == [3, 1, 1]
    bad = requests.post(route, json={"add": [{"name": "nonsense"}], "clear": True}, timeout=5)
    assert bad.status_code == 400 and "nonsense" in bad.json()["error"] and len(told(server)) == 3
    assert requests.post(route, json={"clear": True}, timeout=5).json() == {"faults": []}


def test_a_door_that_is_shut_for_a_while(own: Callable[..., Any]) -> None:
    server = own("--fault", "refused:seconds=0.6,path=/queue", uploads=False)
    with pytest.raises(requests.ConnectionError):
        server.get("/queue")
    time.sleep(0.1)
    with pytest.raises(requests.ConnectionError) as caught:
        server.get("/queue")
    assert "refused" in str(caught.value)
    time.sleep(1.0)
    assert server.get("/queue")["queue_running"] == []


def test_a_download_that_breaks_off(own: Callable[..., Any]) -> None:
    server = own("--fault", "http-truncated:path=/view,how=connection", uploads=False)
    (server.folder / "output" / "x.bin").write_bytes(bytes(100_000))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{server.url}/view?filename=x.bin", timeout=5)
    assert len(requests.get(f"{server.url}/view?filename=x.bin", timeout=5).content) == 100_000


def test_memory_that_does_not_come_back(own: Callable[..., Any], graph: Graph) -> None:
    server = own("--fault", "out-of-memory:keeps=1")
    before = server.get("/system_stats")["devices"][0]
    assert before["vram_free"] == before["vram_total"] and before["torch_vram_total"] == 0
    for _ in range(2):  # once by the fault, and then for want of memory
        name, data = server.render(graph())["status"]["messages"][-1]
        assert (name, data["exception_type"]) == ("execution_error", "torch.OutOfMemoryError")
        requests.post(f"{server.url}/free", json={"unload_models": True, "free_memory": True}, timeout=5)
    after = server.get("/system_stats")["devices"][0]
    assert after["vram_free"] < before["vram_total"] * 0.05


def test_the_card_fills_and_empties() -> None:
    card, gib = Card(), 2**30
    card.use(24.0)
    assert card.stats()["vram_free"] == int((CARD_GIB - 24.0) * gib)
    card.rest()
    assert card.stats()["vram_free"] == card.stats()["vram_total"]
    assert card.stats()["torch_vram_total"] == card.stats()["torch_vram_free"] == 24 * gib
    card.free()
    assert card.stats()["torch_vram_total"] == 0


def test_a_link_into_nothing_under_an_unknown_name_kills_the_worker_as_on_the_server(
    own: Callable[..., Any], graph: Graph
) -> None:
    # Seen on a real 0.3.64: 200, then "Node 99 not found" in the worker, and the job runs for ever.
    server = own()
    prompt = graph()
    prompt["16"]["inputs"]["no_such_input"] = ["99", 0]
    assert server.post(prompt).status_code == 200
    time.sleep(0.5)
    assert server.post(graph()).status_code == 200
    state = server.get("/queue")
    assert (len(state["queue_running"]), len(state["queue_pending"])) == (1, 1)


def test_another_release_answers_otherwise(own: Callable[..., Any], graph: Graph) -> None:
    # The words are those of a real 0.27.0.
    server = own("--comfyui", "0.27.0")
    assert server.get("/system_stats")["system"]["comfyui_version"] == "0.27.0"
    refused = server.post(graph(), prompt_id="run-001")
    assert (refused.status_code, refused.json()["error"]) == (
        400,
        {
            "type": "invalid_prompt_id",
            "message": "prompt_id must be a valid UUID",
            "details": "prompt_id must be a UUID string in canonical lowercase hyphenated form; "
            "omit it to let the server generate one",
            "extra_info": {},
        },
    )
    unknown = {**graph(), "99": {"class_type": "NoSuchNode", "inputs": {}}}
    assert server.post(unknown).json()["error"] == {
        "type": "missing_node_type",
        "message": "Node 'NoSuchNode' not found. The custom node may not be installed.",
        "details": "Node ID '#99'",
        "extra_info": {"node_id": "99", "class_type": "NoSuchNode", "node_title": "NoSuchNode"},
    }
    unnamed = {**graph(), "9": {"inputs": {}}}
    assert server.post(unnamed).json()["error"]["message"] == (
        "Node 'ID #9' has no class_type. The workflow may be corrupted or a custom node is missing."
    )
    assert server.post({"nodes": [], "links": []}).status_code == 500
    kind, options = server.get("/object_info/LoadAudio")["LoadAudio"]["input"]["required"]["audio"]
    assert (kind, options["options"]) == ("COMBO", ["voice.wav"])
    entry = server.render(graph())
    assert "create_time" in entry["prompt"][3]
    again = server.post(entry["prompt"][2], client_id=None, prompt_id=str(uuid.uuid4())).json()
    assert server.wait(again["prompt_id"])["outputs"] == {}


def test_a_version_is_a_version() -> None:
    assert not Release("0.3.64").since(0, 12, 0) and Release("1.0").since(0, 27)
    with pytest.raises(BadRelease):
        Release("latest")
    assert Release("0.3.56").interrupts_by_id is False


def test_the_child_takes_faults(tmp_path: Path) -> None:
    child = StandIn(tmp_path, faults=["http-500:path=/history", "upload-refused"])
    url = child.start()
    try:
        assert requests.get(f"{url}/history", timeout=5).status_code == 500
        assert requests.post(f"{url}/upload/image", timeout=5).status_code == 413
    finally:
        child.stop()


class Heard:
    """Sockets that keep what is sent."""

    def __init__(self) -> None:
        self.ticks: list[int] = []

    def emit(self, event: str, data: dict[str, Any], client: str | None) -> None:
        if event == "progress":
            self.ticks.append(data["value"])


@pytest.mark.parametrize("slow, told", [(False, [1, 2, 3, 4, 1, 2]), (True, [1, 4, 1, 2])])
def test_a_newer_release_tells_the_first_and_the_last_tick_of_a_quick_bar(slow: bool, told: list[int]) -> None:
    heard = Heard()
    progress = Progress(cast("Any", heard), "a", None, slow=slow)
    for maximum in (4, 2):  # two windows, each with a bar of its own
        for value in range(1, maximum + 1):
            progress.tick("14", value, maximum)
    assert heard.ticks == told
