"""What came of a sweep, kept as one small file beside its tables: reports and comparisons read it, with the store."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sweeps.results import CellResult, SettingResult, SweepResult
from sweeps.store import Entry, Store
from workflow.errors import HarnessError
from workflow.files import read_json, write_json

NAME: Final = "result.json"
FORMAT: Final = 1
_HEAVY: Final = ("curves", "per_window", "extra")
"""Parts of a score that figures do not need."""
GONE: Final = ("its render is not in the store any more", "its score is not in the store any more")
"""Why a cell has no figures although it had them once."""


class NothingKept(HarnessError):
    """No result of that sweep, or none that can be read."""

    code = "nothing-kept"


def keep(result: SweepResult, folder: Path, outputs: Path, extra: Mapping[str, Any] | None = None) -> None:
    """Write ``result`` into ``folder``, over the last one, and into ``results``, where no other plan takes it away.

    Scores stay in the store, under the hash that is kept here. ``extra`` is what a report shows besides.
    """
    told = {"format": FORMAT, **_sweep(result, outputs), "extra": dict(extra or {})}
    for name in (f"results/{result.plan_hash[:12]}.json", NAME):
        write_json(folder / name, told)


def read_kept(path: Path, outputs: Path) -> tuple[SweepResult, dict[str, Any]]:
    """What :func:`keep` wrote, with the scores as the store has them now, and the extra.

    A render that is gone since has no folder any more: its figures are missing, with that as the reason.
    Raises NothingKept where the file is absent, torn or of another format.
    """
    told = read_json(path)
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        what = "is of another version" if isinstance(told, dict) else "cannot be read"
        raise NothingKept(f"{path} {what}", hint="the sweep's own command with action=log writes it anew")
    try:
        return _read_sweep(told, outputs), dict(told["extra"])
    except (KeyError, TypeError, ValueError) as error:
        hint = "the sweep's own command with action=log writes it anew"
        raise NothingKept(f"{path} is damaged ({error!r})", hint=hint) from error


def portable(result: SweepResult, setting: SettingResult) -> dict[str, Any]:
    """One setting with its scores in it, for MLflow: it can be compared where the store is not."""
    plain = {one.name: getattr(result, one.name) for one in fields(result) if one.name not in ("settings", "started")}
    cells = [_plain_cell(one) | {"score": _light(one.score) if one.score else None} for one in setting.cells]
    told = {one.name: getattr(setting, one.name) for one in fields(setting) if one.name != "cells"}
    told |= {"values": dict(setting.values), "cells": cells}
    small = {"started": result.started.isoformat(), "footage": {}, "config_yaml": "", "settings": [told]}
    return {"format": FORMAT, **plain, **small}


def read_portable(told: Any) -> SweepResult:
    """What :func:`portable` made. Raises NothingKept."""
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise NothingKept(
            "its evidence is of another version", hint="the sweep's command with action=log writes it anew"
        )
    try:
        setting = told["settings"][0]
        cells = tuple(
            CellResult(
                **{one.name: cell[one.name] for one in fields(CellResult) if one.name != "folder"} | _tuples(cell)
            )
            for cell in setting["cells"]
        )
        plain = {one.name: setting[one.name] for one in fields(SettingResult)}
        one = SettingResult(**{**plain, "notes": tuple(setting["notes"]), "cells": cells})
        whole = {item.name: told[item.name] for item in fields(SweepResult)}
        return SweepResult(**{**whole, "started": datetime.fromisoformat(told["started"]), "settings": (one,)})
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise NothingKept(f"its evidence is damaged ({error!r})", hint="action=log writes it anew") from error


def _tuples(cell: Mapping[str, Any]) -> dict[str, Any]:
    return {"inputs": tuple(cell["inputs"])}


def _sweep(result: SweepResult, outputs: Path) -> dict[str, Any]:
    plain = {one.name: getattr(result, one.name) for one in fields(result) if one.name not in ("settings", "started")}
    footage = {clip: _light(score) for clip, score in result.footage.items()}
    settings = [_setting(one, outputs) for one in result.settings]
    return plain | {"started": result.started.isoformat(), "footage": footage, "settings": settings}


def _light(score: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in score.items() if name not in _HEAVY}


def _setting(setting: SettingResult, outputs: Path) -> dict[str, Any]:
    plain = {one.name: getattr(setting, one.name) for one in fields(setting) if one.name != "cells"}
    return plain | {"values": dict(setting.values), "cells": [_cell(one, outputs) for one in setting.cells]}


def _plain_cell(cell: CellResult) -> dict[str, Any]:
    plain = {one.name: getattr(cell, one.name) for one in fields(cell) if one.name not in ("score", "folder", "cost")}
    return plain | {"cost": {name: dict(value) for name, value in cell.cost.items()}}


def _cell(cell: CellResult, outputs: Path) -> dict[str, Any]:
    folder = None if cell.folder is None else cell.folder.absolute().relative_to(outputs.absolute()).as_posix()
    return _plain_cell(cell) | {"folder": folder, "scorer": (cell.score or {}).get("scorer")}


def _read_sweep(told: Mapping[str, Any], outputs: Path) -> SweepResult:
    plain = {one.name: told[one.name] for one in fields(SweepResult)}
    store = Store(outputs / "store")
    settings = tuple(_read_setting(one, outputs, store) for one in told["settings"])
    return SweepResult(**{**plain, "started": datetime.fromisoformat(told["started"]), "settings": settings})


def _read_setting(told: Mapping[str, Any], outputs: Path, store: Store) -> SettingResult:
    plain = {one.name: told[one.name] for one in fields(SettingResult)}
    cells = tuple(_read_cell(one, outputs, store) for one in told["cells"])
    return SettingResult(**{**plain, "notes": tuple(told["notes"]), "cells": cells})


def _read_cell(told: Mapping[str, Any], outputs: Path, store: Store) -> CellResult:
    plain = {one.name: told[one.name] for one in fields(CellResult) if one.name not in ("score", "folder")}
    cell = CellResult(**plain | _tuples(told))
    if told["folder"] is None:
        return cell
    folder, home = (outputs / told["folder"]).resolve(), store.root.resolve()
    if not folder.is_relative_to(home):
        raise ValueError(f"{told['folder']} lies outside the store")
    if not (folder / "video.mp4").is_file():
        return replace(cell, reason=GONE[0], cost={})
    scorer = told["scorer"]
    score = store.score(Entry(folder, {}), str(scorer)) if scorer else None
    reason = cell.reason if scorer is None or score is not None else GONE[1]
    return replace(cell, folder=folder, score=score, reason=reason)
