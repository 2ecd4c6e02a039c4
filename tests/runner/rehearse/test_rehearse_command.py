"""``python -m runner rehearse``, as it is typed."""

import subprocess
import sys
from pathlib import Path

import pytest

import runner

PROJECT = Path(runner.__file__).resolve().parents[1]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "utf8", "-m", "runner", "rehearse", *words]
    return subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False
    )


def test_it_plans_writes_finds_all_there_and_takes_all_away(comfyui: Path, small_graph: Path) -> None:
    words = ("--comfyui", str(comfyui), "--models", "q8", "--graph", str(small_graph), "--prompt", "再见")
    before = sorted(comfyui.rglob("*"))
    dry = run(*words, "--dry-run")
    assert dry.returncode == 0 and "to write" in dry.stdout and "free in" in dry.stdout
    assert sorted(comfyui.rglob("*")) == before
    made = run(*words)
    assert made.returncode == 0, made.stderr
    assert "random weights" in made.stdout and "--remove" in made.stdout
    assert (comfyui / "models/diffusion_models/WanVideo/I2V/wan2.1-i2v-14b-480p-Q8_0.gguf").is_file()
    assert "nothing to write" in run(*words).stdout
    assert "would be removed" in run("--comfyui", str(comfyui), "--remove", "--dry-run").stdout
    removed = run("--comfyui", str(comfyui), "--remove")
    assert removed.returncode == 0 and "rehearsal files removed" in removed.stdout
    assert sorted(comfyui.rglob("*")) == before
    assert "no rehearsal file is here" in run("--comfyui", str(comfyui), "--remove").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--comfyui", "/nowhere"), "error [rehearsal-impossible]: there is no folder /nowhere"),
        (("--comfyui", "."), "is no ComfyUI folder"),
        (("--comfyui", ".", "--seed", "-1"), "--seed -1 is negative"),
        (("--size", "full"), "--comfyui"),
    ],
)
def test_bad_input_is_one_line_and_code_2(words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


def test_a_folder_in_the_way_is_an_error_of_one_line(comfyui: Path, small_graph: Path) -> None:
    (comfyui / "models/vae").rmdir()
    (comfyui / "models/vae").write_text("a file")
    done = run("--comfyui", str(comfyui), "--models", "q8", "--graph", str(small_graph))
    assert done.returncode == 2 and "models/vae" in done.stderr and "Traceback" not in done.stderr
