"""Names of model files: one spelling inside, the server's spelling on the wire, and help for a name it lacks."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TypeGuard

MODEL_ENDINGS = (".safetensors", ".gguf", ".sft", ".ckpt", ".pth", ".pt", ".bin", ".onnx")


def canonical(name: str) -> str:
    r"""A name with ``/`` between folders, as everything here writes it.

    >>> canonical("WanVideo\\I2V\\model.gguf")
    'WanVideo/I2V/model.gguf'
    """
    return name.replace("\\", "/")


def is_model_file(name: object) -> TypeGuard[str]:
    """Whether an option or value looks like a model file."""
    return isinstance(name, str) and name.lower().endswith(MODEL_ENDINGS)


def server_spelling(name: str, options: Iterable[object]) -> str | None:
    """``name`` as the server's list has it, None where it has not."""
    wanted = canonical(name)
    for option in options:
        if isinstance(option, str) and (option == name or canonical(option) == wanted):
            return option
    return None


def suggestions(name: str, options: Sequence[object], limit: int = 3) -> tuple[str, ...]:
    """What may have been meant: the same file in another folder where there is exactly one, else near misses.

    >>> suggestions("model.gguf", ["I2V/model.gguf", "other.gguf"])
    ('I2V/model.gguf',)
    """
    known = [canonical(option) for option in options if isinstance(option, str)]
    wanted = canonical(name)
    base = wanted.rsplit("/", 1)[-1].lower()
    moved = [option for option in known if option.rsplit("/", 1)[-1].lower() == base]
    if len(moved) == 1:
        return (moved[0],)
    return tuple(moved[:limit] or get_close_matches(wanted, known, n=limit, cutoff=0.5))
