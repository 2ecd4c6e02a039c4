"""A ComfyUI folder on this machine: its version, the revisions in it, and where its model files lie."""

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from workflow.files import sha256_file
from workflow.models import canonical

EXTRA: Final = "extra_model_paths.yaml"
_VERSION: Final = re.compile(r"""^__version__\s*=\s*["']([^"']+)["']""", re.MULTILINE)


def version_in(comfyui: Path) -> str | None:
    """The version of the ComfyUI whose files lie in a folder; None where it does not say."""
    try:
        found = _VERSION.search((comfyui / "comfyui_version.py").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return found[1] if found else None


def revision_of(folder: Path) -> str | None:
    """The git revision of a checkout; None where ``folder`` is none.

    Edited files make it another revision, ``<head>+<digest of their names and bytes>``: the same edits, the same name.
    Files that git does not track count where they are Python's.
    """
    head = git(folder, "rev-parse", "HEAD") if (folder / ".git").exists() else None
    changed = git(folder, "diff", "--name-only", "-z", "HEAD") if head else None
    added = git(folder, "ls-files", "--others", "--exclude-standard", "-z", "--", "*.py") if head else None
    if not head or changed is None or added is None:
        return None
    names = sorted(name for name in f"{changed}\0{added}".split("\0") if name)
    if not names:
        return head
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}\0{_content(folder / name)}\0".encode("utf-8", "surrogatepass"))
    return f"{head}+{digest.hexdigest()[:12]}"


def _content(path: Path) -> str:
    try:
        return sha256_file(path)
    except OSError:
        return "gone"


def git(folder: Path, *words: str) -> str | None:
    """What git says, None where it fails; a folder's own settings must not have it start a program."""
    try:
        ran = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *words],
            capture_output=True,
            timeout=20,
            check=False,
            env=os.environ | {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout.decode("utf-8", "surrogateescape").strip() if ran.returncode == 0 else None


def find_models(comfyui: Path, name: str) -> list[Path]:
    """Every file that a model name can mean there, by its kinds of models and the extra paths of its configuration.

    Which kind a node looks in is the node's own affair: where several have the name, all are meant.
    """
    relative = Path(*canonical(name).split("/"))
    if relative.is_absolute() or ".." in relative.parts:
        return []
    found = [path for root in model_roots(comfyui) if (path := root / relative).is_file()]
    return list(dict.fromkeys(path.resolve() for path in found))


def model_roots(comfyui: Path) -> Iterator[Path]:
    """The folders in which that ComfyUI looks for models, each once."""
    yield from sorted(path for path in (comfyui / "models").glob("*") if path.is_dir())
    yield from _extra_roots(comfyui)


def _extra_roots(comfyui: Path) -> Iterator[Path]:
    """What ``extra_model_paths.yaml`` adds, as ComfyUI reads it; a file that cannot be read adds nothing."""
    import yaml

    try:
        told: Any = yaml.safe_load((comfyui / EXTRA).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return
    for part in told.values() if isinstance(told, dict) else ():
        if isinstance(part, dict):
            base = comfyui / os.path.expandvars(str(Path(str(part.get("base_path") or "")).expanduser()))
            for kind, lines in part.items():
                if kind not in ("base_path", "is_default") and isinstance(lines, str):
                    yield from (base / line.strip() for line in lines.splitlines() if line.strip())
