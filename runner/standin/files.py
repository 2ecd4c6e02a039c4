"""``/upload/image`` and ``/view``: the two routes that move bytes, each kept inside its folder."""

import hashlib
import mimetypes
from pathlib import Path, PurePath, PurePosixPath
from typing import Final

from aiohttp import web

from runner.standin.folders import Folders, OutsideError, inside
from runner.standin.trouble import NO_ROOM, TROUBLE

ACTIVE: Final = {
    "text/html",
    "text/html-sandboxed",
    "application/xhtml+xml",
    "text/javascript",
    "text/css",
    "image/svg+xml",
}
"""Content that a browser would run: sent as a download."""


async def upload(request: web.Request, folders: Folders) -> web.Response:
    """Store any bytes under a name; the same name with other bytes comes back renamed unless ``overwrite``."""
    post = await request.post()
    kind = str(post.get("type", "input"))
    base = folders.of(kind)
    if base is None:
        raise web.HTTPInternalServerError(text=TROUBLE)
    image = post.get("image")
    if not isinstance(image, web.FileField) or not image.filename:
        return web.Response(status=400)
    subfolder = str(post.get("subfolder", ""))
    try:
        folder = inside(base, subfolder)
        path = inside(base, str(PurePath(subfolder) / image.filename))
    except OutsideError:
        return web.Response(status=400)
    folder.mkdir(parents=True, exist_ok=True)
    data = image.file.read()
    if post.get("overwrite") not in ("true", "1"):
        path = _free_name(path, data)
    if request.get(NO_ROOM):
        path.touch()  # it was opened before the first byte found no room: its name is taken from now on
        raise web.HTTPInternalServerError(text=TROUBLE)
    if not _same(path, data):
        path.write_bytes(data)
    name = str(PurePosixPath(image.filename).with_name(path.name))
    return web.json_response({"name": name, "subfolder": subfolder, "type": kind})


def _free_name(path: Path, data: bytes) -> Path:
    """``path``, or ``stem (1).suffix`` and so on: the first that is free or holds these bytes already."""
    candidate, number = path, 0
    while candidate.exists() and not _same(candidate, data):
        number += 1
        candidate = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return candidate


def _same(path: Path, data: bytes) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(data).digest()


async def view(request: web.Request, folders: Folders) -> web.StreamResponse:
    """Send a file, with ranges; 400, 403 and 404 as ComfyUI answers them."""
    query = request.query
    if "filename" not in query:
        return web.Response(status=404)
    annotated, name = folders.annotated(query["filename"])
    base = annotated or folders.of(query.get("type", "output"))
    if not name or name[0] == "/" or ".." in name or base is None:
        return web.Response(status=400)
    try:
        folder = inside(base, query.get("subfolder", ""))
        path = inside(folder, PurePath(name).name)
        path.relative_to(base.resolve())
    except (OutsideError, ValueError):
        return web.Response(status=403)
    if not path.is_file():
        return web.Response(status=404)
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    kind = "application/octet-stream" if kind in ACTIVE else kind
    headers = {"Content-Disposition": f'filename="{path.name}"', "Content-Type": kind}
    answer = web.FileResponse(path, headers=headers)
    answer["path"] = path  # for what may cut it short
    return answer
