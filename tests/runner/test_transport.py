"""Answers that no ComfyUI gives, from real servers that give them; and a secret that must stay where it belongs."""

import asyncio
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from runner.answers import FileRef
from runner.client import ComfyClient, OutputMissing, UploadRefused
from runner.transport import (
    BadServerUrl,
    ServerBadAnswer,
    ServerDenied,
    ServerError,
    ServerRedirects,
    ServerTimedOut,
    ServerUnreachable,
    Transport,
)

PLANTED = "planted-secret-8f3a"
Serve = Callable[[Any], Any]


def client_of(server: Any, **more: Any) -> ComfyClient:
    return ComfyClient(server.url, headers={"Authorization": f"Bearer {PLANTED}"}, connect_s=2, read_s=1, **more)


@pytest.mark.parametrize(
    ("status", "body", "kind", "error"),
    [
        (200, b"<html>login</html>", "text/html", ServerBadAnswer),
        (200, b'{"system": ', "application/json", ServerBadAnswer),
        (200, b"[]", "application/json", ServerBadAnswer),
        (200, b"[" * 100_000, "application/json", ServerBadAnswer),
        (200, b"\xff\xfe{", "application/json", ServerBadAnswer),
        (502, b"<h1>Bad Gateway</h1>", "text/html", ServerBadAnswer),
        (500, b"500 Internal Server Error", "text/plain", ServerBadAnswer),
        (401, b"", "text/plain", ServerDenied),
        (403, b"", "text/plain", ServerDenied),
    ],
)
def test_every_odd_answer_is_one_typed_error(
    serve: Serve, status: int, body: bytes, kind: str, error: type[ServerError]
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, content_type=kind)

    with pytest.raises(error) as raised:
        client_of(serve(answer)).system_stats()
    assert "127.0.0.1" in raised.value.message


def test_terminal_escapes_in_an_answer_are_not_repeated(serve: Serve) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=500, body=b"\x1b[2J\x1b]0;evil\x07boom")

    with pytest.raises(ServerBadAnswer) as raised:
        client_of(serve(answer)).queue()
    assert "\x1b" not in str(raised.value) and "boom" in str(raised.value)


def test_an_answer_too_large_is_not_read_to_its_end(serve: Serve) -> None:
    sent = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(400):
            await response.write(b" " * (1 << 20))
            sent += 1
        return response

    with pytest.raises(ServerBadAnswer, match="more than 64 MB"):
        client_of(serve(answer)).system_stats()
    assert sent < 400


def test_an_answer_cut_short_is_noticed(serve: Serve) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"system": {}}')
        assert request.transport is not None
        request.transport.close()
        return response

    with pytest.raises(ServerError):
        client_of(serve(answer)).system_stats()


def test_a_video_cut_short_is_noticed(serve: Serve, tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100000"})
        await response.prepare(request)
        await response.write(b"x" * 5000)
        assert request.transport is not None
        request.transport.close()
        return response

    with pytest.raises(ServerError):
        client_of(serve(answer)).view(FileRef("a.mp4", "", "output"), tmp_path / "a.part")


def test_a_server_that_never_answers_times_out_and_may_have_the_request(serve: Serve) -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    with pytest.raises(ServerTimedOut) as raised:
        client_of(serve(answer)).queue()
    assert raised.value.sent


def test_a_drip_of_bytes_does_not_hold_us_for_ever(serve: Serve) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(50):
            await response.write(b" " * (1 << 16))
            await asyncio.sleep(0.1)
        return response

    with pytest.raises(ServerTimedOut):
        Transport(serve(answer).url, read_s=1).body("GET", "/", cap=1 << 30, deadline_s=0.5)


def test_nobody_there_means_nothing_was_sent() -> None:
    with pytest.raises(ServerUnreachable, match="Connection refused") as raised:
        ComfyClient("http://127.0.0.1:9").system_stats()
    assert not raised.value.sent


def test_redirects_are_not_followed_and_the_secret_stays(serve: Serve) -> None:
    reached: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.json_response({"system": {}})

    other = serve(elsewhere)

    async def answer(request: web.Request) -> web.Response:
        raise web.HTTPFound(f"{other.url}/system_stats?token={PLANTED}")

    with pytest.raises(ServerRedirects) as raised:
        client_of(serve(answer)).system_stats()
    assert reached == []
    assert PLANTED not in str(raised.value)


def test_requests_carry_the_headers_and_no_origin(serve: Serve) -> None:
    seen: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        return web.json_response({"system": {}})

    client_of(serve(answer)).system_stats()
    assert seen[0]["Authorization"] == f"Bearer {PLANTED}"
    assert "Origin" not in seen[0]


def test_user_and_password_of_the_url_become_a_header_and_are_not_shown(serve: Serve) -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        return web.Response(status=500)

    client = ComfyClient(serve(answer).url.replace("//", f"//me:{PLANTED}@"))
    with pytest.raises(ServerBadAnswer) as raised:
        client.system_stats()
    assert seen[0].startswith("Basic ")
    assert PLANTED not in "".join((client.url, str(raised.value), *traceback.format_exception(raised.value)))


@pytest.mark.parametrize("path", ["refused", "html", "redirect", "timeout"])
def test_no_error_repeats_a_secret(serve: Serve, path: str, caplog: pytest.LogCaptureFixture) -> None:
    async def answer(request: web.Request) -> web.Response:
        if path == "timeout":
            await asyncio.sleep(3)
        if path == "redirect":
            raise web.HTTPFound("http://example.invalid/")
        return web.Response(status=502, text="<html>")

    caplog.set_level("DEBUG")
    url = "http://127.0.0.1:9" if path == "refused" else serve(answer).url
    client = ComfyClient(url, headers={"X-Token": PLANTED}, read_s=0.5)
    with pytest.raises(ServerError) as raised:
        client.system_stats()
    shown = "".join((str(raised.value), repr(raised.value), *traceback.format_exception(raised.value), caplog.text))
    assert PLANTED not in shown


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8188", "ftp://host", "http://", "http://host:99999", "http://host/?a=b", "http://[::1"]
)
def test_what_is_no_url_is_said(url: str) -> None:
    with pytest.raises(BadServerUrl):
        ComfyClient(url)


def test_a_path_before_the_routes_is_kept() -> None:
    assert ComfyClient("https://host/comfy/").url == "https://host/comfy"


def test_an_upload_too_large_says_so(serve: Serve, tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=413, text="Maximum request body size 104857600 exceeded.")

    (tmp_path / "speech.wav").write_bytes(b"x" * 2000)
    with pytest.raises(UploadRefused, match="larger than the server takes"):
        client_of(serve(answer)).upload(tmp_path / "speech.wav", "a.wav")


def test_a_file_that_is_gone_is_missing(serve: Serve, tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=404)

    with pytest.raises(OutputMissing, match=r"nope\.mp4"):
        client_of(serve(answer)).view(FileRef("nope.mp4", "", "output"), tmp_path / "x")


def test_a_hostile_file_name_stays_a_question_to_the_server(serve: Serve, tmp_path: Path) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.query["filename"])
        return web.Response(body=b"bytes")

    home = tmp_path / "home"
    home.mkdir()
    client_of(serve(answer)).view(FileRef("../../evil.mp4", "../..", "output"), home / "video.mp4.part")
    assert asked == ["../../evil.mp4"]
    assert [path.name for path in tmp_path.rglob("*")] == ["home", "video.mp4.part"]


def test_manager_routes_are_tried_and_their_absence_is_none(serve: Serve) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/customnode/installed":
            return web.json_response({"Pack": {"ver": "1.2"}})
        return web.Response(status=404)

    async def nothing(request: web.Request) -> web.Response:
        return web.Response(status=404)

    assert client_of(serve(answer)).node_packs() == {"Pack": {"ver": "1.2"}}
    assert client_of(serve(nothing)).node_packs() is None
