"""Bad input gives one plain line that names the value and its place, one hint, and exit code 2; nothing is written."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import sweep
from sweeps.naming import folder_name
from workflow.graph import default_graph

SMALL = ["clips.width=160", "clips.height=288", "scoring=quick", "clips.names=[weather]", "action=plan"]
Fails = Callable[..., str]
LONG = "x" * 300


@pytest.fixture
def fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Fails:
    """``fails(*arguments)``: the command ends with 2 and one message with its hint, which is returned."""

    def check(*arguments: str) -> str:
        outputs = tmp_path / "outputs"
        code = sweep.main([*SMALL, f"outputs={outputs}", *arguments])
        caught = capsys.readouterr()
        assert code == 2, caught.err + caught.out
        assert caught.out == ""
        assert "Traceback" not in caught.err
        assert caught.err.count("\n  hint: ") == 1
        assert not outputs.exists()
        return caught.err

    return check


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        # misspelt
        ("workflow.motion_fram=9", "did you mean workflow.motion_frame"),
        ("motion_frame=9", "did you mean workflow.motion_frame"),
        ("sweep.axis.cfg=[1]", "sweep.axes"),
        ("varient=v4", "did you mean variant"),
        ("+experimnt=cfg", "did you mean +experiment"),
        ("+foo=3", "there is no key foo"),
        ("++workflow.foo=3", "there is no key workflow.foo"),
        ("experiment=cfg", "+experiment=NAME"),
        ("+experiment=motion_frames", "did you mean motion_frame? there are: audio_scale"),
        ("variant=v44", "there is no variant=v44"),
        ("clips=folders", "did you mean folder?"),
        ("sweep.axes.variant=[v1,v99]", "there is no variant=v99"),
        ("action=foo", "choose one of run, plan, doctor, score, log"),
        ("--confg=job", "did you mean --cfg"),
        ("~workflow.cfg", "workflow.cfg=null"),
        ("=3", "is no key=value"),
        # of a wrong type
        ("workflow.motion_frame=abc", "workflow.motion_frame=abc is not a whole number"),
        ("workflow.motion_frame=9.5", "workflow.motion_frame=9.5 is not a whole number"),
        ("workflow.cfg=[1,2]", "to compare several: sweep.axes.cfg=[1,2]"),
        ("workflow.normalize_loudness=maybe", "is not true or false"),
        ("workflow=3", "workflow.NAME=VALUE"),
        ("sweep.axes.motion_frame=[9,abc]", "sweep.axes.motion_frame has 'abc'"),
        ("sweep.axes.motion_frame=9", "sweep.axes.motion_frame=[9]"),
        ("clips.names=weather", "clips.names=[weather]"),
        ("sweep.seeds=3", "sweep.seeds=[3]"),
        ("sweep.seeds=[a]", "sweep.seeds=[a] is not a whole number"),
        ("variant=[v1,v2]", "sweep.axes.variant=[v1,v2]"),
        # what the shell or Hydra reads otherwise
        ("workflow.positive_prompt=a, b", 'workflow.positive_prompt="a, b"\''),
        ("workflow.positive_prompt=[a", "'workflow.positive_prompt=\"[a\"'"),
        ("workflow.positive_prompt={微笑}", "'workflow.positive_prompt=\"{微笑}\"'"),
        ("sweep.axes.positive_prompt=[你好 世界,再见]", '["你好 世界","再见"]'),
        ("sweep.axes.positive_prompt=你好,再见", "sweep.axes.positive_prompt=[你好,再见]"),
        ('sweep.axes.inputs={"A b.c": [1]}', "sweep.axes.inputs."),
        # values that cannot be meant
        ("clips.width=200", "try clips.width=192"),
        ("clips.width=-16", "clips.width=-16"),
        ("clips.height=100000", "clips.height=100000"),
        ("workflow.height=0", "workflow.height=0"),
        ("sweep.axes.width=[160,-16]", "sweep.axes.width has -16"),
        ("clips.names=[nope]", "no clip is called 'nope'"),
        ("clips.names=[]", "clips.names=[]"),
        ("sweep.seeds=[]", "sweep.seeds=[]"),
        ("sweep.seeds=[-1]", "sweep.seeds has -1"),
        (f"sweep.seeds=[{2**64}]", f"sweep.seeds has {2**64}"),
        ("sweep.seeds=[2,2]", "sweep.seeds has 2 twice"),
        ("limit=0", "limit=0"),
        ("limit=-1", "limit=-1"),
        ("sweep.reuse=foo", "choose one of exact, graph"),
        ("sweep.stop_at=25:00", "sweep.stop_at=08:00"),
        ("sweep.baseline=nope", "the settings are: current"),
        ("sweep.budget.cells=-1", "sweep.budget.cells=-1"),
        ("sweep.max_failures=-1", "sweep.max_failures=-1"),
        ("sweep.zip=[width,height]", "sweep.zip=[[width,height]]"),
        ("sweep.zip=[[width,height]]", "which is no axis"),
        ("sweep.axes.cfg=[]", "sweep.axes.cfg=[] is empty"),
        ("sweep.axes.cfg='range(2,1)'", "range(2,1) is empty"),
        ("sweep.axes.cfg=[1,1]", "stands twice"),
        (f"sweep.name={LONG}", "(300 characters)"),
        ("sweep.name=", "cannot name a sweep"),
        ("outputs=", "outputs= names no folder"),
        ("search.sampler=foo", "search.sampler=foo"),
        ("scoring.families=[nope]", "nope"),
        ("scoring.face_stride=0", "scoring.face_stride=0"),
        ("scoring.workers=0", "scoring.workers=0"),
        ("scoring.sync_scale=0", "scoring.sync_scale must be within"),
        ("scoring.sync_shift_y=nan", "scoring.sync_shift_y must be within"),
        ("hooks.on_done=/nope/x", "there is no command /nope/x"),
        ("hooks.on_done=it's", "hooks.on_done"),
        # what needs more
        ("model=custom", "model=custom needs workflow.i2v_model"),
        ("clips=list", "conf/clips/list.yaml"),
        ("clips=folder", "clips.dir"),
        ("tracking=server", "tracking=server needs tracking.uri"),
        ("tracking.kind=foo", "choose one of local, server"),
        ("server.kind=foo", "choose one of embedded, comfyui"),
        ("server.read_timeout_s=0", "server.read_timeout_s=0"),
        # what no cell can be made of
        ("workflow.scheduler=nope", "'nope' is not in the list; allowed: unipc"),
        ("workflow.motion_frame=100", "motion_frame 100"),
        ("workflow.inputs.Nope.x=3", "Nope.x: no node has that title or class"),
        ('sweep.axes.inputs."Sampler.stepps"=[3]', "did you mean steps?"),
        ("variant=v3", "'adain' is not in the list"),
    ],
)
def test_a_value_that_cannot_be_meant_is_named_with_what_can(fails: Fails, argument: str, said: str) -> None:
    assert said in fails(argument)


def test_zipped_axes_of_unequal_length_are_counted(fails: Fails) -> None:
    said = fails("sweep.axes.width=[160,176]", "sweep.axes.height=[288]", "sweep.zip=[[width,height]]")
    assert "width has 2, height has 1" in said


@pytest.mark.parametrize("url", ["host:8188", "127.0.0.1:8188", "ftp://host", "http://", "null", "//user:secret@host"])
def test_a_server_without_an_address_is_told_and_no_password_shown(fails: Fails, url: str) -> None:
    said = fails("server=comfyui", f"server.url={url}")
    assert "server.url=http://host:8188" in said
    assert "secret" not in said


@pytest.mark.parametrize("action", ["score", "log"])
def test_an_action_on_renders_that_are_not_there_says_so(fails: Fails, action: str) -> None:
    assert f"action={action}: nothing of never is rendered" in fails(f"action={action}", "sweep.name=never")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# @package _global_\nsweep:\n  axes:\n    motion_fram: [1]\n", "conf/experiment/mine.yaml: there is no key"),
        ("# @package _global_\nlimit: abc\n", "conf/experiment/mine.yaml: limit=abc is not a whole number"),
        ("# @package _global_\nsweep:\n  axes: [1\n  x: y\n", "mine.yaml, line"),
        ("# @package _global_\nsweep:\n  title: ${nope}\n", "sweep.title"),
        ("# @package _global_\ndefaults:\n  - override /variant: v99\n", "there is no variant=v99"),
        ("sweep:\n  title: a\n", "# @package _global_"),
        ("# @package _global_\nsweep:\n  title: \udcff\n", "not UTF-8"),
    ],
)
def test_a_config_file_with_a_mistake_is_named(fails: Fails, tmp_path: Path, text: str, said: str) -> None:
    folder = tmp_path / "conf" / "experiment"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert said in fails("+experiment=mine", "--config-dir", str(folder.parent), "limit=1")


def _ui() -> str:
    return json.dumps({"last_node_id": 3, "nodes": [{"id": 1, "type": "X"}], "links": []})


def _without(name: str) -> str:
    return json.dumps({key: node for key, node in default_graph().items() if node["class_type"] != name})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        ("", "is not valid JSON"),
        ("hello", "is not valid JSON"),
        ("[]", "no JSON object"),
        ("[" * 100_000, "nested too deeply"),
        (_ui(), "Export (API)"),
        (_without("WanVideoSampler"), "no WanVideoSampler"),
        (_without("VHS_VideoCombine"), "no VHS_VideoCombine"),
        (_without("LoadAudio"), "no LoadAudio"),
    ],
)
def test_a_graph_that_cannot_be_used_says_why(fails: Fails, tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "graph.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert said in fails(f"workflow.graph={path}")


def test_any_name_becomes_a_folder_inside_the_outputs() -> None:
    for name in ("../../x", "动作" * 60, "a/b:c*", ".hidden", "x. ", "100%"):
        folder = folder_name(name)
        assert Path("outputs", folder).resolve().parent == Path("outputs").resolve()
        assert len(folder.encode("utf-8")) < 200
        assert not set(folder) & set('/\\:*?"<>|')
    assert folder_name("动作 帧=9") == "动作 帧=9"
