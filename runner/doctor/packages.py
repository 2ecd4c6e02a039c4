"""Python packages that a graph needs late on the server: known from its own Python where that is on this machine."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.doctor.facts import Facts
from runner.doctor.finding import Finding
from workflow.graph import Graph, nodes_of
from workflow.models import is_model_file

_PYTHONS = ("venv", ".venv", "env", "python_embeded", "python_embedded")
_TRANSFORMERS = 5
"""From this major version on, the wrapper's wav2vec node fails (seen with the wrapper of 2026-02)."""


@dataclass(frozen=True)
class Late:
    """A package whose absence shows only while a render runs.

    ``module`` is what is imported, ``distribution`` what pip installs; ``why`` asks for it, ``fails`` without it.
    """

    module: str
    distribution: str
    why: str
    fails: str


def late_packages(graph: Graph) -> Iterator[Late]:
    """What ``graph`` needs beyond what starting the server proves."""
    for mode in _texts(graph, "WanVideoModelLoader", "attention_mode"):
        if "sage" in mode:
            yield Late("sageattention", "sageattention", f"attention_mode {mode}", "loading the model fails")
    if any(mode != "disabled" for mode in _texts(graph, "WanVideoImageToVideoMultiTalk", "colormatch")):
        yield Late("color_matcher", "color-matcher", "colormatch", "the render fails after its first window")
    speech = [graph[node]["inputs"] for node in nodes_of(graph, "MultiTalkWav2VecEmbeds")]
    if any(inputs.get("normalize_loudness") is True for inputs in speech):
        yield Late("pyloudnorm", "pyloudnorm", "normalize_loudness", "encoding the speech fails")
    values = [value for node in graph.values() for value in node["inputs"].values() if is_model_file(value)]
    if any(value.lower().endswith(".gguf") for value in values):
        yield Late("gguf", "gguf", "a GGUF model", "loading it fails")


def _texts(graph: Graph, class_type: str, name: str) -> list[str]:
    values = [graph[node]["inputs"].get(name) for node in nodes_of(graph, class_type)]
    return [value for value in values if isinstance(value, str)]


def about_packages(graph: Graph, facts: Facts, installed: Mapping[str, str] | None) -> Iterator[Finding]:
    """One finding a package that may be missing, one for all that are there; a stand-in needs none.

    ``installed`` is :func:`read_packages`, None where the server's Python is not known.
    """
    if facts.stand_in is not None:
        return
    proven = {"sageattention"} if facts.has_flag("--use-sage-attention") else set()  # it would not have started
    there, unknown = list[str](), list[str]()
    for late in dict.fromkeys(late_packages(graph)):
        version = (installed or {}).get(late.distribution)
        if version is not None or late.module in proven:
            there.append(f"{late.module} {version or ''}".strip())
        elif installed is not None:
            text = f"{late.module} is not installed and {late.why} needs it: {late.fails}"
            hint = f"in the server's Python: pip install {late.distribution}, then restart ComfyUI"
            yield Finding("fault", "packages", "package-missing", text, hint, late.module)
        else:
            unknown.append(late.module)
            text = f"{late.why} needs {late.module}: without it {late.fails}"
            yield Finding("risk", "packages", "package-unknown", text, about=late.module)
    if nodes_of(graph, "Wav2VecModelLoader"):
        version = (installed or {}).get("transformers")
        if version is None or not version.split(".")[0].isdecimal():
            unknown.append("transformers")
        yield from _transformers(version, there)
    if there:
        yield Finding("ok", "packages", "packages", f"installed: {', '.join(there)}")
    if unknown:
        text = "a server does not tell its packages"
        hint = f"in its Python: python -c 'import {', '.join(unknown)}', and pip show transformers; or server.folder"
        yield Finding("unknown", "packages", "packages-unknown", text, hint)


def _transformers(version: str | None, there: list[str]) -> Iterator[Finding]:
    fails = f"the speech encoder (Wav2VecModelLoader) fails with transformers {_TRANSFORMERS} and later"
    major = (version or "").split(".")[0]
    if not major.isdecimal():
        yield Finding("risk", "packages", "transformers-unknown", fails, about="transformers")
    elif len(major) > 4 or int(major) >= _TRANSFORMERS:
        hint = f"in the server's Python: pip install 'transformers<{_TRANSFORMERS}', then restart ComfyUI"
        text = f"transformers {version} is installed; {fails}, unless the wrapper is newer than 2026-02"
        yield Finding("risk", "packages", "transformers-new", text, hint, "transformers")
    else:
        there.append(f"transformers {version}")


def read_packages(comfyui: Path | None, facts: Facts) -> dict[str, str] | None:
    """Distributions (name → version) of the Python that runs the server, None where it cannot be told.

    It is looked for in and beside the ComfyUI folder, and taken only if it is of the server's Python version and
    holds the server's very torch: another environment would answer another question.
    """
    if comfyui is None or not facts.torch:
        return None
    release = re.match(r"\d{1,2}\.\d{1,3}", facts.python)
    python = f"python{release[0]}" if release else "python"
    builds = (facts.torch, facts.torch.partition("+")[0])  # the wheels of PyPI do not name their +cu128
    for base in (comfyui, comfyui.parent):
        for name in _PYTHONS:
            for site in (base / name / "lib" / python, base / name / "Lib"):
                found = _distributions(site / "site-packages")
                if found.get("torch") in builds:
                    return found
    return None


def _distributions(site: Path) -> dict[str, str]:
    try:
        names = [entry.name for entry in site.iterdir()]
    except OSError:
        return {}
    found = (re.fullmatch(r"(.+)-([^-]+)\.dist-info", name) for name in names)
    return {re.sub(r"[-_.]+", "-", one[1]).lower(): one[2] for one in found if one}
