"""What of the server's configuration can be seen to be wrong before anything runs."""

import sys
from pathlib import Path
from typing import Any

import pytest

from runner.config import BadServerConfig, RetriesConfig, ServerConfig, check_server


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"unreachable_s": -1.0}, "server.unreachable_s=-1"),
        ({"restart_timeout_s": 0.0}, "server.restart_timeout_s=0"),
        ({"free_share": 0.0}, "server.free_share=0"),
        ({"free_share": 1.5}, "server.free_share=1.5"),
        ({"retries": RetriesConfig(lost=-1)}, "server.retries.lost=-1"),
        ({"retries": RetriesConfig(wait_s=-2.0)}, "server.retries.wait_s=-2"),
        ({"retries": RetriesConfig(longest_wait_s=float("nan"))}, "server.retries.longest_wait_s=nan"),
        ({"restart_command": "no-such-program-here --now"}, "no-such-program-here"),
        ({"restart_command": "open 'quote"}, "restart_command"),
        ({"ca_bundle": "/no/such/file.pem"}, "/no/such/file.pem"),
    ],
)
def test_each_is_named_with_its_value(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadServerConfig) as raised:
        check_server(ServerConfig(**changes))
    assert named in raised.value.message
    assert raised.value.hint


def test_sound_ones_pass(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x", encoding="utf-8")
    check_server(ServerConfig())
    check_server(ServerConfig(restart_command=f"'{sys.executable}' -c pass", ca_bundle=str(tmp_path / "ca.pem")))
