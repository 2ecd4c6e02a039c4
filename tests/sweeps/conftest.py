"""Results of small sweeps, some with real little videos; the numbers in them are inputs, never expectations."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from rich.console import Console

from eval.score import Score
from eval.value import absent, number
from runner.live import make_view
from runner.pool import Member
from runner.server import open_server
from sweep import CONF
from sweeps.app import App
from sweeps.compose import Composer, typed
from sweeps.config import BudgetConfig, register
from sweeps.engine import Engine
from sweeps.known import of_live
from sweeps.limits import Limits
from sweeps.planning import Planner
from sweeps.results import CellResult, SettingResult, SweepResult
from sweeps.scoring import Scorer, ScoringPool
from workflow.media.encode import VideoWriter
from workflow.media.sound import write_wav

sys.path.insert(0, str(Path(__file__).parent))  # the helpers here

from browsing import browser  # noqa: F401
from thrift import faces_are_remembered, scorers_stay, stand_ins_are_forked, tables, tables_are_copied  # noqa: F401

_PLAIN: dict[str, Any] = {"status": "ok", "reason": None, "coverage": 1.0, "fps": 25.0}
STARTED = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)


def score_json(values: dict[str, float | None], missing: str = "no evidence", **more: Any) -> dict[str, Any]:
    """A Score as JSON with these values; None is missing for the reason given."""
    told = {name: absent(missing) if value is None else number(value) for name, value in values.items()}
    return Score(**{"curves": {}, "frames": 60, **more}, **_PLAIN, values=told).to_json()


@pytest.fixture
def make_score() -> Callable[..., dict[str, Any]]:
    return score_json


@pytest.fixture
def make_setting() -> Callable[..., SettingResult]:
    """``make_setting(name, {clip: [value per seed, None: missing]})``: one metric, one cell a value."""

    def make(name: str, table: dict[str, list[float | None]], metric: str = "sharpness/laplacian") -> SettingResult:
        cells = [
            CellResult(name, clip, seed, "done", score=score_json({metric: value}), folder=Path("somewhere"))
            for clip, values in table.items()
            for seed, value in enumerate(values)
        ]
        return SettingResult(name, {"motion_frame": 9}, cells=tuple(cells))

    return make


@pytest.fixture
def make_sweep() -> Callable[..., SweepResult]:
    """A sweep around the settings given, a stand-in one unless told otherwise."""

    def make(*settings: SettingResult, **more: Any) -> SweepResult:
        told: dict[str, Any] = {"experiment": "motion_frame", "sweep_id": "s1", "plan_hash": "p1", "stand_in": True}
        told |= {"settings": settings, "started": STARTED, "config_yaml": "action: run\n"}
        return SweepResult(**{**told, **more})

    return make


@pytest.fixture(scope="session")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the store keeps one, with a real video of 60 frames, 96×160, a moving square and a tone."""
    folder = tmp_path_factory.mktemp("我的 store")
    tone = np.sin(np.arange(int(16000 * 2.4)) * 0.17)
    write_wav(folder / "tone.wav", (tone * 9000).astype(np.int16), 16000)
    with VideoWriter(folder / "video.mp4", 96, 160, 25, audio=folder / "tone.wav") as writer:
        for index in range(60):
            frame = np.full((160, 96, 3), (40, 90, 140), np.uint8)
            frame[60:90, index : index + 30] = (220, 220, 60)
            writer.write(frame)
    (folder / "workflow_api.json").write_text(json.dumps({"1": {"class_type": "KSampler", "inputs": {}}}), "utf-8")
    (folder / "render.json").write_text("{}", "utf-8")
    return folder


@pytest.fixture
def rendered(store_folder: Path) -> Callable[..., SettingResult]:
    """``rendered(name, clips=…, …)``: a setting whose cells all have the real video, values and curves."""

    def make(name: str = "motion_frame=9", clips: tuple[str, ...] = ("a", "b"), **more: Any) -> SettingResult:
        cells = []
        for index, clip in enumerate(clips):
            values: dict[str, float | None] = {
                "lipsync/envelope_strength": 0.3 + index / 10,
                "lipsync/envelope_offset": None,
                "sharpness/laplacian": 0.9 - index / 20,
            }
            curve = [None, *(float(v) for v in np.sin(np.arange(59) / 5 + index))]
            score = score_json(values, curves={"mouth/aperture": curve}, seams=[30], frames=60)
            cost = {"cost/window_s": {"value": 4.0 + index, "missing": None, "flags": []}}
            cells.append(
                CellResult(
                    name,
                    clip,
                    2,
                    "done",
                    folder=store_folder,
                    recipe=f"r{index}",
                    environment="e",
                    score=score,
                    cost=cost,
                )
            )
        told: dict[str, Any] = {"values": {"motion_frame": 9, "positive_prompt": "一个人在说话"}, "cells": tuple(cells)}
        return SettingResult(name, **{**told, **more})

    return make


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[Callable[..., App]]:
    """``make_app("sweep.axes.steps=[2,4]", …)``: one command as it is typed, its outputs in a folder of the test.

    Small pictures and the sentence *weather* alone, unless told otherwise.
    """
    register()
    usual = ("clips.width=96", "clips.height=160", "clips.names=[weather]", "scoring=quick")

    def make(*overrides: str, **more: Any) -> App:
        words = (*usual, f"outputs={tmp_path / 'outputs'}", *overrides)
        composed = compose("config", list(words), return_hydra_config=True)
        config = typed(composed, composed.hydra.runtime.choices)
        return App(config, Composer(words), Console(file=io.StringIO()), **more)

    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield make


@pytest.fixture
def composed() -> Iterator[Callable[..., Any]]:
    """Composes the shipped configs with some overrides."""
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield lambda *overrides: Composer(overrides)({})


SCORER = "def quick(task):\n    return {'key': task.key, 'video': str(task.video)}\n"


@pytest.fixture(scope="session")
def scorer_from(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Scorer]]:
    """``scorer_from(name, source)``: the function of that name, in a module that a spawned process can import."""
    folder = tmp_path_factory.mktemp("scorers")

    def written(name: str, source: str) -> Scorer:
        (folder / f"scorer_{name}.py").write_text(source, encoding="utf-8")
        invalidate_caches()
        scorer: Scorer = getattr(import_module(f"scorer_{name}"), name)
        return scorer

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield written


@pytest.fixture(scope="session")
def quick(scorer_from: Callable[[str, str], Scorer]) -> Scorer:
    """A scorer that takes no time: what a score says does not matter here."""
    return scorer_from("quick", SCORER)


class Ready:
    """An engine about to run, with what it works on."""

    def __init__(self, engine: Engine, planner: Planner) -> None:
        self.engine, self.planner = engine, planner
        self.plan, self.server, self.store = engine.plan, engine.members[0].server, engine.store

    def kept(self) -> set[str]:
        """Names of the cells whose render stands in the store."""
        jobs = {one.name: one.job for one in self.plan.cells}
        return {name for name, (cell, place) in jobs.items() if self.store.find(cell.recipe, place)}

    def scored(self) -> set[str]:
        """Names of the cells that have a score."""
        found = set()
        for one in self.plan.cells:
            cell, place = one.job
            entry = self.store.find(cell.recipe, place)
            if entry and self.store.score(entry, self.engine.task(one, entry).scorer):
                found.add(one.name)
        return found


@contextmanager
def ready_for(app: App, **more: Any) -> Iterator[Ready]:
    """An engine for the command ``app`` on its server, opened for a while."""
    with ExitStack() as stack:
        server = stack.enter_context(open_server(app.config.server, app.outputs / "servers"))
        planner = app.planner(of_live(server, ()), app.outputs / "clips")
        planner.graph(None)
        planner.known = of_live(server, planner.classes)
        plan = planner.plan()
        told: dict[str, Any] = {
            "pool": stack.enter_context(ScoringPool(1, 60.0, app.scorer)),
            "view": stack.enter_context(make_view(len(plan.to_run), app.console, stand_in=True)),
            "limits": Limits(BudgetConfig()),
            "task": lambda one, entry: app.task(planner, one, entry),
            "cancel": app.cancel,
            "facts": {"sweep": app.name},
            "expected": app.config.sweep.expected_failures,
            "max_failures": app.config.sweep.max_failures,
        }
        yield Ready(
            Engine(plan, planner.store, [Member(server.config, app.outputs, server=server)], **{**told, **more}),
            planner,
        )


@pytest.fixture
def ready() -> Callable[..., Any]:
    """``with ready(app) as job``: an engine for a command, on its server."""
    return ready_for
