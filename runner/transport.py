"""HTTP to one host: typed errors, capped answers, secrets that stay with their host."""

import base64
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import SplitResult, unquote, urlsplit

import requests
from requests import exceptions as failures

from runner.headers import hide, secrets_of
from runner.text import plain
from workflow.errors import HarnessError

MEGABYTE = 1 << 20
_CHUNK = 1 << 16
_HEAD = 1 << 13  # of a body that is shown: more than any secret in it, so that none is cut and then not known
_TLS_HINT = "the certificate must be valid; for an authority of your own: server.ca_bundle=FILE.pem"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ServerError(HarnessError):
    """Something between us and the server went wrong. ``sent`` is False when surely nothing reached it."""

    code: ClassVar[str] = "server-error"
    sent: bool = True


class BadServerUrl(ServerError):
    """The configured URL is no URL of a server."""

    code: ClassVar[str] = "bad-server-url"
    sent = False


class ServerUnreachable(ServerError):
    """No connection, or one that broke off. ``sent`` tells whether a request may have arrived."""

    code: ClassVar[str] = "server-unreachable"

    def __init__(self, message: str, *, hint: str = "", sent: bool = True) -> None:
        super().__init__(message, hint=hint)
        self.sent = sent


class ServerTimedOut(ServerError):
    """The server took the request and did not answer in time: what became of it is unknown."""

    code: ClassVar[str] = "server-timed-out"


class ServerBadAnswer(ServerError):
    """An answer that is not what the route answers: HTML of a proxy, half a JSON, too many bytes, a 5xx."""

    code: ClassVar[str] = "server-bad-answer"

    def __init__(self, message: str, *, hint: str = "", status: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class ServerDenied(ServerError):
    """401, 403 or 407: a proxy or the server wants a token."""

    code: ClassVar[str] = "server-denied"


class ServerRedirects(ServerError):
    """The server sends us elsewhere; secrets do not follow."""

    code: ClassVar[str] = "server-redirects"


class Transport:
    """Requests to one base URL, from any thread. ``url`` carries no secret; user:password moves into a header.

    TLS is verified, by the authorities of ``ca_bundle`` (a PEM file) where it is given.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        connect_s: float = 5.0,
        read_s: float = 30.0,
        ca_bundle: str | None = None,
    ) -> None:
        parts = _split(url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        self.url = f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path.rstrip('/')}"
        self.headers = dict(headers or {})
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            self.headers.setdefault("Authorization", "Basic " + base64.b64encode(pair).decode("ascii"))
        self._secrets = secrets_of(self.headers)
        self._verify: bool | str = ca_bundle or True
        self._loopback = parts.hostname in _LOOPBACK
        self._timeout = (connect_s, read_s)
        self._threads = threading.local()

    def hide(self, text: str) -> str:
        """``text`` without our own secrets, should the server have sent them back."""
        return hide(text, self._secrets)

    def json(self, method: str, path: str, *, cap: int = 64 * MEGABYTE, **request: Any) -> Any:
        """The decoded JSON of an answer; a status of 400 or above raises."""
        return self.exchange(method, path, cap=cap, **request)[1]

    def exchange(self, method: str, path: str, *, cap: int = 64 * MEGABYTE, **request: Any) -> tuple[int, Any]:
        """Status and decoded JSON; a status of 400 or above raises unless it is in ``accept``."""
        status, body = self.body(method, path, cap=cap, **request)
        try:
            return status, json.loads(body)
        except (ValueError, RecursionError):
            raise ServerBadAnswer(
                f"{self.url}{path} answered {len(body)} bytes that are no JSON: {plain(self.hide(_text(body)), 120)!r}",
                hint="is this ComfyUI, or a proxy in front of it?",
                status=status,
            ) from None

    def body(
        self, method: str, path: str, *, cap: int = MEGABYTE, accept: tuple[int, ...] = (), **request: Any
    ) -> tuple[int, bytes]:
        """Status and bytes of an answer, at most ``cap`` bytes."""
        with self.stream(method, path, accept=accept, **request) as (response, chunks):
            parts, size = [], 0
            for chunk in chunks:
                size += len(chunk)
                if size > cap:
                    raise ServerBadAnswer(f"{self.url}{path} answered more than {cap // MEGABYTE} MB; not read further")
                parts.append(chunk)
            return response.status_code, b"".join(parts)

    @contextmanager
    def stream(
        self, method: str, path: str, *, accept: tuple[int, ...] = (), deadline_s: float = 120.0, **request: Any
    ) -> Iterator[tuple[requests.Response, Iterator[bytes]]]:
        """An answer as chunks; ``deadline_s`` bounds the whole of it, however slowly it drips."""
        try:
            with self._session().request(
                method,
                self.url + path,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
                verify=self._verify,  # here: set on a session, the environment would come before it
                **request,
            ) as response:
                self._check(response, path, accept)
                yield response, self._chunks(response, path, time.monotonic() + deadline_s)
        except failures.RequestException as error:
            raise self._translate(error, path) from None

    def _chunks(self, response: requests.Response, path: str, deadline: float) -> Iterator[bytes]:
        for chunk in response.iter_content(_CHUNK):
            if time.monotonic() > deadline:
                raise ServerTimedOut(f"{self.url}{path} was still sending when its time was over")
            yield chunk

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = requests.Session()
            session.headers.update(self.headers)
            session.trust_env = not self._loopback  # a proxy from the environment must not swallow 127.0.0.1
            self._threads.session = session
        return session

    def _check(self, response: requests.Response, path: str, accept: tuple[int, ...]) -> None:
        status = response.status_code
        if status < 300 or status in accept:
            return
        if status < 400:
            target = urlsplit(response.headers.get("Location", ""))
            raise ServerRedirects(
                f"{self.url}{path} redirects to {plain(f'{target.scheme}://{target.hostname}', 120)}; not followed",
                hint="set server.url to the address that answers itself",
            )
        if status in (401, 403, 407):
            raise ServerDenied(
                f"{self.url}{path} answered {status}",
                hint="behind a proxy: server.headers_env names an environment variable with 'Authorization: …'",
            )
        head = plain(self.hide(_text(next(response.iter_content(_HEAD), b""))), 160)
        raise ServerBadAnswer(f"{self.url}{path} answered {status}: {head}", status=status)

    def _translate(self, error: failures.RequestException, path: str) -> ServerError:
        place, why = f"{self.url}{path}", _reason(error)
        if isinstance(error, failures.SSLError):
            return ServerUnreachable(f"TLS to {place} failed ({why})", hint=_TLS_HINT, sent=False)
        if isinstance(error, failures.ReadTimeout):
            return ServerTimedOut(f"{place} did not answer in {self._timeout[1]:g} s")
        if isinstance(error, failures.ChunkedEncodingError | failures.ContentDecodingError):
            return ServerBadAnswer(f"{place} broke off in the middle of its answer")
        if isinstance(error, failures.ConnectionError):
            refused = isinstance(error, failures.ConnectTimeout) or "NewConnectionError" in repr(error.args)
            hint = "is ComfyUI running there, with --listen when it is another machine?"
            return ServerUnreachable(f"cannot reach a server at {self.url} ({why})", hint=hint, sent=not refused)
        return ServerBadAnswer(f"{place} could not be asked ({type(error).__name__})")


def _split(url: str) -> SplitResult:
    hint = "write it as http://host:8188"
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise BadServerUrl("server.url is no URL", hint=hint) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or port == 0:
        shown = plain(parts.hostname or url.rpartition("@")[2], 100)
        raise BadServerUrl(f"server.url ({shown}) is no http:// or https:// address of a server", hint=hint)
    return parts


def _text(body: bytes) -> str:
    return body[:_HEAD].decode("utf-8", "replace")


def _reason(error: BaseException) -> str:
    """The innermost system error's own words: libraries wrap it in texts that may repeat a whole request."""
    words = type(error).__name__
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            break
        if isinstance(seen, OSError) and seen.strerror:
            words = seen.strerror
        first = seen.args[0] if seen.args else None
        wrapped = (getattr(seen, "reason", None), first, seen.__cause__, seen.__context__)
        seen = next((inner for inner in wrapped if isinstance(inner, BaseException) and inner is not seen), None)
    return words
