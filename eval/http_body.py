"""The rest of a file over HTTP: asked for from where a part ends, with every network fault as one plain reason."""

import math
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from eval.reach import is_local, loopback

_CONNECT_S, _READ_S = 5.0, 30.0
_REDIRECTS = 5
_SLOWEST, _SLOWEST_S = 60_000, 60.0
"""Bytes in so many seconds below which a connection is given up; a drip would hold a sweep for days."""


class Refused(Exception):
    """A place cannot give the file; ``sha256`` is that of what it gave instead."""

    def __init__(self, reason: str, sha256: str = "") -> None:
        super().__init__(reason)
        self.sha256 = sha256


class Torn(Exception):
    """A connection ended early; the next may go on."""

    def __init__(self, reason: str, *, part_is_useless: bool = False) -> None:
        super().__init__(reason)
        self.part_is_useless = part_is_useless


class Patience:
    """How long to wait for the first byte of all; after it, each read has its own limit."""

    def __init__(self, seconds: float = math.inf) -> None:
        self._end = time.monotonic() + seconds

    def timeouts(self) -> tuple[float, float]:
        """Seconds to connect and to read; raises Refused where none are left."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise Refused("was not tried: no time left")
        return min(_CONNECT_S, left), min(_READ_S, left)

    def lift(self) -> None:
        """A byte has come."""
        self._end = math.inf


@dataclass
class OpenBody:
    """A response whose body begins at byte ``start`` of the file."""

    start: int
    validator: str | None
    """What names this version of the file on its server, for If-Range."""
    _next: Callable[[int], bytes | None]
    _patience: Patience
    _mark: tuple[float, int] = field(default_factory=lambda: (time.monotonic(), 0))
    _read: int = 0

    def read(self, most: int) -> bytes:
        """What has come, at most so many bytes; empty at the end. Raises Torn."""
        from urllib3.exceptions import HTTPError

        try:
            piece: bytes = self._next(most) or b""
        except (HTTPError, OSError) as error:
            raise Torn("broke off" if "timed out" not in str(error).lower() else "fell silent") from None
        self._read += len(piece)
        if piece:
            self._patience.lift()
        self._check_pace()
        return piece

    def _check_pace(self) -> None:
        now, (since, read) = time.monotonic(), self._mark
        if now - since < _SLOWEST_S:
            return
        if self._read - read < _SLOWEST:
            raise Torn(f"sent less than {_SLOWEST / _SLOWEST_S / 1000:g} kB/s")
        self._mark = (now, self._read)


@contextmanager
def open_body(url: str, offset: int, size: int, validator: str | None, patience: Patience) -> Iterator[OpenBody]:
    """GET ``url`` from byte ``offset`` of ``size``; the body may start at 0 all the same (no ranges, or a new version).

    Raises Refused for what another try would not mend, Torn otherwise.
    """
    import requests
    from urllib3.exceptions import HTTPError

    headers = {"Accept-Encoding": "identity", "User-Agent": "infinitetalk-sweep"}
    if offset:
        headers |= {"Range": f"bytes={offset}-"} | ({"If-Range": validator} if validator else {})
    with requests.Session() as session:
        session.max_redirects = _REDIRECTS
        session.trust_env = not loopback(url)  # a proxy from the environment must not swallow 127.0.0.1
        try:
            response = session.get(url, headers=headers, stream=True, timeout=patience.timeouts())
        except (OSError, HTTPError, ValueError) as error:  # all of requests' are OSError; ValueError: no URL at all
            raise Refused(_reason(error)) from None
        with response:
            start = _start(response, offset, size)
            # read1 returns what has come instead of waiting for all that was asked for; urllib3 1 has only read.
            take = getattr(response.raw, "read1", response.raw.read)
            yield OpenBody(start, _validator(response), take, patience)


def shown(place: str) -> str:
    """A place without the password or the signature that a URL can carry.

    >>> shown("https://me:secret@host:8443/folder/a.model?token=1"), shown("/media/usb/a.model")
    ('https://host:8443/folder/a.model', '/media/usb/a.model')
    """
    if is_local(place):
        return place
    parts = urlsplit(place)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def host_of(place: str) -> str:
    """Host and port of a URL, or the path itself.

    >>> host_of("https://me:secret@host:8443/folder/a.model"), host_of("/media/usb/a.model")
    ('host:8443', '/media/usb/a.model')
    """
    return place if is_local(place) else urlsplit(place).netloc.rpartition("@")[2]


def _start(response: Any, offset: int, size: int) -> int:
    """Where the body begins in the file; the answer must be one that can lead to ``size`` bytes."""
    status, headers = response.status_code, response.headers
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refused("answered with a compressed body")
    if status == 206 and offset:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", "").strip())
        if found is None or int(found[1]) != offset or found[2] not in ("*", str(size)):
            raise Torn("answered with another range than asked for", part_is_useless=True)
        return offset
    if status == 416:
        raise Torn("has no such range", part_is_useless=True)
    if status != 200:
        raise Refused(f"answered {status}")
    length = headers.get("Content-Length", "")
    if length.isdecimal() and int(length) != size:
        raise Refused(f"has {int(length):,} bytes, expected {size:,}")
    return 0


def _validator(response: Any) -> str | None:
    """A strong ETag, else the date; a weak ETag may not be sent with If-Range."""
    tag: str | None = response.headers.get("ETag")
    if tag and not tag.startswith("W/"):
        return tag
    date: str | None = response.headers.get("Last-Modified")
    return date


def _reason(error: Exception) -> str:
    import requests

    text = str(error)
    if isinstance(error, requests.exceptions.InvalidSchema):
        return "redirects to what is neither http nor https: refused"
    if isinstance(error, requests.TooManyRedirects):
        return f"redirects more than {_REDIRECTS} times"
    if isinstance(error, requests.exceptions.SSLError):
        return "has a certificate that is not accepted"
    if isinstance(error, requests.exceptions.ProxyError):
        return "is behind a proxy that does not let it through"
    if isinstance(error, requests.ConnectTimeout | requests.ReadTimeout):
        return "does not answer"
    for word, reason in (("resolve", "cannot be found"), ("refused", "refuses the connection")):
        if word in text:
            return reason
    return "does not connect" if isinstance(error, requests.ConnectionError) else "has an address that cannot be used"
