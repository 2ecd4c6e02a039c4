"""Writes one checkpoint, piece by piece: memory stays constant, however large the file."""

import glob
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from runner.rehearse.checkpoint import Checkpoint, Tensor
from runner.rehearse.errors import RehearsalError
from runner.rehearse.mark import ABOUT, KEY, PART
from runner.rehearse.values import Values

Told = Callable[[int], None]
"""Called with the number of bytes that were just written."""
_ALIGN: Final = 32  # GGUF's own default


def write_checkpoint(path: Path, wanted: Checkpoint, values: Values, mark: str, told: Told = lambda _: None) -> None:
    """Write ``wanted`` to ``path``, which must not exist, with ``mark`` in its metadata.

    Raises:
        FileExistsError: something of that name is there; it is left as it is.
        RehearsalError: the package ``gguf`` is needed and not here.
    """
    with new_file(path) as (temporary, file):
        if wanted.gguf:
            _gguf_head(temporary, wanted, mark)
            file.seek(0, os.SEEK_END)
            _tensors(file, wanted.tensors, values, told, _ALIGN)
        else:
            file.write(safetensors_head(wanted.tensors, {KEY: mark, "about": ABOUT, "format": "pt"}))
            _tensors(file, wanted.tensors, values, told, 1)


@contextmanager
def new_file(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A file under a temporary name in the same folder that gets its name when the block ends well.

    It never takes the place of anything: a link is made, which fails where the name is taken.
    """
    temporary = temporary_of(path, os.getpid())
    for part in path.parent.glob(f".{glob.escape(path.name)}.*{PART}"):
        if not _is_written(part):
            part.unlink(missing_ok=True)  # of a process that was killed
    try:
        with temporary.open("xb") as file:
            yield temporary, file
            file.flush()
            os.fsync(file.fileno())
        _place(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink()


def temporary_of(path: Path, process: int) -> Path:
    """What a file is called while ``process`` writes it: no ending that ComfyUI lists."""
    return path.with_name(f".{path.name}.{process}{PART}")


def _is_written(part: Path) -> bool:
    """Whether the process that writes ``part`` lives; never true of our own number, which was another's before."""
    import psutil

    number = part.name.removesuffix(PART).rpartition(".")[2]
    return number.isdecimal() and int(number) != os.getpid() and psutil.pid_exists(int(number))


def _place(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise FileExistsError(f"{path} is there already") from None
        temporary.rename(path)


def safetensors_head(tensors: tuple[Tensor, ...], metadata: dict[str, str]) -> bytes:
    """The head of a safetensors file: eight bytes of length, and JSON that says where each tensor's bytes lie."""
    entries: dict[str, object] = {"__metadata__": metadata}
    place = 0
    for one in tensors:
        entries[one.name] = {
            "dtype": one.dtype,
            "shape": list(one.shape),
            "data_offsets": [place, place + one.nbytes],
        }
        place += one.nbytes
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _gguf_head(path: Path, wanted: Checkpoint, mark: str) -> None:
    """Everything before the tensors' bytes, by the ``gguf`` package."""
    try:
        import gguf
    except ModuleNotFoundError as error:
        raise RehearsalError(
            f"{wanted.name} is a GGUF file: the Python package gguf is needed to write it",
            hint="pip install -e '.[rehearse]'",
        ) from error

    writer = gguf.GGUFWriter(path, "wan")
    writer.add_string(KEY, mark)
    writer.add_name("random weights for a rehearsal")
    writer.add_description(ABOUT)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    for one in wanted.tensors:
        kind = gguf.GGMLQuantizationType[one.dtype]
        writer.add_tensor_info(one.name, one.shape, np.dtype(np.float32), one.nbytes, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()


def _tensors(file: BinaryIO, tensors: tuple[Tensor, ...], values: Values, told: Told, align: int) -> None:
    file.write(bytes(-file.tell() % align))
    for one in tensors:
        for piece in values.chunks(one):
            file.write(piece)
            told(len(piece))
        file.write(bytes(-file.tell() % align))
