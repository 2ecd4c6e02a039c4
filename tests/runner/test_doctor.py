"""``python -m runner doctor`` on the stand-in, and what a healthy server's report says."""

import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import runner
from runner.__main__ import main
from runner.client import ComfyClient
from runner.doctor.examine import TOPICS, examine
from runner.doctor.finding import Finding, Report
from workflow.graph import default_graph, load_graph

SERVERS = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("doctor_servers.py"))))
GIB, answers, comfyui, stats = SERVERS.GIB, SERVERS.answers, SERVERS.comfyui, SERVERS.stats

PROJECT = Path(runner.__file__).resolve().parents[1]


def told(report: Report, code: str) -> Finding:
    """The finding of that code."""
    (one,) = (one for one in report.findings if one.code == code)
    return one


def codes(report: Report, mark: str) -> set[str]:
    return {one.code for one in report.findings if one.mark == mark}


def test_the_stand_in_is_well_and_named_as_what_it_is(standin_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--url", standin_url]) == 0
    shown = capsys.readouterr().out
    assert "stand-in" in shown.splitlines()[0]
    assert "no fault" in shown
    assert not any(line.startswith(("fault", "risk")) for line in shown.splitlines())


def test_json_is_the_same_as_data(standin_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--url", standin_url, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["kind"], data["exit_code"], data["counts"]["fault"]) == ("stand-in", 0, 0)
    assert {one["topic"] for one in data["findings"]} <= set(TOPICS)
    report = examine(ComfyClient(standin_url), default_graph())
    assert [one["text"] for one in data["findings"]] == [one.text for one in report.findings]


def test_it_runs_as_a_process_and_says_where_no_server_is() -> None:
    words = [sys.executable, "-m", "runner", "doctor", "--url", "http://127.0.0.1:9", "--json"]
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    data = json.loads(done.stdout)
    assert [one["code"] for one in data["findings"]] == ["server-unreachable"]
    assert "Connection refused" in data["findings"][0]["text"]


def test_help_is_light_and_teaches() -> None:
    code = (
        "import sys, runner.__main__ as door\n"
        "try: door.main(['doctor', '--help'])\n"
        "except SystemExit: print([m for m in ('rich', 'requests', 'aiohttp', 'numpy', 'hydra') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "python -m runner doctor --url" in done.stdout and "Exit code" in done.stdout


def test_every_problem_of_a_graph_comes_at_once(standin_url: str, tmp_path: Path) -> None:
    graph = load_graph()
    graph["10"]["inputs"] |= {"colormatch": "adain", "motion_frame": 100000}
    graph["14"]["inputs"] |= {"steps": 0, "stepz": 3}
    graph["13"]["inputs"]["model"] = "nowhere.gguf"
    path = tmp_path / "图.json"
    path.write_text(json.dumps(graph), encoding="utf-8")
    report = examine(ComfyClient(standin_url), load_graph(path))
    about = {one.about for one in report.findings if one.mark == "fault"}
    assert {"colormatch", "motion_frame", "steps", "stepz", "nowhere.gguf"} <= about
    assert report.exit_code == 2
    assert "reinhard is the nearest" in next(one.hint for one in report.findings if one.about == "colormatch")


def test_a_graph_that_cannot_be_bound_is_a_fault_beside_its_other_problems(standin_url: str) -> None:
    graph = {key: node for key, node in load_graph().items() if node["class_type"] != "WanVideoSampler"}
    report = examine(ComfyClient(standin_url), graph)
    assert "graph-binding" in codes(report, "fault") and "dangling_link" in codes(report, "fault")


@pytest.mark.parametrize(
    "words",
    [
        ["--graph", "no_such_graph.json"],
        ["--url", "ftp://host"],
        ["--folder", "no/such/folder"],
        ["--headers-env", "NO_SUCH_VARIABLE_HERE"],
        ["--upload", "no_such_file.wav"],
    ],
)
def test_bad_options_are_one_line_and_exit_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", *words]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") <= 2 and "hint:" in said and "server.h" not in said


def test_an_upload_is_tried_only_when_asked_and_takes_room_once(
    standin_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = default_graph()
    assert "uploads-not-tried" in codes(examine(ComfyClient(standin_url), graph), "unknown")
    names = []
    for _ in range(2):
        assert main(["doctor", "--url", standin_url, "--upload", "--json"]) == 0
        findings = json.loads(capsys.readouterr().out)["findings"]
        names += [one["text"].partition(" as ")[2] for one in findings if one["topic"] == "uploads"]
    assert names[0] == names[1] and names[0].endswith(".png")
    speech = tmp_path / "speech.wav"
    speech.write_bytes(b"RIFF")
    assert "uploads" in codes(examine(ComfyClient(standin_url), graph, upload=speech), "ok")


def test_a_healthy_server_leaves_only_what_no_server_tells(serve: Callable[..., object]) -> None:
    server = serve(comfyui(answers()))
    report = examine(ComfyClient(server.url), default_graph())  # type: ignore[attr-defined]
    assert report.kind == "comfyui" and report.exit_code == 0
    assert codes(report, "risk") == {"package-unknown", "transformers-unknown"}
    assert {one.about for one in report.findings if one.code == "package-unknown"} == {
        "sageattention",
        "pyloudnorm",
        "gguf",
    }
    assert codes(report, "unknown") == {"packs-unverified", "packages-unknown", "uploads-not-tried"}
    assert "NVIDIA GeForce RTX 5090, 32.0 GiB of VRAM (31.0 GiB free)" in told(report, "card").text


def test_sage_attention_is_proven_by_a_server_that_started_with_it(serve: Callable[..., object]) -> None:
    told_of = answers(system_stats=stats(argv=["main.py", "--use-sage-attention"]))
    server = serve(comfyui(told_of))
    report = examine(ComfyClient(server.url), default_graph())  # type: ignore[attr-defined]
    assert "sageattention" not in {one.about for one in report.findings if one.mark == "risk"}


@pytest.mark.parametrize(
    ("version", "code"),
    [
        ("0.3.64", "version"),
        ("0.27.0", "version"),
        ("v0.9.1-3-gabc", "version"),
        ("0.3.60", "version-old"),
        ("0.3.10", "version-old"),
        ("0.99.0", "version-new"),
        ("", "version-unknown"),
        ("9" * 5000, "version-unknown"),
        (None, "version-unknown"),
    ],
)
def test_versions_are_known_old_or_unknown(serve: Callable[..., object], version: object, code: str) -> None:
    server = serve(comfyui(answers(system_stats=stats(comfyui_version=version))))
    report = examine(ComfyClient(server.url), default_graph())  # type: ignore[attr-defined]
    assert told(report, code).topic == "server"


@pytest.mark.parametrize(
    ("total", "free", "own", "code"),
    [
        (32, 31, 0, "card"),
        (32, 4, 26, "card"),
        (32, 4, 0, "vram-taken"),
        (15.6, 15.5, 0, "vram-tight"),
        (8, 8, 0, "vram-short"),
    ],
)
def test_the_card_is_held_against_the_forecast(
    serve: Callable[..., object], total: float, free: float, own: float, code: str
) -> None:
    told_of = stats(ram_total=8 * GIB)
    told_of["devices"][0] |= {"vram_total": total * GIB, "vram_free": free * GIB, "torch_vram_total": own * GIB}
    server = serve(comfyui(answers(system_stats=told_of)))
    report = examine(ComfyClient(server.url), default_graph())  # type: ignore[attr-defined]
    assert "forecast" in told(report, code).text
    assert told(report, "memory-short").mark == "risk"
    assert "1 window of 81 frames at 464×832, 4 steps" in told(report, "forecast").text


def test_flags_and_a_busy_queue_are_risks(serve: Callable[..., object]) -> None:
    busy = {"queue_running": [[0, "a", {}, {}, []]], "queue_pending": [[1, "b", {}, {}, []], [2, "c", {}, {}, []]]}
    argv = ["main.py", "--cache-none", "--fast", "fp16_accumulation", "--max-upload-size=7"]
    server = serve(comfyui(answers(queue=busy, system_stats=stats(argv=argv))))
    report = examine(ComfyClient(server.url), default_graph())  # type: ignore[attr-defined]
    assert "1 job running, 2 waiting" in told(report, "queue-busy").text
    assert "--fast fp16_accumulation" in told(report, "flags-risky").text
    assert "7 MB" in told(report, "uploads-not-tried").text


def test_a_server_without_a_gpu_is_a_risk(serve: Callable[..., object]) -> None:
    told_of = stats()
    told_of["devices"][0] |= {"type": "cpu", "name": "cpu"}
    server = serve(comfyui(answers(system_stats=told_of)))
    report = examine(ComfyClient(server.url), default_graph())  # type: ignore[attr-defined]
    assert told(report, "no-gpu").mark == "risk"
