"""MLflow's own pages in a real browser, on the store of a finished sweep: what somebody sees who opens them."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

import sweep
from sweeps.config import TrackingConfig
from sweeps.results import STAND_IN_NOTE
from sweeps.tracking_client import open_client, tracking_uri

LOCAL = TrackingConfig("local")
WORDS = ["+experiment=motion_frame", "sweep.axes.motion_frame=[9,13]", "clips.names=[weather,new_year]"]
SMALL = ["clips.width=128", "clips.height=224", "scoring=quick"]
FIRST, SECOND = "motion_frame=9", "motion_frame=13"
ROWS = """() => {  // texts of the comparison's metrics by the place of their row: names are one grid, values another
  const rows = {};
  const cells = [...document.querySelectorAll(".ReactVirtualized__Grid__innerScrollContainer > div")];
  for (const one of cells) (rows[one.style.top] ||= []).push([one.getBoundingClientRect().left, one.innerText]);
  return Object.fromEntries(Object.entries(rows).map(([top, row]) =>
    [top, row.sort(([one], [two]) => one - two).map(([, text]) => text)]));
}"""
SCROLL = """() => {  // by less than is seen; the grid of names follows one step behind
  const grid = [...document.querySelectorAll(".ReactVirtualized__Grid")].at(-1);
  if (!grid) return;
  grid.scrollIntoView();
  grid.scrollTop += 150;
}"""


class Site:
    """The server's pages on one tab, which complains of what goes wrong in ours."""

    def __init__(self, address: str, browser: Any, outputs: Path) -> None:
        client = open_client(LOCAL, outputs)
        (self.experiment,) = (one for one in client.search_experiments() if one.name == "motion_frame (stand-in)")
        found = client.search_runs([self.experiment.experiment_id])
        self.runs = {run.data.tags.get("setting", ""): run for run in found}
        """By setting; the sweep's own under ''."""
        self.address, self.errors = address, list[str]()
        self.page = browser.new_page(viewport={"width": 2600, "height": 1400}, locale="en-GB")
        self.page.set_default_timeout(30_000)
        self.page.on("console", lambda said: said.type == "error" and self._note(said.text, said.location["url"]))
        self.page.on("pageerror", lambda error: self._note(str(error), error.stack or ""))

    def _note(self, text: str, place: str) -> None:
        if "blob:" in f"{text} {place}" or "sandbox" in text:  # of a page of ours; MLflow has errors of its own
            self.errors.append(f"{text} ({place})")

    def of(self, setting: str = "", part: str = "") -> Any:
        """The page of a run, or one part of it."""
        return self.open(f"/experiments/{self.experiment.experiment_id}/runs/{self.runs[setting].info.run_id}{part}")

    def open(self, path: str) -> Any:
        self.page.goto("about:blank")  # as somebody who opens a link: MLflow keeps what it shows when the #part changes
        self.page.goto(f"{self.address}/#{path}")
        return self.page

    def artifact(self, setting: str, name: str) -> Any:
        return self.of(setting, f"/artifacts/{quote(name)}")


@pytest.fixture(scope="module")
def outputs(browser: Any, tmp_path_factory: pytest.TempPathFactory, tables: Callable[[Path], None]) -> Path:
    """The outputs of a finished sweep: two settings, two clips. Without a browser it is not made."""
    made = tmp_path_factory.mktemp("mlflow") / "我的 outputs"
    tables(made)
    assert sweep.main([*WORDS, *SMALL, f"outputs={made}"]) == 0
    return made


@pytest.fixture(scope="module")
def address(outputs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A tracking server on that store, as somebody starts one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("server")
    words = ["--backend-store-uri", tracking_uri(LOCAL, outputs), "--port", str(port), "--workers", "1"]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "log").open("w", encoding="utf-8") as log:
        command = [sys.executable, "-m", "mlflow", "server", *words]
        server = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **quiet}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 120
        while True:
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"http://127.0.0.1:{port}/health", timeout=5).ok:
                    break
            assert time.monotonic() < deadline and server.poll() is None, (folder / "log").read_text(encoding="utf-8")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


@pytest.fixture(scope="module")
def site(browser: Any, address: str, outputs: Path) -> Iterator[Site]:
    made = Site(address, browser, outputs)
    yield made
    made.page.close()


def test_a_sweep_is_a_run_with_its_settings_under_it(site: Site) -> None:
    page = site.open(f"/experiments/{site.experiment.experiment_id}/runs")
    page.get_by_role("link", name="motion_frame", exact=True).wait_for()
    assert page.get_by_role("link", name=FIRST, exact=True).count() == 0
    page.locator(".ag-row button").first.click()
    for name in (FIRST, SECOND):
        page.get_by_role("link", name=name, exact=True).wait_for()


def test_the_description_leads_to_what_differs(site: Site) -> None:
    page = site.of()
    page.get_by_text(STAND_IN_NOTE).first.wait_for()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="the settings, with what differs").click()
    other = opened.value
    other.set_viewport_size({"width": 2600, "height": 1400})
    other.get_by_role("link", name=SECOND, exact=True).wait_for(timeout=30_000)
    heads = other.locator(".ag-header-cell-text, .ag-header-cell").all_inner_texts()
    assert any("motion_frame" in one for one in heads)
    assert not any(re.search(r"\b(steps|shift)\b", one) for one in heads), "it is the same in all of them"
    for name in ("sharpness/laplacian", "colour/cheeks_mean"):
        assert any(name in one for one in heads)
    assert other.get_by_role("link", name="motion_frame", exact=True).count() == 0, "the sweep itself is no setting"
    shown = [one for one in other.locator(".ag-row a").all_inner_texts() if one in (FIRST, SECOND)]
    assert shown == [FIRST, SECOND], "as the sweep has them, not 13 before 9"
    other.close()


def test_metrics_stand_in_their_groups(site: Site) -> None:
    page = site.of(FIRST, "/model-metrics")
    heads = page.get_by_test_id("experiment-view-compare-runs-section-header")
    heads.first.wait_for()
    deadline, wanted = time.monotonic() + 20, {"colour", "cost", "lipsync", "mouth", "sharpness", "total"}
    while not wanted <= (seen := {one.split()[0] for one in heads.all_inner_texts() if one}):
        assert time.monotonic() < deadline, seen
        page.mouse.move(1000, 700)
        page.mouse.wheel(0, 3000)  # groups are drawn when they come into sight
        page.wait_for_timeout(200)


def test_two_settings_stand_side_by_side(site: Site) -> None:
    page = site.of()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=SECOND, exact=True).last.click()
    other = opened.value
    other.get_by_text("Comparing 2 Runs from 1 Experiment").wait_for(timeout=30_000)
    other.get_by_label("Parameters - Show diff only").click()
    assert re.search(r"motion_frame\s+9\s+13\s", other.locator("body").inner_text())
    other.set_viewport_size({"width": 2600, "height": 1400})
    logged = [site.runs[one].data.metrics for one in (FIRST, SECOND)]
    wanted = {*logged[0], *logged[1]}
    assert len(wanted) > 50 and logged[0]["sharpness/laplacian"] != logged[1]["sharpness/laplacian"]
    names, figures = dict[str, str](), dict[str, list[str]]()  # by the place of a row
    deadline = time.monotonic() + 60
    while not wanted <= set(names.values()) or not set(names) <= set(figures):
        assert time.monotonic() < deadline, wanted - set(names.values())
        for place, cells in other.evaluate(ROWS).items():
            if cells[0] in wanted:
                names[place] = cells.pop(0)
            if len(cells) == 2:
                figures[place] = cells
        other.evaluate(SCROLL)
        other.wait_for_timeout(100)
    for place, name in names.items():
        for text, run in zip(figures[place], logged, strict=True):
            if name in run:
                assert float(text) == pytest.approx(run[name], rel=6e-4, abs=6e-4), name  # as short as MLflow shows it
            else:
                assert not re.search(r"\d", text), f"{name} was not logged, and shows {text}"
    other.close()


def test_the_table_by_clip_begins_with_figures(site: Site) -> None:
    page = site.artifact(FIRST, "per_clip.json")
    page.get_by_text("View as table").wait_for()
    for text in ("new_year", "weather", "lipsync/envelope_strength"):
        page.get_by_text(text, exact=True).first.wait_for()


def test_the_contact_sheet_is_shown(site: Site) -> None:
    page = site.artifact(FIRST, "contact_sheet.png")
    page.wait_for_function("[...document.images].some((one) => one.naturalWidth > 500 && one.naturalHeight > 100)")


def test_the_preview_plays(site: Site) -> None:
    page = site.artifact(FIRST, "preview.mp4")
    page.wait_for_selector("video")
    page.wait_for_function("document.querySelector('video').readyState > 2")
    page.evaluate("document.querySelector('video').play()")
    page.wait_for_function("document.querySelector('video').currentTime > 0.2")


def test_the_report_works_inside_mlflow_s_frame(site: Site) -> None:
    page = site.artifact("", "report.html")
    frame = page.wait_for_selector("iframe[sandbox]").content_frame()
    frame.wait_for_selector("#stamp")
    frame.wait_for_function(
        "page.player.tracks.length === 2 && page.player.tracks.every((one) => one.video.readyState > 2)"
    )
    assert frame.evaluate("page.player.tracks.every((one) => one.video.src.startsWith('blob:'))")
    frame.locator("button.play").first.click()
    playing = "page.player.time > 0.5 && page.player.tracks.every((one) => one.video.currentTime > 0.3)"
    frame.wait_for_function(playing, polling=200)
    frame.locator("button.play").first.click()
    assert frame.get_by_title("open the original").count() == 0, "it leads nowhere from here"
    before = frame.evaluate("scrollY")
    frame.locator("nav a").last.click()
    frame.wait_for_function(f"scrollY !== {before}")
    frame.get_by_label("Compare as A").nth(0).click()
    frame.get_by_label("Compare as B").nth(1).click()
    frame.wait_for_selector("dialog.pair[open] video.front")
    frame.locator("dialog.pair").press("Escape")
    for part, drawn in (("#sheet", "#sheet [data-drawn='2']"), ("#charts", "#scatter .point")):
        frame.locator(part).scroll_into_view_if_needed()
        frame.wait_for_selector(drawn)
    assert site.errors == []
