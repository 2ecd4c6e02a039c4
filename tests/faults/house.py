"""A stand-in on a port and in a folder of its own, which can be killed and started again there."""

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import requests

from workflow.cell import Cell

PROJECT = Path(__file__).resolve().parents[2]
OUTPUT = "infinitetalk-sweep"

RESTART = """import os, signal, subprocess, sys
from pathlib import Path
pid = Path({pid!r})
try:
    os.kill(int(pid.read_text()), signal.SIGKILL)
except OSError:
    pass
log = open({log!r}, "ab")
child = subprocess.Popen({command!r}, cwd={project!r}, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
pid.write_text(str(child.pid))
"""


class House:
    """One address, whatever process answers there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._log, self._pid = folder / "comfyui", folder / "stand-in.log", folder / "pid"
        self.folder.mkdir(parents=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._child: subprocess.Popen[bytes] | None = None
        words = ["standin", "--port", str(self.port), "--folder", str(self.folder), "--parent", str(os.getpid())]
        self._command = [sys.executable, "-m", "runner", *words]
        script = folder / "restart.py"
        told = {"pid": str(self._pid), "command": self._command, "project": str(PROJECT), "log": str(self._log)}
        script.write_text(RESTART.format(**told), encoding="utf-8")
        self.restart_command = f"{sys.executable} {script}"
        """What a user would configure: kills the server and starts it again, as it was without faults."""

    def start(self, *faults: str) -> None:
        """Start, and wait until it answers."""
        words = [word for fault in faults for word in ("--fault", fault)]
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                [*self._command, *words], cwd=PROJECT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._pid.write_text(str(self._child.pid), encoding="utf-8")
        self.wait()

    def wait(self, seconds: float = 20.0) -> None:
        """Until it answers."""
        deadline = time.monotonic() + seconds
        while not self.answers():
            assert time.monotonic() < deadline, self._log.read_text(encoding="utf-8")[-2000:]
            time.sleep(0.03)

    def answers(self) -> bool:
        """Whether somebody is there."""
        try:
            return requests.get(f"{self.url}/stand_in/faults", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def alive(self) -> bool:
        """Whether the process is there, whatever it does."""
        try:
            process = psutil.Process(int(self._pid.read_text(encoding="utf-8")))
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        try:
            process = psutil.Process(int(self._pid.read_text(encoding="utf-8")))
            process.kill()
            process.wait(10)
        except psutil.NoSuchProcess:
            return
        finally:
            if self._child is not None and self._child.poll() is None:
                self._child.wait(10)

    def restart(self, *faults: str) -> None:
        """Kill what is there and start anew."""
        self.kill()
        self.start(*faults)

    def in_order(self) -> None:
        """No fault waits, the worker works, the queue is empty: restarted where it cannot be had otherwise."""
        try:
            self.fault(clear=True)
            requests.post(f"{self.url}/queue", json={"clear": True}, timeout=2)
            requests.post(f"{self.url}/interrupt", timeout=2)
            deadline = time.monotonic() + 0.4
            while time.monotonic() < deadline:
                queue = requests.get(f"{self.url}/queue", timeout=2).json()
                if not queue["queue_running"] and not queue["queue_pending"] and not self._short_of_memory():
                    return
                time.sleep(0.03)
        except requests.RequestException:
            pass  # dead, which is as good a reason
        self.restart()

    def _short_of_memory(self) -> bool:
        device = requests.get(f"{self.url}/system_stats", timeout=2).json()["devices"][0]
        return bool(device["vram_free"] < device["vram_total"])

    def fault(self, *words: str, clear: bool = False) -> dict[str, int]:
        """Add faults at run time; how often each fault happened so far."""
        from runner.standin.faults import read_fault

        new = [read_fault(one) for one in words]
        added = [{"name": one.name, "times": one.times, "after": one.after, **one.values} for one in new]
        body = {"clear": clear, "add": added}
        answer = requests.post(f"{self.url}/stand_in/faults", json=body, timeout=5).json()
        counts: Counter[str] = Counter()
        for one in answer["faults"]:
            counts[one["name"]] += one["struck"]
        return dict(counts)

    def history(self) -> dict[str, Any]:
        """All that ended since the last start."""
        return dict(requests.get(f"{self.url}/history", timeout=5).json())

    def queue(self) -> list[str]:
        """Ids of what runs and waits."""
        state = requests.get(f"{self.url}/queue", timeout=5).json()
        return [item[1] for item in (*state["queue_running"], *state["queue_pending"])]

    def runs(self, cell: Cell) -> int:
        """How often a cell's video was begun here, by any process: attempts have other names, copies other numbers."""
        return len(list((self.folder / "output" / OUTPUT).glob(f"{cell.recipe[:12]}-*_0000[1-9].png")))

    def video(self, prefix: str) -> Path:
        """The file that a prompt with this prefix wrote."""
        return self.folder / "output" / f"{prefix}_00001-audio.mp4"


class Street:
    """Several houses, asked as one."""

    def __init__(self, houses: list[House]) -> None:
        self.houses = houses
        self.urls = [one.url for one in houses]

    def queue(self) -> list[str]:
        """Ids of what runs and waits anywhere."""
        return [one for house in self.houses for one in house.queue()]

    def runs(self, cell: Cell) -> int:
        """How often a cell's video was begun, on any of them."""
        return sum(house.runs(cell) for house in self.houses)

    def video(self, prefix: str) -> Path:
        """The file that a prompt with this prefix wrote, wherever that was; a prefix is an attempt's own."""
        return next(path for house in self.houses if (path := house.video(prefix)).is_file())

    def in_order(self) -> None:
        """No fault waits anywhere."""
        for house in self.houses:
            house.in_order()
