"""The harness killed with -9 at each stage, and started again: it takes up the same jobs."""

import multiprocessing
import sys
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from house import House
from invariants import kept, nothing_left
from killed import MOMENTS, harness
from small_sweep import ENVIRONMENT

from sweeps.store import Store
from workflow.cell import Cell, Clip
from workflow.files import read_json

Cells = Callable[..., list[Cell]]
Matrix = Callable[[str, str, str], None]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork and no kill -9 on Windows")
RUNNING = "two sent, waiting"
UNSENT = {"as the first file is uploaded", "before the journal is written", "journal written, nothing sent"}


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that begin with everything imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["killed", "cv2", "av"])
    return context


def run(
    processes: ForkServerContext, house: House, root: Path, clip: Clip, cells: list[Cell], moment: str = ""
) -> int | None:
    """One command in a process of its own; its exit code, negative for a signal."""
    process = processes.Process(target=harness, args=(house.url, root, clip, len(cells), cells[0].seed, moment))
    process.start()
    process.join(60)
    if process.exitcode is None:
        process.kill()
    return process.exitcode


def sent(root: Path, house: House) -> set[str]:
    """Prompt ids that journals know."""
    journals = [read_json(path) or {} for path in root.rglob("journal.json")]
    return {one["prompt_id"] for one in journals if "prompt_id" in one}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_and_started_again(
    moment: str, processes: ForkServerContext, house: House, cells: Cells, clip: Clip, matrix: Matrix, tmp_path: Path
) -> None:
    two, store = cells(2), Store(tmp_path / "store")
    if moment == RUNNING:
        house.fault("worker-stuck:seconds=1.0,after=1")  # so that it still runs when the harness is back
    code = run(processes, house, tmp_path, clip, two, moment)
    assert code == -9, f"it was not killed: {code}"
    before, there = sent(tmp_path, house), set(kept(store, two))
    before = set() if moment in UNSENT else before
    assert bool(before) != (moment in UNSENT)
    assert run(processes, house, tmp_path, clip, two) == 0
    nothing_left(store, two, house)
    records = [read_json(store.folder(cell.recipe, ENVIRONMENT) / "render.json") for cell in two]
    ids = [record["journal"]["prompt_id"] for record in records]
    assert before <= set(ids), "a job that was sent was sent once more"
    assert len(set(ids)) == 2 and all(not record.get("attempts") for record in records)
    assert [house.runs(cell) for cell in two] == [1, 1], "rendered twice"
    assert len([one for one in house.history() if one in ids]) == 2
    followed = len(before - {one["journal"]["prompt_id"] for one in records if one["recipe"] in there})
    seen = f"{len(there)} stored and {followed} on their way; then all, each rendered once"
    matrix(f"harness killed: {moment}", "the same jobs are followed", seen)
