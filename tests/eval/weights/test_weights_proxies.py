"""Proxies from the environment: asked for the world, never for this machine."""

import hashlib

import pytest

from eval.download import NotFetched, Wanted, download
from eval.reach import loopback, reached

PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")


@pytest.fixture
def proxy(monkeypatch):
    """Set the proxy of the environment."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)

    def through(address):
        monkeypatch.setenv("http_proxy", address)
        monkeypatch.setenv("https_proxy", address)

    return through


def test_a_proxy_is_what_must_answer_for_the_world(shelf, proxy):
    world, here = "https://weights.invalid/x", shelf.url("good", "x")
    assert reached([world, here, "http://127.0.0.1:9/x", "http://host:port/x"], 2) == {here}
    proxy(shelf.base)
    assert reached([world, here, "http://127.0.0.1:9/x"], 2) == {world, here}
    proxy("127.0.0.1:9")
    assert reached([world, here], 2) == {here}


def test_this_machine_is_asked_without_a_proxy(shelf, body, proxy, tmp_path):
    proxy("http://127.0.0.1:9")
    wanted = Wanted("x", tmp_path / "x.model", len(body), hashlib.sha256(body).hexdigest())
    with pytest.raises(NotFetched, match="proxy"):
        download(wanted, ["http://weights.invalid/x.model"], say=print)
    download(wanted, [shelf.url("good", "x.model")], say=print)
    assert wanted.target.read_bytes() == body


def test_loopback_is_told_by_name_and_number():
    assert loopback("http://localhost:1/x") and loopback("http://[::1]/x") and loopback("http://127.9.9.9/x")
    assert not loopback("http://10.0.0.1/x") and not loopback("http://example.org/x")
