"""One writer a store."""

import subprocess
import sys
from pathlib import Path

import pytest

from sweeps.lock import StoreLocked, owned

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
