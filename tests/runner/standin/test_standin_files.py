"""Uploads, downloads, and what the videos are called and carry."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
import requests
from PIL import Image

from workflow.windows import Windows

Graph = Callable[..., dict[str, Any]]


def test_uploads_keep_the_name_unless_the_bytes_differ(standin: Any, tmp_path: Path) -> None:
    path = tmp_path / "up.bin"
    path.write_bytes(b"one")
    assert standin.upload(path).json() == {"name": "up.bin", "subfolder": "", "type": "input"}
    assert standin.upload(path).json()["name"] == "up.bin"
    path.write_bytes(b"two")
    assert standin.upload(path).json()["name"] == "up (1).bin"
    assert standin.upload(path).json()["name"] == "up (1).bin"
    assert standin.upload(path, overwrite="true").json()["name"] == "up.bin"
    assert standin.upload(path, subfolder="s/t").json() == {"name": "up.bin", "subfolder": "s/t", "type": "input"}
    assert (standin.folder / "input" / "s" / "t" / "up.bin").read_bytes() == b"two"
    assert standin.upload(path, name="早上 好.bin").json()["name"] == "早上 好.bin"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("x.bin", {"subfolder": "../.."}),
        ("x.bin", {"subfolder": "/etc"}),
        ("x.bin", {"subfolder": "..\\.."}),
        ("../x.bin", {}),
        ("..", {}),
        ("a/../../x.bin", {}),
    ],
)
def test_uploads_stay_in_their_folder(standin: Any, tmp_path: Path, name: str, fields: dict[str, str]) -> None:
    before = sorted(path for path in standin.folder.parent.rglob("x.bin"))
    source = tmp_path / "source"
    source.write_bytes(b"evil")
    assert standin.upload(source, name=name, **fields).status_code == 400
    assert sorted(path for path in standin.folder.parent.rglob("x.bin")) == before


def test_a_link_in_a_folder_does_not_lead_out(standin: Any, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    link = standin.folder / "output" / "link"
    link.symlink_to(tmp_path, target_is_directory=True)
    query = {"filename": "secret.txt", "type": "output", "subfolder": "link"}
    assert requests.get(f"{standin.url}/view", params=query, timeout=5).status_code == 403
    link.unlink()


def test_an_upload_too_large_is_refused(starter: Any, ender: Any, tmp_path: Path) -> None:
    server = starter(tmp_path / "small", "--max-upload-size", "0.01")
    path = tmp_path / "big.bin"
    path.write_bytes(bytes(20_000))
    answer = server.upload(path)
    assert answer.status_code == 413
    assert answer.text.startswith("Maximum request body size 10486 exceeded")
    assert ender(server) == 0


def test_view_answers_as_the_server_does(standin: Any, tmp_path: Path) -> None:
    data = bytes(range(256)) * 8
    (standin.folder / "output" / "clip.mp4").write_bytes(data)
    view = f"{standin.url}/view"
    whole = requests.get(view, params={"filename": "clip.mp4", "type": "output"}, timeout=5)
    assert (whole.status_code, whole.content) == (200, data)
    assert whole.headers["Content-Disposition"] == 'filename="clip.mp4"'
    assert whole.headers["Content-Type"] == "video/mp4"
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = requests.get(view, params={"filename": "clip.mp4"}, headers={"Range": "bytes=0-99"}, timeout=5)
    assert (part.status_code, part.content) == (206, data[:100])
    assert part.headers["Content-Range"] == f"bytes 0-99/{len(data)}"
    head = requests.head(view, params={"filename": "clip.mp4"}, timeout=5)
    assert head.status_code == 200 and head.headers["Content-Length"] == str(len(data))
    for query, status in (
        ("filename=nope.mp4&type=output", 404),
        ("filename=../x&type=output", 400),
        ("filename=/etc/passwd&type=output", 400),
        ("filename=x&type=zzz", 400),
        ("filename=x&type=output&subfolder=../..", 403),
        ("filename=x%00y&type=output", 403),
        ("type=output", 404),
    ):
        assert requests.get(f"{view}?{query}", timeout=5).status_code == status, query


def test_files_are_named_and_counted_as_by_videohelpersuite(standin: Any, graph: Graph) -> None:
    first = standin.render(graph({"14.seed": 400}, prefix="names/take"))["outputs"]["16"]["gifs"][0]
    folder = standin.folder / "output" / "names"
    assert first == {
        "filename": "take_00001-audio.mp4",
        "subfolder": "names",
        "type": "output",
        "format": "video/h264-mp4",
        "frame_rate": 25.0,
        "workflow": "take_00001.png",
        "fullpath": str(folder / "take_00001-audio.mp4"),
    }
    assert sorted(path.name for path in folder.iterdir()) == [
        "take_00001-audio.mp4", "take_00001.mp4", "take_00001.png",
    ]  # fmt: skip
    second = standin.render(graph({"14.seed": 401}, prefix="names/take"))["outputs"]["16"]["gifs"][0]
    assert second["filename"] == "take_00002-audio.mp4"
    prompt = graph({"14.seed": 401, "16.save_output": False}, prefix="names/take")
    del prompt["16"]["inputs"]["audio"]
    third = standin.render(prompt)["outputs"]["16"]["gifs"][0]
    assert (third["type"], third["filename"]) == ("temp", "take_00001.mp4")
    query = {key: third[key] for key in ("filename", "subfolder", "type")}
    assert requests.get(f"{standin.url}/view", params=query, timeout=5).content[4:8] == b"ftyp"


def test_a_prefix_cannot_lead_out_of_the_folder(standin: Any, graph: Graph) -> None:
    entry = standin.render(graph({"14.seed": 401}, prefix="../../out"))
    assert entry["status"]["messages"][-1][0] == "execution_error"


def bare(prompt: dict[str, Any]) -> dict[str, Any]:
    """A prompt without the fingerprints of files that the server adds to what it embeds, and not to its history."""
    for node in prompt.values():
        assert (node.pop("is_changed", None) is not None) == (node["class_type"] in ("LoadImage", "LoadAudio"))
    return prompt


def test_the_video_has_the_frames_sound_and_prompt_it_should(standin: Any, graph: Graph) -> None:
    prompt = graph({"14.seed": 402})
    entry = standin.render(prompt)
    expected = Windows(21, 5, 30)
    video = standin.video(entry)
    for path, streams in ((video, ["video", "audio"]), (Path(str(video).replace("-audio", "")), ["video"])):
        with av.open(str(path)) as container:
            assert [stream.type for stream in container.streams] == streams
            picture = container.streams.video[0]
            assert (picture.width, picture.height, picture.average_rate) == (192, 336, 25)
            assert bare(json.loads(container.metadata["prompt"])) == entry["prompt"][2]
            assert "stand-in" in container.metadata["comment"]
            assert sum(1 for _ in container.decode(video=0)) == expected.frames == 37
    with av.open(str(video)) as container:
        sound = sum(frame.samples for frame in container.decode(audio=0)) / 16000
        assert abs(sound - expected.frames / 25) < 0.1
    with Image.open(video.with_name(entry["outputs"]["16"]["gifs"][0]["workflow"])) as picture:
        assert bare(json.loads(picture.info["prompt"])) == entry["prompt"][2]
        assert "stand-in" in picture.info["Comment"]


def test_speech_bounds_the_frames(standin: Any, graph: Graph) -> None:
    # 2 s of speech are 50 frames, however many are asked for: three windows of 21 with stride 16.
    entry = standin.render(graph({"8.num_frames": 500, "14.seed": 403}))
    with av.open(str(standin.video(entry))) as container:
        assert container.streams.video[0].frames == Windows(21, 5, 50).frames == 53


def test_metadata_can_be_left_out_but_not_the_mark(standin: Any, graph: Graph) -> None:
    entry = standin.render(graph({"14.seed": 403, "16.save_metadata": False}))
    with av.open(str(standin.video(entry))) as container:
        assert "prompt" not in container.metadata
        assert "stand-in" in container.metadata["comment"]
