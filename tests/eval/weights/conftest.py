"""A real HTTP server on this machine that hands out small weight files in every manner, good and bad."""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from eval.weight_files import WEIGHTS

SIZE = 300_000
TORN_AT = 100_000


@dataclass
class Shelf:
    """What the server has, and what it was asked: ``asked`` holds (path, Range, If-Range, status)."""

    base: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str | None, str | None, int]] = field(default_factory=list)
    connections: Counter[str] = field(default_factory=Counter)

    def url(self, manner: str, file: str) -> str:
        return f"{self.base}/{manner}/{file}"

    def ranges(self) -> list[str | None]:
        return [asked[1] for asked in self.asked]


class Handler(BaseHTTPRequestHandler):
    """``/manner/file``: the manner is the way in which the file is handed out."""

    protocol_version = "HTTP/1.1"
    shelf: Shelf

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        _, manner, file = self.path.split("?")[0].split("/", 2)
        self.shelf.connections[self.path] += 1
        self.close_connection = True
        getattr(self, f"hand_{manner}", self.hand_nothing)(self.shelf.files.get(file, b""))

    def answer(self, status: int, body: bytes = b"", claimed: int | None = None, **headers: str) -> None:
        asked = self.headers.get("Range"), self.headers.get("If-Range")
        self.shelf.asked.append((self.path, *asked, status))
        self.send_response(status)
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Transfer_Encoding" not in headers:
            self.send_header("Content-Length", str(len(body) if claimed is None else claimed))
        self.end_headers()
        self.wfile.write(body)

    def hand(self, body: bytes, *, ranges: bool = True, most: int | None = None, tag: str = '"one"') -> None:
        start, asked = 0, self.headers.get("Range")
        if ranges and asked and self.headers.get("If-Range", tag) == tag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        extra = {"Content_Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if start else {}
        rest = body[start:]
        self.answer(206 if start else 200, rest[:most], len(rest), ETag=tag, **extra)

    def hand_nothing(self, body: bytes) -> None:
        self.answer(404, b"no such thing")

    def hand_good(self, body: bytes) -> None:
        self.hand(body)

    def hand_plain(self, body: bytes) -> None:
        self.hand(body, ranges=False)

    def hand_torn(self, body: bytes) -> None:
        self.hand(body, most=TORN_AT)

    def hand_tornplain(self, body: bytes) -> None:
        self.hand(body, ranges=False, most=TORN_AT)

    def hand_tornonce(self, body: bytes) -> None:
        self.hand(body, most=TORN_AT if self.shelf.connections[self.path] == 1 else None)

    def hand_changed(self, body: bytes) -> None:
        first = self.shelf.connections[self.path] == 1
        self.hand(bytes(len(body)) if first else body, most=TORN_AT if first else None, tag=f'"{not first}"')

    def hand_silentlychanged(self, body: bytes) -> None:
        first = self.shelf.connections[self.path] == 1
        self.hand(bytes(len(body)) if first else body, most=TORN_AT if first else None)

    def hand_wrong(self, body: bytes) -> None:
        self.hand(bytes(len(body)))

    def hand_page(self, body: bytes) -> None:
        self.answer(200, b"<html>log in first</html>")

    def hand_longer(self, body: bytes) -> None:
        self.answer(200, body + b"more")

    def hand_short(self, body: bytes) -> None:
        self.answer(200, body[:TORN_AT], Transfer_Encoding="identity")  # no length: ends when it ends

    def hand_endless(self, body: bytes) -> None:
        self.answer(200, Transfer_Encoding="chunked")
        try:
            for _ in range(10_000):
                self.wfile.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        except OSError:
            self.shelf.connections["hung up on"] += 1

    def hand_shifted(self, body: bytes) -> None:
        if self.headers.get("Range"):
            self.answer(206, body[7:], Content_Range=f"bytes 7-{len(body) - 1}/{len(body)}")
        else:
            self.hand(body)

    def hand_norange(self, body: bytes) -> None:
        if self.headers.get("Range"):
            self.answer(416)
        else:
            self.hand(body)

    def hand_packed(self, body: bytes) -> None:
        self.answer(200, body, Content_Encoding="gzip")

    def hand_busy(self, body: bytes) -> None:
        self.answer(503)

    def hand_moved(self, body: bytes) -> None:
        self.answer(302, Location=self.path.replace("/moved/", "/good/"))

    def hand_round(self, body: bytes) -> None:
        self.answer(302, Location=self.path)

    def hand_tofile(self, body: bytes) -> None:
        self.answer(302, Location="file:///etc/hostname")

    def hand_toftp(self, body: bytes) -> None:
        self.answer(302, Location="ftp://127.0.0.1/x")

    def hand_tononsense(self, body: bytes) -> None:
        self.answer(302, Location="http://[nonsense")

    def hand_silent(self, body: bytes) -> None:
        time.sleep(1.5)

    def hand_slow(self, body: bytes) -> None:
        self.answer(200, claimed=len(body), ETag='"one"')
        for start in range(0, len(body), 10_000):
            self.wfile.write(body[start : start + 10_000])
            self.wfile.flush()
            time.sleep(0.03)


class Server(ThreadingHTTPServer):
    """Clients that hang up are expected."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Quiet."""


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    shelf = Shelf()
    server = Server(("127.0.0.1", 0), type("HandlerOfOne", (Handler,), {"shelf": shelf}))
    shelf.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield shelf
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def body(shelf: Shelf) -> bytes:
    """The content of the file ``x.model`` on the shelf."""
    shelf.files["x.model"] = np.random.default_rng(0).bytes(SIZE)
    return shelf.files["x.model"]


@pytest.fixture
def small(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shelf:
    """A registry whose files are small and lie on the shelf, and an empty cache folder with a name of its own."""
    monkeypatch.delenv("INFINITETALK_SWEEP_OFFLINE", raising=False)
    monkeypatch.setenv("INFINITETALK_SWEEP_CACHE", str(tmp_path / "模型 cache"))
    for seed, (name, weights) in enumerate(list(WEIGHTS.items())):
        data = np.random.default_rng(seed).bytes(SIZE)
        shelf.files[weights.file] = data
        url, digest = shelf.url("good", weights.file), hashlib.sha256(data).hexdigest()
        monkeypatch.setitem(WEIGHTS, name, replace(weights, urls=(url,), size=SIZE, sha256=digest))
    return shelf
