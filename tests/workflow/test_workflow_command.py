"""``python -m workflow show`` and ``diff``, as they are typed; whatever a file holds, one plain line tells it."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflow.__main__ import main
from workflow.graph import Graph, default_graph

Capture = pytest.CaptureFixture[str]
Tagged = Callable[..., Path]
ROOT = Path(__file__).resolve().parents[2]
HOSTILE = '<script>alert(1)</script>\x1b[31m\x9b2J\x00\r\n\u2028\u202e\ud800 & "quoted" \\'


def written(path: Path, graph: Any) -> Path:
    path.write_text(json.dumps(graph), encoding="utf-8")
    return path


def plain(text: str) -> bool:
    return all(one.isprintable() for line in text.split("\n") for one in line)


def typed(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "workflow", *words]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=ROOT, timeout=120)


def test_without_words_it_prints_its_help_and_ends_with_2() -> None:
    done = typed()
    assert (done.returncode, done.stdout) == (2, "")
    for word in ("show", "diff", "export"):
        assert word in done.stderr


@pytest.mark.parametrize(
    "words",
    [["shwo"], ["show"], ["diff", "a.json"], ["show", "a", "b"], ["diff", "a", "b", "c"], ["show", "a", "--jsn"]],
)
def test_words_that_are_none_of_its_own_end_with_2(words: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_show_tells_parameters_then_nodes(tmp_path: Path, shipped: Graph, capsys: Capture) -> None:
    shipped["2"]["inputs"]["positive_prompt"] = "一个人\n在说话"
    assert main(["show", str(written(tmp_path / "graph.json", shipped))]) == 0
    parameters, _, listed = capsys.readouterr().out.partition("\n\n")
    told = dict(line.split(": ", 1) for line in parameters.splitlines())
    for name, node, key in (("motion_frame", "10", "motion_frame"), ("steps", "14", "steps"), ("seed", "14", "seed"),
                            ("block_swap", "12", "blocks_to_swap"), ("i2v_model", "13", "model")):  # fmt: skip
        assert told[name] == str(shipped[node]["inputs"][key])
    assert told["positive_prompt"] == "一个人 在说话" and told["second_image"] == "face"
    assert "#10 Windows (WanVideoImageToVideoMultiTalk)\n" in listed
    assert "    start_image: → Reference frame\n" in listed
    assert listed.count("\n#") + 1 == len(shipped)
    assert listed.count("\n    ") == sum(len(node["inputs"]) for node in shipped.values())


def test_show_json_is_the_graph_that_comfyui_takes(comfyui_output: Path, tmp_path: Path, capsys: Capture) -> None:
    assert main(["show", str(comfyui_output), "--json"]) == 0
    path = tmp_path / "again.json"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["diff", str(comfyui_output), str(path)]) == 0
    assert capsys.readouterr().out == "no difference that can change a video\n"


def test_a_graph_of_another_kind_is_shown_all_the_same(tmp_path: Path, capsys: Capture) -> None:
    graph = {"3": {"class_type": "KSampler", "inputs": {"seed": 1}}}
    assert main(["show", str(written(tmp_path / "graph.json", graph))]) == 0
    seen = capsys.readouterr()
    assert "#3 KSampler (KSampler)\n    seed: 1\n" in seen.out
    assert seen.err.count("\n") == 1 and "not an InfiniteTalk graph" in seen.err


def test_diff_tells_tunable_parameters_first(tmp_path: Path, shipped: Graph, tagged: Tagged, capsys: Capture) -> None:
    other = copy.deepcopy(shipped)
    other["16"]["inputs"]["crf"] = 10
    other["14"]["inputs"]["steps"] = 8
    other["10"]["inputs"]["motion_frame"] = 13
    video = tagged({"prompt": json.dumps(other)})
    assert main(["diff", str(written(tmp_path / "graph.json", shipped)), str(video)]) == 0
    assert capsys.readouterr().out.splitlines() == ["motion_frame: 9 → 13", "steps: 4 → 8", "Video.crf: 19 → 10"]


def test_hostile_words_in_a_graph_are_only_letters(tmp_path: Path, shipped: Graph, capsys: Capture) -> None:
    other = copy.deepcopy(shipped)
    other["10"]["_meta"]["title"] = other["2"]["inputs"]["positive_prompt"] = HOSTILE
    other[HOSTILE] = {"class_type": HOSTILE, "inputs": {HOSTILE: HOSTILE, "link": [HOSTILE, 0]}}
    here, there = written(tmp_path / "here.json", shipped), written(tmp_path / "there.json", other)
    for words in (["show", str(there)], ["show", "--json", str(there)], ["diff", str(here), str(there)]):
        assert main(words) == 0
        said = capsys.readouterr().out
        assert plain(said) and "<script>alert(1)</script>" in said
        said.encode("utf-8")
    assert main(["show", "--json", str(there)]) == 0
    assert json.loads(capsys.readouterr().out) == other


BAD: dict[str, Any] = {
    "no tag": {},
    "no JSON": {"prompt": "damaged {"},
    "cut short": {"prompt": json.dumps(default_graph())[:-9]},
    "no graph": {"prompt": '{"a": 1}'},
    "a list": {"prompt": "[1, 2]"},
    "hostile words": {"prompt": json.dumps({HOSTILE: {"class_type": HOSTILE, "inputs": 3}})},
    "nested deeply": {"prompt": '{"1": ' * 50_000},
    "nested deeply and well formed": {"prompt": '{"1": ' * 50_000 + "0" + "}" * 50_000},
    "nested deeply in a node": {
        "prompt": '{"1": {"class_type": "A", "inputs": {"x": ' + "[" * 20_000 + "]" * 20_000 + "}}}"
    },
    "huge": {"prompt": '{"1": {"class_type": "' + "A" * 8_000_001 + '", "inputs": {}}}'},
}


def told_once(words: list[str], capsys: Capture) -> str:
    """Run a command that must fail as every command does: one line, one hint, exit code 2; the line."""
    assert main(words) == 2
    seen = capsys.readouterr()
    lines = seen.err.splitlines()
    assert seen.out == "" and len(lines) == 2, seen
    assert lines[0].startswith("error [") and lines[1].startswith("  hint: ") and len(lines[1]) > 12
    assert plain(seen.err) and len(seen.err) < 2000
    return lines[0]


@pytest.mark.parametrize("command", ["show", "diff"])
@pytest.mark.parametrize("what", BAD)
def test_a_video_without_a_sound_graph_is_told_in_one_line(
    tagged: Tagged, tmp_path: Path, what: str, command: str, capsys: Capture
) -> None:
    video = tagged(BAD[what])
    other = [str(written(tmp_path / "graph.json", default_graph()))] if command == "diff" else []
    assert "video.mp4" in told_once([command, *other, str(video)], capsys)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.mp4", b"no video at all"),
        ("a.mp4", b""),
        ("a.mp4", None),
        ("a.json", None),
        ("a.json", b""),
        ("a.json", b"\xff\xfe\x00"),
        ("a.json", b"NaN"),
        ("a.json", b"9" * 5000),
        ("a.json", b'{"1": {"class_type": "A", "inputs": {}}, "1": {}}'),
        ("a.json", b"[" * 100_000),
        ("a.json", b'{"a":' * 100_000),
        ("a.json", b'{"nodes": [], "links": []}'),
        ("a.json", b" " * 8_000_001),
    ],
)
def test_a_file_that_is_none_of_both_is_told_in_one_line(
    tmp_path: Path, name: str, content: bytes | None, capsys: Capture
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert name in told_once(["show", str(path)], capsys)


@pytest.mark.skipif(os.name != "posix", reason="no other system has such names")
@pytest.mark.parametrize("name", ["<b>a\x1b[31m\nb\u202e.mp4", "<b>a\x1b[31m\nb\u202e.json", "\udcff.mp4"])
@pytest.mark.parametrize("content", [None, b"", b"nothing of the kind"])
def test_nor_does_the_name_of_a_file_do_anything(
    tmp_path: Path, name: str, content: bytes | None, capsys: Capture
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    told_once(["show", str(path)], capsys)
    told_once(["diff", str(path), str(path)], capsys)


@pytest.mark.parametrize("depth", [100, 250, 400, 600, 800, 950])
@pytest.mark.parametrize("words", [["show"], ["show", "--json"], ["diff", "plain.json"]])
def test_nesting_that_json_still_reads_ends_no_command_with_a_traceback(
    tmp_path: Path, depth: int, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, inner in (("plain.json", "1"), ("deep.json", "[" * depth + "]" * depth)):
        Path(name).write_text('{"1": {"class_type": "A", "inputs": {"x": ' + inner + "}}}", encoding="utf-8")
    code = main([*words, "deep.json"])
    said = capsys.readouterr().err
    assert code == 0 or (code == 2 and "error [graph-unreadable]" in said and "nested too deeply" in said)


@pytest.mark.skipif(os.name != "posix", reason="pipes end otherwise elsewhere")
def test_a_reader_that_goes_away_is_no_error(tmp_path: Path, shipped: Graph) -> None:
    shipped["2"]["inputs"]["positive_prompt"] = "x" * 1_000_000
    path = written(tmp_path / "graph.json", shipped)
    with subprocess.Popen(
        [sys.executable, "-m", "workflow", "show", str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(10) == "positive_p"
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


@st.composite
def spoiled(draw: st.DrawFn) -> Graph:
    """The shipped graph after a few accidents: nodes gone, of another class, linked in circles, values of any kind."""
    graph = copy.deepcopy(default_graph())
    values = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.lists(st.integers(), max_size=3),
        st.tuples(st.sampled_from([*graph, "nowhere"]), st.integers(-1, 2)).map(list),
        st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    )  # fmt: skip
    for _ in range(draw(st.integers(1, 6))):
        node = draw(st.sampled_from(list(graph)))
        what = draw(st.sampled_from(["gone", "class", "value", "value", "value", "copy", "title"]))
        if what == "gone" and len(graph) > 1:
            del graph[node]
        elif what == "class":
            graph[node]["class_type"] = graph[draw(st.sampled_from(list(graph)))]["class_type"]
        elif what == "copy":
            graph[f"{node}'"] = copy.deepcopy(graph[node])
        elif what == "title":
            graph[node]["_meta"] = draw(values)
        elif graph[node]["inputs"]:
            graph[node]["inputs"][draw(st.sampled_from(list(graph[node]["inputs"])))] = draw(values)
    return graph


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=spoiled())
def test_no_accident_of_a_graph_ends_in_a_traceback(graph: Graph, tmp_path: Path, capsys: Capture) -> None:
    here, there = written(tmp_path / "here.json", default_graph()), written(tmp_path / "there.json", graph)
    code = 0
    try:
        json.dumps(graph, allow_nan=False)
    except ValueError:  # a file of JSON may hold no infinity and no NaN
        code = 2
    for words in (["show", str(there)], ["diff", str(here), str(there)], ["diff", str(there), str(there)]):
        assert main(words) == code
        assert plain(capsys.readouterr().out)
