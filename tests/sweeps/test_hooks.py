"""The user's own commands."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from sweeps.hooks import run_hook


def test_a_hook_gets_the_summary_and_no_shell(tmp_path: Path) -> None:
    out = tmp_path / "got 摘要.json"
    code = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {shlex.quote(str(out))}"
    assert run_hook(command, {"sweep": "名字; rm -rf /"}) is None
    assert json.loads(out.read_text(encoding="utf-8")) == {"sweep": "名字; rm -rf /"}


@pytest.mark.parametrize(
    "command", ["no-such-program", "unclosed 'quote", f"{shlex.quote(sys.executable)} -c 'raise SystemExit(\"bad\")'"]
)
def test_a_hook_that_fails_is_told_and_raises_nothing(command: str) -> None:
    assert "hook" in (run_hook(command, {}) or "")


def test_no_hook_is_no_trouble() -> None:
    assert run_hook(None, {}) is None
