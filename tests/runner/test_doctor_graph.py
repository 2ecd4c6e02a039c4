"""Node classes, model files and packages, on servers that lack some."""

import copy
import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runner.client import ComfyClient
from runner.doctor.examine import examine
from runner.doctor.facts import read_facts
from runner.doctor.finding import Finding, Report
from runner.doctor.nodes import pack_of
from runner.doctor.packages import read_packages
from workflow.graph import Graph, default_graph

SERVERS = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("doctor_servers.py"))))
answers, comfyui, options_of, schema, stats = (
    SERVERS.answers,
    SERVERS.comfyui,
    SERVERS.options_of,
    SERVERS.schema,
    SERVERS.stats,
)

MODEL = "WanVideo/I2V/wan2.1-i2v-14b-480p-Q8_0.gguf"
Examined = Callable[..., Report]


@pytest.fixture
def examined(serve: Callable[..., Any]) -> Examined:
    """``examined(graph, system_stats=…, object_info=…)``: a report on a server that answers so."""

    def make(graph: Graph | None = None, folder: Path | None = None, **changes: Any) -> Report:
        server = serve(comfyui(answers(**changes)))
        return examine(ComfyClient(server.url), graph or default_graph(), folder=folder)

    return make


def only(report: Report, code: str) -> Finding:
    (one,) = (one for one in report.findings if one.code == code)
    return one


def test_a_missing_class_names_the_pack_to_install(examined: Examined) -> None:
    info = schema()
    lacking = {key: info[key] for key in info if not key.startswith(("WanVideo", "MultiTalk", "Wav2Vec"))}
    found = only(examined(object_info=lacking), "class-missing")
    assert found.mark == "fault" and "WanVideoBlockSwap" in found.text
    assert "install ComfyUI-WanVideoWrapper (https://github.com/kijai/" in found.hint


def test_a_class_missing_from_a_pack_that_is_there_asks_for_an_update(examined: Examined) -> None:
    info = schema()
    del info["WanVideoBlockSwap"]
    report = examined(object_info=info)
    assert "update that pack" in only(report, "class-missing").hint
    assert not any(one.code == "values" for one in report.findings)  # what was not checked is not called well


def test_a_class_of_the_core_and_an_unknown_one_have_their_own_remedies(examined: Examined) -> None:
    info = schema()
    del info["LoadAudio"]
    graph = copy.deepcopy(default_graph())
    graph["99"] = {"class_type": "SomebodysNode", "inputs": {}}
    hints = {one.about: one.hint for one in examined(graph, object_info=info).findings if one.code == "class-missing"}
    assert "update ComfyUI" in hints["LoadAudio"] and "ComfyUI-Manager" in hints["SomebodysNode"]


def test_disabled_custom_nodes_explain_what_is_missing(examined: Examined) -> None:
    info = {key: node for key, node in schema().items() if key in ("LoadImage", "LoadAudio", "CLIPVisionLoader")}
    report = examined(object_info=info, system_stats=stats(argv=["main.py", "--disable-all-custom-nodes"]))
    hints = {one.hint for one in report.findings if one.code == "class-missing"}
    assert len(hints) == 2 and all("--disable-all-custom-nodes" in hint for hint in hints)


@pytest.mark.parametrize("class_type", ["WanVideoSampler", "WanVideoSomethingNew", "MultiTalkModelLoader"])
def test_wrapper_classes_are_known_by_name_even_where_the_snapshot_lacks_them(class_type: str) -> None:
    assert pack_of(class_type) == "ComfyUI-WanVideoWrapper"


def test_a_missing_model_lists_what_is_near_and_not_the_whole_folder(examined: Examined) -> None:
    info = schema()
    options = options_of(info, "WanVideoModelLoader", "model")
    options[:] = [f"other/thing-{k}.safetensors" for k in range(300)] + ["I2V/wan2.1-i2v-14b-480p-Q8_0.gguf"]
    options_of(info, "WanVideoVAELoader", "model_name")[:] = []
    options_of(info, "CLIPVisionLoader", "clip_name")[:] = ["zzz.bin"]
    found = {one.about: one for one in examined(object_info=info).findings if one.code == "model-missing"}
    assert found[MODEL].hint == "nearest there: I2V/wan2.1-i2v-14b-480p-Q8_0.gguf"
    assert len(found[MODEL].text) + len(found[MODEL].hint) < 240
    assert "in models/vae, which is empty" in found["Wan2_1_VAE_bf16.safetensors"].text
    assert "zzz.bin" in found["clip_vision_h.safetensors"].hint


def test_a_windows_server_is_compared_with_slashes(examined: Examined) -> None:
    info = schema()
    for class_type in ("WanVideoModelLoader", "MultiTalkModelLoader"):
        options = options_of(info, class_type, "model")
        options[:] = [option.replace("/", "\\") for option in options]
    report = examined(object_info=info, system_stats=stats(os="nt"))
    assert report.exit_code == 0 and not any(one.code == "model-missing" for one in report.findings)
    assert "Windows" in only(report, "version").text
    assert only(report, "models-backslash").mark == "ok"


def test_both_forms_of_a_list_are_read(examined: Examined) -> None:
    info = schema()
    groups = info["WanVideoImageToVideoMultiTalk"]["input"]
    for group in groups.values():
        for name, spec in group.items():
            if isinstance(spec[0], list):
                group[name] = ["COMBO", {"options": spec[0]}]
    graph = copy.deepcopy(default_graph())
    graph["10"]["inputs"]["colormatch"] = "adain"
    report = examined(graph, object_info=info)
    assert [one.about for one in report.findings if one.mark == "fault"] == ["colormatch"]


def installed_python(root: Path, packages: dict[str, str], python: str = "python3.12") -> Path:
    """A ComfyUI folder with a virtual environment beside its code, of that version."""
    site = root / "venv" / "lib" / python / "site-packages"
    for name, version in packages.items():
        (site / f"{name}-{version}.dist-info").mkdir(parents=True)
    (root / "comfyui_version.py").write_text('__version__ = "0.3.64"\n', encoding="utf-8")
    return root


def test_packages_are_known_from_the_servers_own_python(examined: Examined, tmp_path: Path) -> None:
    packages = {"torch": "2.8.0+cu128", "pyloudnorm": "0.1.1", "gguf": "0.17.1", "transformers": "5.0.0"}
    folder = installed_python(tmp_path, packages)
    report = examined(folder=folder)
    missing = only(report, "package-missing")
    assert missing.about == "sageattention" and "pip install sageattention" in missing.hint
    assert only(report, "transformers-new").mark == "risk"
    assert "gguf 0.17.1" in only(report, "packages").text


def test_another_python_than_the_servers_tells_nothing(tmp_path: Path) -> None:
    facts = read_facts(stats())
    assert facts is not None
    folder = installed_python(tmp_path / "other_torch", {"torch": "2.7.0", "gguf": "0.17.1"})
    assert read_packages(folder, facts) is None
    folder = installed_python(tmp_path / "other_python", {"torch": "2.8.0", "gguf": "0.17.1"}, "python3.10")
    assert read_packages(folder, facts) is None
    folder = installed_python(tmp_path / "same", {"torch": "2.8.0", "Color_Matcher": "0.6.0"})
    assert read_packages(folder, facts) == {"torch": "2.8.0", "color-matcher": "0.6.0"}
    assert read_packages(None, facts) is None


def test_a_folder_of_another_comfyui_is_a_fault(examined: Examined, tmp_path: Path) -> None:
    folder = installed_python(tmp_path, {"torch": "2.8.0"})
    (folder / "comfyui_version.py").write_text('__version__ = "0.9.0"\n', encoding="utf-8")
    report = examined(folder=folder)
    assert only(report, "folder-odd").mark == "fault" and "0.9.0" in only(report, "folder-odd").text


def test_colour_matching_is_a_late_risk_only_when_on(examined: Examined) -> None:
    graph = copy.deepcopy(default_graph())
    graph["10"]["inputs"]["colormatch"] = "reinhard"
    graph["13"]["inputs"]["attention_mode"] = "sdpa"
    graph["8"]["inputs"]["normalize_loudness"] = False
    risks = {one.about for one in examined(graph).findings if one.mark == "risk"}
    assert risks == {"color_matcher", "gguf", "transformers"}
