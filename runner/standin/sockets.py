"""Websocket clients of the stand-in, and the one queue through which events reach them in order."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from aiohttp import WSMsgType, web

from runner.standin.faults import Faults

log = logging.getLogger(__name__)


class Sockets:
    """Who listens. Events may come from any thread; they are sent in the order in which they came."""

    def __init__(self, features: Mapping[str, Any], faults: Faults) -> None:
        self.features, self._faults = features, faults
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._events: deque[tuple[str, Mapping[str, Any], str | None]] = deque()
        self._some, self._woken = asyncio.Event(), False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.running_client: str | None = None
        self.last_node: str | None = None

    def emit(self, event: str, data: Mapping[str, Any], client: str | None = None) -> None:
        """Queue one event for ``client``, or for everyone when None."""
        if self._loop is not None and not self._loop.is_closed():
            self._events.append((event, data, client))
            if not self._woken:  # once for many: a bar tells thousands of ticks
                self._woken = True
                self._loop.call_soon_threadsafe(self._some.set)

    async def publish(self) -> None:
        """Send what is queued, for ever; a task of the application."""
        self._loop = asyncio.get_running_loop()
        while True:
            await self._some.wait()
            self._some.clear()
            self._woken = False
            while self._events:
                await self._send(*self._events.popleft())

    async def _send(self, event: str, data: Mapping[str, Any], client: str | None) -> None:
        known = list(self._sockets.values()) if client is None else [self._sockets.get(client)]
        targets = [socket for socket in known if socket is not None and not socket.closed]
        if not targets or self._faults.strike("socket-silent"):
            return
        if self._faults.strike("socket-closed"):
            await self.close()
            return
        text = json.dumps({"type": event, "data": data})
        for socket in targets:
            try:
                await socket.send_str(text)
            except (ConnectionError, RuntimeError) as error:
                log.warning("send error: %s", error)

    async def handle(self, request: web.Request, status: Mapping[str, Any]) -> web.WebSocketResponse:
        """Serve one connection until it closes; ``status`` is the queue's state to greet it with."""
        if self._faults.strike("socket-refused"):
            raise web.HTTPBadGateway
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        sid = request.query.get("clientId", "") or uuid4().hex
        self._sockets[sid] = socket
        try:
            await self._send("status", {"status": status, "sid": sid}, sid)
            if sid == self.running_client and self.last_node is not None:
                await self._send("executing", {"node": self.last_node}, sid)
            await self._listen(socket, sid)
        finally:
            # As ComfyUI: an old connection that closes late takes a newer one of the same id with it.
            self._sockets.pop(sid, None)
        return socket

    async def _listen(self, socket: web.WebSocketResponse, sid: str) -> None:
        first = True
        async for message in socket:
            if message.type != WSMsgType.TEXT:
                continue
            try:
                data = json.loads(message.data)
            except json.JSONDecodeError:
                log.warning("invalid JSON from client %s", sid)
                continue
            if first and isinstance(data, dict) and data.get("type") == "feature_flags":
                await self._send("feature_flags", self.features, sid)
            first = False

    async def close(self) -> None:
        """Say goodbye to everyone, so that the application can end at once."""
        for socket in list(self._sockets.values()):
            await socket.close(code=1001, message=b"the stand-in ends")
