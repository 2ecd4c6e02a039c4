"""Runs that say who owns them: found again by their tags, and reaped only when their owner is dead."""

import socket
import time
from collections.abc import Mapping
from typing import Any

from sweeps.lock import is_gone, this_process

HOST, PID, STARTED, SEEN = "owner.host", "owner.pid", "owner.started", "owner.seen"
_PAGE = 1000


def owner_tags() -> dict[str, str]:
    """Tags that name this process for good, and when it was last seen writing (epoch seconds)."""
    me = this_process()
    return {HOST: str(me["host"]), PID: str(me["pid"]), STARTED: f"{me['started']:.2f}", SEEN: f"{time.time():.0f}"}


def owner_is_dead(tags: Mapping[str, str]) -> bool:
    """Whether the process named by a run's tags was on this host and is gone; False where that cannot be known."""
    return is_gone({"host": tags.get(HOST), "pid": tags.get(PID), "started": tags.get(STARTED)})


def owner_is_this(tags: Mapping[str, str]) -> bool:
    """Whether the process named by ``tags`` is this one."""
    me = owner_tags()
    return all(tags.get(key) == me[key] for key in (HOST, PID, STARTED))


def reap_dead(client: Any) -> list[str]:
    """End the RUNNING runs whose owner died on this host as KILLED, at the time it was last seen; their ids.

    Nothing else is known of such an end: the process said nothing (``kill -9``, a power cut). Runs of living
    processes, of other hosts, and runs without owner tags are left alone.
    """
    reaped = []
    query = f"attributes.status = 'RUNNING' and tags.`{HOST}` = '{_quoted(socket.gethostname())}'"
    for run in search_everywhere(client, query):
        if owner_is_dead(run.data.tags):
            why = f"process {run.data.tags[PID]} on {run.data.tags[HOST]} ended without a word"
            client.set_tag(run.info.run_id, "ended", why)
            client.set_terminated(run.info.run_id, "KILLED", end_time=_last_seen(run))
            reaped.append(str(run.info.run_id))
    return reaped


def _last_seen(run: Any) -> int:
    """Milliseconds since the epoch; never before the run's own start."""
    try:
        seen = int(float(run.data.tags[SEEN]) * 1000)
    except (KeyError, ValueError):
        seen = 0
    return max(seen, int(run.info.start_time))


def find_parent(client: Any, experiment: str, sweep_id: str, plan_hash: str) -> Any | None:
    """The newest run of this sweep's plan, None when there is none."""
    query = f"tags.sweep_id = '{_quoted(sweep_id)}' and tags.plan_hash = '{_quoted(plan_hash)}' and tags.role = 'sweep'"
    return next(iter(search(client, [experiment], query)), None)


def find_children(client: Any, experiment: str, parent: str) -> dict[str, Any]:
    """The runs under ``parent``, by the name of their setting; of two the newer one."""
    children: dict[str, Any] = {}
    for run in search(client, [experiment], f"tags.mlflow.parentRunId = '{parent}'"):
        children.setdefault(run.data.tags.get("setting", run.info.run_name), run)
    return children


def search_everywhere(client: Any, query: str) -> list[Any]:
    """Every run of any experiment that matches, newest first."""
    return search(client, [one.experiment_id for one in client.search_experiments()], query)


def search(client: Any, experiments: list[str], query: str) -> list[Any]:
    """Every run that matches, newest first, over all pages."""
    found: list[Any] = []
    token: str | None = None
    while experiments:
        page = client.search_runs(
            experiments, query, max_results=_PAGE, order_by=["attributes.start_time DESC"], page_token=token
        )
        found += page
        token = page.token
        if not token:
            break
    return found


def _quoted(text: str) -> str:
    return text.replace("'", "")
