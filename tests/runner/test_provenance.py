"""What a ComfyUI folder on this machine tells: revisions, edits, model files and their content; the harness itself."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.folder import find_models, revision_of, version_in
from runner.harness import harness, in_words
from runner.modelfiles import ModelFiles
from runner.packs import from_folder

PACK = "ComfyUI-WanVideoWrapper"
MODEL = "WanVideo/I2V/i2v.gguf"


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    ran = subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def repository(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    return folder


@pytest.fixture
def comfyui(tmp_path: Path) -> Path:
    """A ComfyUI as git lays it out, with one node pack and one model."""
    folder = repository(tmp_path / "ComfyUI", comfyui_version='__version__ = "0.3.64"\n', main="run()\n")
    (folder / ".gitignore").write_text("custom_nodes/\nmodels/\n", encoding="utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "second")
    repository(folder / "custom_nodes" / PACK, nodes="a = 1\n")
    place = folder / "models" / "diffusion_models" / MODEL
    place.parent.mkdir(parents=True)
    place.write_bytes(b"weights")
    return folder


def test_revisions_are_those_of_git(comfyui: Path) -> None:
    local = from_folder([PACK, "not-there"], comfyui, "0.3.64")
    assert local.packs == {PACK: git(comfyui / "custom_nodes" / PACK, "rev-parse", "HEAD")}
    assert local.core == git(comfyui, "rev-parse", "HEAD")
    assert local.odd == ""
    assert revision_of(comfyui / "models") is None


@pytest.mark.parametrize("name", ["..", ".", "", "../..", "..\\..", "a/../../..", "C:x", "a\0b"])
def test_no_name_of_a_pack_leaves_its_folder(comfyui: Path, name: str) -> None:
    assert from_folder([name], comfyui, "0.3.64").packs == {}


def test_edits_make_another_revision_and_the_same_edits_the_same(comfyui: Path) -> None:
    file = comfyui / "custom_nodes" / PACK / "nodes.py"
    clean = revision_of(file.parent)
    file.write_text("a = 2\n", encoding="utf-8")
    edited = revision_of(file.parent)
    file.write_text("a = 3\n", encoding="utf-8")
    other = revision_of(file.parent)
    assert clean and edited and len({clean, edited, other}) == 3 and edited.startswith(f"{clean}+")
    file.write_text("a = 2\n", encoding="utf-8")
    assert revision_of(file.parent) == edited
    file.unlink()
    assert revision_of(file.parent) not in (clean, edited, other)
    git(file.parent, "checkout", "-q", "nodes.py")
    assert revision_of(file.parent) == clean


def test_files_that_git_does_not_track_count_where_they_are_code(comfyui: Path) -> None:
    pack = comfyui / "custom_nodes" / PACK
    clean = revision_of(pack)
    (pack / "cache.pt").write_bytes(b"x")
    assert revision_of(pack) == clean
    (pack / "patch.py").write_text("b = 1\n", encoding="utf-8")
    assert revision_of(pack) != clean


def test_a_folder_of_another_version_tells_nothing_but_that(comfyui: Path, tmp_path: Path) -> None:
    other = from_folder([PACK], comfyui, "0.4.0")
    assert (other.packs, other.core) == ({}, "")
    assert "it holds ComfyUI 0.3.64, the server runs 0.4.0" in other.odd
    assert "no ComfyUI lies there" in from_folder([PACK], tmp_path / "nowhere", "0.4.0").odd
    assert version_in(comfyui) == "0.3.64"


def test_model_files_are_found_by_their_kinds_and_by_extra_paths(comfyui: Path, tmp_path: Path) -> None:
    assert find_models(comfyui, MODEL.replace("/", "\\")) == find_models(comfyui, MODEL) != []
    more = tmp_path / "more" / "loras"
    more.mkdir(parents=True)
    (more / "l.safetensors").write_bytes(b"lora")
    assert find_models(comfyui, "l.safetensors") == []
    told = f"mine:\n  base_path: {tmp_path / 'more'}\n  is_default: true\n  loras: |\n    loras\n    elsewhere\n"
    (comfyui / "extra_model_paths.yaml").write_text(told, encoding="utf-8")
    assert find_models(comfyui, "l.safetensors") == [more / "l.safetensors"]


@pytest.mark.parametrize("name", ["../secret.gguf", "/etc/passwd", "a/../../main.py", "..\\..\\x.bin", ""])
def test_no_name_leads_out_of_the_models(comfyui: Path, name: str) -> None:
    assert find_models(comfyui, name) == []


@given(st.text(max_size=30))
def test_any_text_in_the_extra_paths_adds_what_it_can(text: str) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        (Path(folder) / "extra_model_paths.yaml").write_text(text, encoding="utf-8")
        assert find_models(Path(folder), "a.gguf") == []


def test_content_is_read_once_and_again_when_a_file_changes(comfyui: Path, tmp_path: Path) -> None:
    cache, read = tmp_path / "cache.json", list[str]()

    def files(**more: bool) -> ModelFiles:
        return ModelFiles(comfyui, cache, lambda path, done, total: read.append(path.name), **more)

    place = comfyui / "models" / "diffusion_models" / MODEL
    assert files(read=False).digest(MODEL) is None and read == []
    first = files().digest(MODEL)
    assert first == hashlib.sha256(b"weights").hexdigest() and read == [place.name]
    assert files().digest(MODEL) == files(read=False).digest(MODEL) == first and read == [place.name]
    os.utime(place, ns=(1, 1))
    assert files().digest(MODEL) == first and len(read) == 2
    place.write_bytes(b"WEIGHTS")
    assert files().digest(MODEL) == hashlib.sha256(b"WEIGHTS").hexdigest()
    assert files().digest("not/there.gguf") is None


def test_one_name_in_two_folders_is_both_files(comfyui: Path, tmp_path: Path) -> None:
    files = ModelFiles(comfyui, tmp_path / "cache.json")
    alone = files.digest(MODEL)
    twin = comfyui / "models" / "vae" / MODEL
    twin.parent.mkdir(parents=True)
    twin.write_bytes(b"weights")
    assert ModelFiles(comfyui, tmp_path / "cache.json").digest(MODEL) == alone, "the same bytes are the same model"
    twin.write_bytes(b"others")
    assert ModelFiles(comfyui, tmp_path / "cache.json").digest(MODEL) not in (alone, None)


@pytest.mark.parametrize("text", ["", "[]", '{"format": 1, "files": 3}', '{"format": 99, "files": {}}'])
def test_a_damaged_cache_is_made_anew(comfyui: Path, tmp_path: Path, text: str) -> None:
    cache = tmp_path / "cache.json"
    cache.write_text(text, encoding="utf-8")
    assert ModelFiles(comfyui, cache).digest(MODEL) == hashlib.sha256(b"weights").hexdigest()


def test_the_harness_knows_its_version_and_checkout() -> None:
    known = harness()
    assert known["version"] in in_words(known)
    assert in_words({"version": None, "commit": None, "edited": None}) == ""
    assert in_words({}) == ""
