"""The stand-in as a child process: started on a free port, ended with us."""

import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final

import psutil

from runner.transport import ServerError

_PROJECT: Final = Path(__file__).resolve().parents[1]
_LINE: Final = re.compile(rb"stand-in listening on (http://127\.0\.0\.1:\d+)")


class StandInFailed(ServerError):
    """The stand-in did not start, or died."""

    code: ClassVar[str] = "stand-in-failed"


class StandIn:
    """One child process. ``start`` returns its URL; ``stop`` ends it and removes its folder, not its log.

    ``faults`` go wrong on purpose, each spelled as ``--fault`` of ``python -m runner standin`` wants it.
    """

    def __init__(
        self,
        workdir: Path,
        *,
        pace_s: float | None = None,
        start_s: float = 30.0,
        faults: Sequence[str] = (),
        release: str | None = None,
    ) -> None:
        self._folder = workdir / f"standin-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.log = workdir / f"{self._folder.name}.log"
        self._pace_s, self._start_s, self._faults, self._release = pace_s, start_s, tuple(faults), release
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start the child and wait for its address. Raises StandInFailed with the end of its log."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep_leftovers(self._folder.parent)
        self._folder.mkdir()
        words = ["standin", "--port", "0", "--folder", str(self._folder.resolve()), "--parent", str(os.getpid())]
        words += ["--pace", f"{self._pace_s:g}"] if self._pace_s is not None else []
        words += ["--comfyui", self._release] if self._release is not None else []
        words += [word for fault in self._faults for word in ("--fault", fault)]
        with self.log.open("wb") as log:
            # Its own session: Ctrl-C in the terminal is ours to answer; --parent ends it should we be killed.
            self._child = subprocess.Popen(
                [sys.executable, "-m", "runner", *words],
                cwd=_PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"},
                start_new_session=True,
            )
        deadline = time.monotonic() + self._start_s
        while time.monotonic() < deadline:
            found = _LINE.search(self.log.read_bytes())
            if found:
                return found[1].decode("ascii")
            if self._child.poll() is not None:
                break
            time.sleep(0.02)
        trouble = self.trouble() or f"the stand-in did not listen within {self._start_s:g} s"
        self.stop()
        raise StandInFailed(trouble, hint=f"its log is {self.log}")

    def trouble(self) -> str | None:
        """Why the child is of no use any more; None while it runs."""
        code = self._child.poll() if self._child is not None else None
        if code is None:
            return None
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f"the stand-in ended with code {code}: {lines[-1] if lines else 'its log is empty'}"

    def stop(self) -> None:
        """End the child: asked first, killed after three seconds."""
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(3.0)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait(10.0)
        shutil.rmtree(self._folder, ignore_errors=True)


def _sweep_leftovers(workdir: Path) -> None:
    """Remove folders of stand-ins whose harness was killed."""
    for path in workdir.glob("standin-*-*"):
        owner = path.name.split("-")[1]
        if path.is_dir() and owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(path, ignore_errors=True)
