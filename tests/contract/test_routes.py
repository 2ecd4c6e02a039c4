"""The routes themselves: queue, history, uploads, downloads, and what they say to odd requests."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests

MakeGraph = Callable[..., dict[str, dict[str, Any]]]
TROUBLE = (500, "500 Internal Server Error\n\nServer got itself in trouble")
NOTHING = (200, "")


def test_a_history_entry_has_this_shape(raw: Any, make_graph: MakeGraph) -> None:
    graph, prefix = make_graph(raw.unique()), raw.unique()
    graph["2"]["inputs"]["filename_prefix"] = prefix
    entry = raw.run(graph, client_id="a client", extra_data={"kept": 1})
    number, prompt_id, ran, extra, outputs = entry["prompt"]
    assert isinstance(number, int | float) and uuid.UUID(prompt_id)
    assert ran == graph
    assert extra | {"create_time": 0} == {"kept": 1, "client_id": "a client", "create_time": 0}
    assert outputs == ["2"]
    stem = prefix.split("/")[1]
    (shown,) = entry["outputs"]["2"]["gifs"]
    assert shown.pop("fullpath").endswith(f"/contract/{stem}_00001.mp4")
    assert shown == {
        "filename": f"{stem}_00001.mp4", "subfolder": "contract", "type": "output", "format": "video/h264-mp4",
        "frame_rate": 25.0, "workflow": f"{stem}_00001.png",
    }  # fmt: skip
    assert entry["meta"] == {"2": {"node_id": "2", "display_node": "2", "parent_node": None, "real_node_id": "2"}}
    status = entry["status"]
    assert (status["status_str"], status["completed"]) == ("success", True)
    names = [name for name, _ in status["messages"]]
    assert names == ["execution_start", "execution_cached", "execution_success"]
    assert all(data["prompt_id"] == prompt_id and data["timestamp"] > 1e12 for _, data in status["messages"])


def test_numbers_go_on_even_where_a_prompt_is_refused(raw: Any, make_graph: MakeGraph) -> None:
    first = raw.prompt(make_graph(raw.unique()))[1]["number"]
    assert raw.prompt({})[0] == 400
    second = raw.prompt(make_graph(raw.unique()))[1]["number"]
    assert second - first == 2
    assert raw.prompt(make_graph(raw.unique()), front=True)[1]["number"] == -(second + 1)
    assert raw.prompt(make_graph(raw.unique()), number=-7)[1]["number"] == -7.0


def test_the_same_id_twice_is_queued_twice(raw: Any, make_graph: MakeGraph, long_graph: MakeGraph) -> None:
    blocker = raw.prompt(long_graph(raw.unique()))[1]["prompt_id"]
    raw.running(blocker)
    graph, prompt_id = make_graph(raw.unique()), str(uuid.uuid4())
    assert [raw.prompt(graph, prompt_id=prompt_id)[0] for _ in range(2)] == [200, 200]
    waiting = [item[1] for item in raw.get("/queue")["queue_pending"]]
    assert waiting.count(prompt_id) == 2
    assert raw.body("/queue", f'{{"delete": ["{prompt_id}"]}}') == NOTHING
    waiting = [item[1] for item in raw.get("/queue")["queue_pending"]]
    assert waiting.count(prompt_id) == 1
    assert raw.body("/queue", '{"clear": true}') == NOTHING
    state = raw.get("/queue")
    assert state["queue_pending"] == []
    assert [item[1] for item in state["queue_running"]] == [blocker], "what runs is not cleared"
    assert raw.get(f"/history/{blocker}") == {} == raw.get(f"/history/{prompt_id}")
    assert raw.body("/interrupt", "") == NOTHING  # no id: whatever runs
    assert raw.ended(blocker)["status"]["messages"][-1][0] == "execution_interrupted"


def test_an_interrupted_prompt_says_where(raw: Any, long_graph: MakeGraph) -> None:
    prompt_id = raw.prompt(long_graph(raw.unique()))[1]["prompt_id"]
    raw.running(prompt_id)
    assert raw.body("/interrupt", f'{{"prompt_id": "{uuid.uuid4()}"}}') == NOTHING
    assert [item[1] for item in raw.get("/queue")["queue_running"]] == [prompt_id]
    assert raw.body("/interrupt", f'{{"prompt_id": "{prompt_id}"}}') == NOTHING
    entry = raw.ended(prompt_id)
    assert (entry["status"]["status_str"], entry["status"]["completed"]) == ("error", False)
    name, data = entry["status"]["messages"][-1]
    assert name == "execution_interrupted"
    assert set(data) == {"prompt_id", "node_id", "node_type", "executed", "timestamp"}
    assert entry["outputs"] == {}


def test_the_history_can_be_paged_and_forgotten(raw: Any, make_graph: MakeGraph) -> None:
    ids = [raw.run(make_graph(raw.unique()))["prompt"][1] for _ in range(3)]
    assert list(raw.get("/history", max_items=2)) == ids[1:]
    assert raw.get("/history", offset=0, max_items=1).keys() != {ids[2]}
    assert raw.body("/history", f'{{"delete": ["{ids[0]}"]}}') == NOTHING
    assert raw.get(f"/history/{ids[0]}") == {} and raw.get(f"/history/{ids[1]}") != {}


@pytest.mark.parametrize("path", ["/queue", "/history", "/free"])
def test_bodies_that_are_no_json_or_no_object(raw: Any, path: str) -> None:
    assert raw.body(path, "{") == TROUBLE
    assert raw.body(path, "") == TROUBLE
    assert raw.body(path, "{}") == NOTHING
    assert raw.body(path, "[]") == (TROUBLE if path == "/free" else NOTHING)


def test_odd_requests(raw: Any) -> None:
    assert raw.body("/interrupt", "{") == NOTHING, "a body that is no JSON counts as none"
    assert raw.body("/interrupt", "[]") == TROUBLE
    assert raw.body("/prompt", "", method="OPTIONS") == NOTHING
    assert raw.body("/no/such/route", "", method="GET")[0] == 404
    assert raw.body("/queue", "", method="DELETE")[0] == 405
    assert raw.get("/prompt") == {"exec_info": {"queue_remaining": 0}}
    for path in ("/queue", "/prompt", "/features", "/system_stats", "/object_info/LoadAudio"):
        assert requests.get(raw.url + "/api" + path, timeout=10).status_code == 200, path


def test_uploads_by_name_folder_and_kind(raw: Any) -> None:
    word = uuid.uuid4().hex[:12]

    def sent(name: str, data: bytes = b"x", **fields: str) -> Any:
        answer = raw.send(name, data, **fields)
        return answer.json() if answer.status_code == 200 else answer.status_code

    plain = {"subfolder": "", "type": "input"}
    assert sent(f"{word}.wav") == {"name": f"{word}.wav", **plain}
    assert sent(f"{word}.wav", b"y") == {"name": f"{word} (1).wav", **plain}
    assert sent(f"{word}.wav", b"y") == {"name": f"{word} (1).wav", **plain}
    assert sent(f"{word}.wav", b"z", overwrite="yes") == {"name": f"{word} (2).wav", **plain}
    assert sent(f"{word}.wav", b"z", overwrite="true") == {"name": f"{word}.wav", **plain}
    assert sent(f"{word}.wav", b"z") == {"name": f"{word}.wav", **plain}
    assert sent(word) == {"name": word, **plain} and sent(word, b"y") == {"name": f"{word} (1)", **plain}
    assert sent(f"早上 {word}.wav")["name"] == f"早上 {word}.wav"
    assert sent(f"{word}.wav", subfolder=f"{word}-folder/t") == {
        "name": f"{word}.wav",
        "subfolder": f"{word}-folder/t",
        "type": "input",
    }
    assert sent(f"{word}.wav", type="temp")["type"] == "temp"
    assert (
        sent(f"{word}.wav", subfolder="../x") == sent(f"{word}.wav", subfolder="/etc") == sent(f"../{word}.wav") == 400
    )
    assert sent(f"{word}.wav", type="zzz") == sent(f"no-such-{word}/{word}.wav") == 500
    assert requests.post(f"{raw.url}/upload/image", data={"a": "b"}, timeout=10).status_code == 400


def test_an_upload_too_large_is_named_in_bytes(raw: Any) -> None:
    most = raw.get("/features")["max_upload_size"]
    answer = raw.send("large.bin", bytes(most + 1024))
    assert answer.status_code == 413
    assert answer.text.startswith(f"Maximum request body size {most} exceeded")


def test_downloads_by_name_folder_kind_and_range(raw: Any, make_graph: MakeGraph) -> None:
    graph = make_graph(raw.unique())
    entry = raw.run(graph)
    whole = raw.view(entry)
    name = entry["outputs"]["2"]["gifs"][0]["filename"]
    assert whole.headers["Content-Type"] == "video/mp4" and whole.headers["Accept-Ranges"] == "bytes"
    assert whole.headers["Content-Disposition"] == f'filename="{name}"'
    assert int(whole.headers["Content-Length"]) == len(whole.content) > 1000
    part = raw.view(entry, Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole.content)}"
    assert raw.view(entry, Range=f"bytes={len(whole.content)}-").status_code == 416
    picture = graph["1"]["inputs"]["image"]
    for query, status in (
        (f"filename={picture}&type=input", 200), (f"filename={picture} [input]", 200), (f"filename={picture}", 404),
        ("filename=nope.mp4", 404), ("type=output", 404), ("filename=", 400), ("filename=../x", 400),
        ("filename=/etc/passwd", 400), ("filename=x&type=zzz", 400), ("filename=x&subfolder=../..", 403),
    ):  # fmt: skip
        assert requests.get(f"{raw.url}/view?{query}", timeout=10).status_code == status, query


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:{port}", 200), ("http://127.0.0.1", 200), ("null", 200), ("", 200),
        ("http://127.0.0.1:1", 403), ("http://localhost:{port}", 403), ("http://elsewhere.example", 403),
    ],
)  # fmt: skip
def test_pages_from_elsewhere_are_refused(raw: Any, origin: str, status: int) -> None:
    host = f"127.0.0.1:{raw.url.rsplit(':', 1)[1]}"
    headers = {"Origin": origin.format(port=host.split(":")[1]), "Host": host}
    assert requests.get(f"{raw.url}/queue", headers=headers, timeout=10).status_code == status


def test_system_stats_have_these_fields(raw: Any) -> None:
    stats = raw.get("/system_stats")
    assert set(stats["system"]) >= {
        "os", "ram_total", "ram_free", "comfyui_version", "python_version", "pytorch_version", "embedded_python",
        "argv",
    }  # fmt: skip
    (device, *_) = stats["devices"]
    assert set(device) == {
        "name", "type", "index", "vram_total", "vram_free", "torch_vram_total", "torch_vram_free",
    }  # fmt: skip
    assert 0 < device["vram_free"] <= device["vram_total"]


def test_a_prefix_is_kept_inside_the_output_folder(raw: Any, make_graph: MakeGraph) -> None:
    stem = uuid.uuid4().hex[:12]
    entry = raw.run(make_graph(f"contract/sub/../{stem}"))
    assert entry["outputs"]["2"]["gifs"][0]["subfolder"] == "contract"
    name, data = raw.run(make_graph("../" + stem))["status"]["messages"][-1]
    assert (name, data["exception_type"]) == ("execution_error", "Exception")
    start = "**** ERROR: Saving image outside the output folder is not allowed.\n full_output_folder: "
    assert data["exception_message"].startswith(start)
    name, data = raw.run(make_graph("contract/" + "a" * 300))["status"]["messages"][-1]
    assert (name, data["exception_type"]) == ("execution_error", "OSError")
    assert data["exception_message"].startswith("[Errno 36] File name too long: ")
