"""The notice among the model files: a small file that says, to people and to every client, what the others are."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from runner.rehearse.checkpoint import Tensor
from runner.rehearse.errors import RehearsalError
from runner.rehearse.mark import ABOUT, KEY, NOTICE, mark_of, notice_name
from runner.rehearse.plan import Plan
from runner.rehearse.write import safetensors_head
from workflow.files import write_atomically

FOLDER: Final = Path("models") / "diffusion_models"
_FOLDERS: Final = "folders"


def put_up(plan: Plan, folders: Iterable[Path]) -> Path:
    """Write the notice of ``plan`` before its first file, and take down those of other rehearsals.

    ``folders`` are those that this rehearsal makes; they join the ones that earlier notices name.
    """
    path = plan.comfyui / FOLDER / notice_name(plan.size, plan.seed)
    if os.path.lexists(path) and mark_of(path) is None:
        raise RehearsalError(f"{path} is there and not ours", hint="move it away")
    earlier = {folder: None for notice in standing(plan.comfyui) for folder in folders_of(notice)}
    made = [*earlier, *(folder.relative_to(plan.comfyui).as_posix() for folder in folders)]
    told = {
        KEY: plan.mark,
        "about": f"{ABOUT}. Take all of it away: python -m runner rehearse --comfyui DIR --remove",
        "files": json.dumps(
            [one.path.relative_to(plan.comfyui).as_posix() for one in plan.targets if _ours(one.state)]
        ),
        _FOLDERS: json.dumps(list(dict.fromkeys(made))),
        "format": "pt",
    }
    write_atomically(path, safetensors_head((Tensor("nothing", (1,), "F32"),), told) + bytes(4))
    for other in standing(plan.comfyui):
        if other != path:
            other.unlink()
    return path


def standing(comfyui: Path) -> list[Path]:
    """The notices that stand in ``comfyui``."""
    return [one for one in sorted((comfyui / FOLDER).glob(f"{NOTICE}*.safetensors")) if mark_of(one) is not None]


def folders_of(notice: Path) -> Iterator[str]:
    """The folders below ComfyUI's that a notice (its mark was read) says were made for it."""
    with notice.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    try:
        told = json.loads(header["__metadata__"].get(_FOLDERS, "[]"))
    except (ValueError, TypeError):
        return  # somebody edited it
    yield from (one for one in told if isinstance(one, str)) if isinstance(told, list) else ()


def _ours(state: str) -> bool:
    return state != "foreign"
