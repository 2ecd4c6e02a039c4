"""What ``--help`` teaches."""

import subprocess
import sys
from pathlib import Path

import pytest

import sweep

GROUPS = sorted(path for path in sweep.CONF.iterdir() if path.is_dir() and list(path.glob("*.yaml")))


@pytest.mark.parametrize("group", GROUPS, ids=lambda path: path.name)
def test_help_lists_every_option_of_every_group(group: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep.main(["--help"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith(f"{group.name}: "))
    assert line.removeprefix(f"{group.name}: ").split(", ") == sorted(file.stem for file in group.glob("*.yaml"))


def test_help_comes_whatever_else_was_typed(capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep.main(["+experiment=no_such_one", "-h"]) == 0
    assert "python sweep.py +experiment=motion_frame" in capsys.readouterr().out


def test_help_does_not_load_what_takes_long() -> None:
    slow = {"hydra", "numpy", "cv2", "mlflow"}
    code = f"import sys, sweep; sweep.main(['--help']); print(sorted({slow} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=sweep.CONF.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
