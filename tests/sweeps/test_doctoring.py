"""``action=doctor`` on the stand-in and on servers that lack something, and the short form before a sweep."""

import io
import runpy
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from runner.config import ServerConfig
from runner.embedded import StandIn
from runner.server import open_server
from sweeps.app import App
from sweeps.doctoring import BRIEF, brief
from sweeps.doubts import who
from sweeps.plan import Plan, PlannedCell
from workflow.cell import Clip

ANSWERS = Path(__file__).resolve().parents[1] / "runner" / "doctor_servers.py"
SERVERS = SimpleNamespace(**runpy.run_path(str(ANSWERS)))


@pytest.fixture
def doctored(make_app: Callable[..., App]) -> Callable[..., tuple[int, str]]:
    """``doctored(override, …)``: exit code and screen of ``action=doctor``."""

    def run(*overrides: str) -> tuple[int, str]:
        app = make_app("action=doctor", *overrides)
        app.console = Console(file=io.StringIO(), width=200)
        code = app.run()
        return code, app.console.file.getvalue()  # type: ignore[attr-defined]

    return run


@pytest.fixture
def http(serve: Callable[..., Any]) -> Callable[[Any], Any]:
    """Real HTTP servers that answer what a handler says; they keep what they were asked in ``seen``."""

    def start(handler: Any) -> Any:
        seen: list[tuple[str, str]] = []

        async def handle(request: web.Request) -> web.StreamResponse:
            seen.append((request.method, request.path))
            answer: web.StreamResponse = await handler(request)
            return answer

        server = serve(handle)
        server.seen = seen
        return server

    return start


def at(server: Any) -> list[str]:
    """The overrides that choose a server."""
    return ["server=comfyui", f"server.url={server.url}"]


def test_the_history_is_well_and_its_impossible_variant_a_result(
    doctored: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    code, said = doctored("+experiment=tuning_history")
    assert code == 0
    assert "stand-in" in said.splitlines()[0]
    assert "10 of 11 cells can be made" in said and "1 impossible as the experiment says" in said
    (v3,) = (line for line in said.splitlines() if "v3 " in line)
    assert v3.startswith("ok") and "adain" in v3
    assert not (tmp_path / "outputs").exists()


def test_an_impossible_cell_that_nobody_expects_is_a_fault(doctored: Callable[..., tuple[int, str]]) -> None:
    code, said = doctored("sweep.axes.colormatch=[disabled,adain]")
    assert code == 2
    assert "1 of 2 cells can be made" in said and "1 faulty" in said
    (line,) = (line for line in said.splitlines() if line.startswith("fault"))
    assert "colormatch=adain" in line and "disabled, mkl" in line
    assert "reinhard is the nearest equivalent" in said


def test_a_plan_without_a_possible_cell_is_still_told_cell_by_cell(doctored: Callable[..., tuple[int, str]]) -> None:
    code, said = doctored("sweep.axes.motion_frame=[100000,200000]")
    assert code == 2
    assert "0 of 2 cells can be made" in said


def test_every_shared_finding_is_said_once(
    doctored: Callable[..., tuple[int, str]], http: Callable[[Any], Any]
) -> None:
    server = http(SERVERS.comfyui(SERVERS.answers()))
    code, said = doctored("sweep.axes.steps=[4,6,8]", "clips.names=[weather,train]", *at(server))
    assert code == 0
    assert said.count("sageattention") == 1 and "every cell" in said
    assert "6 of 6 cells can be made" in said
    assert "NVIDIA GeForce RTX 5090" in said and "forecast" in said
    assert {method for method, _ in server.seen} == {"GET"}  # nothing is rendered, uploaded or changed there


def test_a_missing_model_is_a_fault_of_the_cells_that_need_it(
    doctored: Callable[..., tuple[int, str]], http: Callable[[Any], Any]
) -> None:
    server = http(SERVERS.comfyui(SERVERS.answers()))
    code, said = doctored(
        "sweep.axes.infinitetalk_model=[WanVideo/InfiniteTalk/Wan2_1-InfiniteTalk_Single_Q8.gguf,other.gguf]",
        *at(server),
    )
    assert code == 2
    (line,) = (line for line in said.splitlines() if line.startswith("fault"))
    assert "other.gguf is missing in models/diffusion_models" in line
    assert "1 of 2 cells can be made" in said


def test_missing_classes_are_the_servers_fault_and_no_cell_can_be_made(
    doctored: Callable[..., tuple[int, str]], http: Callable[[Any], Any]
) -> None:
    info = SERVERS.schema()
    del info["WanVideoSampler"]
    code, said = doctored(*at(http(SERVERS.comfyui(SERVERS.answers(object_info=info)))))
    assert code == 2
    assert "missing: WanVideoSampler" in said and "0 of 1 cell can be made; 1 faulty" in said


def test_a_file_larger_than_the_server_takes_is_a_fault_before_anything_is_sent(
    doctored: Callable[..., tuple[int, str]], http: Callable[[Any], Any]
) -> None:
    stats = SERVERS.stats(argv=["main.py", "--max-upload-size", "0.01"])
    server = http(SERVERS.comfyui(SERVERS.answers(system_stats=stats)))
    code, said = doctored(*at(server))
    assert code == 2 and "the server takes 0.01 MB" in said
    assert "POST" not in {method for method, _ in server.seen}


def test_without_a_server_the_cells_are_checked_all_the_same(doctored: Callable[..., tuple[int, str]]) -> None:
    address = "server.url=http://anna:hunter22@127.0.0.1:9"
    code, said = doctored("sweep.axes.colormatch=[disabled,adain]", "server=comfyui", address)
    assert code == 2
    assert "Connection refused" in said and "the shipped node schema" in said and "1 of 2 cells" in said
    assert "hunter22" not in said


def opened(stack: ExitStack, url: str, folder: Path) -> Any:
    config = ServerConfig(kind="comfyui", url=url, connect_timeout_s=1, read_timeout_s=2)
    return stack.enter_context(open_server(config, folder))


def test_the_short_form_is_silent_about_a_healthy_server(http: Callable[[Any], Any], tmp_path: Path) -> None:
    with ExitStack() as stack:
        server = http(SERVERS.comfyui(SERVERS.answers()))
        assert brief(opened(stack, server.url, tmp_path)) == []
        asked = [path for _, path in server.seen if path != "/ws"]
        assert asked == ["/system_stats", "/queue"]  # one question more than opening it asks


def test_the_short_form_has_two_lines_at_most(http: Callable[[Any], Any], tmp_path: Path) -> None:
    stats = SERVERS.stats(comfyui_version="0.1.0", argv=["main.py", "--cache-none"])
    stats["devices"][0]["type"] = "cpu"
    busy = {"queue_running": [[0, "somebody's", {}, {}, []]], "queue_pending": []}
    with ExitStack() as stack:
        server = http(SERVERS.comfyui(SERVERS.answers(system_stats=stats, queue=busy)))
        session = opened(stack, server.url, tmp_path)
        lines, small = brief(session), brief(session, "tiny-0")
    assert "2 things more" in small[1]
    assert len(lines) == BRIEF and "0.1.0" in lines[0] and "3 things more" in lines[1]


def test_a_sweep_says_first_that_somebody_elses_job_runs(
    make_app: Callable[..., App], proxied: Callable[[str], Any], tmp_path: Path
) -> None:
    def busy(request: web.Request, status: int, body: bytes) -> web.StreamResponse | None:
        if request.path == "/queue" and len([path for _, path in proxy.seen if path == "/queue"]) == 1:
            return web.json_response({"queue_running": [[0, "somebody's", {}, {}, []]], "queue_pending": []})
        return None

    child = StandIn(tmp_path / "child")
    try:
        proxy = proxied(child.start())
        proxy.faults.append(busy)
        app = make_app(*at(proxy), "sweep.budget.cells=0")
        app.run()
        said = app.console.file.getvalue()  # type: ignore[attr-defined]
        assert said.index("doctor: 1 job running, 0 waiting") < said.index("nothing rendered")
    finally:
        child.stop()


def cell(setting: str, clip: str, seed: int) -> PlannedCell:
    return PlannedCell(setting, Clip(clip, Path(), Path(), Path(), 64, 64, 1.0), seed, "run")


CELLS = [cell(setting, clip, seed) for clip in ("weather", "train") for setting in ("v1", "v2") for seed in (1, 2)]


@given(st.sets(st.sampled_from(range(len(CELLS))), min_size=1))
def test_cells_are_named_by_what_they_share(chosen: set[int]) -> None:
    plan = Plan("p", (), "v1", tuple(CELLS), 0.0)
    cells = [CELLS[index] for index in sorted(chosen)]
    said = who(cells, plan)
    assert (said == "every cell") == (len(cells) == len(CELLS))
    if said != "every cell":
        assert all(one.setting in said or one.clip.name in said for one in cells)
    if said in ("v1", "v2"):
        assert {one.name for one in cells} == {one.name for one in CELLS if one.setting == said}
