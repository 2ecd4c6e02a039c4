"""What may be removed from the store, and what never."""

import json
from pathlib import Path

import pytest

from sweeps.__main__ import main
from sweeps.disk import items, prune

HERE = "e" * 24


def render(outputs: Path, recipe: str, age_days: float = 0.0, suffix: str = "") -> Path:
    import os
    import time

    folder = outputs / "store" / (recipe * 24) / (HERE + suffix)
    folder.mkdir(parents=True)
    for name in ("video.mp4", "render.json"):
        (folder / name).write_text(json.dumps({"recipe": recipe * 64}), encoding="utf-8")
        then = time.time() - age_days * 86_400
        os.utime(folder / name, (then, then))
    return folder


def plan(outputs: Path, name: str, number: int, cells: dict[str, str], baseline: str = "base") -> None:
    """A frozen plan: setting → recipe."""
    file = outputs / "sweeps" / name / "plans" / f"{number}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"setting": s, "recipe": r * 64, "environment": "e" * 64} for s, r in cells.items()]
    file.write_text(json.dumps({"name": name, "baseline": baseline, "cells": rows}), encoding="utf-8")


def test_prune_removes_what_no_plan_names_and_leftovers_only_when_told(tmp_path: Path) -> None:
    kept = render(tmp_path, "a")
    gone = [render(tmp_path, "b"), render(tmp_path, "c", suffix=".failed"), render(tmp_path, "d", suffix=".attempt")]
    plan(tmp_path, "one", 1, {"x": "a"})
    assert {one.path for one in prune(tmp_path, None, really=False)} == set(gone)
    assert all(folder.exists() for folder in gone)
    prune(tmp_path, None, really=True)
    assert kept.exists()
    assert not any(folder.exists() for folder in gone)


def test_a_baselines_render_stays_whatever_its_age_and_whatever_was_planned_since(tmp_path: Path) -> None:
    base, other = render(tmp_path, "a", age_days=400), render(tmp_path, "b", age_days=400)
    plan(tmp_path, "one", 1, {"base": "a", "x": "b"})
    plan(tmp_path, "one", 2, {"x": "b"}, baseline="x2")  # a later look at a part of it
    prune(tmp_path, 30, really=True)
    assert base.exists()
    assert not other.exists()


def test_older_than_spares_the_young(tmp_path: Path) -> None:
    old, young = render(tmp_path, "a", age_days=40), render(tmp_path, "b", age_days=2)
    plan(tmp_path, "one", 1, {"x": "a", "y": "b"})
    assert [one.path for one in prune(tmp_path, 30, really=True)] == [old]
    assert young.exists()


def test_a_folder_without_a_record_is_broken(tmp_path: Path) -> None:
    folder = render(tmp_path, "a")
    (folder / "render.json").write_text("{", encoding="utf-8")
    plan(tmp_path, "one", 1, {"base": "a"})
    assert [(one.kind, one.baseline) for one in items(tmp_path)] == [("broken", True)]
    assert [one.path for one in prune(tmp_path, None, really=True)] == [folder]


def test_the_commands_say_what_they_found_and_do_nothing_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = render(tmp_path, "b")
    assert main(["du", "--outputs", str(tmp_path)]) == 0
    assert "1 entry, " in capsys.readouterr().out
    assert main(["prune", "--outputs", str(tmp_path)]) == 0
    assert "would remove 1 entry" in capsys.readouterr().out
    assert folder.exists()
    assert main(["prune", "--yes", "--outputs", str(tmp_path)]) == 0
    assert not folder.exists()
    assert main(["du", "--outputs", str(tmp_path / "nothing")]) == 2
    assert "hint" in capsys.readouterr().err
