"""How to reach a server, as the config group ``server`` spells it. Light: the command line imports it."""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from workflow.errors import HarnessError

KINDS = ("embedded", "comfyui")


class BadServerConfig(HarnessError):
    """The server group of the configuration does not fit together."""

    code: ClassVar[str] = "bad-server-config"


@dataclass
class ServerConfig:
    """Where videos are rendered, and how patient we are. Times are in seconds."""

    kind: str = "embedded"
    """embedded: the stand-in, started and ended by us. comfyui: a ComfyUI at ``url``."""
    url: str | None = None
    """Address of a ComfyUI, such as http://host:8188."""
    release: str | None = None
    """Your own label for what runs there, where the server cannot tell the versions of its node packs."""
    folder: str | None = None
    """The server's ComfyUI folder, when it is on this machine: its node packs' revisions are read from git."""
    headers_env: str | None = None
    """Name of an environment variable with extra headers, one 'Name: value' a line."""
    headers_file: str | None = None
    """A file with extra headers, one 'Name: value' a line; keep it out of git."""
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 60.0
    start_timeout_s: float = 60.0
    """How long the embedded server may take to start."""
    unreachable_s: float = 120.0
    """How long a server may be out of reach before a render counts as lost."""
    stall_timeout_s: float = 900.0
    """A running job of which events were heard, and then none for so long, is stalled."""
    silent_timeout_s: float = 7200.0
    """The same for a job whose events cannot be heard, as after a broken socket."""
    poll_s: float = 1.0
    pace_s: float | None = None
    """Embedded only: least seconds that a render takes, to practise with."""


def check_server(config: ServerConfig) -> None:
    """Raise BadServerConfig for what can be seen without a server: kind, address, times."""
    if config.kind not in KINDS:
        raise BadServerConfig(f"server.kind={config.kind} is unknown", hint=f"choose one of {', '.join(KINDS)}")
    if config.kind == "comfyui":
        _check_url(config.url)
    for name, value in vars(config).items():
        least_open = name in ("connect_timeout_s", "read_timeout_s", "start_timeout_s")
        if name.endswith("_s") and value is not None and not (value > 0 if least_open else value >= 0):
            hint = "seconds, more than 0" if least_open else "seconds, 0 or more"
            raise BadServerConfig(f"server.{name}={value:g} is no time to wait", hint=hint)


def _check_url(url: str | None) -> None:
    hint = "server.url=http://host:8188"
    if not url:
        raise BadServerConfig("server=comfyui needs server.url", hint=hint)
    shown = url.rpartition("@")[2]  # a password stands before it
    try:
        parts = urlsplit(url.strip())
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise BadServerConfig(f"server.url={shown} is no http:// or https:// address of a server", hint=f"write {hint}")
