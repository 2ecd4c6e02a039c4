"""Servers and proxies that refuse: for a moment, for ever, or until they get a token."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
from aiohttp import web

from runner.render import follow, submit
from runner.server import Server
from workflow.cell import Cell

Session = Callable[..., Server]
MakeCell = Callable[..., Cell]
Folder = Callable[[], Path]


class Proxy(Protocol):
    """The fixture ``proxy``."""

    url: str
    faults: list[Callable[[web.Request, int, bytes], web.StreamResponse | None]]


def answer(proxy: Proxy, path: str, response: Callable[[bytes], web.Response | None], times: int = 0) -> None:
    """Answer something else under ``path``, for ever or so many times."""
    left = [times or 1 << 30]

    def fault(request: web.Request, status: int, body: bytes) -> web.StreamResponse | None:
        if not request.path.startswith(path) or left[0] <= 0:
            return None
        left[0] -= 1
        return response(body)

    proxy.faults.append(fault)


@pytest.mark.parametrize("path", ["/upload/image", "/object_info"])
def test_trouble_that_passes_before_the_prompt_is_sent_is_waited_out(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder, path: str
) -> None:
    server = session(proxy.url)
    answer(proxy, path, lambda body: web.Response(status=502, text="<h1>Bad Gateway</h1>"), times=2)
    assert follow(server, submit(server, make_cell(seed=150 + len(path)), folder())).done


def test_a_file_the_server_refuses_is_rejected_at_once(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder
) -> None:
    server = session(proxy.url)
    answer(proxy, "/upload/image", lambda body: web.Response(status=413, text="too large"))
    outcome = follow(server, submit(server, make_cell(seed=142), folder()))
    assert (outcome.status, outcome.stage, outcome.stop) == ("rejected", "upload", False)


@pytest.mark.parametrize("path", ["/upload/image", "/prompt", "/view"])
def test_a_server_that_wants_a_token_stops_everything(
    session: Session, proxy: Proxy, make_cell: MakeCell, folder: Folder, path: str
) -> None:
    server = session(proxy.url)
    answer(proxy, path, lambda body: web.Response(status=401))
    outcome = follow(server, submit(server, make_cell(seed=143 + len(path)), folder()))
    assert (outcome.status, outcome.stop) == ("rejected", True)
    assert "server.headers_env" in outcome.message
