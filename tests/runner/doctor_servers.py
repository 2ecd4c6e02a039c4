"""Answers of a ComfyUI with a GPU, as data, and handlers that give them or something else."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from workflow.graph import default_graph
from workflow.models import canonical, is_model_file
from workflow.schema import SNAPSHOT

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
GIB = 1 << 30


def stats(**system: Any) -> dict[str, Any]:
    """``/system_stats`` as a real server answers it, on one card; ``system`` changes parts."""
    told = {
        "os": "posix",
        "ram_total": 64 * GIB,
        "ram_free": 60 * GIB,
        "comfyui_version": "0.3.64",
        "python_version": "3.12.3 (main, Jun 18 2025) [GCC 13.3.0]",
        "pytorch_version": "2.8.0+cu128",
        "embedded_python": False,
        "argv": ["main.py", "--listen"],
    }
    device = {
        "name": "cuda:0 NVIDIA GeForce RTX 5090 : cudaMallocAsync",
        "type": "cuda",
        "index": 0,
        "vram_total": 32 * GIB,
        "vram_free": 31 * GIB,
        "torch_vram_total": 0,
        "torch_vram_free": 0,
    }
    return {"system": told | system, "devices": [device]}


def schema() -> dict[str, Any]:
    """``/object_info`` of the sixteen classes, every model of the shipped graph in its list."""
    info: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    for node in default_graph().values():
        for name, value in node["inputs"].items():
            if is_model_file(value):
                options = options_of(info, node["class_type"], name)
                if not any(canonical(option) == value for option in options):
                    options.append(value)
    return info


def options_of(info: dict[str, Any], class_type: str, name: str) -> list[Any]:
    """The list of choices of one input, to be changed in place."""
    groups = info[class_type]["input"]
    spec = next(groups[group][name] for group in ("required", "optional") if name in groups.get(group, {}))
    options: list[Any] = spec[0] if isinstance(spec[0], list) else spec[1]["options"]
    return options


def answers(**changes: Any) -> dict[str, Any]:
    """Path → JSON of a healthy server; ``changes`` name paths without their slash."""
    healthy = {"system_stats": stats(), "queue": {"queue_running": [], "queue_pending": []}, "object_info": schema()}
    return healthy | changes


def comfyui(told: dict[str, Any]) -> Handler:
    """A handler over ``answers``; whatever else is asked is 404. What ``told`` holds may change meanwhile."""

    async def handle(request: web.Request) -> web.StreamResponse:
        name = request.path.strip("/")
        if name not in told:
            raise web.HTTPNotFound
        return web.Response(text=json.dumps(told[name]), content_type="application/json")

    return handle
