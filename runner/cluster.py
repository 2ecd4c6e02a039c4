"""Servers on a Ray cluster: Ray finds them a place and gives back their addresses; who renders what is the pool's."""

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final

from runner.config import ServerConfig
from runner.pool import Member
from runner.server import Server
from runner.text import plain
from runner.transport import ServerUnreachable
from workflow.errors import HarnessError
from workflow.words import counted

_MOMENT_S: Final = 1.0
"""How long one that is late is waited for at a time, so that the end of a sweep is not held up."""


class NoCluster(HarnessError):
    """No cluster, or one that has no room for what is asked of it."""

    code: ClassVar[str] = "no-cluster"


class Cluster:
    """The cluster of a configuration, joined for a while."""

    def __init__(self, config: ServerConfig) -> None:
        self.config = config

    def join(self) -> int:
        """Join; how many servers to ask for.

        Raises:
            NoCluster: there is none, or no node could ever give what one server needs.
        """
        try:
            import ray
        except ImportError as error:
            raise NoCluster("Ray is not installed here", hint="pip install -e '.[cluster]'") from error
        wanted = self.config.cluster
        try:
            ray.init(address=wanted.address, log_to_driver=False, logging_level="error", ignore_reinit_error=True)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise NoCluster(
                f"no Ray cluster at {wanted.address}: {plain(str(error), 200)}",
                hint="ray start --head on one machine, ray start --address=HEAD:6379 on the others",
            ) from error
        nodes = [one["Resources"] for one in ray.nodes() if one["Alive"]]
        room = room_for(wanted.needs, nodes)
        if room == 0:
            raise NoCluster(no_room(wanted.needs, nodes), hint="server.cluster.resources=[GPU:1] is usual")
        if wanted.count is not None and wanted.count > room:
            raise NoCluster(
                f"server.cluster.count={wanted.count}, and the cluster has room for {counted(room, 'server')}",
                hint="fewer, or more nodes; left out, it is as many as there is room for",
            )
        return wanted.count or room

    def seat(self) -> Any:
        """Ask for a place for one more server: an actor, which may have to wait for it."""
        import ray
        from ray import cloudpickle

        from runner import seat

        cloudpickle.register_pickle_by_value(seat)
        wanted, needs = self.config.cluster, self.config.cluster.needs
        gpus, cpus = needs.pop("GPU", 0), needs.pop("CPU", 0)
        actor = ray.remote(num_gpus=gpus, num_cpus=cpus, resources=needs, max_restarts=0)(seat.Seat)
        return actor.remote(wanted.command, wanted.cwd)

    def leave(self) -> None:
        """Give everything back."""
        import ray

        ray.shutdown()


def room_for(needs: Mapping[str, float], nodes: Sequence[Mapping[str, float]]) -> int:
    """How many servers the nodes have room for at once.

    >>> room_for({"GPU": 1}, [{"CPU": 8, "GPU": 4}, {"CPU": 8}, {"GPU": 2}])
    6
    """
    return sum(min(math.floor(node.get(name, 0) / amount) for name, amount in needs.items()) for node in nodes)


def no_room(needs: Mapping[str, float], nodes: Sequence[Mapping[str, float]]) -> str:
    """Why no node can ever hold a server, in words."""
    most = {name: max((node.get(name, 0) for node in nodes), default=0) for name in needs}
    found = [f"{name}: {amount:g} wanted, {most[name]:g} at most on a node" for name, amount in needs.items()]
    return f"no node of the cluster has what a server needs ({'; '.join(found)})"


class Seated(Member):
    """A member of a pool whose server Ray places: when its node dies, it asks for another place."""

    def __init__(self, cluster: Cluster, workdir: Path, name: str) -> None:
        super().__init__(cluster.config, workdir, name)
        self._cluster, self._actor = cluster, cluster.seat()
        self._starting: Any = None
        self._seat, self._patience_s = name, cluster.config.cluster.place_s

    def enter(self) -> Server:
        """Open the session on the server where it has been placed and answers.

        Raises:
            ServerUnreachable: it has no place yet, its node died, or its command failed.
        """
        import ray
        from ray.exceptions import GetTimeoutError, RayError

        self._starting = self._starting or self._actor.start.remote(self._cluster.config.cluster.start_s)
        patience_s, self._patience_s = self._patience_s, _MOMENT_S
        try:
            url = str(ray.get(self._starting, timeout=patience_s))
        except GetTimeoutError as error:
            raise ServerUnreachable(f"{self._seat} has no place on the cluster yet, or still starts") from error
        except RayError as error:
            self._ask_anew()
            raise ServerUnreachable(plain(_reason(error), 300)) from error
        self.config = replace(self._cluster.config, kind="comfyui", url=url)
        self.name = url.rpartition("/")[2]
        return super().enter()

    def back(self) -> None:
        """The server again, or another in its place."""
        import ray
        from ray.exceptions import RayError

        try:
            trouble = ray.get(self._actor.trouble.remote(), timeout=5.0) if self.open else ""
        except RayError as error:
            trouble = _reason(error)
        if trouble:
            self._ask_anew()
        super().back()

    def _ask_anew(self) -> None:
        self.close()
        self._actor, self._starting = self._cluster.seat(), None

    def close(self) -> None:
        """End the session, and the server."""
        import ray
        from ray.exceptions import RayError

        super().close()
        with contextlib.suppress(RayError):  # its node is gone
            ray.get(self._actor.stop.remote(), timeout=15.0)
        ray.kill(self._actor)


def _reason(error: Exception) -> str:
    """Ray's words without its traceback."""
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    return lines[-1].removeprefix("RuntimeError: ") if lines else type(error).__name__
