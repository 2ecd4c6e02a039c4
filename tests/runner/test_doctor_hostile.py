"""Servers that are none, that are shut, slow or lie: the doctor says what it met and never breaks."""

import asyncio
import copy
import io
import json
import runpy
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from runner.__main__ import main
from runner.client import ComfyClient
from runner.doctor.examine import examine
from runner.doctor.finding import Report
from runner.doctor.show import as_json, show
from workflow.graph import default_graph

SERVERS = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("doctor_servers.py"))))
answers, comfyui, stats = SERVERS.answers, SERVERS.comfyui, SERVERS.stats

PLANTED = "s3cr3t-t0ken-of-the-proxy"
Serve = Callable[..., Any]


def examined(url: str, **more: Any) -> Report:
    return examine(ComfyClient(url, read_s=2.0, **more), default_graph())


def shown(report: Report) -> str:
    """What a terminal gets."""
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system=None)
    show(console, report)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, "<html><body>Welcome to nginx</body></html>", "server-bad-answer"),
        (502, "<html>502 Bad Gateway</html>", "server-bad-answer"),
        (500, "Internal Server Error", "server-bad-answer"),
        (401, "no", "server-denied"),
        (403, "no", "server-denied"),
        (200, '{"status": "grafana"}', "no-comfyui"),
        (200, "[]", "server-bad-answer"),
        (200, '{"system": {"os": "po', "server-bad-answer"),
        (200, '"text"', "server-bad-answer"),
    ],
)
def test_another_product_is_named_as_such(serve: Serve, status: int, body: str, code: str) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=body, content_type="text/html")

    report = examined(serve(handle).url)
    assert [(one.mark, one.code) for one in report.findings] == [("fault", code)]
    assert report.findings[0].hint and report.exit_code == 2


def test_a_server_that_does_not_answer_is_given_up_in_time(serve: Serve) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(20)
        return web.Response()

    began = time.monotonic()
    report = examine(ComfyClient(serve(handle).url, read_s=0.3), default_graph())
    assert time.monotonic() - began < 5
    assert [one.code for one in report.findings] == ["server-timed-out"]


def test_tls_where_there_is_none_is_told_as_such(serve: Serve) -> None:
    url = serve(comfyui(answers())).url
    report = examined(url.replace("http://", "https://"))
    assert "TLS" in report.findings[0].text and report.exit_code == 2


def test_a_token_is_asked_for_in_the_commands_own_words(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        raise web.HTTPUnauthorized

    assert main(["doctor", "--url", serve(handle).url]) == 2
    said = capsys.readouterr().out
    assert "--headers-env" in said and "server.headers_env" not in said


@pytest.mark.parametrize("name", ["queue", "object_info"])
def test_one_route_that_fails_does_not_hide_the_others(serve: Serve, name: str) -> None:
    told = answers()
    del told[name]
    report = examined(serve(comfyui(told)).url)
    assert [one.topic for one in report.findings if one.mark == "fault"] == ["queue" if name == "queue" else "nodes"]
    assert any(one.code == "card" for one in report.findings)


def test_a_servers_words_are_neither_markup_nor_terminal_codes(serve: Serve) -> None:
    evil = "0.3.64[/][bold red]x[link=file:///etc]\x1b[31m\x07\u202e"
    told = answers(system_stats=stats(comfyui_version=evil, argv=["main.py", "--fast", "\x1b]0;title\x07"]))
    text = shown(examined(serve(comfyui(told)).url))
    assert "[bold red]x[link=file:///etc]" in text
    assert not any(sign in text for sign in ("\x07", "\u202e", "\x1b]", "\x1b[31m"))


def test_a_secret_that_comes_back_is_in_no_output(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        got = request.headers.get("Authorization", "")
        told = answers(system_stats=stats(comfyui_version=got, argv=["main.py", "--fast", got]))
        if request.path.strip("/") == "queue":
            return web.Response(status=500, text=f"who sent {got}?")
        return await comfyui(told)(request)

    monkeypatch.setenv("DOCTOR_HEADERS", f"Authorization: Bearer {PLANTED}")
    url = serve(handle).url
    for words in ([], ["--json"]):
        assert main(["doctor", "--url", url, "--headers-env", "DOCTOR_HEADERS", *words]) == 2
        out = capsys.readouterr()
        assert PLANTED not in out.out + out.err and "***" in out.out


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("system", "devices", "argv", "input", "required", "queue_running", "queue_pending", "stand_in")
SHAPED = JSON | st.dictionaries(st.sampled_from(KEYS), JSON | st.dictionaries(st.sampled_from(KEYS), JSON), max_size=4)


def spoiled(value: Any, data: st.DataObject) -> Any:
    """``value`` with arbitrary JSON in place of some part of it."""
    if not isinstance(value, dict | list) or not value or data.draw(st.integers(0, 5)) == 0:
        return data.draw(JSON)
    key = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
    value[key] = spoiled(value[key], data)
    return value


def check(report: Report) -> None:
    """A report that says what it met, in words that any terminal bears."""
    assert report.findings and all(one.hint for one in report.findings if one.mark == "fault")
    assert report.exit_code == (2 if report.count("fault") else 0)
    json.loads(as_json(report))
    assert shown(report)


def test_arbitrary_answers_never_break_it(serve: Serve) -> None:
    told: dict[str, Any] = {}
    client = ComfyClient(serve(comfyui(told)).url, read_s=5.0)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(stats_=SHAPED | st.just(stats()), queue=SHAPED, info=SHAPED, packs=JSON)
    def property_(stats_: Any, queue: Any, info: Any, packs: Any) -> None:
        told.update({"system_stats": stats_, "queue": queue, "object_info": info, "v2/customnode/installed": packs})
        check(examine(client, default_graph()))

    property_()


def test_answers_that_are_wrong_in_one_place_never_break_it(serve: Serve) -> None:
    told: dict[str, Any] = {}
    client = ComfyClient(serve(comfyui(told)).url, read_s=5.0)
    healthy = answers()

    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(data=st.data(), name=st.sampled_from(["system_stats", "object_info", "object_info", "queue"]))
    def property_(data: st.DataObject, name: str) -> None:
        told.clear()
        told.update(copy.deepcopy(healthy))
        told[name] = spoiled(told[name], data)
        check(examine(client, default_graph()))

    property_()
