"""``python -m workflow export``: the graph of one setting as a file, by the words of sweep.py."""

import json
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from variants import HISTORY

from sweep import CONF
from sweeps.config import register
from workflow.__main__ import main
from workflow.binding import bind
from workflow.graph import Graph, default_graph, load_graph

Capture = pytest.CaptureFixture[str]
VARIANTS = sorted([*HISTORY, "v2"])


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files without a folder of their own go where the command was started."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def exported(*words: str, name: str = "out.json") -> Graph:
    assert main(["export", *words, "--output", name]) == 0
    return load_graph(name)


def values(graph: Graph) -> dict[str, Any]:
    return bind(graph).values(graph)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_s_graph_loads_binds_and_has_its_values(variant: str) -> None:
    found = values(exported(f"variant={variant}"))
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        told: Any = OmegaConf.to_container(compose("config", [f"variant={variant}"]).workflow, enum_to_str=True)
    wanted = {name: value for name, value in told.items() if name not in ("graph", "inputs") and value is not None}
    assert len(wanted) > 15
    assert found == values(default_graph()) | wanted


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_canvas_opens_it(variant: str, here: Path, capsys: Capture) -> None:
    """ComfyUI's frontend takes a JSON file for a graph where every value has class_type and an object of inputs."""
    exported(f"variant={variant}")
    told = json.loads((here / "out.json").read_text(encoding="utf-8"))
    assert all(isinstance(one["class_type"], str) and isinstance(one["inputs"], dict) for one in told.values())
    links = [value for one in told.values() for value in one["inputs"].values() if isinstance(value, list)]
    assert len(links) > 15 and all(source in told and isinstance(slot, int) for source, slot in links)
    assert "num_frames" in capsys.readouterr().out, "a speech of ten seconds would end after three"


@pytest.mark.parametrize("variant", sorted(HISTORY))
def test_two_exported_graphs_differ_by_what_the_history_changed(variant: str, capsys: Capture) -> None:
    exported("variant=v2", name="v2.json")
    exported(f"variant={variant}", name="other.json")
    capsys.readouterr()
    assert main(["diff", "v2.json", "other.json"]) == 0
    names = {line.partition(": ")[0] for line in capsys.readouterr().out.splitlines()}
    assert names - {"Face close-up"} == set(HISTORY[variant])


def test_it_goes_where_it_was_asked_to_or_here_under_the_variant_s_name(here: Path, capsys: Capture) -> None:
    assert main(["export", "variant=v4"]) == 0
    assert capsys.readouterr().out.startswith("v4.json: ")
    assert [path.name for path in here.iterdir()] == ["v4.json"]
    assert main(["export", "--output", "不 同/deep/my.json", "variant=v4"]) == 0
    assert load_graph(here / "不 同" / "deep" / "my.json") == load_graph("v4.json")


def test_words_stand_on_both_sides_of_the_output(here: Path) -> None:
    assert main(["export", "variant=v2", "--output", "a.json", "workflow.steps=6", "model=q8"]) == 0
    found = values(load_graph("a.json"))
    assert (found["steps"], found["base_precision"]) == (6, "bf16")


@pytest.mark.parametrize("text", ["一个人在说话, 慢慢地", 'says "hello"', "C:\\clips", "a | b"])
def test_text_is_quoted_as_sweep_py_quotes_it(text: str) -> None:
    assert values(exported(f"workflow.positive_prompt={text}"))["positive_prompt"] == text


def test_raw_inputs_are_set() -> None:
    assert exported('workflow.inputs."Video.crf"=10')["16"]["inputs"]["crf"] == 10


def test_a_graph_of_one_s_own_is_patched_wherever_it_lies(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = json.loads(json.dumps(default_graph()))
    graph["16"]["inputs"]["crf"] = 33
    (here / "own.json").write_text(json.dumps(graph), encoding="utf-8")
    monkeypatch.setenv("HOME", str(here))
    for place in ("own.json", "~/own.json"):
        found = exported(f"workflow.graph={place}", "variant=v4")
        assert found["16"]["inputs"]["crf"] == 33 and values(found)["motion_frame"] == 15


@pytest.mark.parametrize("axis", ["variant=[v4]", "model=[q8]", "steps=[7]", 'inputs."Video.crf"=[7]'])
def test_an_axis_of_one_value_is_that_value(axis: str) -> None:
    """Also an axis of a group, which is composed anew."""
    name, _, listed = axis.partition("=")
    plain = f"workflow.{name}" if name == "steps" or "." in name else name
    want = exported("variant=v2" if name != "variant" else "model=q8", f"{plain}={listed.strip('[]')}")
    assert exported("variant=v2" if name != "variant" else "model=q8", f"sweep.axes.{axis}") == want


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (["sweep.axes.steps=[4,8]"], "2 settings", "workflow.steps=6"),
        (["+experiment=tuning_history"], "11 settings", "sweep.axes"),
        (["sweep.axes.variant=[v1,v2]"], "2 settings", "sweep.axes"),
        (["variant=v9"], "there is no variant=v9", "there are: current"),
        (["workflow.stps=3"], "no key workflow.stps", "workflow.steps"),
        (["workflow.steps=many"], "workflow.steps=many", ""),
        (["nonsense"], "'nonsense' is no key=value", "--help"),
        (["workflow.graph=nowhere.json"], "nowhere.json", "relative path"),
        (['workflow.inputs."Video.crfx"=1'], "no input 'crfx'; did you mean crf", ""),
        (["workflow.positive_prompt=a\udcffb"], "not UTF-8 text", "UTF-8"),
    ],
)
def test_words_that_make_no_graph_are_told_and_nothing_is_written(
    here: Path, words: list[str], said: str, hint: str, capsys: Capture
) -> None:
    assert main(["export", *words]) == 2
    seen = capsys.readouterr()
    assert seen.out == "" and "Traceback" not in seen.err
    assert seen.err.startswith("error [") and said in seen.err and hint in seen.err.partition("\n  hint: ")[2]
    assert list(here.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(here: Path, capsys: Capture) -> None:
    (here / "file").write_text("", encoding="utf-8")
    (here / "folder").mkdir()
    for place in ("folder", "file/under.json", "x" * 300):
        assert main(["export", "variant=v2", "--output", place]) == 2
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 2 and "[export-unwritable]" in said[0] and "--output" in said[1]
    assert sorted(path.name for path in here.iterdir()) == ["file", "folder"]


def test_a_flag_that_is_not_its_own_is_refused(here: Path, capsys: Capture) -> None:
    for words in (["--outptu", "a.json"], ["variant=v2", "-m"], ["variant=v2", "--cfg", "job"]):
        with pytest.raises(SystemExit) as caught:
            main(["export", *words])
        assert caught.value.code == 2
    assert list(here.iterdir()) == []


def test_a_hostile_name_of_a_file_does_nothing_to_the_terminal(capsys: Capture) -> None:
    assert main(["export", "variant=v2", "--output", "a\x1b[31m\nb.json"]) == 0
    assert all(one.isprintable() for one in capsys.readouterr().out.removesuffix("\n"))


@pytest.mark.skipif((CONF / "variant" / "best.yaml").exists(), reason="somebody tagged a setting in this checkout")
def test_the_best_before_there_is_one_says_how_to_name_it(here: Path, capsys: Capture) -> None:
    assert main(["export", "variant=best"]) == 2
    assert "hint: tag the setting that you found best first" in capsys.readouterr().err
    assert list(here.iterdir()) == []
