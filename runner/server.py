"""A server session: one ComfyUI, or the stand-in, opened for a while."""

import dataclasses
import math
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from runner.client import ComfyClient, UploadRefused
from runner.config import ServerConfig, check_server
from runner.embedded import StandIn
from runner.events import Listener
from runner.headers import read_headers
from runner.packs import Local, from_folder, from_manager, packs_of
from runner.poller import Poller
from runner.rehearse.recognise import rehearsal_of
from runner.stamp import Stamp, environment_hash, read_stamp
from runner.transport import ServerError
from workflow.cell import InputFile
from workflow.files import sha256_file


class ServerWithoutNodes(ServerError):
    """The server lacks node classes that the graph uses."""

    code: ClassVar[str] = "server-without-nodes"


class Server:
    """One server session, used from several threads: client, events, uploads done, schema and stamp.

    ``kind`` is 'stand-in' or 'comfyui', as the server itself declares, whatever was configured.
    """

    def __init__(self, client: ComfyClient, config: ServerConfig, child: StandIn | None = None) -> None:
        self.client, self.config = client, config
        self.url = client.url
        self._child = child
        self._lock = threading.RLock()
        self._uploads: dict[str, str] = {}
        self._schema: dict[str, Any] | None = None
        self._stamps: dict[frozenset[str], Stamp] = {}
        self._stats = self._ask_stats()
        self.kind = "stand-in" if "stand_in" in self._stats["system"] else "comfyui"
        self.memory = Poller(client.system_stats, config.memory_hz)
        self.events = Listener(
            client.url, client.headers, timeout_s=config.connect_timeout_s, ca_bundle=_expanded(config.ca_bundle)
        )

    @property
    def poll_s(self) -> float:
        """Seconds between two looks at the queue."""
        return min(self.config.poll_s, 0.25) if self._child is not None else self.config.poll_s

    def trouble(self) -> str | None:
        """Why nothing more can come from this server, where that is known for sure: our own child died."""
        return self._child.trouble() if self._child is not None else None

    def _ask_stats(self) -> dict[str, Any]:
        stats = self.client.system_stats()
        if not isinstance(stats.get("system"), dict):
            raise ServerError(f"{self.url} answers, but not as ComfyUI does", hint="is server.url right?")
        return stats

    @property
    def stats(self) -> dict[str, Any]:
        """``/system_stats`` as it was when the session began, or after the server's last restart."""
        return self._stats

    @property
    def idle_vram(self) -> int | None:
        """Bytes of the card's memory that were free when the session began, or after its last restart."""
        return _vram_free(self._stats)

    def vram_free(self) -> int | None:
        """Bytes of the card's memory that are free now; None where the server does not tell."""
        return _vram_free(self.client.system_stats())

    def renew(self) -> tuple[str, ...]:
        """Read everything anew, as after a restart; what of the environment is not as it was, in words.

        Input files are sent again, too. Raises ServerError.
        """
        with self._lock:
            stats, schema = self._ask_stats(), self.client.object_info()
            before, self._stamps = self._stamps, {}
            self._uploads.clear()
            self._stats, self._schema = stats, schema
            changes = [_changes(stamp, self.stamp(classes)) for classes, stamp in before.items()]
            return tuple(dict.fromkeys(words for change in changes for words in change))

    def schema(self, refresh: bool = False) -> dict[str, Any]:
        """``/object_info``, asked once; ``refresh`` asks again (after uploads or new model files)."""
        with self._lock:
            if self._schema is None or refresh:
                self._schema = self.client.object_info()
            return self._schema

    def require(self, classes: Iterable[str]) -> None:
        """Raise ServerWithoutNodes, naming every class of ``classes`` that is missing here."""
        missing = sorted(set(classes) - self.schema().keys())
        if missing:
            raise ServerWithoutNodes(
                f"the server {self.url} lacks {len(missing)} node class(es): {', '.join(missing)}",
                hint="install ComfyUI-WanVideoWrapper and ComfyUI-VideoHelperSuite there and restart it",
            )

    def stamp(self, classes: Iterable[str] | None = None) -> Stamp:
        """What is known of this server, for the node classes of a graph (all its classes when None)."""
        with self._lock:
            schema = self.schema()
            wanted = frozenset(schema if classes is None else classes)
            if wanted not in self._stamps:
                packs = packs_of(schema, wanted)
                told, local = ({}, Local()) if self.kind == "stand-in" else self._revisions(packs)
                revisions = {pack: local.packs.get(pack) or told.get(pack) for pack in packs}
                random = "" if self.kind == "stand-in" else rehearsal_of(self.client, schema)
                self._stamps[wanted] = read_stamp(
                    self._stats,
                    schema,
                    wanted,
                    revisions,
                    self.config.release,
                    rehearsal=random,
                    core=local.core,
                    folder=local.odd,
                )
            return self._stamps[wanted]

    def _revisions(self, packs: frozenset[str]) -> tuple[dict[str, str], Local]:
        """What ComfyUI-Manager tells, and what its folder does where that is on this machine."""
        known = from_manager(packs, self.client.node_packs()) if packs else {}
        if not self.config.folder:
            return known, Local()
        running = str(self._stats["system"].get("comfyui_version", ""))
        return known, from_folder(packs, Path(self.config.folder).expanduser(), running)

    def upload(self, file: InputFile) -> str:
        """The name under which the graph finds ``file`` on the server; sent once a session."""
        with self._lock:
            if file.name not in self._uploads:
                if sha256_file(file.path) != file.sha256:
                    raise UploadRefused(
                        f"{file.path} was changed since it was planned", hint="the same command plans it anew"
                    )
                self._uploads[file.name] = self.client.upload(file.path, file.name)
            return self._uploads[file.name]

    def forget_uploads(self) -> None:
        """Send input files again: the server does not find them any more."""
        with self._lock:
            self._uploads.clear()


@contextmanager
def open_server(config: ServerConfig, workdir: Path) -> Iterator[Server]:
    """Open a server session; the embedded one is started in ``workdir`` and ended with the session.

    Raises BadServerConfig, BadHeaders, StandInFailed, ServerUnreachable and their like before anything runs.
    """
    check_server(config)
    child = None
    if config.kind == "embedded":
        child = StandIn(workdir, pace_s=config.pace_s, start_s=config.start_timeout_s)
        url = child.start()
    else:
        url = config.url or ""
    try:
        headers = {} if child else read_headers(config.headers_env, config.headers_file)
        client = ComfyClient(
            url,
            headers=headers,
            connect_s=config.connect_timeout_s,
            read_s=config.read_timeout_s,
            ca_bundle=_expanded(config.ca_bundle),
        )
        server = Server(client, config, child)
        server.events.start()
        try:
            yield server
        finally:
            server.memory.stop()
            server.events.stop()
    finally:
        if child is not None:
            child.stop()


def _expanded(path: str | None) -> str | None:
    return str(Path(path).expanduser()) if path else None


def _vram_free(stats: dict[str, Any]) -> int | None:
    devices = stats.get("devices")
    first = devices[0] if isinstance(devices, list) and devices else None
    free = first.get("vram_free") if isinstance(first, dict) else None
    if not isinstance(free, int | float) or isinstance(free, bool) or not math.isfinite(free):
        return None
    return int(free)


def _changes(before: Stamp, now: Stamp) -> tuple[str, ...]:
    """The parts of a stamp that differ and can change a video."""
    whole, found = environment_hash(before, ()), []
    for field in dataclasses.fields(Stamp):
        old, new = getattr(before, field.name), getattr(now, field.name)
        if old != new and environment_hash(dataclasses.replace(before, **{field.name: new}), ()) != whole:
            short = isinstance(old, str) and isinstance(new, str) and len(old) < 40
            found.append(f"{field.name} was {old or 'unknown'}, is {new or 'unknown'}" if short else field.name)
    return tuple(found)
