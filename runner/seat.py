"""What runs on a node of a cluster: one server, started by the user's command, ended with whoever asked for it.

Sent to the node by value, so that the node needs Ray and Python and nothing of this project. Standard library only.
"""

import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

LEASH = """
import os, signal, subprocess, sys, time
parent, words = int(sys.argv[1]), sys.argv[2:]
child = subprocess.Popen(words, start_new_session=True)
def end(*_):
    try:
        os.killpg(child.pid, signal.SIGTERM)
        child.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    sys.exit(child.poll() or 0)
signal.signal(signal.SIGTERM, end)
while child.poll() is None:
    if os.getppid() != parent:
        end()
    time.sleep(0.2)
sys.exit(child.returncode)
"""
"""Runs a command and ends it, with all that it started, when its parent is gone, however that went."""


class Seat:
    """One server on this node, at the address that Ray knows it by. ``command`` has ``{host}`` and ``{port}`` in it."""

    def __init__(self, command: str, cwd: str | None = None, host: str | None = None) -> None:
        self._command, self._cwd, self._host = command, cwd, host or _address()
        self._child: subprocess.Popen[bytes] | None = None
        self._log = Path(tempfile.mkstemp(prefix="comfyui-", suffix=".log")[1])

    def start(self, patience_s: float) -> str:
        """Start the server and wait until it answers: its URL. RuntimeError with the end of its log where it fails."""
        with socket.socket() as probe:
            probe.bind((self._host, 0))
            port = probe.getsockname()[1]
        url = f"http://{self._host}:{port}"
        words = [word.format(host=self._host, port=port) for word in shlex.split(self._command)]
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-c", LEASH, str(os.getpid()), *words],
                cwd=self._cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if self._child.poll() is not None:
                raise RuntimeError(f"the command ended with {self._child.returncode}: {self._last_words()}")
            if _answers(url):
                return url
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"no answer within {patience_s:g} s: {self._last_words()}")

    def trouble(self) -> str:
        """Why the server is of no use any more; empty while its process runs."""
        if self._child is None or self._child.poll() is None:
            return ""
        return f"the command ended with {self._child.returncode}: {self._last_words()}"

    def stop(self) -> None:
        """End the server."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(10)
            except subprocess.TimeoutExpired:
                self._child.kill()

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "it said nothing"


def _address() -> str:
    import ray

    return str(ray.util.get_node_ip_address())


def _answers(url: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # it is on this very node
    try:
        with direct.open(f"{url}/system_stats", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
