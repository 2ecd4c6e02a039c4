"""The websocket: progress for people, and early wake-ups. Nothing depends on it."""

import json
import logging
import ssl
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any, Final

import websocket

from runner.text import plain
from runner.watch import Watch

_LOG = logging.getLogger(__name__)
_CAP: Final = 16 << 20
_AHEAD: Final = 1 << 16
_SUMMARY: Final = b'{"type": "progress_state"'  # repeats, at length, what `progress` says
_LONGEST_PAUSE_S: Final = 10.0


class _CappedSocket(websocket.WebSocket):
    """A socket that closes on a message larger than the cap: the library alone would read it whole.

    It reads ahead: the library asks the system for each part of a message by itself, and a server tells thousands.
    """

    _room = _CAP
    _ahead, _at = b"", 0

    def next_message(self) -> tuple[int, bytes]:
        """Opcode and payload of the next message; after a timeout the rest of it still may come."""
        opcode, data = self.recv_data()
        self._room = _CAP
        return opcode, data

    def _recv(self, bufsize: int) -> bytes:
        if self._at >= len(self._ahead):
            self._ahead, self._at = super()._recv(_AHEAD), 0  # type: ignore[no-untyped-call]
        data = self._ahead[self._at : self._at + bufsize]
        self._at += len(data)
        self._room -= len(data)
        if self._room < 0:
            raise websocket.WebSocketPayloadException(f"a message of more than {_CAP >> 20} MB")
        return data


class Listener:
    """One thread on one socket at a time, serving every prompt of a server session.

    Each connection has a fresh client id: a server that sees an old socket close forgets a newer one of the
    same id. Prompts sent under an older id get no events any more; polling follows them all the same.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], *, timeout_s: float = 5.0, ca_bundle: str | None = None
    ) -> None:
        self._url = "ws" + url.removeprefix("http") + "/ws"
        self._headers = [f"{name}: {value}" for name, value in headers.items()]
        self._timeout_s = timeout_s
        self._tls = {"cert_reqs": ssl.CERT_REQUIRED, **({"ca_certs": ca_bundle} if ca_bundle else {})}
        self._watches: dict[str, Watch] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._connected = threading.Event()
        self._tried = threading.Event()
        self._client_id = uuid.uuid4().hex
        self._thread = threading.Thread(target=self._run, name="comfyui-events", daemon=True)

    @property
    def client_id(self) -> str:
        """The id of the connection of now; send it with each prompt."""
        return self._client_id

    def hears(self, client_id: str) -> bool:
        """Whether events of prompts sent under ``client_id`` can still come."""
        return self._connected.is_set() and client_id == self._client_id

    def start(self, wait_s: float = 3.0) -> None:
        """Begin listening; waits a moment for the first connection, or its failure, and goes on either way."""
        self._thread.start()
        self._tried.wait(wait_s)

    def stop(self) -> None:
        """End the thread and its socket."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(self._timeout_s + 2.0)

    def watch(self, prompt_id: str, watch: Watch) -> None:
        """Send the events of ``prompt_id`` to ``watch``, from before it is posted."""
        with self._lock:
            self._watches[prompt_id] = watch

    def unwatch(self, prompt_id: str) -> None:
        """Forget a prompt."""
        with self._lock:
            self._watches.pop(prompt_id, None)

    def _run(self) -> None:
        pause = 0.5
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._listen()
            except (websocket.WebSocketException, OSError, ValueError) as error:
                _LOG.debug("progress socket: %s", plain(type(error).__name__))
            self._connected.clear()
            self._tried.set()
            pause = 0.5 if time.monotonic() - began > _LONGEST_PAUSE_S else min(pause * 2, _LONGEST_PAUSE_S)
            self._client_id = uuid.uuid4().hex
            self._stop.wait(pause)

    def _listen(self) -> None:
        socket: Any = websocket.create_connection(
            f"{self._url}?clientId={self._client_id}",
            timeout=self._timeout_s,
            header=self._headers,
            suppress_origin=True,
            redirect_limit=0,
            skip_utf8_validation=True,  # the JSON reader looks anyway, and a hundred times faster
            sslopt=self._tls,
            class_=_CappedSocket,
        )
        try:
            socket.settimeout(0.25)
            self._connected.set()
            self._tried.set()
            while not self._stop.is_set():
                try:
                    opcode, data = socket.next_message()
                except websocket.WebSocketTimeoutException:
                    continue
                if opcode == websocket.ABNF.OPCODE_CLOSE:
                    return
                if opcode == websocket.ABNF.OPCODE_TEXT:
                    self.message(data)
        finally:
            self._connected.clear()
            socket.close(timeout=1)

    def message(self, data: bytes) -> None:
        """Take one text frame; what is not an event of a watched prompt is passed over."""
        if data.startswith(_SUMMARY):
            return
        try:
            message = json.loads(data)
        except (ValueError, RecursionError):
            return
        body: Any = message.get("data") if isinstance(message, dict) else None
        if not isinstance(body, dict):
            return
        with self._lock:
            watch = self._watches.get(str(body.get("prompt_id")))
        if watch is not None:
            watch.event(str(message.get("type")), body)
