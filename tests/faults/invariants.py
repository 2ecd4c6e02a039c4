"""What must hold after any sweep: nothing lost, nothing twice, nothing mixed up, every reason recorded."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
from house import House, Street
from small_sweep import ENVIRONMENT

from sweeps.progress import Progress
from sweeps.store import Entry, Store
from workflow.cell import Cell
from workflow.files import read_json, sha256_file

SAMPLER, COMBINE = "14", "16"


def kept(store: Store, cells: Sequence[Cell]) -> dict[str, Entry]:
    """The renders that the store holds, by recipe."""
    found = {cell.recipe: store.find(cell.recipe, ENVIRONMENT, thorough=True) for cell in cells}
    return {recipe: entry for recipe, entry in found.items() if entry is not None}


def sound(entry: Entry, cell: Cell, house: House | Street | None = None) -> None:
    """The video is this cell's own: its frames, its seed, the bytes that the server wrote for the prompt it was."""
    with av.open(str(entry.video)) as video:
        assert sum(1 for _ in video.decode(video=0)) == cell.windows.frames
        inside = json.loads(video.metadata["prompt"])
    assert inside[SAMPLER]["inputs"]["seed"] == cell.seed == cell.graph[SAMPLER]["inputs"]["seed"]
    assert inside[SAMPLER]["inputs"]["steps"] == cell.graph[SAMPLER]["inputs"]["steps"]
    record = read_json(entry.folder / "render.json")
    assert record["cell"]["recipe"] == record["recipe"] == cell.recipe and record["cell"]["seed"] == cell.seed
    assert record["outcome"]["status"] == "done"
    journal = record["journal"]
    assert inside[COMBINE]["inputs"]["filename_prefix"] == journal["prefix"]
    assert record["video_sha256"] == sha256_file(entry.video)
    if house is not None:
        assert sha256_file(house.video(journal["prefix"])) == sha256_file(entry.video)


def reasons(store: Store, cell: Cell) -> list[dict[str, Any]]:
    """How the attempts at a cell ended that brought no video, as recorded beside it, oldest first."""
    folder = store.folder(cell.recipe, ENVIRONMENT)
    found: list[dict[str, Any]] = []
    for place in (folder, folder.with_suffix(".failed")):
        record = read_json(place / "render.json") or read_json(place / "failure.json") or {}
        found += record.get("attempts") or read_json(place / "attempts.json") or []
        if place.suffix == ".failed" and record:
            found.append({key: record[key] for key in ("status", "stage", "message")})
    return found


def check(store: Store, cells: Sequence[Cell], progress: Progress, house: House | Street) -> None:
    """After one command: each cell is rendered, or its failure is recorded with its stage, or it was not begun."""
    held = kept(store, cells)
    for cell in cells:
        name = f"{cell.setting}/{cell.clip.name}/{cell.seed}"
        failure = progress.failures.get(name)
        if cell.recipe in held:
            sound(held[cell.recipe], cell, house)
            assert failure is None, f"{name} is there, and said to have failed: {failure}"
            continue
        assert name not in progress.done, f"{name} is said to be done and is not there"
        if failure is None:
            assert progress.stopped, f"{name} was passed over in silence"
            continue
        assert failure.status and failure.stage and failure.message, failure
        if failure.status != "cancelled":
            record = store.failure(cell.recipe, ENVIRONMENT)
            assert record is not None and record["status"] == failure.status, f"{name}: the failure is not recorded"
            assert record["stage"] and record["message"]
    assert len(progress.done) + len(set(progress.failures) - progress.done) <= len(cells)


def nothing_left(store: Store, cells: Sequence[Cell], house: House | Street) -> None:
    """After the last command: all is there, once; no attempt is left behind, here or there."""
    held = kept(store, cells)
    missing = [cell.setting for cell in cells if cell.recipe not in held]
    assert not missing, f"lost: {missing}"
    for cell in cells:
        sound(held[cell.recipe], cell)
    shas = [sha256_file(entry.video) for entry in held.values()]
    assert len(set(shas)) == len(cells), "one video stands for two cells"
    leftovers = [path.name for path in Path(store.root).rglob("*") if path.suffix in (".attempt", ".failed", ".part")]
    assert leftovers == []
    assert house.queue() == []
