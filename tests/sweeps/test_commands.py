"""All commands speak alike: the same form for errors, and their help where nothing was asked."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import sweep
from eval import cli as judge
from runner import __main__ as runner
from sweeps import __main__ as sweeps
from workflow.errors import HarnessError

ROOT = Path(__file__).resolve().parents[2]
ERROR = re.compile(r"error \[(?P<code>[a-z0-9-]+)\]: \S.*\n  hint: \S.*\n")


def codes(kind: type[HarnessError] = HarnessError) -> set[str]:
    """The code of every error class that is loaded."""
    return {kind.code}.union(*(codes(one) for one in kind.__subclasses__()))


@pytest.mark.parametrize(
    ("main", "arguments"),
    [
        (sweep.main, ["action=foo"]),
        (sweep.main, ["workflow.motion_fram=9"]),
        (sweeps.main, ["du", "--outputs", "no such folder"]),
        (sweeps.main, ["prepare", "no such picture.png"]),
        (runner.main, ["doctor", "--folder", "no such folder"]),
        (judge.main, ["weights", "fetch", "no_such_network"]),
    ],
)
def test_every_command_tells_its_errors_in_one_form(
    main: Callable[[list[str]], int], arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    told = ERROR.fullmatch(capsys.readouterr().err)
    assert told is not None
    assert told["code"] in codes()


@pytest.mark.parametrize("room", ["sweeps", "runner"])
def test_a_command_without_arguments_shows_its_help(room: str) -> None:
    bare = subprocess.run([sys.executable, "-m", room], cwd=ROOT, capture_output=True, text=True, timeout=60)
    asked = subprocess.run([sys.executable, "-m", room, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (bare.returncode, asked.returncode) == (2, 0)
    assert bare.stderr == asked.stdout
    assert bare.stdout == ""


def test_a_damaged_calibration_is_said_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from eval import trust

    (tmp_path / "calibration.json").write_text("{", encoding="utf-8")
    monkeypatch.setattr(trust, "LOCAL", tmp_path / "calibration.json")
    trust.forget()
    try:
        assert sweep.main(["+experiment=smoke", f"outputs={tmp_path / 'outputs'}"]) == 2
    finally:
        monkeypatch.undo()
        trust.forget()
    assert trust.DamagedCalibration.code in capsys.readouterr().err
    assert not (tmp_path / "outputs").exists()
