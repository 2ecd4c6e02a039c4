"""The plan: complete, balanced, collapsed, limited, and the same whenever it is made."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sweeps.app import App
from sweeps.config import Config
from sweeps.known import Known
from sweeps.plan import Checked, Checks, Plan, PlannedCell, frozen, make_plan
from sweeps.settings import Setting
from workflow.cell import Cell, Clip
from workflow.errors import HarnessError
from workflow.windows import Windows

HERE = "0" * 64


def clip(name: str) -> Clip:
    return Clip(name, Path("f.png"), Path("c.png"), Path("s.wav"), 464, 832, 5.0)


def setting(name: str) -> Setting:
    return Setting(name, {"name": name}, Config(), {})


def build(one: Setting, of: Clip, seed: int) -> Cell:
    return Cell(one.name, of, seed, {}, (), Windows(81, 9, 132), f"{one.name}/{of.name}/{seed}", {})


FREE = Checks(
    build=build,
    check=lambda one, cell: Checked(),
    same=lambda cell: cell.recipe,
    environment=lambda cell: HERE,
    stored=lambda cell, environment: None,
    seconds=lambda cell: 30.0,
)


def planned(settings: int, clips: int, seeds: int, checks: Checks = FREE, **more: Any) -> Plan:
    told: dict[str, Any] = {"reload_s": 17.0, "stand_in": True, **more}
    return make_plan(
        "sweep",
        [setting(f"s{i}") for i in range(settings)],
        "s0",
        lambda _: [clip(f"c{i}") for i in range(clips)],
        list(range(seeds)),
        checks,
        **told,
    )


sizes = st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 3))


def key(one: PlannedCell) -> tuple[str, str, int]:
    return one.setting, one.clip.name, one.seed


@given(sizes)
def test_every_setting_meets_every_clip_and_seed_once(size: tuple[int, int, int]) -> None:
    cells = planned(*size).cells
    assert len({key(one) for one in cells}) == len(cells) == size[0] * size[1] * size[2]
    assert {one.state for one in cells} == {"run"}


@given(sizes)
def test_every_prefix_is_a_fair_comparison(size: tuple[int, int, int]) -> None:
    plan = planned(*size)
    for end in range(len(plan.cells) + 1):
        seen = Counter(one.setting for one in plan.cells[:end])
        assert max(seen.values(), default=0) - min(seen[one.name] for one in plan.settings) <= 1


@given(sizes)
def test_a_seed_is_finished_over_all_clips_before_the_next_one(size: tuple[int, int, int]) -> None:
    seeds = [one.seed for one in planned(*size).cells]
    assert seeds == sorted(seeds)


@given(sizes, st.integers(0, 70))
def test_a_limit_keeps_the_first_cells(size: tuple[int, int, int], limit: int) -> None:
    assert planned(*size, limit=limit).cells == planned(*size).cells[:limit]


@given(sizes, st.integers(1, 6))
def test_of_cells_that_cannot_differ_the_first_is_kept(size: tuple[int, int, int], kinds: int) -> None:
    def same(cell: Cell) -> str:
        return str((len(cell.setting) + sum(cell.recipe.encode())) % kinds)

    plan = planned(*size, replace(FREE, same=same))
    kept: dict[str, str] = {}
    for one in plan.cells:
        assert one.cell is not None
        twin = kept.setdefault(same(one.cell), one.name)
        assert one.state == ("run" if twin == one.name else "collapsed")
        assert plan.twins.get(one.name, one.name) == twin
        assert twin in one.reason or one.state == "run"
    assert [key(one) for one in plan.cells] == [key(one) for one in planned(*size).cells]


@given(sizes, st.integers(0, 4))
def test_what_is_impossible_says_why_and_the_rest_goes_on(size: tuple[int, int, int], wrong: int) -> None:
    checks = replace(
        FREE,
        check=lambda one, cell: Checked((f"{one.name} cannot be.", "and more.") if one.name == f"s{wrong}" else ()),
        same=lambda cell: "all alike",
    )
    plan = planned(*size, checks)
    for one in plan.cells:
        assert (one.state == "impossible") == (one.setting == f"s{wrong}")
        assert one.state != "impossible" or one.reason == f"s{wrong} cannot be; and more"
        assert one not in plan.to_run or one.state == "run"
    assert plan.count("run") == (1 if {one.setting for one in plan.cells} - {f"s{wrong}"} else 0)


def test_values_that_no_graph_takes_are_impossible_with_the_errors_own_words() -> None:
    def refusing(one: Setting, of: Clip, seed: int) -> Cell:
        if one.name == "s1":
            raise HarnessError("steps takes a whole number, got 'many'")
        return build(one, of, seed)

    plan = planned(3, 2, 2, replace(FREE, build=refusing))
    assert Counter(one.state for one in plan.cells) == {"run": 8, "impossible": 4}
    assert {one.reason for one in plan.cells if one.state == "impossible"} == {"steps takes a whole number, got 'many'"}


def test_what_is_stored_is_reused_and_other_environments_are_named() -> None:
    places = {"s0": HERE, "s1": "1" * 64}
    plan = planned(3, 2, 1, replace(FREE, stored=lambda cell, environment: places.get(cell.setting)))
    assert {(one.setting, one.state, one.environment) for one in plan.cells} == {
        ("s0", "reuse", HERE),
        ("s1", "reuse", "1" * 64),
        ("s2", "run", HERE),
    }
    assert {bool(one.reason) for one in plan.cells if one.setting == "s1"} == {True}
    unseen = planned(3, 2, 1, replace(FREE, environment=lambda cell: None, stored=lambda cell, environment: HERE))
    assert {(one.state, one.environment) for one in unseen.cells} == {("run", None)}


def test_a_warning_is_said_once_with_its_settings() -> None:
    plan = planned(4, 3, 2, replace(FREE, check=lambda one, cell: Checked((), ("mind the gap",))))
    (said,) = plan.warnings
    assert said.endswith("mind the gap")
    assert "s0, s1, s2 …" in said


@given(sizes)
def test_the_hash_tells_plans_apart_by_what_is_made_and_by_nothing_else(size: tuple[int, int, int]) -> None:
    plan = planned(*size)
    assert planned(*size).hash == plan.hash
    reused = planned(*size, replace(FREE, stored=lambda cell, environment: environment, seconds=lambda cell: 1.0))
    assert reused.hash == plan.hash
    others = [
        planned(size[0] + 1, size[1], size[2]),
        planned(size[0], size[1] + 1, size[2]),
        planned(size[0], size[1], size[2] + 1),
        planned(*size, stand_in=False),
        planned(*size, replace(FREE, build=lambda *of: replace(build(*of), recipe="another " + build(*of).recipe))),
    ]
    assert len({plan.hash, *(one.hash for one in others)}) == 1 + len(others)


@given(sizes)
def test_a_frozen_plan_is_json_with_every_cell(size: tuple[int, int, int]) -> None:
    plan = planned(*size)
    record = json.loads(json.dumps(frozen(plan)))
    assert [(one["setting"], one["clip"], one["seed"]) for one in record["cells"]] == [key(one) for one in plan.cells]
    assert record["hash"] == plan.hash


MakeApp = Callable[..., App]


def real(make_app: MakeApp, tmp_path: Path, *words: str) -> Plan:
    """The plan of a command, with the shipped graph and configs."""
    return make_app(*words).planner(Known(True), tmp_path / "clips").plan()


def values(plan: Plan) -> Mapping[str, Mapping[str, Any]]:
    """What each setting's graph has in the end."""
    return {one.setting: one.cell.values for one in plan.cells if one.cell is not None}


def test_a_variant_yields_to_the_command_line_and_that_to_an_axis(make_app: MakeApp, tmp_path: Path) -> None:
    (own,) = values(real(make_app, tmp_path, "variant=v4")).values()
    (line,) = values(real(make_app, tmp_path, "variant=v4", "workflow.steps=7", "workflow.shift=3.5")).values()
    assert (line["steps"], line["shift"]) == (7, 3.5)
    assert {name: line[name] for name in own if name not in ("steps", "shift")} == {
        name: own[name] for name in own if name not in ("steps", "shift")
    }
    axis = values(real(make_app, tmp_path, "variant=v4", "workflow.steps=7", "sweep.axes.steps=[5,6]"))
    assert [one["steps"] for one in axis.values()] == [5, 6]


def test_a_variant_on_an_axis_yields_to_the_command_line_too(make_app: MakeApp, tmp_path: Path) -> None:
    plain = values(real(make_app, tmp_path, "sweep.axes.variant=[v4,v5]"))
    fixed = values(real(make_app, tmp_path, "sweep.axes.variant=[v4,v5]", "workflow.steps=7"))
    assert plain["v4"] != plain["v5"]
    assert {one["steps"] for one in fixed.values()} == {7}


def test_the_same_command_makes_the_same_plan_and_another_value_another(make_app: MakeApp, tmp_path: Path) -> None:
    command = ["sweep.axes.steps=[4,6]", "sweep.seeds=[1,2]", "clips.names=[weather,train]"]
    first, again = (real(make_app, tmp_path, *command) for _ in range(2))
    assert again == first
    assert again.hash == first.hash
    assert real(make_app, tmp_path, *command, "workflow.shift=5.0").hash != first.hash
    assert real(make_app, tmp_path, *command, "limit=3").cells == first.cells[:3]
    # 2.0 and 2 are one value, on an axis too
    assert (
        real(make_app, tmp_path, *command, "workflow.cfg=2").hash
        == real(make_app, tmp_path, *command, "workflow.cfg=2.0").hash
    )


def test_a_value_the_server_does_not_have_is_impossible_and_the_sweep_goes_on(
    make_app: MakeApp, tmp_path: Path
) -> None:
    plan = real(make_app, tmp_path, "sweep.axes.scheduler=[unipc,no_such_scheduler,euler]")
    states = {one.setting: (one.state, one.reason) for one in plan.cells}
    assert states["scheduler=unipc"][0] == states["scheduler=euler"][0] == "run"
    assert states["scheduler=no_such_scheduler"][0] == "impossible"
    assert "no_such_scheduler" in states["scheduler=no_such_scheduler"][1]
    assert "unipc" in states["scheduler=no_such_scheduler"][1]


def test_negative_prompts_are_one_video_at_cfg_1_and_two_above(make_app: MakeApp, tmp_path: Path) -> None:
    axis = "sweep.axes.negative_prompt=[blurry,ugly]"
    assert real(make_app, tmp_path, axis, "workflow.cfg=1.0").count("collapsed") == 1
    assert real(make_app, tmp_path, axis, "workflow.cfg=2.0").count("collapsed") == 0
