"""The websocket: events of a real stand-in, and sockets that break."""

import time
from collections.abc import Callable
from typing import Any

from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from runner.events import Listener
from runner.progress import Shape
from runner.watch import Watch

SHAPE = Shape(None, None, None, 1, {}, frozenset())


def until(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return False


def test_each_connection_has_a_fresh_client_id_and_the_headers(serve: Callable[[Any], Any]) -> None:
    seen: list[tuple[str, str | None, str | None]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append((request.query["clientId"], request.headers.get("X-Token"), request.headers.get("Origin")))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_bytes(b"\x00\x01preview")
        await socket.send_str("no json")
        await socket.send_str('{"type": "executing", "data": {"prompt_id": "p", "node": "1"}}')
        await socket.close()
        return socket

    listener, watch = Listener(serve(answer).url, {"X-Token": "t"}), Watch(SHAPE)
    listener.watch("p", watch)
    listener.start()
    try:
        assert until(lambda: len(seen) >= 2)
    finally:
        listener.stop()
    assert len({client_id for client_id, _, _ in seen}) == len(seen)
    assert {(token, origin) for _, token, origin in seen} == {("t", None)}
    assert watch.last is not None
    assert not listener.hears(seen[0][0])


def test_a_redirect_of_the_socket_is_not_followed(serve: Callable[[Any], Any]) -> None:
    reached: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.Response()

    other = serve(elsewhere)

    async def answer(request: web.Request) -> web.Response:
        raise web.HTTPFound(other.url.replace("http", "ws", 1) + "/ws")

    listener = Listener(serve(answer).url, {"X-Token": "t"})
    listener.start()
    listener.stop()
    assert reached == []


def test_a_server_that_is_not_there_is_no_trouble() -> None:
    listener = Listener("http://127.0.0.1:9", {})
    began = time.monotonic()
    listener.start(wait_s=5)
    listener.stop()
    assert time.monotonic() - began < 3


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode) | st.just(b'{"type":1,"data":{"prompt_id":"p"}}'))
def test_no_frame_breaks_the_listener(frame: bytes) -> None:
    listener = Listener("http://127.0.0.1:9", {})
    listener.watch("p", Watch(SHAPE))
    listener.message(frame)
