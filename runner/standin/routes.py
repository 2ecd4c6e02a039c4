"""The HTTP routes of ComfyUI that the harness uses, each also under ``/api``."""

import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import psutil
from aiohttp import web

from runner.standin import VERSION, files
from runner.standin.classes import NodeClasses
from runner.standin.executor import Executor
from runner.standin.faults import BadFault, Faults, fault
from runner.standin.folders import Folders
from runner.standin.jobs import Job, Prompt, PromptQueue
from runner.standin.sockets import Sockets
from runner.standin.validation import problem, validate_prompt

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Routes:
    """Handlers over the parts of one stand-in."""

    def __init__(
        self,
        folders: Folders,
        classes: NodeClasses,
        queue: PromptQueue,
        sockets: Sockets,
        executor: Executor,
        faults: Faults,
    ) -> None:
        self._folders, self._classes, self._queue = folders, classes, queue
        self._sockets, self._executor, self._faults = sockets, executor, faults
        self._number = 0

    def table(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of every route."""
        return [
            ("GET", "/ws", self.websocket),
            ("GET", "/prompt", self.queue_info),
            ("POST", "/prompt", self.prompt),
            ("GET", "/queue", self.queue),
            ("POST", "/queue", self.edit_queue),
            ("GET", "/history", self.history),
            ("POST", "/history", self.edit_history),
            ("GET", "/history/{prompt_id}", self.history_entry),
            ("POST", "/interrupt", self.interrupt),
            ("POST", "/free", self.free),
            ("GET", "/system_stats", self.system_stats),
            ("GET", "/object_info", self.object_info),
            ("GET", "/object_info/{name}", self.object_info),
            ("GET", "/features", self.features),
            ("GET", "/embeddings", self.embeddings),
            ("POST", "/upload/image", self.upload),
            ("GET", "/view", self.view),
            ("GET", "/stand_in/faults", self.faults),
            ("POST", "/stand_in/faults", self.edit_faults),
        ]

    async def websocket(self, request: web.Request) -> web.StreamResponse:
        """Events, until the client goes."""
        return await self._sockets.handle(request, self._queue.info())

    async def queue_info(self, request: web.Request) -> web.Response:
        """How much is left."""
        return web.json_response(self._queue.info())

    async def prompt(self, request: web.Request) -> web.Response:
        """Check and queue a prompt. 200 may carry ``node_errors``: a bad output branch was dropped."""
        body = await request.json()
        if "number" in body:
            number = float(body["number"])
        else:
            number = -self._number if _given(body, "front") else self._number
            self._number += 1
        if "prompt" not in body:
            return _refused(problem("no_prompt", "No prompt provided", "No prompt provided"))
        wrong_id = self._classes.release.refused_id(body.get("prompt_id"))
        if wrong_id is not None:
            return _refused(wrong_id)
        prompt, prompt_id = body["prompt"], str(body.get("prompt_id", uuid4()))
        verdict = validate_prompt(prompt, self._classes, body.get("partial_execution_targets"))
        if verdict.error is not None:
            return _refused(verdict.error, verdict.node_errors)
        extra = dict(body.get("extra_data", {}))
        if "client_id" in body:
            extra["client_id"] = body["client_id"]
        if self._classes.release.notes_time:
            extra["create_time"] = int(time.time() * 1000)
        job = Job(number, prompt_id, self._as_it_runs(prompt), extra, verdict.outputs)
        put = self._queue.cleared if self._faults.strike("queue-cleared") else self._queue.put
        put(job)
        answer = {"prompt_id": prompt_id, "number": number, "node_errors": verdict.node_errors}
        return web.json_response(answer)

    def _as_it_runs(self, prompt: Prompt) -> Prompt:
        if self._faults.strike("graph-altered"):
            for node in prompt.values():
                if "steps" in node["inputs"]:
                    node["inputs"]["steps"] += 1
        return prompt

    async def queue(self, request: web.Request) -> web.Response:
        """What runs and what waits."""
        return web.json_response(self._queue.state())

    async def edit_queue(self, request: web.Request) -> web.Response:
        """``{"delete": [ids]}`` or ``{"clear": true}``; what runs is not touched."""
        body = await request.json()
        if _given(body, "clear"):
            self._queue.wipe()
        for prompt_id in _given(body, "delete") or ():
            self._queue.delete(prompt_id)
        return web.Response()

    async def history(self, request: web.Request) -> web.Response:
        """The last ``max_items`` entries, or all."""
        max_items = request.query.get("max_items")
        offset = int(request.query.get("offset", "-1"))
        return web.json_response(
            self._queue.history(max_items=None if max_items is None else int(max_items), offset=offset)
        )

    async def history_entry(self, request: web.Request) -> web.Response:
        """One entry, or ``{}``."""
        return web.json_response(self._queue.history(request.match_info["prompt_id"]))

    async def edit_history(self, request: web.Request) -> web.Response:
        """``{"delete": [ids]}`` or ``{"clear": true}``."""
        body = await request.json()
        if _given(body, "clear"):
            self._queue.wipe_history()
        for prompt_id in _given(body, "delete") or ():
            self._queue.delete_history(prompt_id)
        return web.Response()

    async def interrupt(self, request: web.Request) -> web.Response:
        """Stop what runs, or only the prompt named in the body."""
        try:
            body = await request.json()
        except json.JSONDecodeError:
            body = {}
        running = self._queue.running_ids()
        wanted = body.get("prompt_id") if self._classes.release.interrupts_by_id else None
        if running and (not wanted or wanted in running):
            self._executor.interrupt()
        return web.Response()

    async def free(self, request: web.Request) -> web.Response:
        """Asked for between prompts: ``free_memory`` empties the cache."""
        body = await request.json()
        for flag in ("unload_models", "free_memory"):
            if body.get(flag):
                self._queue.set_flag(flag)
        return web.Response()

    async def system_stats(self, request: web.Request) -> web.Response:
        """What this is: ``system.stand_in`` is there, and the device is called a puppet."""
        memory = psutil.virtual_memory()
        system: dict[str, Any] = {
            "os": os.name,
            "ram_total": memory.total,
            "ram_free": memory.available,
            "comfyui_version": self._classes.release.version,
            "required_frontend_version": "none (stand-in)",
            "installed_templates_version": "none (stand-in)",
            "required_templates_version": "none (stand-in)",
            "python_version": sys.version,
            "pytorch_version": "none (stand-in)",
            "embedded_python": False,
            "argv": sys.argv,
            "stand_in": {"version": VERSION, "vram": "a stand-in's number"},
        }
        device = {"name": "stand-in (CPU puppet)", "type": "cpu", "index": None, **self._executor.card.stats()}
        return web.json_response({"system": system, "devices": [device]})

    async def object_info(self, request: web.Request) -> web.Response:
        """Schemas of all classes, or of one (``{}`` when unknown)."""
        return web.json_response(self._classes.object_info(request.match_info.get("name")))

    async def features(self, request: web.Request) -> web.Response:
        """What the websocket can do."""
        return web.json_response(self._sockets.features)

    async def embeddings(self, request: web.Request) -> web.Response:
        """None."""
        return web.json_response([])

    async def upload(self, request: web.Request) -> web.Response:
        """Take a picture or a speech."""
        return await files.upload(request, self._folders)

    async def view(self, request: web.Request) -> web.StreamResponse:
        """Give a video."""
        return await files.view(request, self._folders)

    async def faults(self, request: web.Request) -> web.Response:
        """The stand-in's own route: the faults that wait, and how often each happened."""
        return web.json_response({"faults": self._faults.listing()})

    async def edit_faults(self, request: web.Request) -> web.Response:
        """The stand-in's own route: ``{"clear": true}``, ``{"add": [{"name": …, "times": …, "after": …, …}]}``."""
        body = await request.json()
        try:
            new = [fault(one["name"], {key: one[key] for key in one if key != "name"}) for one in body.get("add", [])]
        except BadFault as error:
            return web.json_response({"error": error.message, "hint": error.hint}, status=400)
        if body.get("clear"):
            self._faults.clear()
        for one in new:
            self._faults.add(one)
        return await self.faults(request)


def _refused(error: dict[str, Any], node_errors: dict[str, Any] | None = None) -> web.Response:
    return web.json_response({"error": error, "node_errors": node_errors or {}}, status=400)


def _given(body: Any, key: str) -> Any:
    """What a body has under ``key``; one that is a list or a word has nothing, as on the server."""
    return body[key] if key in body else None  # noqa: SIM401 a list has no get
