"""A token for a reverse proxy goes to its host and nowhere else, however much a sweep has to complain about."""

import base64
import gzip
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

ROOT = Path(__file__).resolve().parents[2]
TOKEN, PASSWORD, COOKIE = "90b1-token-planted", "77c2-password-planted", "31d3-cookie-planted"
SCRIPT = "<script>alert('planted')</script>"


def forms(secret: str) -> set[bytes]:
    """How a secret, or most of it where it was cut, may be written down."""
    login = f"anna:{secret}"
    plain = {secret, base64.b64encode(secret.encode()).decode(), base64.b64encode(login.encode()).decode()}
    return {form[:12].encode() for form in plain} | {secret[:12].encode("utf-16-le")}


def contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file, packed ones unpacked."""
    raw = path.read_bytes()
    yield raw
    if raw[:2] == b"\x1f\x8b":
        yield gzip.decompress(raw)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())


def echoing(proxy: Any) -> list[dict[str, str]]:
    """Let the proxy send every secret back: in error pages, in the history of a failure, in its schema's texts."""
    seen: list[dict[str, str]] = []
    counts = {"/queue": 0, "/prompt": 0, "failed": 0}

    def fault(request: web.Request, status: int, body: bytes) -> web.StreamResponse | None:
        seen.append(dict(request.headers))
        told = f"{SCRIPT} {dict(request.headers)}"
        if request.path in counts:
            counts[request.path] += 1
        if request.path == "/queue" and counts["/queue"] % 5 == 2:
            return web.Response(status=502, text=told)
        if request.path == "/prompt" and counts["/prompt"] == 2:
            error = {"type": "invalid_prompt", "message": f"no: {told}", "details": told, "extra_info": {}}
            return web.json_response({"error": error, "node_errors": {}}, status=400)
        if request.path == "/system_stats" and counts["failed"]:
            return web.json_response(json.loads(body) | {"devices": [{"name": "cuda:0", "vram_free": 1}]})
        if request.path.startswith("/history/") and b"execution_error" in body:
            counts["failed"] += 1
            return web.json_response(json.loads(body.replace(b"Allocation", json.dumps(told).encode()[1:-1])))
        return None

    proxy.faults.append(fault)
    return seen


def test_no_file_and_no_line_holds_a_secret_or_live_html(
    restartable: Callable[..., Any], proxied: Callable[[str], Any], tmp_path: Path
) -> None:
    outputs, secrets = tmp_path / "outputs", tmp_path / "headers"
    secrets.write_text(f"Cookie: session={COOKIE}", encoding="utf-8")
    proxy = proxied(restartable().start())
    seen = echoing(proxy)
    restart = f"{sys.executable} -c \"import os, sys; sys.exit('cannot: ' + os.environ['PROXY_HEADERS'])\""
    command = [
        *("clips.width=96", "clips.height=160", "clips.names=[weather]", "scoring=quick", "verbose=true"),
        *(f"outputs={outputs}", "sweep.name=secrets", "server=comfyui", "server.poll_s=0.05"),
        f"server.url={proxy.url.replace('//', f'//anna:{PASSWORD}@')}",
        *("server.headers_env=PROXY_HEADERS", f"server.headers_file={secrets}", "server.retries.wait_s=0.1"),
        *("server.unreachable_s=2", "server.free_patience_s=0", f"server.restart_command={restart}"),
        *("sweep.axes.width=[96,112,128,1072]", "sweep.axes.height=[160,176,192,1920]", "sweep.zip=[[width,height]]"),
    ]
    environment = os.environ | {"PROXY_HEADERS": f"X-Token: {TOKEN}", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, str(ROOT / "sweep.py"), *command],
        capture_output=True,
        cwd=tmp_path,
        env=environment,
        timeout=200,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 3, said.decode("utf-8", "replace")[-3000:]
    assert b"server.restart_command ended with 1: cannot: X-Token: ***" in said.replace(b"\n", b" ")
    for secret, header in ((TOKEN, "X-Token"), (COOKIE, "Cookie"), (PASSWORD, "Authorization")):
        sent = {one.get(header, "") for one in seen}
        assert len(sent) == 1, f"{header} is sent with every request"
        assert any(form in "".join(sent).encode() for form in forms(secret))
    files = [
        path for path in tmp_path.rglob("*") if path.is_file() and path != secrets and "restartable" not in str(path)
    ]
    assert {"mlflow.db", "render.json", "failure.json", "summary.md"} <= {path.name for path in files}
    for secret in (TOKEN, COOKIE, PASSWORD):
        for form in forms(secret):
            assert form not in said
            assert [str(path) for path in files for raw in contents(path) if form in raw] == []
    rendered = [path for path in files if path.suffix in (".md", ".html", ".svg")]
    planted, any_ = SCRIPT.encode(), b"<script"  # the report page has scripts of its own
    wrong = [path for path in rendered if (planted if path.name == "report.html" else any_) in path.read_bytes()]
    assert wrong == []
    failures = [json.loads(path.read_text(encoding="utf-8")) for path in files if path.name == "failure.json"]
    assert {one["status"] for one in failures} == {"rejected", "out_of_memory"}
    assert all(SCRIPT.split("(")[0] in one["message"] and "***" in one["message"] for one in failures)


@pytest.mark.parametrize("url", [f"http://anna:{PASSWORD}@127.0.0.1:9", f"http://anna:{PASSWORD}@127.0.0.1:9/?a=b"])
def test_a_server_that_is_not_there_is_told_without_the_password(tmp_path: Path, url: str) -> None:
    command = [sys.executable, str(ROOT / "sweep.py"), "server=comfyui", f"server.url={url}", f"outputs={tmp_path}"]
    done = subprocess.run([*command, "verbose=true"], capture_output=True, cwd=tmp_path, timeout=100)
    assert done.returncode in (1, 2)  # 1 with the traceback that was asked for
    assert b"127.0.0.1" in done.stdout + done.stderr
    assert PASSWORD.encode() not in done.stdout + done.stderr
