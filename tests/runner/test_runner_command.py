"""``python -m runner``."""

import subprocess
import sys
from pathlib import Path

import runner

PROJECT = Path(runner.__file__).resolve().parents[1]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runner", *words], cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False
    )


def test_help_names_the_command_and_what_a_stand_in_is() -> None:
    assert "standin" in run("--help").stdout
    shown = run("standin", "--help")
    assert shown.returncode == 0 and "say nothing about InfiniteTalk" in shown.stdout and "--port" in shown.stdout


def test_no_command_and_an_unknown_one_are_bad_input() -> None:
    assert run().returncode == 2
    assert run("nonsense").returncode == 2


def test_importing_the_room_is_light() -> None:
    code = (
        "import sys, runner, runner.config; print([m for m in ('cv2', 'av', 'numpy', 'requests') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
