"""Several servers: work goes where it ends first, a dead one's cells go elsewhere, nothing is lost or made twice."""

import copy
import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import pytest
import requests
from aiohttp import web
from pools import HURRIED, SIX, made_on, once_rendered, renders, shown

from runner.config import BadServerConfig
from sweeps.app import App
from sweeps.environments import Environments, MixedPool
from sweeps.known import Known
from workflow.binding import bind
from workflow.graph import default_graph
from workflow.schema import SNAPSHOT

MakeApp = Callable[..., App]

LORA = "lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors"
SCALED = "I2V/Wan2_1-I2V-14B-480p_fp8_e4m3fn_scaled_KJ.safetensors"


class Restartable(Protocol):
    """What the fixture ``restartable`` makes."""

    url: str
    folder: Path
    command: str

    def start(self) -> str: ...

    def kill(self) -> None: ...


Servers = Callable[..., Restartable]


def pooled(make_app: MakeApp, *servers: Restartable, words: tuple[str, ...] = (), **more: Any) -> App:
    urls = ",".join(one.url for one in servers)
    return make_app("server=pool", f"server.urls=[{urls}]", *HURRIED, *words, **more)


def prompts(server: Restartable) -> int:
    """How many it saw to their end; one that was taken back for a faster server is none."""
    history = requests.get(f"{server.url}/history", timeout=5).json()
    return sum(one["status"]["status_str"] == "success" for one in history.values())


def test_a_faster_server_renders_more_and_every_cell_is_made_once(
    make_app: MakeApp, restartable: Servers, quick: Any
) -> None:
    fast, slow = restartable("--pace", "0.3"), restartable("--pace", "6")
    fast.start(), slow.start()
    app = pooled(make_app, fast, slow, words=SIX, scorer=quick)
    assert app.run() == 0
    count = made_on(app)
    assert count.total() == 6
    assert count[fast.url] > count[slow.url] > 0
    assert prompts(fast) + prompts(slow) == 6
    again = pooled(make_app, fast, slow, words=SIX, scorer=quick)
    assert again.run() == 0
    assert prompts(fast) + prompts(slow) == 6
    assert "nothing rendered, 6 reused" in shown(again)


def test_the_cells_of_a_dead_server_go_elsewhere(make_app: MakeApp, restartable: Servers, quick: Any) -> None:
    dead, alive = restartable("--pace", "1", "--fault", "died:after=1"), restartable("--pace", "0.5")
    dead.start(), alive.start()
    app = pooled(make_app, dead, alive, words=SIX, scorer=quick)
    assert app.run() == 0
    assert made_on(app).total() == 6
    assert "is left out: " in shown(app)
    assert "6 rendered, 0 reused" in shown(app)
    moved = [one for one in renders(app) if one["attempts"]]
    assert moved and all(one["journal"]["url"] == alive.url for one in moved)
    assert {attempt["status"] for one in moved for attempt in one["attempts"]} == {"lost"}


def test_a_server_that_returns_joins_again(make_app: MakeApp, restartable: Servers, quick: Any) -> None:
    slow, late = restartable("--pace", "1.5"), restartable("--pace", "0.2")
    slow.start()
    app = pooled(make_app, slow, late, words=SIX, scorer=quick)
    after = threading.Timer(2.0, late.start)
    after.start()
    try:
        assert app.run() == 0
    finally:
        after.join()
    assert made_on(app)[late.url] > 0
    assert "not there yet" in shown(app)
    assert f"{late.url.rpartition('/')[2]} is back" in shown(app)


def test_a_dead_server_is_restarted_by_the_users_command(make_app: MakeApp, restartable: Servers, quick: Any) -> None:
    dead, alive = restartable("--pace", "0.5"), restartable("--pace", "2")
    dead.start(), alive.start()
    script = dead.folder / "told.py"
    told = "import os, pathlib, subprocess; url = os.environ['INFINITETALK_SWEEP_SERVER_URL']\n"
    told += f"pathlib.Path({str(script)!r}).with_suffix('.txt').write_text(url)\n"
    told += f"subprocess.run({dead.command!r}, shell=True)"
    script.write_text(told, "utf-8")
    command = (f'server.restart_command="{sys.executable} {script}"', "server.restart_answer_s=30")
    app = pooled(make_app, dead, alive, words=(*SIX, *command), scorer=quick)

    with once_rendered(app, dead.kill):
        assert app.run() == 0
    assert made_on(app).total() == 6
    assert script.with_suffix(".txt").read_text("utf-8") == dead.url
    assert f"{dead.url.rpartition('/')[2]} is back" in shown(app)


def test_without_any_server_left_the_sweep_stops_and_goes_on_later(
    make_app: MakeApp, restartable: Servers, quick: Any
) -> None:
    first, second = restartable("--pace", "0.5"), restartable("--pace", "0.5")
    first.start(), second.start()
    app = pooled(make_app, first, second, words=SIX, scorer=quick)

    with once_rendered(app, lambda: (first.kill(), second.kill())):
        assert app.run() == 3
    assert "no server is left" in shown(app)
    done = made_on(app).total()
    assert 0 < done < 6
    third = restartable("--pace", "0.1")
    third.start()
    again = pooled(make_app, third, words=SIX, scorer=quick)
    assert again.run() == 0
    assert made_on(again).total() == 6
    assert f"{6 - done} rendered, {done} reused" in shown(again)


def test_a_waiting_cell_is_stolen_from_a_slow_server(make_app: MakeApp, restartable: Servers, quick: Any) -> None:
    fast, slow = restartable("--pace", "0.2"), restartable("--pace", "6")
    fast.start(), slow.start()
    words = ("sweep.axes.steps=[2,3,4,5]",)
    app = pooled(make_app, fast, slow, words=words, scorer=quick)
    assert app.run() == 0
    assert made_on(app) == {fast.url: 3, slow.url: 1}  # each was given two at first


def test_different_versions_keep_each_block_in_one_environment(
    make_app: MakeApp, restartable: Servers, quick: Any
) -> None:
    old, new = restartable("--pace", "0.4", "--comfyui", "0.3.64"), restartable("--pace", "0.4", "--comfyui", "0.27.0")
    old.start(), new.start()
    words = ("sweep.axes.steps=[2,3]", "sweep.seeds=[1,2,3]")
    app = pooled(make_app, old, new, words=words, scorer=quick)
    assert app.run() == 0
    by_seed: dict[int, set[str]] = {}
    for one in renders(app):
        by_seed.setdefault(one["seed"], set()).add(one["journal"]["url"])
    assert all(len(urls) == 1 for urls in by_seed.values())
    assert {url for urls in by_seed.values() for url in urls} == {old.url, new.url}
    assert "different environments in one pool" in shown(app)
    assert "rendered on 2 kinds of server, each clip and seed on one of them" in " ".join(shown(app).split())
    again = pooled(make_app, old, new, words=words, scorer=quick)
    assert again.run() == 0
    assert "nothing rendered, 6 reused" in shown(again)


def lists_no_lora(request: web.Request, status: int, body: bytes) -> web.StreamResponse | None:
    """A server whose folder of models holds one file less."""
    if not request.path.endswith("/object_info"):
        return None
    info = json.loads(body)
    info["WanVideoLoraSelect"]["input"]["required"]["lora"][0].remove(LORA)
    return web.json_response(info)


def test_a_server_gets_no_cell_whose_model_it_lacks(
    make_app: MakeApp, restartable: Servers, proxied: Callable[[str], Any], quick: Any
) -> None:
    rich, origin = restartable("--pace", "0.6"), restartable("--pace", "0.2")
    rich.start()
    poor = proxied(origin.start())
    poor.faults.append(lists_no_lora)
    words = ("sweep.axes.loras=[[],[{name:" + LORA + ",strength:1.0}]]", "sweep.seeds=[1,2,3]")
    app = pooled(make_app, rich, poor, words=words, scorer=quick)
    assert app.run() == 0
    where = {(one["journal"]["url"], bool(one["cell"]["values"]["loras"])) for one in renders(app)}
    assert len(renders(app)) == 6 and where >= {(rich.url, True), (poor.url, False)}
    assert (poor.url, True) not in where


def hours_apart(hours: float) -> Callable[[web.Request, int, bytes], web.StreamResponse | None]:
    """A server whose clock is wrong, as its history shows."""

    def answer(request: web.Request, status: int, body: bytes) -> web.StreamResponse | None:
        if "/history" not in request.path or status != 200:
            return None
        told = json.loads(body)
        for entry in told.values():
            for _, message in entry["status"]["messages"]:
                message["timestamp"] += int(hours * 3600_000)
        return web.json_response(told)

    return answer


def test_servers_whose_clocks_are_hours_apart(
    make_app: MakeApp, restartable: Servers, proxied: Callable[[str], Any], quick: Any
) -> None:
    late, early = (proxied(restartable("--pace", "0.3").start()) for _ in range(2))
    late.faults.append(hours_apart(-5))
    early.faults.append(hours_apart(7))
    app = pooled(make_app, late, early, words=SIX, scorer=quick)
    assert app.run() == 0
    assert made_on(app).keys() == {late.url, early.url} and made_on(app).total() == 6
    for one in renders(app):
        seconds = [value for value in one["timings"].values() if isinstance(value, int | float)]
        assert seconds and all(0 <= value < 600 for value in seconds), "two clocks were compared"


def test_a_server_that_comes_back_with_other_models_is_looked_at_anew() -> None:
    graph = default_graph()
    cell = SimpleNamespace(graph=bind(graph).patch(graph, {"i2v_model": SCALED}).graph)
    planned: Any = SimpleNamespace(cell=cell, setting="scaled")
    full = json.loads(SNAPSHOT.read_text("utf-8"))
    less = copy.deepcopy(full)
    less["WanVideoModelLoader"]["input"]["required"]["model"][0].remove(SCALED)
    planner: Any = SimpleNamespace(known=Known(False, full), also=())
    told = [full]
    member: Any = SimpleNamespace(name="gpu1", server=SimpleNamespace(schema=lambda: told[0]))
    places = Environments([planner], several=True)
    assert places.fits(member, planned)
    told[0] = less
    assert not places.fits(member, planned)
    told[0] = copy.deepcopy(full)
    assert places.fits(member, planned)


def test_a_pool_that_cannot_be_is_refused(make_app: MakeApp) -> None:
    for words, why in (
        (("server.urls=[]",), "needs server.urls"),
        (("server.urls=[http://a:1,http://A:1/]",), "twice"),
        (("server.urls=[ftp://a:1]",), "no http:// or https:// address"),
    ):
        with pytest.raises(BadServerConfig, match=why):
            make_app("server=pool", *words).run()


def test_stand_ins_and_models_do_not_mix() -> None:
    from sweeps.environments import environments

    with pytest.raises(MixedPool, match="model, stand-in"):
        environments(lambda known: None, [Known(True, stamp=stamp("stand-in")), Known(False, stamp=stamp("comfyui"))])  # type: ignore[arg-type, return-value]


def stamp(kind: str) -> Any:
    from runner.stamp import Stamp

    return Stamp(kind)
