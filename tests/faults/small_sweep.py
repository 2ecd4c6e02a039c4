"""Sweeps of tiny cells through the real engine, for tests and for the processes that tests kill."""

import dataclasses
import io
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from runner.config import RetriesConfig, ServerConfig
from runner.live import make_view
from runner.pool import Member
from runner.server import Server
from sweeps.config import BudgetConfig
from sweeps.engine import Engine
from sweeps.limits import Limits
from sweeps.plan import Plan, PlannedCell
from sweeps.progress import Progress
from sweeps.scoring import ScoringPool
from sweeps.store import Store
from workflow.binding import bind
from workflow.build import build_cell, clip_files
from workflow.cell import Cell, Clip
from workflow.graph import load_graph
from workflow.media.picture import save_png
from workflow.media.sound import write_wav

ENVIRONMENT = "e" * 64
WIDTH, HEIGHT, SECONDS = 64, 96, 1.0


def config(url: str, **changes: Any) -> ServerConfig:
    """How a test reaches its server: in a hurry."""
    hurried: dict[str, Any] = {
        "poll_s": 0.05, "connect_timeout_s": 1.0, "read_timeout_s": 1.0, "unreachable_s": 4.0, "stall_timeout_s": 4.0,
        "silent_timeout_s": 4.0, "free_patience_s": 0.4, "memory_hz": 0.0,
        "retries": RetriesConfig(wait_s=0.05, longest_wait_s=0.2),
    }  # fmt: skip
    return ServerConfig(kind="comfyui", url=url, **(hurried | changes))


def pool_config(urls: Sequence[str], **changes: Any) -> ServerConfig:
    """As :func:`config`, for several servers."""
    one = config("", **{"rejoin_s": 0.3, **changes})
    return dataclasses.replace(one, kind="pool", url=None, urls=list(urls))


def make_clip(folder: Path) -> Clip:
    """A picture of 64×96 without a face, and a second of a hum."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    picture = np.stack([x * 3, y * 2, (x + y) % 256], axis=2).astype(np.uint8)
    for name in ("frame.png", "face.png"):
        save_png(folder / name, picture if name == "frame.png" else np.ascontiguousarray(picture[:, ::-1]))
    write_wav(folder / "hum.wav", (6000 * np.sin(np.arange(int(16000 * SECONDS)) / 16.0)).astype(np.int16), 16000)
    return Clip("hum", folder / "frame.png", folder / "face.png", folder / "hum.wav", WIDTH, HEIGHT, SECONDS)


def make_cells(clip: Clip, count: int, first_seed: int = 1, **values: Any) -> list[Cell]:
    """Cells of the shipped graph that differ in their seed: 29 frames in two windows, two steps each."""
    graph = load_graph()
    binding, files = bind(graph), clip_files(clip)
    wanted = {"frame_window_size": 17, "motion_frame": 5, "steps": 2, **values}
    return [
        build_cell(binding, graph, setting=f"s{seed}", values=wanted, inputs={}, clip=clip, seed=seed, files=files)
        for seed in range(first_seed, first_seed + count)
    ]


def plan_of(cells: Sequence[Cell], store: Store) -> Plan:
    """The plan that a planner would make of these cells: what the store holds is reused."""
    planned = []
    for cell in cells:
        state = "reuse" if store.find(cell.recipe, ENVIRONMENT, thorough=True) else "run"
        planned.append(PlannedCell(cell.setting, cell.clip, cell.seed, state, cell, environment=ENVIRONMENT))
    return Plan("faults", (), "", tuple(planned), 0.0, stand_in=True)


def sweep(server: Server, cells: Sequence[Cell], store: Store, **more: Any) -> Progress:
    """Render what of ``cells`` is not in ``store``, as a command does."""
    return sweep_on([Member(server.config, store.root, server=server)], cells, store, **more)


def sweep_on(members: Sequence[Member], cells: Sequence[Cell], store: Store, **more: Any) -> Progress:
    """As :func:`sweep`, on several servers."""
    plan = plan_of(cells, store)
    with ScoringPool() as pool:
        view = make_view(len(plan.to_run), Console(file=io.StringIO()), stand_in=True)
        told: dict[str, Any] = {
            "limits": Limits(BudgetConfig()), "task": lambda one, entry: None, "cancel": threading.Event(), **more,
        }  # fmt: skip
        return Engine(plan, store, members, pool, view, **told).run()
