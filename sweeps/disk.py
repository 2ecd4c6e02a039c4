"""What the store holds, how much room it takes, and what may go: ``python -m sweeps du|prune``."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sweeps.lock import owned
from sweeps.store import KEY
from workflow.errors import HarnessError
from workflow.files import read_json

Kind = Literal["render", "failed", "attempt", "broken"]
DAY_S = 86_400.0


class NoOutputsError(HarnessError):
    """There is no store to look at."""

    code = "outputs-missing"


@dataclass(frozen=True)
class Item:
    """One folder of the store. ``sweeps``: whose plans name it; ``baseline``: whether one compares with it."""

    path: Path
    kind: Kind
    size: int
    age_days: float
    sweeps: tuple[str, ...] = ()
    baseline: bool = False


def items(outputs: Path) -> list[Item]:
    """Everything in the store under ``outputs``, largest first.

    Raises:
        NoOutputsError: nothing was ever rendered there.
    """
    root = outputs / "store"
    if not root.is_dir():
        raise NoOutputsError(f"{outputs} holds no store", hint="name the folder: --outputs DIR")
    used, baselines = _planned(outputs)
    found = [
        _item(folder, used, baselines)
        for recipe in root.iterdir()
        if recipe.is_dir()
        for folder in recipe.iterdir()
        if folder.is_dir()
    ]
    return sorted(found, key=lambda one: -one.size)


def _planned(outputs: Path) -> tuple[dict[tuple[str, str], tuple[str, ...]], set[tuple[str, str]]]:
    """Which sweeps name which (recipe, environment), and which of those belong to a baseline setting."""
    used: dict[tuple[str, str], tuple[str, ...]] = {}
    baselines: set[tuple[str, str]] = set()
    for file in sorted((outputs / "sweeps").glob("*/plans/*.json")):
        plan = read_json(file)
        for cell in plan.get("cells", []) if isinstance(plan, dict) else []:
            if not cell.get("recipe") or not cell.get("environment"):
                continue
            key = (str(cell["recipe"])[:KEY], str(cell["environment"])[:KEY])
            used[key] = tuple(dict.fromkeys((*used.get(key, ()), str(plan.get("name")))))
            if cell.get("setting") == plan.get("baseline"):
                baselines.add(key)
    return used, baselines


def _item(folder: Path, used: dict[tuple[str, str], tuple[str, ...]], baselines: set[tuple[str, str]]) -> Item:
    kinds: dict[str, Kind] = {".failed": "failed", ".attempt": "attempt"}
    kind = kinds.get(folder.suffix) or ("render" if read_json(folder / "render.json") else "broken")
    key = (folder.parent.name, folder.stem)
    files = [path.stat() for path in folder.rglob("*") if path.is_file()]
    newest = max((one.st_mtime for one in files), default=folder.stat().st_mtime)
    age = (time.time() - newest) / DAY_S
    return Item(folder, kind, sum(one.st_size for one in files), age, used.get(key, ()), key in baselines)


def prunable(found: list[Item], older_than_days: float | None) -> Iterator[Item]:
    """What may go: leftovers of attempts and failures, broken entries, renders that no sweep's plan names, and, with
    ``older_than_days``, every render older than that. A baseline's render never goes."""
    for one in found:
        if one.baseline and one.kind == "render":
            continue
        old = older_than_days is not None and one.age_days > older_than_days
        if one.kind != "render" or not one.sweeps or old:
            yield one


def prune(outputs: Path, older_than_days: float | None, *, really: bool) -> list[Item]:
    """Remove what :func:`prunable` names, when ``really``; what was, or would be, removed.

    Raises:
        StoreLocked: a sweep is running there.
        NoOutputsError: there is no store.
    """
    gone = list(prunable(items(outputs), older_than_days))
    if really and gone:
        with owned(outputs / "store", "prune"):
            for one in gone:
                shutil.rmtree(one.path)
                if not any(one.path.parent.iterdir()):
                    one.path.parent.rmdir()
    return gone
