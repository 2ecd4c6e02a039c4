"""Every shipped config composes, and says the same as the history does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra import initialize_config_dir
from variants import HISTORY

from eval.settings import PROFILES
from sweeps import config as schemas
from sweeps.compose import Composer
from sweeps.judging import settings_of
from sweeps.search.setup import search_of
from sweeps.settings import baseline_of, expand
from workflow.binding import bind
from workflow.graph import default_graph

CONF = Path(__file__).resolve().parents[2] / "conf"
GROUPS = {"variant", "experiment", "clips", "server", "gpu", "model", "scoring", "tracking", "search", "compare"}
NEEDS = {"folder": ["clips.dir=."], "list": ["clips.entries=[{picture: a.png, speech: a.wav}]"], "server": ["tracking.uri=http://h"],
         "custom": ["workflow.i2v_model=a.safetensors", "workflow.infinitetalk_model=b.safetensors"]}  # fmt: skip


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def test_the_groups_are_those_of_the_design() -> None:
    assert {path.name for path in CONF.iterdir() if path.is_dir()} == GROUPS | {"local"}


@pytest.mark.parametrize(("group", "option"), [(g, o) for g in sorted(GROUPS - {"experiment"}) for o in options(g)])
def test_every_option_composes(composed: Callable[..., Any], group: str, option: str) -> None:
    config = composed(f"{group}={option}", *NEEDS.get(option, []))
    assert config.choices[group] == option


@pytest.mark.parametrize("name", options("experiment"))
def test_every_experiment_expands_and_starts_with_its_command(composed: Callable[..., Any], name: str) -> None:
    lines = (CONF / "experiment" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# @package _global_"
    assert lines[1] == f"# python sweep.py +experiment={name}"
    config = composed(f"+experiment={name}")
    assert config.sweep.title
    if config.search.sampler != "grid":
        assert len(search_of(config).space.names) >= 2
        return
    found = expand(config, Composer((f"+experiment={name}",)))
    assert len(found) == 1 if config.compare.against else len(found) >= 2
    assert baseline_of(config, found) in {one.name for one in found}


def parameters(config: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(config.workflow).items() if name not in ("graph", "inputs")}


@pytest.mark.parametrize("variant", sorted(HISTORY))
def test_a_variant_differs_from_v2_by_what_the_history_says(composed: Callable[..., Any], variant: str) -> None:
    base, other = parameters(composed("variant=v2")), parameters(composed(f"variant={variant}"))
    assert {name: value for name, value in other.items() if value != base[name]} == HISTORY[variant]


def test_current_is_the_shipped_graph(composed: Callable[..., Any]) -> None:
    graph = default_graph()
    found = bind(graph).values(graph)
    own = {name: value for name, value in parameters(composed()).items() if value is not None}
    own["loras"] = [vars(one) for one in own["loras"]]
    found["loras"] = [one if isinstance(one, dict) else vars(one) for one in found["loras"]]
    assert own == {name: found[name] for name in own}


def test_precedence_is_variant_then_command_line_then_axis(composed: Callable[..., Any]) -> None:
    overrides = ("sweep.axes.variant=[v2,v4]", "workflow.motion_frame=13")
    base = composed(*overrides)
    assert [one.values["motion_frame"] for one in expand(base, Composer(overrides))] == [13, 13]
    overrides = (*overrides, "sweep.axes.motion_frame=[17,25]")
    base = composed(*overrides)
    found = expand(base, Composer(overrides))
    assert [(one.name, one.values["motion_frame"]) for one in found] == [
        ("v2, motion_frame=17", 17),
        ("v2, motion_frame=25", 25),
        ("v4, motion_frame=17", 17),
        ("v4, motion_frame=25", 25),
    ]


def test_a_variant_brings_its_model_unless_the_user_names_one(composed: Callable[..., Any]) -> None:
    assert composed("variant=v4").choices["model"] == "fp8_scaled"
    assert composed("variant=v4", "model=q8").choices["model"] == "q8"
    assert composed("variant=current", "gpu=a800_80gb").workflow.block_swap == 0


@pytest.mark.parametrize("profile", ["quick", "default", "full"])
def test_scoring_options_are_the_evaluators_profiles(composed: Callable[..., Any], profile: str) -> None:
    assert settings_of(composed(f"scoring={profile}")) == PROFILES[profile]


def test_what_the_history_does_not_say_is_marked_assumed() -> None:
    for name in ("v1", "v2"):
        assert "assumed" in (CONF / "variant" / f"{name}.yaml").read_text(encoding="utf-8")
    assert (CONF / "model" / "fp8_scaled.yaml").read_text(encoding="utf-8").count("# assumed") >= 4


def test_the_users_own_defaults_are_read_last(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(CONF, tmp_path / "conf")
    (tmp_path / "conf" / "local" / "default.yaml").write_text(
        "# @package _global_\ndefaults:\n  - override /server: comfyui\nserver:\n  url: http://box:8188\n",
        encoding="utf-8",
    )
    schemas.register()
    with initialize_config_dir(str(tmp_path / "conf"), version_base="1.3"):
        config = Composer(())({})
        assert (config.server.kind, config.server.url) == ("comfyui", "http://box:8188")
        assert Composer(("server=embedded", "server.url=null"))({}).server.kind == "embedded"
