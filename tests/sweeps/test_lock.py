"""One writer a store."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from sweeps.lock import StoreLocked, is_gone, owned, this_process

HOLDER = """
import sys, time
from pathlib import Path
from sweeps.lock import owned
with owned(Path(sys.argv[1]), "another sweep"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_store_in_use_says_who_uses_it_and_a_killed_owner_frees_it(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, cwd=root)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(StoreLocked, match=f"another sweep.*process {holder.pid}") as caught,
            owned(tmp_path, "mine"),
        ):
            pytest.fail("two owners at once")
        assert "outputs=DIR" in caught.value.hint
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    with owned(tmp_path, "mine"):
        assert (tmp_path / "owner.json").exists()


@pytest.mark.skipif(not psutil.LINUX, reason="elsewhere a process's start does not move with the clock")
def test_an_owner_does_not_die_of_a_clock_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    me, boot, began = this_process(), psutil.boot_time, psutil.Process.create_time
    monkeypatch.setattr(psutil, "boot_time", lambda: boot() + 3600)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: began(self) + 3600)
    assert not is_gone(me)
    assert is_gone({**me, "started": me["started"] - 60}), "the number belonged to another process"
