"""One real small sweep of the stand-in with its page, and a browser to look at it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import sweep

WORDS = ["+experiment=motion_frame", "sweep.axes.motion_frame=[9,13,25]", "clips.names=[weather,new_year]"]
SMALL = ["clips.width=128", "clips.height=224", "scoring=default"]


@pytest.fixture(scope="session")
def outputs(tmp_path_factory: pytest.TempPathFactory, tables: Callable[[Path], None]) -> Path:
    """The outputs of a finished sweep: three settings, two clips."""
    made = tmp_path_factory.mktemp("report") / "我的 outputs"
    tables(made)
    assert sweep.main([*WORDS, *SMALL, f"outputs={made}"]) == 0
    return made


@pytest.fixture(scope="session")
def folder(outputs: Path) -> Path:
    """Where that sweep's tables and page are."""
    return outputs / "sweeps" / "motion_frame-stand-in"


class Looked:
    """A page in the browser, with all that it complained of or asked for."""

    def __init__(self, browser: Any, file: Path, **options: Any) -> None:
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page = browser.new_page(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **options})
        self.page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda asked: self.requests.append(asked.url))
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("#stamp")

    def asked(self) -> list[str]:
        """Requests beyond the page itself and what lies inside it."""
        return [url for url in self.requests[1:] if not url.startswith(("blob:", "data:"))]


@pytest.fixture
def look(browser: Any) -> Iterator[Callable[..., Looked]]:
    """``look(file)``: the page in the browser."""
    opened: list[Looked] = []

    def made(file: Path, **options: Any) -> Looked:
        opened.append(Looked(browser, file, **options))
        return opened[-1]

    yield made
    for one in opened:
        one.page.close()
