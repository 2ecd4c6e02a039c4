"""The stamp: what is known of the environment a render was made in, and its hash."""

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from runner.combo import choices, details
from runner.text import plain
from workflow.models import canonical, is_model_file

FORMAT: Final = 1
_UPLOADS: Final = ("image_upload", "audio_upload", "video_upload")
_TRANSPORT_FLAGS: Final = frozenset(
    {
        "listen",
        "port",
        "tls-keyfile",
        "tls-certfile",
        "enable-cors-header",
        "max-upload-size",
        "base-directory",
        "extra-model-paths-config",
        "output-directory",
        "temp-directory",
        "input-directory",
        "user-directory",
        "auto-launch",
        "disable-auto-launch",
        "preview-method",
        "preview-size",
        "dont-print-server",
        "multi-user",
        "verbose",
        "log-stdout",
        "front-end-version",
        "front-end-root",
        "database-url",
        "windows-standalone-build",
        "quick-test-for-ci",
        "enable-compress-response-body",
        "comfy-api-base",
    }
)


@dataclass(frozen=True)
class Stamp:
    """The environment, as far as the server told it. Memory is in bytes; an empty text is unknown.

    ``packs`` maps each node pack that the graph uses to its revision (None: unknown); ``schema`` hashes the node
    schemas that the graph uses, without the lists of files that happen to lie on the server; ``flags`` are the
    server's own, without those of transport; ``release`` is the user's label; ``rehearsal`` names the random weights
    that its models are, empty for real ones. ``core`` is the git revision of ComfyUI itself, where its folder is on
    this machine; ``folder`` says why that folder is not what the server runs.
    """

    kind: str
    stand_in: str = ""
    comfyui: str = ""
    python: str = ""
    torch: str = ""
    system: str = ""
    gpu: str = ""
    vram_total: int | None = None
    ram_total: int | None = None
    flags: tuple[str, ...] = ()
    packs: Mapping[str, str | None] = field(default_factory=dict)
    schema: str = ""
    release: str = ""
    rehearsal: str = ""
    core: str = ""
    folder: str = ""

    @property
    def unknown(self) -> tuple[str, ...]:
        """What would have to be known to tell two environments apart, and is not."""
        if self.kind == "stand-in":
            return () if self.stand_in else ("stand-in version",)
        missing = [f"revision of {pack}" for pack, revision in sorted(self.packs.items()) if revision is None]
        missing += [self.folder] if self.folder else []
        missing = [] if self.release else missing
        return (*missing, *(name for name in ("comfyui", "gpu") if not getattr(self, name)))

    @property
    def verified(self) -> bool:
        """Whether nothing that can change the video is unknown."""
        return not self.unknown

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary, for a record."""
        return dataclasses.asdict(self) | {"flags": list(self.flags), "verified": self.verified}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Stamp":
        """The stamp of a record; keys of other versions are passed over."""
        names = {item.name for item in dataclasses.fields(cls)}
        kept = {key: item for key, item in value.items() if key in names}
        return cls(**kept | {"flags": tuple(kept.get("flags", ()))})


def read_stamp(
    stats: Mapping[str, Any],
    schema: Mapping[str, Any],
    classes: Iterable[str],
    packs: Mapping[str, str | None],
    release: str | None = None,
    *,
    rehearsal: str = "",
    core: str = "",
    folder: str = "",
) -> Stamp:
    """The stamp from ``/system_stats`` and ``/object_info``, for the classes that a graph uses."""
    system, device = _part(stats.get("system")), _first_device(stats.get("devices"))
    stand_in = _part(system.get("stand_in"))
    kind = "stand-in" if "stand_in" in system else "comfyui"
    argv = system.get("argv") if kind == "comfyui" else None  # none of the stand-in's changes a video
    return Stamp(
        kind=kind,
        stand_in=_words(stand_in.get("version")),
        comfyui=_words(system.get("comfyui_version")),
        python=_words(system.get("python_version")),
        torch=_words(system.get("pytorch_version")),
        system=_words(system.get("os")),
        gpu=_gpu(_words(device.get("name"))),
        vram_total=_number(device.get("vram_total")),
        ram_total=_number(system.get("ram_total")),
        flags=flags_of([str(word) for word in argv] if isinstance(argv, list) else []),
        packs=dict(packs),
        schema=schema_hash(schema, classes),
        release=release or "",
        rehearsal=rehearsal,
        core=core,
        folder=folder,
    )


def environment_hash(
    stamp: Stamp,
    models: Iterable[str],
    attention_mode: str | None = None,
    contents: Mapping[str, str | None] = MappingProxyType({}),
) -> str:
    """SHA-256 over the parts of a stamp that can change the video, the model file names and the attention backend.

    Model names count with ``/``, whatever the server's separator; ``contents`` maps them to the SHA-256 of the files
    where those are known. Memory sizes, transport and the harness do not count. What newer versions learnt to ask
    counts where it is known only: hashes of older records stay what they were.
    """
    names = {canonical(name) for name in models}
    parts = {
        "format": FORMAT,
        "kind": stamp.kind,
        "stand_in": stamp.stand_in,
        "comfyui": stamp.comfyui,
        "torch": stamp.torch,
        "gpu": stamp.gpu,
        "flags": list(stamp.flags),
        "packs": dict(stamp.packs),
        "schema": stamp.schema,
        "release": stamp.release,
        "models": sorted(names),
        "attention": attention_mode or "",
    }
    if stamp.rehearsal:  # a render from random weights never stands for one of a model, nor is taken for one
        parts["rehearsal"] = stamp.rehearsal
    if stamp.core:
        parts["core"] = stamp.core
    known = {canonical(name): content for name, content in contents.items() if content and canonical(name) in names}
    if known:
        parts["contents"] = known
    return _digest(parts)


def schema_hash(schema: Mapping[str, Any], classes: Iterable[str]) -> str:
    """SHA-256 of the inputs and outputs of ``classes``, files on the server and texts for people left out."""
    parts = {}
    for name in sorted(set(classes)):
        node = _part(schema.get(name))
        inputs = _part(node.get("input"))
        parts[name] = {
            "output": node.get("output"),
            **{
                group: {key: _bare(spec) for key, spec in _part(inputs.get(group)).items()}
                for group in ("required", "optional")
            },
        }
    return _digest(parts)


def _bare(spec: Any) -> Any:
    """An input's specification, both combo forms alike, without tooltip and without names of files."""
    offered, about = choices(spec), details(spec)
    if offered is None:
        kind = spec[0] if isinstance(spec, list) and spec else spec
        return [kind, {key: about[key] for key in sorted(about) if key != "tooltip"}]
    if any(about.get(flag) for flag in _UPLOADS):
        return ["COMBO", "uploads"]
    if not offered or any(is_model_file(item) for item in offered):
        return ["COMBO", "files"]
    return ["COMBO", offered, about.get("default")]


def flags_of(argv: list[str]) -> tuple[str, ...]:
    """The server's flags that may change a video, sorted, each with its values; paths and ports left out.

    >>> flags_of(["main.py", "--port", "8188", "--fast", "fp16_accumulation", "--use-sage-attention"])
    ('--fast fp16_accumulation', '--use-sage-attention')
    """
    groups: list[list[str]] = []
    for word in argv[1:]:
        if word.startswith("--"):
            groups.append(word.split("=", 1))
        elif groups:
            groups[-1].append(word)
    kept = [group for group in groups if group[0].removeprefix("--") not in _TRANSPORT_FLAGS]
    return tuple(sorted(plain(" ".join(group), 200) for group in kept))


def _gpu(name: str) -> str:
    """``cuda:0 NVIDIA H200 : cudaMallocAsync`` without the device's number and the allocator."""
    head, _, rest = name.partition(" ")
    bare = rest if head.partition(":")[0] in ("cuda", "xpu", "mps", "npu") and rest else name
    return bare.rpartition(" : ")[0] or bare


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _part(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _first_device(value: Any) -> dict[str, Any]:
    return _part(value[0]) if isinstance(value, list) and value else {}


def _words(value: Any) -> str:
    return plain(value, 200) if isinstance(value, str) else ""


def _number(value: Any) -> int | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return int(value) if known else None
