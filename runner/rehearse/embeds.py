"""Entries of the wrapper's text-embedding cache, so that no text encoder is needed: random, like the rest."""

import hashlib
import io
import zipfile
import zlib
from pathlib import Path
from typing import Final

from runner.rehearse.errors import RehearsalError
from runner.rehearse.mark import KEY
from runner.rehearse.write import new_file

CACHE: Final = "text_embed_cache"
"""The folder inside ComfyUI-WanVideoWrapper, as its node WanVideoTextEncodeCached names it."""
WIDTH: Final = 4096
"""Width of UMT5-XXL's embeddings."""


def cache_folder(comfyui: Path) -> Path:
    """The cache folder of the WanVideo wrapper in ``comfyui``, by whatever name the pack was installed.

    Raises:
        RehearsalError: no node pack there knows such a cache.
    """
    packs = sorted(path for path in (comfyui / "custom_nodes").iterdir() if (path / "nodes.py").is_file())
    for pack in packs:
        if CACHE in (pack / "nodes.py").read_text(encoding="utf-8", errors="replace"):
            return pack / CACHE
    raise RehearsalError(
        f"{comfyui / 'custom_nodes'} has no ComfyUI-WanVideoWrapper",
        hint="install it there first: https://github.com/kijai/ComfyUI-WanVideoWrapper",
    )


def entry_name(prompt: str) -> str:
    """The wrapper's file name for a prompt: the SHA-256 of its text without blanks around it."""
    return f"{hashlib.sha256(prompt.strip().encode('utf-8')).hexdigest()}.pt"


def entry(prompt: str, seed: int, mark: str) -> bytes:
    """What the wrapper reads for ``prompt``: a list of bfloat16 tensors [tokens, 4096], one a part between ``|``.

    ``mark`` lies beside the tensors in the file's zip, where torch does not look.
    """
    import torch

    source = torch.Generator().manual_seed(zlib.crc32(f"{seed} {prompt}".encode()))
    parts = [part.strip() for part in prompt.split("|")]
    embeds = [torch.randn(_tokens(part), WIDTH, generator=source).mul(0.1).bfloat16() for part in parts]
    data = io.BytesIO()
    torch.save(embeds, data)
    with zipfile.ZipFile(data, "a", zipfile.ZIP_STORED) as archive:
        root = archive.namelist()[0].partition("/")[0]
        archive.writestr(f"{root}/{KEY}", mark)
    return data.getvalue()


def write_entry(path: Path, prompt: str, seed: int, mark: str) -> None:
    """Write the entry of ``prompt``; FileExistsError where the name is taken."""
    with new_file(path) as (_, file):
        file.write(entry(prompt, seed, mark))


def _tokens(text: str) -> int:
    """About as many tokens as the text encoder would make of it; the model pads them to 512."""
    return min(512, 2 + len(text.encode()) // 4)
