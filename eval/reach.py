"""Which hosts answer at all: so that a machine without network learns it in seconds, not in minutes."""

import socket
import threading
import time
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit


def is_local(place: str) -> bool:
    """Whether ``place`` is a path on this machine rather than a URL."""
    return "://" not in place


def loopback(url: str) -> bool:
    """Whether the URL's host is this machine, which no proxy may stand before."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def reached(urls: Iterable[str], seconds: float) -> set[str]:
    """The URLs whose host (or the proxy before it) accepts a connection within ``seconds``, all asked at once.

    Daemon threads, as a resolver without a network can block for half a minute and cannot be told to stop.
    """
    doors = {url: door for url in urls if (door := _door(url)) is not None}
    answers: dict[tuple[str, int], bool] = {}
    threads = [
        threading.Thread(target=_knock, args=(door, seconds, answers), daemon=True) for door in set(doors.values())
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    open_doors = {door for door, answered in list(answers.items()) if answered}
    return {url for url, door in doors.items() if door in open_doors}


def _knock(door: tuple[str, int], seconds: float, answers: dict[tuple[str, int], bool]) -> None:
    try:
        with socket.create_connection(door, timeout=seconds):
            answers[door] = True
    except (OSError, UnicodeError):  # UnicodeError: a host name that cannot be one
        answers[door] = False


def _door(url: str) -> tuple[str, int] | None:
    """Host and port to connect to: the proxy's where the environment names one for this URL."""
    from requests.utils import get_environ_proxies, select_proxy

    proxy = None if loopback(url) else select_proxy(url, get_environ_proxies(url))
    try:
        parts = urlsplit(proxy if proxy and "://" in proxy else f"http://{proxy}" if proxy else url)
        return (parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)) if parts.hostname else None
    except ValueError:  # a port that is no number
        return None
