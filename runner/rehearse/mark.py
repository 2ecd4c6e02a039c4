"""The mark that every rehearsal file carries inside, and how it is read back: the only proof that a file is ours.

Light on purpose: whoever stamps an environment imports it.
"""

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from runner.combo import choices, inputs_of

KEY: Final = "infinitetalk_sweep.rehearsal"
"""Metadata key, in safetensors, GGUF and the zip of a ``.pt``; its value says which rehearsal wrote the file."""
ABOUT: Final = "random weights written for a rehearsal: no model, its pictures mean nothing"
NOTICE: Final = "REHEARSAL-random-weights-"
"""How the notice is named that stands among the model files as long as any of ours does: a server lists it, so
everybody who asks the server knows."""
PART: Final = ".rehearsal-part"
"""What a file's name ends in while it is written."""
_HEAD: Final = 4096
_HEADER_LIMIT: Final = 16 << 20
_GGUF_STRING: Final = 8


def notice_name(size: str, seed: int) -> str:
    """The file name of the notice of one rehearsal."""
    return f"{NOTICE}{size}-{seed}.safetensors"


def noticed(schema: Mapping[str, Any]) -> str:
    """Which rehearsal's files a server has, out of its ``/object_info``: ``tiny-0``; empty where there is none."""
    return "+".join(sorted(set(_notices(schema))))


def _notices(schema: Mapping[str, Any]) -> Iterator[str]:
    for class_type in schema:
        for spec in inputs_of(schema, class_type).values():
            for option in choices(spec) or ():
                name = option.replace("\\", "/").rpartition("/")[2] if isinstance(option, str) else ""
                if name.startswith(NOTICE):
                    yield name.removeprefix(NOTICE).removesuffix(".safetensors")


def mark_of(path: Path) -> str | None:
    """The mark inside a ``.safetensors``, ``.gguf`` or ``.pt`` file; None where there is none, or no such file.

    A file that was being written when its process was killed (``.NAME.PID.rehearsal-part``) counts by its real ending.
    """
    name = path.name.removesuffix(PART).rpartition(".")[0] if path.name.endswith(PART) else path.name
    ending = Path(name).suffix.lower()
    read = {".safetensors": _in_safetensors, ".gguf": _in_gguf, ".pt": _in_zip}.get(ending)
    try:
        return read(path) if read is not None and path.is_file() else None
    except OSError:
        return None


def _in_safetensors(path: Path) -> str | None:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length <= _HEADER_LIMIT:
            return None
        try:
            header = json.loads(file.read(length))
        except ValueError:
            return None
    about = header.get("__metadata__") if isinstance(header, dict) else None
    value = about.get(KEY) if isinstance(about, dict) else None
    return value if isinstance(value, str) else None


def _in_gguf(path: Path) -> str | None:
    """Ours stands among the first keys of the file: it is looked for there and nowhere else."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    key = len(KEY).to_bytes(8, "little") + KEY.encode()
    _, found, rest = head.partition(key)
    if not head.startswith(b"GGUF") or not found or int.from_bytes(rest[:4], "little") != _GGUF_STRING:
        return None
    length = int.from_bytes(rest[4:12], "little")
    return rest[12 : 12 + length].decode("utf-8", "replace")


def _in_zip(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            inside = next((name for name in archive.namelist() if name.endswith(f"/{KEY}")), None)
            return archive.read(inside).decode("utf-8", "replace") if inside else None
    except zipfile.BadZipFile:
        return None
