"""The regression gate on the stand-in: afresh each time, against what was registered, with an exit code for CI."""

import json
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

import sweep
from sweeps.__main__ import main
from sweeps.anew import Anew
from sweeps.kept import NAME, read_kept

Capture = pytest.CaptureFixture[str]
SMALL = ["clips.width=128", "clips.height=224", "scoring=quick", "clips.names=[weather,train,cooking]"]
GATE = ["+experiment=regression", "compare.primaries=[colour/cheeks_mean]"]


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory, tables: Callable[[Path], None]) -> Path:
    """Outputs with a baseline: what is shipped as current, on three of the benchmark's clips."""
    made = tmp_path_factory.mktemp("gate") / "outputs"
    tables(made)
    assert sweep.main(["sweep.name=first", "clips=benchmark", *SMALL, f"outputs={made}"]) == 0
    assert main(["baseline", "set", "first", "--why", "the first release", "--outputs", str(made)]) == 0
    return made


def run(outputs: Path, *words: str) -> int:
    return sweep.main([*GATE, *SMALL, f"outputs={outputs}", *words])


def renders(outputs: Path) -> int:
    return sum(not path.parent.suffix for path in (outputs / "store").glob("*/*/video.mp4"))


def test_without_a_baseline_nothing_is_rendered(
    tmp_path: Path, tables: Callable[[Path], None], capsys: Capture
) -> None:
    tables(tmp_path)
    assert run(tmp_path) == 2
    assert "no baseline was ever set" in capsys.readouterr().err
    assert renders(tmp_path) == 0


def test_several_settings_are_no_candidate(registered: Path, capsys: Capture) -> None:
    before = renders(registered)
    assert run(registered, "sweep.axes.steps=[4,8]") == 2
    assert "needs one setting, the plan has 2" in capsys.readouterr().err
    assert renders(registered) == before


@pytest.mark.parametrize(("fewer", "lacks"), [("limit=2", "train"), ("clips.names=[weather,train]", "cooking")])
def test_fewer_clips_than_the_baseline_has_are_refused(
    registered: Path, capsys: Capture, fewer: str, lacks: str
) -> None:
    before = renders(registered)
    assert run(registered, fewer) == 2
    said = capsys.readouterr().err
    assert "1 of the 3 clips" in said and f"not in the plan: {lacks}\n" in said
    assert renders(registered) == before


def test_the_same_release_passes_is_rendered_afresh_and_written_for_people_and_machines(
    registered: Path, capsys: Capture
) -> None:
    before = renders(registered)
    assert run(registered) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "3 rendered, 0 reused" in said and "no regression in 1 primary metric" in said and "not the model" in said
    assert renders(registered) == before + 3
    assert run(registered) == 0
    assert "3 rendered, 0 reused" in capsys.readouterr().out, "each time anew"
    folder = registered / "sweeps" / "regression-stand-in"
    told = json.loads((folder / "compare.json").read_text(encoding="utf-8"))
    assert told["regressions"] == [] and told["metrics"][0]["n"] == 3
    suite = ET.parse(folder / "compare.xml").getroot()  # noqa: S314  our own file
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["errors"]) == ("1", "0", "0")
    assert (folder / "releases.png").stat().st_size > 5000
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert '"gate":{"sides"' in page and "no regression in 1 primary metric" in page


def test_a_worse_release_is_exit_code_4_and_says_in_what(registered: Path, capsys: Capture) -> None:
    """cfg 2 shifts the puppet's colours by more than the margin."""
    assert run(registered, "variant=v6") == 4
    assert capsys.readouterr().out.splitlines()[-1] == "REGRESSION in colour/cheeks_mean", "the last word"
    suite = ET.parse(registered / "sweeps" / "regression-stand-in" / "compare.xml").getroot()  # noqa: S314
    assert suite.attrib["failures"] == "1" and "worse" in suite[0][0].attrib["message"]


def test_a_gate_that_was_stopped_goes_on_and_renders_nothing_twice(registered: Path, capsys: Capture) -> None:
    assert run(registered, "sweep.name=stopped", "sweep.budget.cells=1") == 2, "no regression, and no pass"
    said = " ".join(capsys.readouterr().out.split())
    assert "1 rendered" in said and "2 of 3 cells" in said and "are not done" in said
    assert run(registered, "sweep.name=stopped") == 0
    assert "2 rendered, 1 reused" in capsys.readouterr().out
    assert run(registered, "sweep.name=stopped") == 0
    assert "3 rendered, 0 reused" in capsys.readouterr().out


def test_every_time_is_a_run_of_its_own(registered: Path) -> None:
    folder = registered / "sweeps" / "regression-stand-in" / "results"
    seen = {read_kept(path, registered)[0].plan_hash for path in folder.glob("*.json")}
    assert len(seen) == len(list(folder.glob("*.json"))) >= 2


def test_an_unverified_environment_is_invalid_unless_it_is_named(
    registered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sweeps.gate import Gate

    copy = tmp_path / "outputs"
    shutil.copytree(registered / "sweeps", copy / "sweeps")
    shutil.copytree(registered / "store", copy / "store")
    result, _ = read_kept(copy / "sweeps" / "first-stand-in" / NAME, copy)
    from dataclasses import replace

    from sweeps.compare.sides import Side
    from sweeps.compose import configured

    config = configured(["compare.primaries=[colour/cheeks_mean]"])
    config.compare.against = "first"
    gate = Gate.of(config, copy)
    assert gate is not None and not gate.judge(result).invalid
    unknown = replace(result, stamp={**result.stamp, "verified": False})
    assert any("unverified" in why for why in gate.judge(unknown).invalid)
    other = replace(gate, against=Side(unknown, unknown.settings[0], "x"))
    assert any("unverified" in why for why in other.judge(result).invalid)


def test_a_time_has_one_mark_until_it_ends(tmp_path: Path) -> None:
    time = Anew(tmp_path, "a/b")
    assert (time.mark, time.last) == ("", "")
    first = time.begin()
    assert first and time.begin() == first == time.mark
    time.end()
    assert (time.mark, time.last) == ("", first)
    assert time.begin() != first
