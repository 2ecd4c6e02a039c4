"""Which model files and prompts a rehearsal needs: those that the graph and the shipped configs name."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Final

from runner.rehearse.checkpoint import Model
from runner.rehearse.errors import RehearsalError
from workflow.graph import Graph
from workflow.models import canonical

CONF: Final = Path(__file__).resolve().parents[2] / "conf"
"""The shipped configs, and the user's own under ``local/``."""

LOADERS: Final[Mapping[tuple[str, str], tuple[Model, str]]] = {
    ("WanVideoModelLoader", "model"): ("i2v", "diffusion_models"),
    ("MultiTalkModelLoader", "model"): ("infinitetalk", "diffusion_models"),
    ("WanVideoVAELoader", "model_name"): ("vae", "vae"),
    ("CLIPVisionLoader", "clip_name"): ("clip", "clip_vision"),
    ("Wav2VecModelLoader", "model"): ("wav2vec2", "wav2vec2"),
    ("WanVideoLoraSelect", "lora"): ("lora", "loras"),
    ("WanVideoTextEncodeCached", "model_name"): ("t5", "text_encoders"),
}
"""Class and input that name a model file → what it is, and the folder under ``models/`` where the class looks."""
FOLDERS: Final = dict(LOADERS.values())
_KEYS: Final[Mapping[str, Model]] = {"i2v_model": "i2v", "infinitetalk_model": "infinitetalk"}
_PROMPTS: Final = ("positive_prompt", "negative_prompt", "prompt")


@dataclass(frozen=True)
class Wanted:
    """Files as (what it is, name as ComfyUI lists it), and prompts; each once, in the order they were found."""

    files: tuple[tuple[Model, str], ...]
    prompts: tuple[str, ...]


def wanted(graph: Graph, models: Sequence[str] = (), prompts: Iterable[str] = (), conf: Path = CONF) -> Wanted:
    """Everything that ``graph`` and the configs under ``conf`` name, and ``prompts`` on top.

    ``models`` narrows the transformer files to those of these options of the group ``model``.

    Raises:
        RehearsalError: an option that does not exist, or a file name that leaves ComfyUI's model folders.
    """
    documents = {path.relative_to(conf): _read(path) for path in sorted(conf.rglob("*.yaml"))}
    chosen = {Path("model") / f"{name}.yaml" for name in models}
    if missing := sorted(path.stem for path in chosen - documents.keys()):
        known = sorted(path.stem for path in documents if path.parent == Path("model"))
        raise RehearsalError(f"there is no model={', '.join(missing)}", hint=f"conf/model has {', '.join(known)}")
    files = dict.fromkeys(_of_graph(graph))
    said = dict.fromkeys(_prompts_of(graph))
    for document in documents.values():
        files |= dict.fromkeys(_files(document))
        said |= dict.fromkeys(_prompts(document))
    if chosen:
        narrow = {one for path in chosen for one in _files(documents[path])}
        files = {one: None for one in files if one[0] not in _KEYS.values() or one in narrow}
    said |= dict.fromkeys(prompts)
    for _, name in files:
        _check(name)
    return Wanted(tuple(files), tuple(said))


def _read(path: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RehearsalError(f"{path} is no YAML: {str(error).splitlines()[0]}", hint="mend or remove it") from error


def _of_graph(graph: Graph) -> Iterator[tuple[Model, str]]:
    for node in graph.values():
        for name, value in node["inputs"].items():
            found = LOADERS.get((node["class_type"], name))
            if found is not None and isinstance(value, str):
                yield found[0], canonical(value)


def _prompts_of(graph: Graph) -> Iterator[str]:
    for node in graph.values():
        yield from (value for name, value in node["inputs"].items() if name in _PROMPTS and isinstance(value, str))


def _walk(document: Any) -> Iterator[tuple[str, Any]]:
    """Every key of a config with its value, at any depth, so that axes count as well as values."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield str(key), value
            yield from _walk(value)
    elif isinstance(document, list):
        for value in document:
            yield from _walk(value)


def _texts(value: Any) -> Iterator[str]:
    """One text, or those of an axis."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str) and one != "???":
            yield one


def _files(document: Any) -> Iterator[tuple[Model, str]]:
    for key, value in _walk(document):
        if key in _KEYS:
            yield from ((_KEYS[key], canonical(text)) for text in _texts(value))
        elif key == "loras":
            yield from (("lora", canonical(text)) for name, text in _walk(value) if name == "name")


def _prompts(document: Any) -> Iterator[str]:
    for key, value in _walk(document):
        if key in _PROMPTS:
            yield from _texts(value)


def _check(name: str) -> None:
    """A name is written below ComfyUI's model folders and nowhere else."""
    path = PurePosixPath(name)
    odd = path.is_absolute() or PureWindowsPath(name).drive or not set(path.parts).isdisjoint({"..", "."})
    if odd or not name.isprintable() or path.suffix.lower() not in (".safetensors", ".gguf"):
        raise RehearsalError(
            f"the model file {name!r} cannot be rehearsed",
            hint="a name as ComfyUI lists it, below its model folders, ending in .safetensors or .gguf",
        )
