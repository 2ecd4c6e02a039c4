"""Several servers as one place to render: each is opened when it answers, and may go and return."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from runner.config import ServerConfig, check_server, members_of
from runner.server import Server, open_server
from runner.text import plain
from runner.transport import ServerError, ServerUnreachable
from workflow.words import counted


class Member:
    """One server of a pool, or the only one there is.

    ``name`` is its address as people say it. ``why`` says what keeps a server away that is not ``open``.
    """

    def __init__(self, config: ServerConfig, workdir: Path, name: str = "", server: Server | None = None) -> None:
        self.config, self.name, self.why = config, name, ""
        self._workdir, self._session = workdir, ExitStack()
        self._server = server

    @property
    def open(self) -> bool:
        """Whether its session has begun; then ``server`` is there until the end, whatever becomes of it."""
        return self._server is not None

    @property
    def server(self) -> Server:
        """Its session. RuntimeError before it is open."""
        if self._server is None:
            raise RuntimeError(f"{self.name} is not open")
        return self._server

    def enter(self) -> Server:
        """Open the session. Raises what ``open_server`` raises."""
        self._server = self._session.enter_context(open_server(self.config, self._workdir))
        self.why = ""
        return self._server

    def try_to_enter(self) -> bool:
        """Open the session where the server answers; ``why`` says what keeps it away."""
        try:
            self.enter()
        except ServerError as error:
            self.why = plain(error.message, 200)
        return self.open

    def back(self) -> None:
        """Ask a server that was away anew for everything. Raises ServerError while it is away."""
        if self.open:
            self.server.renew()
        else:
            self.enter()

    def close(self) -> None:
        """End the session."""
        self._session.close()
        self._server = None


@contextmanager
def open_members(config: ServerConfig, workdir: Path) -> Iterator[list[Member]]:
    """Every server of ``config``; those of a pool that do not answer are there unopened, and may be opened later.

    Raises:
        ServerUnreachable: no server of a pool answers; and what ``open_server`` raises, where there is one server only.
    """
    check_server(config)
    with ExitStack() as stack:
        members = _on_cluster(config, workdir, stack) if config.kind == "ray" else _at_addresses(config, workdir)
        stack.callback(_close_all, members)
        if config.several:
            _enter_all(members)
        else:
            members[0].enter()
        yield members


def _at_addresses(config: ServerConfig, workdir: Path) -> list[Member]:
    configs = members_of(config)
    return [Member(one, workdir, name) for one, name in zip(configs, names(configs), strict=True)]


def _on_cluster(config: ServerConfig, workdir: Path, stack: ExitStack) -> list[Member]:
    from runner.cluster import Cluster, Seated

    cluster = Cluster(config)
    count = cluster.join()
    stack.callback(cluster.leave)
    return [Seated(cluster, workdir, f"server {k + 1}") for k in range(count)]


def _close_all(members: Sequence[Member]) -> None:
    with ThreadPoolExecutor(len(members)) as threads:
        list(threads.map(lambda one: one.close(), members))


def _enter_all(members: Sequence[Member]) -> None:
    with ThreadPoolExecutor(len(members)) as threads:
        list(threads.map(lambda one: one.try_to_enter(), members))
    if any(one.open for one in members):
        return
    told = "; ".join(dict.fromkeys(one.why for one in members))
    raise ServerUnreachable(
        f"none of the {counted(len(members), 'server')} of the pool answers: {told}",
        hint="start one of them; python -m runner doctor --url URL looks at one by itself",
    )


def names(configs: Sequence[ServerConfig]) -> list[str]:
    """Short names of servers by their addresses, without passwords; the same for no two of them.

    >>> names([ServerConfig(url="http://u:secret@gpu1:8188/"), ServerConfig(url="https://gpu1:8188/two")])
    ['gpu1:8188', 'gpu1:8188/two']
    """
    found: list[str] = []
    for config in configs:
        parts = urlsplit(config.url or "")
        short = parts.netloc.rpartition("@")[2] + parts.path.rstrip("/")
        found.append(short if short not in found else f"{parts.scheme}://{short}")
    return found
