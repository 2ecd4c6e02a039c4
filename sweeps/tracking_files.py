"""The files of one MLflow run, written into a folder that is then logged as a whole."""

import csv
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeps.aggregate import unfinished
from sweeps.curves import curves_json, curves_picture
from sweeps.kept import portable
from sweeps.results import SettingResult, SweepResult
from sweeps.summary_files import summary_csv, summary_markdown
from sweeps.tracking_content import TOLD, per_clip_table
from workflow.media.errors import MediaError

TABLE = "per_clip.json"
"""Artifact with one row a cell, in the layout of MLflow's table view."""

EVIDENCE = "evidence.json"
"""Artifact with everything that a comparison needs of a setting."""


@dataclass(frozen=True)
class Draw:
    """Which of the pictures, that cost a second each, to draw this time."""

    sheet: bool
    preview: bool


def setting_files(sweep: SweepResult, setting: SettingResult, folder: Path, draw: Draw) -> list[str]:
    """Write the tables, curves and graph of ``setting``, and the pictures asked for; what could not be drawn."""
    table = per_clip_table(setting)
    _json(folder / TABLE, table)
    with (folder / "per_clip.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([table["columns"], *table["data"]])
    _json(folder / "parameters.json", dict(setting.values))
    _json(folder / "stamp.json", dict(sweep.stamp))
    if sweep.config_yaml:
        (folder / "config.yaml").write_text(sweep.config_yaml, encoding="utf-8")
    if lines := [*setting.notes, *unfinished(setting.cells, TOLD)]:
        (folder / "notes.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for cell in setting.cells:
        graph = cell.folder / "workflow_api.json" if cell.folder else None
        if graph is not None and graph.is_file():  # cells of a setting differ in clip and seed only
            shutil.copyfile(graph, folder / "workflow_api.json")
            break
    _json(folder / EVIDENCE, portable(sweep, setting))
    _json(folder / "curves.json", curves_json(setting))
    return _pictures(sweep, setting, folder, draw)


def sweep_files(sweep: SweepResult, folder: Path) -> None:
    """Write the summary tables, the config and the stamp of the whole sweep."""
    (folder / "summary.md").write_text(summary_markdown(sweep), encoding="utf-8")
    (folder / "summary.csv").write_text(summary_csv(sweep), encoding="utf-8", newline="")
    _json(folder / "stamp.json", dict(sweep.stamp))
    if sweep.config_yaml:
        (folder / "config.yaml").write_text(sweep.config_yaml, encoding="utf-8")


def _pictures(sweep: SweepResult, setting: SettingResult, folder: Path, draw: Draw) -> list[str]:
    from sweeps.preview import preview  # OpenCV and PyAV come with these
    from sweeps.sheet import contact_sheet, warm

    title, trouble = sweep.title or sweep.experiment, list[str]()
    title = f"{title} · {sweep.note}" if sweep.rehearsal else title
    if draw.sheet:
        contact_sheet(setting, folder / "contact_sheet.png", title=title, stand_in=sweep.stand_in)
        try:
            curves_picture(setting, folder / "curves.png", title=title, stand_in=sweep.stand_in)
        except (ValueError, KeyError) as error:  # a score that is torn or of another version
            trouble.append(f"curves: {error}")
    else:
        warm(setting)
    if draw.preview and not sweep.rehearsal:  # noise does not get better by moving
        try:
            preview(setting, folder / "preview.mp4", stand_in=sweep.stand_in)
        except MediaError as error:  # a video that does not decode must not cost the run its numbers
            trouble.append(f"preview: {error.message}")
    return trouble


def _json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
