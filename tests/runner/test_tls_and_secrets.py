"""TLS is verified, and a secret that a server sends back is not shown."""

import os
import shutil
import ssl
import subprocess
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from runner.answers import FileRef
from runner.client import ComfyClient, UploadRefused
from runner.events import _CAP, Listener
from runner.headers import HIDDEN, hide, secrets_of
from runner.progress import Shape
from runner.transport import ServerError, ServerUnreachable
from runner.watch import Watch

PLANTED = "planted-secret-5511"
SHAPE = Shape(None, None, None, 1, {}, frozenset())
Serve = Callable[..., Any]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate authority of our own and a certificate for 127.0.0.1 that it signed."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make certificates with")
    folder = tmp_path_factory.mktemp("authority 我")
    extra = folder / "san.txt"
    extra.write_text("subjectAltName=IP:127.0.0.1", encoding="utf-8")
    for words in (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ours -keyout ca.key -out ca.pem",
        "req -newkey rsa:2048 -nodes -subj /CN=box -keyout box.key -out box.csr",
        "x509 -req -days 2 -in box.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile san.txt -out box.pem",
    ):
        subprocess.run(["openssl", *words.split()], cwd=folder, check=True, capture_output=True)
    return folder


def tls(authority: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "box.pem", authority / "box.key")
    return context


async def stats(request: web.Request) -> web.Response:
    return web.json_response({"system": {"heard": request.headers.get("X-Token")}})


def test_a_certificate_that_nobody_vouches_for_is_refused_before_a_secret_is_sent(
    serve: Serve, authority: Path
) -> None:
    heard: list[str | None] = []

    async def look(request: web.Request) -> web.Response:
        heard.append(request.headers.get("X-Token"))
        return await stats(request)

    client = ComfyClient(serve(look, tls(authority)).url, headers={"X-Token": PLANTED})
    with pytest.raises(ServerUnreachable, match="TLS") as raised:
        client.system_stats()
    assert heard == []
    assert "server.ca_bundle" in raised.value.hint
    assert PLANTED not in "".join(traceback.format_exception(raised.value))


def test_an_authority_of_ones_own_is_taken_whatever_the_environment_says(
    serve: Serve, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority / "box.csr"))
    url = serve(stats, tls(authority)).url
    client = ComfyClient(url, headers={"X-Token": PLANTED}, ca_bundle=str(authority / "ca.pem"))
    assert client.system_stats()["system"]["heard"] == PLANTED


@pytest.mark.parametrize("known", [True, False])
def test_the_socket_is_verified_by_the_same_authority(serve: Serve, authority: Path, known: bool) -> None:
    heard: list[str | None] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        heard.append(request.headers.get("X-Token"))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close()
        return socket

    bundle = str(authority / "ca.pem") if known else None
    listener = Listener(serve(answer, tls(authority)).url, {"X-Token": PLANTED}, ca_bundle=bundle)
    listener.start(wait_s=5)
    listener.stop()
    assert set(heard) == ({PLANTED} if known else set())


@pytest.mark.parametrize("how", ["error page", "no json", "refused file"])
def test_a_secret_that_comes_back_is_not_shown(serve: Serve, tmp_path: Path, how: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        echoed = f"<pre>{request.headers['Authorization']}</pre>"
        return web.Response(status={"no json": 200, "refused file": 400}.get(how, 502), text=echoed)

    client = ComfyClient(serve(answer).url, headers={"Authorization": f"Bearer {PLANTED}"})
    with pytest.raises(ServerError) as raised:
        if how == "refused file":
            (tmp_path / "a.png").write_bytes(b"x")
            client.upload(tmp_path / "a.png", "a.png")
        else:
            client.system_stats()
    shown = "".join((str(raised.value), repr(raised.value), *traceback.format_exception(raised.value)))
    assert PLANTED not in shown
    assert HIDDEN in shown


def test_a_basic_login_is_hidden_in_both_its_forms() -> None:
    client = ComfyClient(f"http://me:{PLANTED}@127.0.0.1:9/")
    sent = client.headers["Authorization"]
    assert client.without_secrets(f"{sent} | {sent.split()[1]} | me:{PLANTED} | {PLANTED}") == " | ".join([HIDDEN] * 4)


def test_words_that_may_stand_anywhere_are_left_alone() -> None:
    assert secrets_of({"X-User": "video", "Accept": "*/*"}) == ()
    assert hide("a video", secrets_of({"X-User": "video"})) == "a video"


def test_a_message_too_large_closes_the_socket(serve: Serve) -> None:
    connections: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        connections.append(request.query["clientId"])
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if len(connections) == 1:
            for _ in range(3):  # together more than the cap, each well below it
                await socket.send_bytes(b"\x00" * (_CAP // 2))
            await socket.send_str(f'{{"type": "executing", "data": {{"prompt_id": "p", "pad": "{"x" * _CAP}"}}}}')
        await socket.receive()
        return socket

    listener, watch = Listener(serve(answer).url, {}), Watch(SHAPE)
    listener.watch("p", watch)
    listener.start()
    try:
        for _ in range(400):
            if len(connections) > 1:
                break
            watch.wait(0.02)
    finally:
        listener.stop()
    assert len(connections) > 1
    assert watch.last is None


def test_a_file_too_large_to_send_is_not_read(serve: Serve, tmp_path: Path) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=500)

    with (tmp_path / "huge.wav").open("wb") as file:
        os.truncate(file.fileno(), 3 << 30)  # a hole: it takes no room
    with pytest.raises(UploadRefused, match="3072 MB"):
        ComfyClient(serve(answer).url).upload(tmp_path / "huge.wav", "a.wav")
    assert asked == []


@pytest.mark.parametrize(("status", "there"), [(200, True), (404, False), (400, False)])
def test_a_file_is_asked_for_without_fetching_it(serve: Serve, status: int, there: bool) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.method)
        return web.Response(status=status, body=b"x" * 1000)

    assert ComfyClient(serve(answer).url).has(FileRef("a.mp4", "", "output")) is there
    assert asked == ["HEAD"]
