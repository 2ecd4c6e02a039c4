"""Make the pictures of the README's tour anew, after the sweeps it shows: `python notebooks/pictures.py`.

Opens the reports of `+experiment=motion_frame` and `+experiment=tuning_history`, in English and Chinese, and the page
of `mlflow ui` in a headless Chromium and photographs what stands there: nothing is drawn or retouched.
Needs `pip install -e '.[test]'`, a Chromium, and a running `mlflow ui` for that one picture.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PICTURES = Path(__file__).with_name("pictures")
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
WIDTH = 1290
READY = "() => [...document.querySelectorAll('video')].every(one => one.readyState > 1 && !one.seeking)"


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless browser that plays H.264."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        sys.exit("no chromium here (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def keep(page: Any, name: str, clip: dict[str, float]) -> None:
    """Photograph a part of a page."""
    path = PICTURES / f"{name}.jpg"
    page.screenshot(path=path, type="jpeg", quality=78, full_page=True, clip=clip)
    print(f"{path.name}: {path.stat().st_size // 1024} kB")


def part(page: Any, first: str, last: str) -> dict[str, float]:
    """From the top of one element to the end of another, as wide as the page."""
    top, end = (page.locator(one).first.bounding_box() for one in (first, last))
    return {"x": 0, "y": max(0, top["y"] - 8), "width": WIDTH, "height": end["y"] + end["height"] - top["y"] + 16}


def reports(browser: Any, sweeps: Path) -> None:
    """What the two reports show first, in both languages."""
    for language, locale in LANGUAGES.items():
        page = browser.new_page(viewport={"width": WIDTH, "height": 800}, locale=locale)
        page.goto((sweeps / "motion_frame-stand-in" / "report.html").as_uri())
        page.evaluate("() => { globalThis.page.focus(globalThis.page.shownCells()[2]); }")  # motion_frame=15
        page.evaluate("() => { globalThis.page.player.seam(1); }")
        page.wait_for_function(READY)
        keep(page, f"report.{language}", part(page, "h1", ".tile dl"))
        keep(page, f"curves.{language}", part(page, "#curves", "#curves"))
        page.goto((sweeps / "tuning_history-stand-in" / "report.html").as_uri())
        keep(page, f"story.{language}", part(page, "#story", "#story"))
        page.close()


def mlflow(browser: Any, address: str) -> None:
    """The sweep's settings in MLflow, by the link in the description of its run."""
    from mlflow import MlflowClient

    client = MlflowClient(address)
    experiment = client.get_experiment_by_name("motion_frame (stand-in)")
    (run,) = client.search_runs([experiment.experiment_id], "tags.role = 'sweep'", max_results=1)
    page = browser.new_page(viewport={"width": 2000, "height": 640}, device_scale_factor=0.65, locale="en-GB")
    page.goto(f"{address}/#/experiments/{experiment.experiment_id}/runs/{run.info.run_id}")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="the settings, with what differs").click()
    table = opened.value
    table.set_viewport_size({"width": 2000, "height": 640})
    table.get_by_role("link", name="motion_frame=25", exact=True).wait_for()
    table.get_by_role("button", name="Close").first.click()
    table.wait_for_timeout(1000)
    keep(table, "mlflow", {"x": 0, "y": 0, "width": 2000, "height": 640})


def main() -> None:
    """All pictures of the tour."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outputs", type=Path, default=Path("outputs"), help="where the sweeps are (default: outputs)")
    parser.add_argument("--mlflow", metavar="URL", help="a running mlflow ui on the same outputs")
    asked = parser.parse_args()
    PICTURES.mkdir(exist_ok=True)
    with chromium() as browser:
        if asked.mlflow:
            mlflow(browser, asked.mlflow)
        reports(browser, asked.outputs.resolve() / "sweeps")


if __name__ == "__main__":
    main()
