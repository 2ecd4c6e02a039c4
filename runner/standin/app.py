"""One stand-in as an aiohttp application: its parts, put together, and their beginning and end."""

import asyncio
import contextlib
import ipaddress
import urllib.parse
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from runner.standin.classes import NodeClasses
from runner.standin.executor import Executor
from runner.standin.faults import Faults
from runner.standin.folders import Folders
from runner.standin.jobs import PromptQueue
from runner.standin.nodes import NODES
from runner.standin.release import Release
from runner.standin.routes import Routes
from runner.standin.sockets import Sockets
from runner.standin.spoiler import TASKS, spoiler

MAX_UPLOAD = 100 * 2**20
PATIENCE = 2.0  # seconds that the frame at hand may take when the stand-in ends


def create_app(
    folders: Folders,
    *,
    pace: float = 0.0,
    max_upload: int = MAX_UPLOAD,
    faults: Faults | None = None,
    release: Release | None = None,
    listen: str = "127.0.0.1",
) -> web.Application:
    """The application. ``pace`` is an artificial least time per prompt in seconds; ``listen`` the address it is at."""
    faults, release = faults or Faults(), release or Release()
    folders.create()
    sockets = Sockets(release.features(max_upload), faults)

    def changed() -> None:
        sockets.emit("status", {"status": queue.info()})

    queue = PromptQueue(changed)
    classes = NodeClasses(folders, release)
    executor = Executor(queue, sockets, classes, folders, NODES, pace, faults)
    app = web.Application(client_max_size=max_upload, middlewares=[same_origin(listen), spoiler(faults, max_upload)])
    app[TASKS] = set()
    for method, path, handler in Routes(folders, classes, queue, sockets, executor, faults).table():
        for prefix in ("", "/api"):
            if method == "GET":
                app.router.add_get(prefix + path, handler)
            else:
                app.router.add_route(method, prefix + path, handler)

    app.router.add_get("/{path:.*}", _nothing)

    async def running(app: web.Application) -> AsyncIterator[None]:
        publisher = asyncio.create_task(sockets.publish())
        await asyncio.sleep(0)
        executor.start()
        yield
        publisher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await publisher
        await asyncio.to_thread(executor.stop, PATIENCE)

    async def goodbye(app: web.Application) -> None:
        await sockets.close()

    app.cleanup_ctx.append(running)
    app.on_shutdown.append(goodbye)
    return app


async def _nothing(request: web.Request) -> web.Response:
    """What else is asked for: the real server looks among the files of its web pages and says as much."""
    return web.Response(status=404)


def same_origin(listen: str) -> Middleware:
    """Refuse a page from elsewhere (its Origin differs from the Host), and names that only resolve to this machine."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = urllib.parse.urlsplit("//" + request.headers.get("Host", "").lower())
        if not _is_loopback(host.hostname) and host.hostname != listen.lower():
            return web.Response(status=403)
        origin = request.headers.get("Origin")
        if origin is not None:
            theirs = urllib.parse.urlsplit(origin.lower())
            same_port = theirs.port is None or host.port is None or theirs.port == host.port
            if theirs.hostname and (theirs.hostname != host.hostname or not same_port):
                return web.Response(status=403)
        return web.Response() if request.method == "OPTIONS" else await handler(request)

    return check


def _is_loopback(name: str | None) -> bool:
    if name in (None, "", "localhost"):
        return name == "localhost"
    try:
        return ipaddress.ip_address(str(name)).is_loopback
    except ValueError:
        return False
