"""The notebook of the tuning history: on runs of a real small sweep, without any, and as it lies in the repository."""

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sweep
from sweeps.compose import configured
from sweeps.config import TrackingConfig
from sweeps.kept import NAME, read_kept
from sweeps.story.claims import CLAIMS
from sweeps.story.logged import NoStory, logged
from sweeps.story.tell import story_of
from sweeps.tracking_client import tracking_uri

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "tuning_history.ipynb"
LOCAL = TrackingConfig("local")
WORDS = ["+experiment=tuning_history", "clips.names=[weather,new_year]", "clips.width=128", "clips.height=224"]
A_PLACE = re.compile(r"(?<![\w.])(/(home|root|work|tmp|usr|opt|mnt|Users|var)/|[A-Z]:\\)")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, tables: Callable[[Path], None]) -> Path:
    """The outputs of a finished history."""
    made = tmp_path_factory.mktemp("notebook") / "我的 outputs"
    tables(made)
    assert sweep.main([*WORDS, "scoring=quick", f"outputs={made}"]) == 0
    return made


@pytest.fixture
def execute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Any]:
    """``execute(uri)``: the notebook, run from its first cell to its last on the runs at ``uri``."""
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))  # not those of the person who runs this
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOK.parents[1]))

    def run(uri: str) -> Any:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        book = nbformat.read(NOTEBOOK, as_version=4)
        where = {"metadata": {"path": str(NOTEBOOK.parent)}}
        nbclient.NotebookClient(book, timeout=120, kernel_name="python3", resources=where).execute()
        return book

    return run


def said(book: Any) -> str:
    """Every word of a notebook's outputs."""
    return "\n".join(
        str(one.get("text", "")) + str(one.get("data", {}).get("text/markdown", "")) + str(one.get("evalue", ""))
        for one in outputs_of(book)
    )


def outputs_of(book: Any) -> list[Any]:
    return [one for cell in book.cells for one in cell.get("outputs", [])]


def pictures(book: Any) -> list[bytes]:
    """The figures of a notebook, as PNG."""
    shown = (one.get("data", {}).get("image/png") for one in outputs_of(book))
    return [base64.b64decode(one) for one in shown if one]


def test_it_tells_the_story_of_the_runs_and_draws_its_figures(outputs: Path, execute: Callable[[str], Any]) -> None:
    book = execute(tracking_uri(LOCAL, outputs))
    text = said(book)
    for variant in {claim.variant for claim in CLAIMS}:
        assert f"| {variant} |" in text
    assert "demo" in text and "puppet" in text
    assert "Error" not in text and "stderr" not in {one.get("name") for one in outputs_of(book)}
    assert len(pictures(book)) == 2 and all(len(one) > 20_000 for one in pictures(book))
    assert not A_PLACE.search(text)


def test_mlflow_s_evidence_tells_the_same_story_as_the_store(outputs: Path) -> None:
    config = configured()
    kept, _ = read_kept(outputs / "sweeps" / "tuning_history-stand-in" / NAME, outputs)
    found = logged(LOCAL, outputs)
    assert story_of(found, config) == story_of(kept, config) != ()
    assert found.stand_in and found.note == kept.note


def test_without_runs_it_says_so_plainly(tmp_path: Path, execute: Callable[[str], Any]) -> None:
    book = execute(f"sqlite:///{tmp_path / 'mlflow.db'}")
    text = said(book)
    assert "no MLflow database mlflow.db" in text and "+experiment=tuning_history" in text
    assert "Traceback" not in text and not pictures(book)
    assert not (tmp_path / "mlflow.db").exists()


def test_runs_of_other_sweeps_are_no_story(tmp_path: Path, tables: Callable[[Path], None]) -> None:
    tables(tmp_path)
    with pytest.raises(NoStory, match="no finished sweep"):
        logged(LOCAL, tmp_path)
    with pytest.raises(NoStory, match="run abc"):
        logged(LOCAL, tmp_path, "abc")


def test_as_it_lies_here_it_shows_a_demo_and_names_no_place() -> None:
    book = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(book)
    assert len(book.cells) <= 9
    assert len(pictures(book)) == 2
    text = said(book)
    assert "demo" in text and "puppet" in text
    for one in outputs_of(book):
        one.get("data", {}).pop("image/png", None)  # its letters may spell anything
    assert not A_PLACE.search(nbformat.writes(book))
    assert NOTEBOOK.stat().st_size < 500_000
