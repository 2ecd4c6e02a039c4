"""How to reach a server, as the config group ``server`` spells it. Light: the command line imports it."""

import math
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from workflow.errors import HarnessError

KINDS = ("embedded", "comfyui", "pool", "ray")
_MORE_THAN_0 = frozenset({"connect_timeout_s", "read_timeout_s", "start_timeout_s", "restart_timeout_s"})


class BadServerConfig(HarnessError):
    """The server group of the configuration does not fit together."""

    code: ClassVar[str] = "bad-server-config"


@dataclass
class RetriesConfig:
    """How many more attempts a cell gets in one command, by how the last one ended; then its failure is final.

    A failure that the experiment declares as expected is never tried again, nor is one that a person cancelled. What
    was not the cell's own doing (its job was still waiting when the server forgot it; the memory was somebody else's)
    is tried again without being counted here.
    """

    lost: int = 2
    """The server forgot the job while it ran, or was out of reach for too long. A job it still knows is followed."""
    stalled: int = 1
    """It ran and nothing moved."""
    corrupt: int = 1
    """The video did not decode, or was not the one that was asked for."""
    out_of_memory: int = 0
    """A result that repeats."""
    node_error: int = 0
    """A node failed: with the same graph it will again."""
    rejected: int = 0
    """The server refused the graph or a file."""
    wait_s: float = 5.0
    """Seconds before a second attempt; each further one of a cell waits twice as long."""
    longest_wait_s: float = 300.0
    """No attempt waits longer than this."""


@dataclass
class ClusterConfig:
    """Servers that a Ray cluster places, one for each share of ``resources``."""

    address: str = "auto"
    """Where the cluster is: auto (this machine belongs to it), HOST:6379, ray://HOST:10001."""
    command: str | None = None
    """Your own command that starts a ComfyUI on a node, split like a shell would but run without one; {host} and {port}
    stand for where it is to listen. It sees the GPU that Ray gives it, and is ended with the sweep."""
    cwd: str | None = None
    """The folder, on the node, in which it is started."""
    count: int | None = None
    """How many servers; as many as the cluster has room for when left out."""
    resources: list[str] = field(default_factory=lambda: ["GPU:1"])
    """What Ray sets aside for each, as NAME:AMOUNT: GPU, CPU, or resources of your own."""
    start_s: float = 300.0
    """How long a server may take to answer after its command was started."""
    place_s: float = 60.0
    """How long a sweep waits for its servers; it begins with those that are there by then, the others join later."""

    @property
    def needs(self) -> dict[str, float]:
        """What Ray sets aside for each. ValueError for what is no NAME:AMOUNT."""
        return {name.strip(): float(amount) for name, _, amount in (one.partition(":") for one in self.resources)}


@dataclass
class ServerConfig:
    """Where videos are rendered, and how patient we are. Times are in seconds."""

    kind: str = "embedded"
    """embedded: the stand-in, started and ended by us. comfyui: a ComfyUI at ``url``. pool: several, at ``urls``.
    ray: several, placed by a Ray cluster."""
    url: str | None = None
    """Address of a ComfyUI, such as http://host:8188."""
    urls: list[str] = field(default_factory=list)
    """Addresses of the servers of a pool; everything else here is said of each of them."""
    cluster: ClusterConfig = field(default_factory=ClusterConfig)
    """For ``kind`` ray."""
    rejoin_s: float = 5.0
    """How often a server of a pool that is out of it is asked whether it is back."""
    release: str | None = None
    """Your own label for what runs there, where the server cannot tell the versions of its node packs."""
    folder: str | None = None
    """The server's ComfyUI folder, when it is on this machine: revisions of ComfyUI and of its node packs are read from
    git, and the SHA-256 of the model files (once for each file: some seconds a gigabyte)."""
    headers_env: str | None = None
    """Name of an environment variable with extra headers, one 'Name: value' a line."""
    headers_file: str | None = None
    """A file with extra headers, one 'Name: value' a line; keep it out of git."""
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 60.0
    start_timeout_s: float = 60.0
    """How long the embedded server may take to start."""
    unreachable_s: float = 120.0
    """How long a server may be out of reach before a render counts as lost. Then it is waited for once more for as
    long, and its job is looked for before it is sent again; after that the sweep stops."""
    stall_timeout_s: float = 900.0
    """A running job of which events were heard, and then none for so long, is stalled."""
    silent_timeout_s: float = 7200.0
    """The same for a job whose events cannot be heard, as after a broken socket."""
    poll_s: float = 1.0
    memory_hz: float = 1.0
    """How often a second its memory is asked for while it renders; peaks are of these looks. 0 for never."""
    retries: RetriesConfig = field(default_factory=RetriesConfig)
    """How many more attempts a failed render gets, by how it ended."""
    free_share: float = 0.9
    """After out of memory the server unloads its models; this share of the memory that was free when the session
    began must be free again before another cell is sent."""
    free_patience_s: float = 60.0
    """How long that may take; then the restart command is run, or without one the sweep stops."""
    restart_command: str | None = None
    """Your own command that restarts the server, split like a shell would but run without one. It is run when the
    server's worker is dead, its memory does not come back, or it stays out of reach. Keep secrets in a script."""
    restart_timeout_s: float = 120.0
    """How long the restart command may take."""
    restart_answer_s: float = 600.0
    """How long the server may take to answer after it."""
    ca_bundle: str | None = None
    """A file with the certificates of your own authority (PEM), for https. TLS is always verified."""
    pace_s: float | None = None
    """Embedded only: least seconds that a render takes, to practise with."""

    @property
    def several(self) -> bool:
        """Whether it names several servers, which may come and go."""
        return self.kind in ("pool", "ray")


def check_server(config: ServerConfig) -> None:
    """Raise BadServerConfig for what can be seen without a server: kind, address, times, files and commands here."""
    if config.kind not in KINDS:
        raise BadServerConfig(f"server.kind={config.kind} is unknown", hint=f"choose one of {', '.join(KINDS)}")
    if config.kind == "comfyui":
        _check_url(config.url)
    if config.kind == "pool":
        _check_urls(config.urls)
    if config.kind == "ray":
        _check_cluster(config.cluster)
    for name, value in vars(config).items():
        _check_time(name, value)
    if not 0 < config.free_share <= 1:
        raise BadServerConfig(f"server.free_share={config.free_share:g} is no share", hint="more than 0, at most 1")
    if not 0 <= config.memory_hz <= 10:
        raise BadServerConfig(f"server.memory_hz={config.memory_hz:g} is no rate", hint="0 (never) to 10 a second")
    for name, value in vars(config.retries).items():
        _check_time(f"retries.{name}", value)
        if isinstance(value, int) and value < 0:
            raise BadServerConfig(f"server.retries.{name}={value} is less than 0", hint="0 for no second attempt")
    _check_command(config.restart_command)
    if config.ca_bundle and not Path(config.ca_bundle).expanduser().is_file():
        raise BadServerConfig(f"server.ca_bundle={config.ca_bundle} is no file", hint="a PEM file of certificates")


def _check_time(name: str, value: object) -> None:
    if not name.endswith("_s") or not isinstance(value, int | float):
        return
    least_open = name in _MORE_THAN_0
    if not (value > 0 if least_open else value >= 0):
        hint = "seconds, more than 0" if least_open else "seconds, 0 or more"
        raise BadServerConfig(f"server.{name}={value:g} is no time to wait", hint=hint)


def _check_command(command: str | None) -> None:
    """A command that cannot run is said before the hours that it waits for."""
    if not command:
        return
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise BadServerConfig(
            f"server.restart_command: {error}", hint="it is split as a shell would: close what is open"
        ) from error
    if not words or shutil.which(words[0]) is None:
        first = words[0] if words else "nothing"
        raise BadServerConfig(
            f"server.restart_command: there is no command {first}",
            hint="give its whole path; it is run without a shell",
        )


def _check_cluster(cluster: ClusterConfig) -> None:
    hint = "server.cluster.command='python main.py --listen {host} --port {port}'"
    if not cluster.command:
        raise BadServerConfig("server=ray needs server.cluster.command", hint=hint)
    try:
        for word in shlex.split(cluster.command):
            word.format(host="H", port=1)
    except (ValueError, KeyError, IndexError) as error:
        raise BadServerConfig(f"server.cluster.command cannot be read: {error}", hint=hint) from error
    if "{port}" not in cluster.command:
        raise BadServerConfig("server.cluster.command names no {port}: two servers of a node would collide", hint=hint)
    if cluster.count is not None and cluster.count < 1:
        raise BadServerConfig(f"server.cluster.count={cluster.count}", hint="at least one, or leave it out")
    try:
        sound = bool(cluster.needs) and all(name and 0 < amount < math.inf for name, amount in cluster.needs.items())
    except ValueError:
        sound = False
    if not sound:
        shown = ",".join(cluster.resources)
        raise BadServerConfig(
            f"server.cluster.resources=[{shown}] is not what a server could need",
            hint="server.cluster.resources=[GPU:1]",
        )
    for name in ("start_s", "place_s"):
        _check_time(f"cluster.{name}", getattr(cluster, name))


def members_of(config: ServerConfig) -> list[ServerConfig]:
    """The servers of a configuration one by one: those of a pool, else itself.

    >>> [one.url for one in members_of(ServerConfig("pool", urls=["http://a:8188", "http://b:8188"]))]
    ['http://a:8188', 'http://b:8188']
    """
    if config.kind != "pool":
        return [config]
    return [replace(config, kind="comfyui", url=url.strip(), urls=[]) for url in config.urls]


def _check_urls(urls: Sequence[str]) -> None:
    hint = "server.urls=[http://host1:8188,http://host2:8188]"
    if not urls:
        raise BadServerConfig("server=pool needs server.urls", hint=hint)
    seen: set[str] = set()
    for url in urls:
        _check_url(url, "server.urls: ", hint)
        plain = url.strip().rstrip("/").lower()
        if plain in seen:
            shown = url.rpartition("@")[2]
            raise BadServerConfig(f"server.urls has {shown} twice", hint="each server once: it has one queue")
        seen.add(plain)


def _check_url(url: str | None, key: str = "server.url=", hint: str = "server.url=http://host:8188") -> None:
    if not url:
        raise BadServerConfig("server=comfyui needs server.url", hint=hint)
    shown = url.rpartition("@")[2]  # a password stands before it
    try:
        parts = urlsplit(url.strip())
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise BadServerConfig(f"{key}{shown} is no http:// or https:// address of a server", hint=f"write {hint}")
