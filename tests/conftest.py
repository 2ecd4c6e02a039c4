"""Real clips for tests, which lie outside the project and may be absent; servers that can be killed, or misbehave."""

import asyncio
import contextlib
import os
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import hypothesis
import pytest
import requests
from aiohttp import web

from eval import trust

if "PYTEST_XDIST_WORKER" in os.environ:  # a test process to each core: threads of one would only disturb the others
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A machine shared with others makes single examples slow; the suite has its own time limit.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, as many tests wait; those of a real server take turns: it has one queue, and looks
    at what other tests sent are part of some."""
    return 0 if os.environ.get("COMFYUI_URL") else (os.cpu_count() or 1) + 1


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("TALKING_CLIPS", Path(__file__).resolve().parents[2] / "shared" / "data"))


@pytest.fixture(scope="session", autouse=True)
def no_weights_from_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test downloads weights or finds those of the person who runs it, nor does a process that a test starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INFINITETALK_SWEEP_OFFLINE", "1")
        patch.setenv("INFINITETALK_SWEEP_CACHE", str(tmp_path_factory.mktemp("weights")))
        yield


@pytest.fixture(scope="session", autouse=True)
def no_calibration_of_ones_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a developer has installed for himself decides no test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trust, "LOCAL", tmp_path_factory.mktemp("local") / "calibration.json")
        trust.forget()
        yield
    trust.forget()


def _clip(name: str) -> Path:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"the real clip {name} is not here (set TALKING_CLIPS to its folder)")
    return path


@pytest.fixture(scope="session")
def talking_frontal() -> Path:
    """458×458, 25 fps, 15 s, one frontal talker with her own sound."""
    return _clip("talking_frontal.mp4")


@pytest.fixture(scope="session")
def talking_small_face() -> Path:
    """1080×1920 HEVC, 25 fps, 10 s, a face of about 130 px."""
    return _clip("talking_small_face.mp4")


@pytest.fixture(scope="session")
def comfyui_output() -> Path:
    """A video a real ComfyUI wrote, with the API prompt inside."""
    return _clip("comfyui_output.mp4")


@pytest.fixture(scope="session")
def portrait_profile() -> Path:
    """A picture with a face in profile: no frontal face to find."""
    return _clip("portrait_profile.png")


@pytest.fixture(scope="session")
def speech_wav() -> Path:
    """10.7 s of speech, 44.1 kHz stereo."""
    return _clip("speech.wav")


RESTART = f"""
import os, pathlib, signal, subprocess, sys
os.chdir({str(ROOT)!r})
folder, port, parent, *more = sys.argv[1:]
pid = pathlib.Path(folder, "pid")
if pid.exists():
    try:
        os.kill(int(pid.read_text()), signal.SIGKILL)
    except ProcessLookupError:
        pass
words = ["-m", "runner", "standin", "--port", port, "--folder", folder, "--parent", parent, *more]
extra = pathlib.Path(folder, "words")
words += extra.read_text(encoding="utf-8").split() if extra.exists() else []
log = open(pathlib.Path(folder, "log"), "ab")
child = subprocess.Popen([sys.executable, *words], stdout=log, stderr=log, start_new_session=True)
pid.write_text(str(child.pid))
"""


class Restartable:
    """A stand-in at an address of its own that can be killed and started again: its output folder stays.

    What its folder's file ``words`` holds joins its command line from the next start on.
    """

    def __init__(self, folder: Path, *words: str) -> None:
        folder.mkdir()
        (folder / "restart.py").write_text(RESTART, encoding="utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.folder, self.url = folder, f"http://127.0.0.1:{port}"
        command = [sys.executable, folder / "restart.py", folder, port, os.getpid(), *words]
        self.command = shlex.join(map(str, command))
        """What ``server.restart_command`` would be."""

    def start(self) -> str:
        """Start it, or start it again; its URL once it answers."""
        subprocess.run(shlex.split(self.command), check=True, cwd=ROOT)
        deadline = time.monotonic() + 20
        while True:
            try:
                requests.get(f"{self.url}/system_stats", timeout=5).raise_for_status()
                return self.url
            except requests.ConnectionError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text(encoding="utf-8")
                time.sleep(0.05)

    def kill(self) -> None:
        """End it as a power cut would."""
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            os.kill(int((self.folder / "pid").read_text(encoding="utf-8")), signal.SIGKILL)


@pytest.fixture
def restartable(tmp_path: Path) -> Iterator[Callable[..., Restartable]]:
    """``restartable("--pace", "1")``: servers that can be killed and started again; not started yet."""
    made: list[Restartable] = []

    def make(*words: str) -> Restartable:
        made.append(Restartable(tmp_path / f"restartable-{len(made)}", *words))
        return made[-1]

    yield make
    for one in made:
        one.kill()


class HttpServer:
    """An aiohttp application in a thread: ``url`` answers whatever ``handler`` answers, on every path."""

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._handler = handler
        self.url = ""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._loop.call_soon(self._ready.set)  # no sooner: a stop before it runs for ever would be forgotten
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{path:.*}", self._handler)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        self.url = f"http{'s' if self._tls else ''}://127.0.0.1:{self._runner.addresses[0][1]}"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


class Proxy(HttpServer):
    """Passes requests on to ``target``; ``faults`` may answer in its place, or spoil the answer.

    A fault is a function of the request and of what the target answered (status, body); it returns a response, or
    None to let the answer through. It is asked after the target: what was asked for has happened by then.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.faults: list[Callable[[web.Request, int, bytes], web.StreamResponse | None]] = []
        self.seen: list[tuple[str, str]] = []
        super().__init__(self._pass)

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            raise web.HTTPNotFound
        self.seen.append((request.method, request.path))
        body = await request.read()
        kept = {key: value for key, value in request.headers.items() if key in ("Content-Type", "Range")}
        async with aiohttp.ClientSession() as session:
            url = self.target + request.path_qs
            async with session.request(request.method, url, data=body, headers=kept) as answer:
                status, raw = answer.status, await answer.read()
                content_type = answer.content_type
        for fault in self.faults:
            response = fault(request, status, raw)
            if response is not None:
                return response
        return web.Response(status=status, body=raw, content_type=content_type)


@pytest.fixture
def serve() -> Iterator[Callable[..., HttpServer]]:
    """Start servers that answer what a handler says, over TLS where a context is given."""
    started: list[HttpServer] = []

    def start(handler: Handler, tls: ssl.SSLContext | None = None) -> HttpServer:
        started.append(HttpServer(handler, tls))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def proxied() -> Iterator[Callable[[str], Proxy]]:
    """``proxied(url)``: proxies before a server, without faults yet, and without a websocket."""
    made: list[Proxy] = []

    def make(target: str) -> Proxy:
        made.append(Proxy(target))
        return made[-1]

    yield make
    for one in made:
        one.stop()
