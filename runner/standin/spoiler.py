"""Answers that go wrong on their way, when ``faults`` says so."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from runner.standin.faults import Fault, Faults
from runner.standin.trouble import GATEWAY, NO_ROOM, TROUBLE

OWN: Final = "/stand_in"
"""Where the stand-in's own routes begin: no fault reaches them."""
SHUT: web.AppKey[Callable[[float], Awaitable[None]]] = web.AppKey("shut")
"""How the application can stop listening for so many seconds; absent where nobody offers it."""
TASKS: web.AppKey[set[asyncio.Future[Any]]] = web.AppKey("tasks")
"""Tasks that must not be forgotten while they run."""


def spoiler(faults: Faults, max_upload: int) -> Middleware:
    """A middleware that commits the faults of requests and answers."""

    @web.middleware
    async def spoil(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path.removeprefix("/api")
        if path.startswith(OWN) or path == "/ws":
            return await handler(request)
        if slow := faults.strike("slow", path=path):
            await asyncio.sleep(slow.number("seconds"))
        if shut := faults.strike("refused", path=path):
            return _shut(request, shut)
        if faults.strike("http-500", path=path):
            return web.Response(status=500, text=TROUBLE)
        if faults.strike("http-502", path=path):
            return web.Response(status=502, text=GATEWAY, content_type="text/html")
        if path == "/upload/image":
            if faults.strike("upload-refused"):
                return web.Response(status=413, text=f"Maximum request body size {max_upload} exceeded.")
            if faults.strike("upload-disk-full"):
                request[NO_ROOM] = True
        if (path, request.method) == ("/prompt", "POST") and (lost := faults.strike("post-lost")):
            return await _lose(request, handler, lost)
        if (path, request.method) == ("/prompt", "POST") and (late := faults.strike("post-late")):
            return await _delay(request, handler, late)
        answer = await handler(request)
        if cut := faults.strike("http-truncated", path=path):
            return await _truncate(request, answer, in_flight=cut.text("how") == "connection")
        return answer

    return spoil


def _shut(request: web.Request, fault: Fault) -> web.Response:
    shut = request.app.get(SHUT)
    if shut is not None:
        request.app[TASKS].add(asyncio.ensure_future(shut(fault.number("seconds"))))
    return _drop(request)


async def _lose(request: web.Request, handler: Handler, fault: Fault) -> web.StreamResponse:
    await request.read()
    if fault.number("taken"):
        await handler(request)
    if fault.text("how") == "hang":
        await asyncio.sleep(fault.number("seconds"))
    return _drop(request)


async def _delay(request: web.Request, handler: Handler, fault: Fault) -> web.StreamResponse:
    await request.read()

    async def arrive() -> None:
        await asyncio.sleep(fault.number("seconds"))
        await handler(request)

    request.app[TASKS].add(asyncio.ensure_future(arrive()))
    return _drop(request)


def _drop(request: web.Request) -> web.Response:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _truncate(request: web.Request, answer: web.StreamResponse, *, in_flight: bool) -> web.StreamResponse:
    """Half the body: as if it were all (``in_flight`` False), or until the connection breaks."""
    path: Path | None = answer.get("path")
    whole = path.read_bytes() if path is not None else bytes(getattr(answer, "body", None) or b"")
    half = whole[: len(whole) // 2]
    if not in_flight:
        return web.Response(status=answer.status, body=half, content_type=answer.content_type)
    broken = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
    broken.content_length = len(whole)
    await broken.prepare(request)
    await broken.write(half)
    await asyncio.sleep(0.05)  # what was written leaves before the connection does
    if request.transport is not None:
        request.transport.abort()
    return broken
