"""A thin client of ComfyUI's HTTP routes. Its websocket is in ``events``."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import quote

from runner.answers import FileRef, Finished, Queue, read_history, read_queue
from runner.rejection import rejection
from runner.text import plain
from runner.transport import MEGABYTE, ServerBadAnswer, ServerError, Transport

_VIDEO_CAP: Final = 8 << 30
_UPLOAD_CAP_MB: Final = 2048
_TOLD_EVERY_S: Final = 0.5


class UploadRefused(ServerError):
    """The server did not take an input file."""

    code: ClassVar[str] = "upload-refused"


class OutputMissing(ServerError):
    """The server does not have (any more) the file that its history names."""

    code: ClassVar[str] = "output-missing"


class ComfyClient:
    """One ComfyUI at ``url``. Safe to use from several threads; keeps no state but its connections.

    ``headers`` go to this host only and are never shown. No Origin header is sent (a loopback server refuses
    foreign ones). Every method raises ServerError subclasses and nothing else of the network's.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        connect_s: float = 5.0,
        read_s: float = 30.0,
        ca_bundle: str | None = None,
    ) -> None:
        self._http = Transport(url, headers=headers, connect_s=connect_s, read_s=read_s, ca_bundle=ca_bundle)

    @property
    def url(self) -> str:
        """The base URL without user or password."""
        return self._http.url

    @property
    def headers(self) -> Mapping[str, str]:
        """Secrets included: for the websocket of the same host, and for nothing that is shown."""
        return self._http.headers

    def without_secrets(self, text: str) -> str:
        """``text`` without the headers' secrets, should a server or a command have repeated them."""
        return self._http.hide(text)

    def shown(self, text: str) -> str:
        """``text`` in one line that is safe to print: no control characters, none of the headers' secrets."""
        return plain(self._http.hide(text))

    def system_stats(self) -> dict[str, Any]:
        """``/system_stats``: version, flags, torch, GPU and memory."""
        return self._object("/system_stats")

    def object_info(self, class_type: str | None = None) -> dict[str, Any]:
        """Node schemas by class: all of them, or one (empty when the server lacks it)."""
        return self._object("/object_info" if class_type is None else f"/object_info/{quote(class_type, safe='')}")

    def node_packs(self) -> dict[str, Any] | None:
        """What ComfyUI-Manager says of the installed node packs; None where it is not installed."""
        for path in ("/v2/customnode/installed", "/customnode/installed"):
            try:
                answer = self._http.json("GET", path, params={"mode": "default"}, cap=8 * MEGABYTE)
            except ServerBadAnswer:
                continue
            if isinstance(answer, dict):
                return answer
        return None

    def model_metadata(self, folder: str, name: str) -> dict[str, Any]:
        """The metadata inside a safetensors file of a model folder; empty where it has none or the server is mute."""
        try:
            answer = self._http.json("GET", f"/view_metadata/{quote(folder, safe='')}", params={"filename": name})
        except ServerBadAnswer:
            return {}
        return answer if isinstance(answer, dict) else {}

    def upload(self, path: Path, name: str) -> str:
        """Put a file (picture or sound) into the server's input folder; returns the name the graph must use.

        Same name and same bytes keep the name; other bytes under a taken name come back renamed. Raises UploadRefused
        where the server says no; an answer that may pass (a 5xx, a proxy's page) stays what it is.
        """
        size = path.stat().st_size / MEGABYTE
        if size > _UPLOAD_CAP_MB:
            raise UploadRefused(f"{path.name} has {size:.0f} MB; no more than {_UPLOAD_CAP_MB} MB are sent")
        try:
            with path.open("rb") as handle:
                answer = self._http.json(
                    "POST", "/upload/image", files={"image": (name, handle, "application/octet-stream")}
                )
        except ServerBadAnswer as error:
            if not 400 <= error.status < 500:
                raise
            why = "it is larger than the server takes (--max-upload-size)" if error.status == 413 else error.message
            raise UploadRefused(
                f"the server did not take {path.name} ({size:.1f} MB): {why}",
                hint="can the server write its input folder, and is there room on its disk?",
            ) from None
        given = answer.get("name") if isinstance(answer, dict) else None
        if not isinstance(given, str) or not given:
            raise UploadRefused(f"the server's answer to uploading {path.name} names no file: {plain(answer, 120)}")
        subfolder = answer.get("subfolder")
        return f"{subfolder}/{given}" if isinstance(subfolder, str) and subfolder else given

    def submit(self, graph: Mapping[str, Any], prompt_id: str, client_id: str) -> int:
        """Queue ``graph`` under our own ``prompt_id`` (a canonical UUID); returns its number in the queue.

        Raises PromptRejected when it is refused, and when the server would run only a part of it (that job is
        taken back first). After ServerTimedOut, or an error with ``sent``, look the id up before sending again.
        """
        body = {"prompt": graph, "prompt_id": prompt_id, "client_id": client_id, "extra_data": {}}
        status, answer = self._http.exchange("POST", "/prompt", json=body, accept=(400,), cap=16 * MEGABYTE)
        if not isinstance(answer, dict):
            raise ServerBadAnswer(f"{self.url}/prompt answered no object", status=status)
        if status == 400:
            raise rejection(answer)
        if answer.get("node_errors"):
            self.cancel(prompt_id)
            raise rejection(answer, partial=True)
        if answer.get("prompt_id") != prompt_id:
            raise ServerBadAnswer(f"{self.url}/prompt answered for another prompt: {plain(answer, 160)}")
        number = answer.get("number")
        return int(number) if isinstance(number, int | float) else 0

    def queue(self) -> Queue:
        """What runs and what waits. Ask this first, ``history`` second: the other order can lose a finishing job."""
        return read_queue(self._http.json("GET", "/queue", cap=256 * MEGABYTE))

    def history(self, prompt_id: str) -> Finished | None:
        """The end of a prompt; None while it waits or runs, and when the server forgot it."""
        return read_history(self._http.json("GET", f"/history/{quote(prompt_id, safe='')}"), prompt_id)

    def view(self, ref: FileRef, into: Path) -> int:
        """Download a file to ``into`` (a path of ours; the server's name is never one); returns its bytes.

        Raises OutputMissing, ServerError, and OSError for the disk here.
        """
        size = 0
        try:
            with self._http.stream("GET", "/view", params=ref.params(), deadline_s=3600) as (response, chunks):
                promised = response.headers.get("Content-Length")
                with into.open("wb") as handle:
                    for chunk in chunks:
                        size += len(chunk)
                        if size > _VIDEO_CAP:
                            raise ServerBadAnswer(f"{plain(ref.filename, 80)} is larger than {_VIDEO_CAP >> 30} GB")
                        handle.write(chunk)
        except ServerBadAnswer as error:
            if error.status not in (400, 404):
                raise
            raise OutputMissing(f"the server does not have {plain(ref.filename, 120)} ({error.status})") from None
        if promised is not None and promised.isdigit() and int(promised) != size:
            raise ServerBadAnswer(f"{plain(ref.filename, 120)}: {size} of {promised} bytes came")
        return size

    def has(self, ref: FileRef) -> bool:
        """Whether the server has a file, without fetching it."""
        try:
            with self._http.stream("HEAD", "/view", params=ref.params()):
                return True
        except ServerBadAnswer as error:
            if error.status not in (400, 404):
                raise
            return False

    def interrupt(self, prompt_id: str) -> None:
        """Stop ``prompt_id`` if it runs. Servers before 0.3.57 ignore the id: see ``cancel``."""
        self._http.body("POST", "/interrupt", json={"prompt_id": prompt_id})

    def delete(self, prompt_id: str) -> None:
        """Take ``prompt_id`` out of the queue if it waits there."""
        self._http.body("POST", "/queue", json={"delete": [prompt_id]})

    def cancel(self, prompt_id: str, patience_s: float = 2.0) -> bool:
        """Take a prompt back, waiting or running, and nobody else's.

        True once it neither waits nor runs; False when it still runs after ``patience_s`` (a node that does not
        look at the interrupt, or a dead worker). It is told again and again: a server forgets an interrupt that comes
        between taking a prompt and beginning it.
        """
        deadline, due = time.monotonic() + patience_s, 0.0
        while True:
            queue = self.queue()
            if prompt_id in queue.pending:
                self.delete(prompt_id)
            elif prompt_id not in queue.running:
                return True
            elif time.monotonic() >= due:
                self.interrupt(prompt_id)
                due = time.monotonic() + _TOLD_EVERY_S
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)

    def free(self) -> None:
        """Ask the server to unload models and drop its caches; it does so between prompts."""
        self._http.body("POST", "/free", json={"unload_models": True, "free_memory": True})

    def _object(self, path: str) -> dict[str, Any]:
        answer = self._http.json("GET", path)
        if not isinstance(answer, dict):
            raise ServerBadAnswer(f"{self.url}{path} answered no object", hint="is this ComfyUI?")
        return answer
