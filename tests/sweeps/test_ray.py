"""Servers on a real Ray cluster of several processes on this machine: placed, rendered on, and lost with their node."""

import os
import shlex
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pools import HURRIED, SIX, made_on, once_rendered, renders, shown

from runner.cluster import NoCluster
from runner.config import BadServerConfig
from sweeps.app import App

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[cluster]'")
ROOT = Path(__file__).resolve().parents[2]
MakeApp = Callable[..., App]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes with a seat each, beside a head that has none."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    made.nodes_with_seats = [made.add_node(num_cpus=1, resources={"seat": 1}) for _ in range(2)]
    yield made
    ray.shutdown()
    made.shutdown()


SEATS = "seats-of-the-cluster-test"


def on_cluster(make_app: MakeApp, cluster: Any, *words: str, pace: float = 0.4, **more: Any) -> App:
    folder = Path(tempfile.gettempdir()) / f"{SEATS}-{os.getpid()}"
    told = f"--listen {{host}} --port {{port}} --pace {pace} --folder {folder}"
    command = f"{shlex.quote(sys.executable)} -m runner standin {told}"
    where = [f"server.cluster.address={cluster.address}", f"server.cluster.cwd={ROOT}", "server.cluster.place_s=30"]
    seats = "server.cluster.resources=[seat:1]"
    return make_app("server=ray", f'server.cluster.command="{command}"', *where, seats, *HURRIED, *words, **more)


def stand_ins() -> set[int]:
    """Process ids of those that still run."""
    marker = f"{SEATS}-{os.getpid()}"
    return {one.pid for one in psutil.process_iter(["cmdline"]) if marker in " ".join(one.info["cmdline"] or [])}


def test_a_server_a_seat_renders_and_nothing_is_left(make_app: MakeApp, cluster: Any, quick: Any) -> None:
    app = on_cluster(make_app, cluster, *SIX, scorer=quick)
    assert app.run() == 0
    count = made_on(app)
    assert count.total() == 6 and len(count) == 2
    deadline = time.monotonic() + 10
    while stand_ins() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not stand_ins()
    again = on_cluster(make_app, cluster, *SIX, scorer=quick)
    assert again.run() == 0
    assert "nothing rendered, 6 reused" in shown(again)


def test_what_no_node_can_give_fails_at_once(make_app: MakeApp, cluster: Any) -> None:
    begun = time.monotonic()
    with pytest.raises(NoCluster, match="moon: 3 wanted, 0 at most on a node"):
        on_cluster(make_app, cluster, *SIX, "server.cluster.resources=[moon:3]").run()
    with pytest.raises(NoCluster, match="count=3, and the cluster has room for 2 servers"):
        on_cluster(make_app, cluster, *SIX, "server.cluster.count=3").run()
    assert time.monotonic() - begun < 60


def test_a_command_that_fails_is_said_with_its_last_words(make_app: MakeApp, cluster: Any) -> None:
    from runner.transport import ServerUnreachable

    bad = f"""server.cluster.command='{sys.executable} -c "raise SystemExit(chr(110)*3)" {{port}}'"""
    with pytest.raises(ServerUnreachable, match="the command ended with 1: nnn"):
        on_cluster(make_app, cluster, *SIX, bad).run()


def test_a_dead_node_takes_its_server_out(make_app: MakeApp, cluster: Any, quick: Any) -> None:
    app = on_cluster(make_app, cluster, *SIX, pace=1.0, scorer=quick)

    node = cluster.nodes_with_seats.pop()
    with once_rendered(app, lambda: cluster.remove_node(node, allow_graceful=False)):
        assert app.run() == 0
    assert made_on(app).total() == 6
    assert "is left out: " in shown(app)
    assert Counter(one["attempts"][0]["status"] for one in renders(app) if one["attempts"]) <= Counter(lost=2)


def test_the_doctor_says_that_there_is_nobody_to_look_at(make_app: MakeApp) -> None:
    with pytest.raises(BadServerConfig, match="start with the sweep"):
        make_app("server=ray", "server.cluster.command='x {port}'", "action=doctor").run()


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("server.cluster.command=null", "needs server.cluster.command"),
        ("server.cluster.command='python main.py'", "no {port}"),
        ("server.cluster.command='python {gpu} {port}'", "cannot be read"),
        ("server.cluster.count=0", "count=0"),
        ("server.cluster.resources=[GPU:0]", "resources"),
    ],
)
def test_what_cannot_be_meant_is_refused(make_app: MakeApp, word: str, why: str) -> None:
    with pytest.raises(BadServerConfig, match=why):
        make_app("server=ray", "server.cluster.command='x {port}'", word).run()
