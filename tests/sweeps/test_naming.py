"""A sweep without a name is called after what it compares; its name is safe to type, and its axes stand as given."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sweep
from sweeps.app import App
from sweeps.commandline import read
from sweeps.compose import axis_order
from sweeps.config import ClipsConfig, Config
from sweeps.naming import LONGEST_NAME, sweep_name

SMALL = ["clips.width=160", "clips.height=288", "scoring=quick", "clips.names=[weather]", "action=plan"]
MakeApp = Callable[..., App]


def named(make_app: MakeApp, *words: str) -> str:
    return make_app(*words).name


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ([], {"current"}),
        (["sweep.axes.variant=[v2,v4]"], {"variant"}),
        (["sweep.axes.cfg=[1.0,2.0]", "sweep.axes.steps=[4,8]"], {"current", "cfg", "steps"}),
        (["variant=v4", "sweep.axes.shift=[5.0]"], {"v4", "shift"}),
        (["clips=benchmark", "clips.names=null"], {"current", "benchmark"}),
        (["clips=folder", "clips.dir=/some/where/my clips"], {"current", "my_clips"}),
    ],
)
def test_a_name_tells_what_is_compared(make_app: MakeApp, words: list[str], parts: set[str]) -> None:
    name = named(make_app, *words)
    assert set(name.replace("+", "-").split("-")) == parts
    assert shlex.quote(name) == name


def test_a_given_name_and_an_experiment_come_first(make_app: MakeApp) -> None:
    assert named(make_app, "+experiment=cfg", "clips=benchmark", "clips.names=null") == "cfg"
    assert named(make_app, "+experiment=cfg", "sweep.name='夜 1'") == "夜 1"


def test_an_axis_by_itself_is_not_taken_for_the_experiment_of_that_name(make_app: MakeApp) -> None:
    assert named(make_app, "sweep.axes.cfg=[1.0,2.0]") != named(make_app, "+experiment=cfg")


def test_one_value_more_or_another_order_is_the_same_sweep(make_app: MakeApp) -> None:
    first = named(make_app, "sweep.axes.cfg=[1.0,2.0]", "sweep.axes.steps=[4]")
    assert named(make_app, "sweep.axes.steps=[4,6]", "sweep.axes.cfg=[1.0,2.0,3.0]") == first


def test_a_folder_of_clips_has_one_name_however_it_is_written(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "anna"
    folder.mkdir()
    monkeypatch.chdir(folder)
    names = {named(make_app, "clips=folder", f"clips.dir={one}") for one in (folder, ".", "../anna", f"{folder}/")}
    assert len(names) == 1


@given(st.text(min_size=1, max_size=300).filter(lambda text: "\0" not in text))
def test_no_name_needs_quoting_whatever_the_folder_is_called(folder: str) -> None:
    clips = ClipsConfig(kind="folder", dir=f"/clips/{folder}")
    name = sweep_name(Config(clips=clips, choices={"variant": "v4", "clips": "folder"}))
    assert name.isascii() <= (shlex.quote(name) == name)
    assert not set(name) & set(" '\"$`\\/()&;|<>*?")
    assert 0 < len(name) <= LONGEST_NAME


def test_stand_in_and_model_never_share_a_folder(make_app: MakeApp) -> None:
    app = make_app("sweep.axes.cfg=[1.0]")
    folders = [app.folder(mark) for mark in ("", "stand-in", "rehearsal")]
    assert len(set(folders)) == len(folders)
    assert all(shlex.quote(one.name) == one.name for one in folders)


@pytest.mark.parametrize("order", [["cfg", "steps"], ["steps", "cfg"]])
def test_the_axes_of_a_grid_stand_as_they_were_given(
    order: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"cfg": "sweep.axes.cfg=[1.0,2.0]", "steps": "sweep.axes.steps=[4,8]"}
    assert sweep.main([*SMALL, f"outputs={tmp_path}", *(given[name] for name in order)]) == 0
    said = capsys.readouterr().out
    values = {"cfg": "cfg=1", "steps": "steps=4"}
    assert ", ".join(values[name] for name in order) in said


def test_the_axes_of_an_experiment_stand_as_its_file_has_them(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    text = "sweep:\n  axes:\n    steps: [4]\n    inputs:\n      Sampler.seed: [1]\n    cfg: [1.0]\n"
    (tmp_path / "experiment" / "mine.yaml").write_text(text, encoding="utf-8")
    line = read(["sweep.axes.shift=[5.0]", "+sweep.axes.cfg=[2.0]", 'sweep.axes.inputs."Node title.x"=[1,2]'])
    given = axis_order("mine", line, ["no such folder", str(tmp_path)])
    assert given == ["steps", "inputs.Sampler.seed", "cfg", "shift", "inputs.Node title.x"]
    assert axis_order(None, line, [str(tmp_path)]) == given[3:4] + given[2:3] + given[4:]
