"""What a rehearsal would write where, and what it refuses."""

import copy
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner.rehearse.beyond import beyond
from runner.rehearse.checkpoint import Checkpoint, Tensor
from runner.rehearse.errors import RehearsalError
from runner.rehearse.execute import execute
from runner.rehearse.plan import Plan, Target, check_room, comfyui_folder, make_plan
from runner.rehearse.remove import ours, take_away
from runner.rehearse.wanted import Wanted, wanted
from runner.rehearse.write import temporary_of
from workflow.graph import default_graph, load_graph


def test_every_model_file_that_is_shipped_is_wanted_and_every_prompt() -> None:
    found = wanted(default_graph())
    names = {name for _, name in found.files}
    assert {
        "WanVideo/I2V/wan2.1-i2v-14b-480p-Q8_0.gguf",
        "WanVideo/InfiniteTalk/Wan2_1-InfiniteTalk_Single_Q8.gguf",
        "I2V/Wan2_1-I2V-14B-480p_fp8_e4m3fn_scaled_KJ.safetensors",
        "InfiniteTalk/Wan2_1-InfiniteTalk-Single_fp8_e4m3fn_scaled_KJ.safetensors",
        "lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors",
    } < names
    assert {"vae", "clip", "wav2vec2", "t5"} < {model for model, _ in found.files}
    assert "a person is talking naturally" in found.prompts
    assert "一个人对着镜头自然地说话，表情生动" in found.prompts  # a value of an axis
    assert any("worst quality" in prompt for prompt in found.prompts)


def test_what_a_graph_needs_beyond_a_rehearsal_is_said() -> None:
    graph = copy.deepcopy(default_graph())
    assert not list(beyond(graph))
    graph["2"]["inputs"]["use_disk_cache"] = False
    graph["4"]["class_type"] = "DownloadAndLoadWav2VecModel"
    graph["99"] = {"class_type": "DownloadAndLoadWav2VecModel", "inputs": {}}  # loose: it never runs
    said = list(beyond(graph))
    assert len(said) == 2
    assert "use_disk_cache" in said[0] and "downloads a model" in said[1]


def test_an_option_narrows_the_transformers_only() -> None:
    names = {name for _, name in wanted(default_graph(), ["q8"], ["more"]).files}
    assert not any("fp8" in name for name in names)
    assert any(name.endswith(".gguf") for name in names) and "clip_vision_h.safetensors" in names
    assert "more" in wanted(default_graph(), prompts=["more"]).prompts
    with pytest.raises(RehearsalError, match="model=q9"):
        wanted(default_graph(), ["q9"])


@pytest.mark.parametrize("name", ["../x.safetensors", "/x.gguf", "C:\\x.gguf", "a/../../x.gguf", "x.bin", "a\n.gguf"])
def test_a_name_that_leaves_the_model_folders_is_refused(tmp_path: Path, name: str, small_graph: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a.yaml").write_text(f"i2v_model: {name!r}\n".replace("'", '"'), encoding="utf-8")
    with pytest.raises(RehearsalError, match="cannot be rehearsed"):
        wanted(load_graph(small_graph), conf=tmp_path / "c")


def small(comfyui: Path, graph: Path, conf: Path, seed: int = 0) -> Plan:
    return make_plan(comfyui, wanted(load_graph(graph), conf=conf), "tiny", seed)


def test_what_is_ours_is_kept_replaced_or_removed_and_what_is_not_stays(
    comfyui: Path, small_graph: Path, no_conf: Path
) -> None:
    real = comfyui / "models/vae/Wan2_1_VAE_bf16.safetensors"
    real.write_bytes(b"a real one")
    plan = small(comfyui, small_graph, no_conf)
    assert [one.path for one in plan.of("foreign")] == [real]
    assert execute(plan) == len(plan.targets) - 1
    again = small(comfyui, small_graph, no_conf)
    assert not again.of("write", "replace") and execute(again) == 0
    other = small(comfyui, small_graph, no_conf, seed=7)
    assert {one.state for one in other.targets} == {"foreign", "replace"}
    before = (comfyui / "models/loras/L/one.safetensors").read_bytes()
    execute(other)
    assert (comfyui / "models/loras/L/one.safetensors").read_bytes() != before
    (notice,) = (comfyui / "models/diffusion_models").iterdir()
    assert notice.name == "REHEARSAL-random-weights-tiny-7.safetensors"
    files = ours(comfyui)
    assert files[-1] == notice and real not in files
    take_away(comfyui, files)
    assert real.read_bytes() == b"a real one" and ours(comfyui) == []
    left = {path.relative_to(comfyui).as_posix() for path in comfyui.rglob("*") if path.is_file()}
    assert left == {"models/vae/Wan2_1_VAE_bf16.safetensors", "custom_nodes/comfyui-wanvideowrapper/nodes.py"}
    assert not (comfyui / "models/loras/L").exists()  # made for it
    assert (comfyui / "models/loras").is_dir()  # was there


def test_folders_in_which_something_else_lies_stay(comfyui: Path, small_graph: Path, no_conf: Path) -> None:
    execute(small(comfyui, small_graph, no_conf))
    theirs = comfyui / "models/loras/L/theirs.safetensors"
    theirs.write_bytes(b"x")
    take_away(comfyui, ours(comfyui))
    assert theirs.is_file()


def test_a_file_that_appears_meanwhile_is_not_overwritten(comfyui: Path, small_graph: Path, no_conf: Path) -> None:
    plan = small(comfyui, small_graph, no_conf)
    late = comfyui / "models/vae/Wan2_1_VAE_bf16.safetensors"

    def arrives(target: Target) -> None:
        if target.path == late:
            late.write_bytes(b"just downloaded")

    with pytest.raises(FileExistsError):
        execute(plan, arrives)
    assert late.read_bytes() == b"just downloaded" and late not in ours(comfyui)


def test_a_link_to_a_real_model_is_left(comfyui: Path, small_graph: Path, no_conf: Path, tmp_path: Path) -> None:
    execute(small(comfyui, small_graph, no_conf))
    (one,) = (path for path in ours(comfyui) if path.name == "one.safetensors")
    moved = tmp_path / "elsewhere.safetensors"
    one.rename(moved)
    one.symlink_to(moved)  # what it leads to is marked, and still not ours to replace or to take away
    (target,) = (it for it in small(comfyui, small_graph, no_conf, seed=3).targets if it.path == one)
    assert target.state == "foreign"
    take_away(comfyui, ours(comfyui))
    assert one.is_symlink() and moved.is_file()


def test_what_a_killed_process_left_goes_too(comfyui: Path, small_graph: Path, no_conf: Path) -> None:
    execute(small(comfyui, small_graph, no_conf))
    whole = comfyui / "models/vae/Wan2_1_VAE_bf16.safetensors"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left, writing = temporary_of(whole, gone.pid), temporary_of(whole, os.getppid())
    for part in (left, writing):
        part.write_bytes(whole.read_bytes()[:100_000])
    assert {left, writing} < set(ours(comfyui))
    whole.unlink()
    execute(small(comfyui, small_graph, no_conf))
    assert whole.is_file() and not left.exists() and writing.exists()  # another process writes the same one now


def test_links_in_circles_end(comfyui: Path, small_graph: Path, no_conf: Path) -> None:
    execute(small(comfyui, small_graph, no_conf))
    (comfyui / "models/loras/round").symlink_to(comfyui / "models", target_is_directory=True)
    assert len(ours(comfyui)) == len(set(ours(comfyui))) == 6


def test_too_little_room_is_said_before_a_byte_is_written(comfyui: Path) -> None:
    vast = Checkpoint("i2v", "diffusion_models", "a.gguf", (Tensor("x", (1 << 58,), "F32"),))
    target = Target(comfyui / "models/diffusion_models/a.gguf", vast, "full seed=0", "write")
    with pytest.raises(RehearsalError, match="GB free, the files need"):
        check_room(Plan(comfyui, "full", 0, (target,)))


def test_a_folder_that_is_none_is_said(tmp_path: Path, comfyui: Path) -> None:
    with pytest.raises(RehearsalError, match="there is no folder"):
        comfyui_folder(str(tmp_path / "nowhere"))
    (tmp_path / "file").write_text("")
    with pytest.raises(RehearsalError, match="there is no folder"):
        comfyui_folder(str(tmp_path / "file"))
    with pytest.raises(RehearsalError) as said:
        comfyui_folder(str(comfyui.parent))
    assert str(comfyui) in said.value.hint  # the folder above, as of a portable package
    (comfyui / "custom_nodes/comfyui-wanvideowrapper/nodes.py").unlink()
    with pytest.raises(RehearsalError, match="no ComfyUI-WanVideoWrapper"):
        make_plan(comfyui, Wanted((), ("a",)), "tiny", 0)
