"""Sides against each other: pairs, failures, noise, and everything that forbids a conclusion."""

import json
import math
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import sweep
from sweeps.__main__ import main
from sweeps.compare.command import CompareWords, code_of, decided, rules
from sweeps.compare.compare import Comparison, compare
from sweeps.compare.rule import Margin
from sweeps.compare.sides import Side
from sweeps.compare.told import as_json, cells, conclusion, junit, markdown
from sweeps.compose import configured
from sweeps.kept import GONE
from sweeps.kept import NAME as KEPT

Make = Callable[..., Side]
SHARP, COLOUR, WINDOW = "sharpness/laplacian", "colour/cheeks_mean", "cost/window_s"
MARGINS = {COLOUR: Margin(1.0, "lower"), WINDOW: Margin(0.05, "lower", relative=True), SHARP: Margin(0.15, "band")}
CLIPS = [f"c{k}" for k in range(9)]


def table(values: Any) -> dict[str, list[float | None]]:
    return {clip: [value] if not isinstance(value, list) else value for clip, value in zip(CLIPS, values, strict=True)}


def test_clips_are_paired_and_seeds_averaged_inside_them(make_side: Make) -> None:
    base = make_side("a", {COLOUR: {"x": [1.0, 3.0], "y": [5.0, 7.0]}})
    other = make_side("b", {COLOUR: {"y": [6.0, 10.0], "x": [2.0, 2.0]}})
    row = compare(base, other, MARGINS, [COLOUR]).rows[0]
    assert row.steps == {"x": 0.0, "y": 2.0} and (row.baseline, row.candidate) == (4.0, 5.0)


def test_a_seed_that_one_side_lacks_moves_nothing(make_side: Make) -> None:
    base = make_side("a", {COLOUR: {"x": [1.0, 100.0]}})
    other = make_side("b", {COLOUR: {"x": [2.0, None]}})
    row = compare(base, other, MARGINS, [COLOUR]).rows[0]
    assert row.steps == {"x": 1.0} and row.baseline == 1.0


def test_a_regression_in_time_is_one_and_in_what_informs_is_none(make_side: Make) -> None:
    rng = np.random.default_rng(1)
    quick, sharp = rng.normal(20, 0.1, 9), rng.normal(1, 0.01, 9)
    base = make_side("a", {WINDOW: table(quick), SHARP: table(sharp)})
    other = make_side("b", {WINDOW: table(quick * 1.2), SHARP: table(sharp * 1.5)})
    found = compare(base, other, MARGINS, [WINDOW])
    assert [row.metric for row in found.regressions] == [WINDOW] and code_of(found) == 4
    assert next(row for row in found.rows if row.metric == SHARP).verdict == "worse"
    assert code_of(compare(base, other, MARGINS, [COLOUR])) != 4
    assert "REGRESSION in cost/window_s" in conclusion(found)


def test_what_informs_and_got_worse_is_named_beside_a_pass(make_side: Make) -> None:
    base = make_side("a", {COLOUR: table(range(9)), SHARP: table(k / 100 for k in range(9))})
    other = make_side("b", {COLOUR: table(range(9)), SHARP: table(k / 100 + 0.5 for k in range(9))})
    found = compare(base, other, MARGINS, [COLOUR])
    assert code_of(found) == 0 and conclusion(found).endswith(f"; worse among the others: {SHARP}")


def test_a_metric_without_a_better_side_that_has_a_band_shows_both_arrows(make_side: Make) -> None:
    motion = "motion/head_mean"
    base, other = (make_side(name, {motion: table(range(9))}) for name in "ab")
    heads = [
        cells(compare(base, other, {motion: Margin(0.1, side)}, [motion]).rows[0])[0]
        for side in ("band", "lower")  # type: ignore[arg-type]
    ]
    assert heads == [f"* {motion} faces/s ↔", f"* {motion} faces/s"]


def test_a_failed_render_of_the_candidate_is_worse_whatever_the_rest_says(make_side: Make) -> None:
    same = table([1.0 + k / 100 for k in range(9)])
    base, other = make_side("a", {COLOUR: same}), make_side("b", {COLOUR: same})
    cells = list(other.setting.cells)
    cells[3] = replace(cells[3], state="failed", reason="out of memory", folder=None, score=None)
    broken = Side(other.sweep, replace(other.setting, cells=tuple(cells)), "s")
    found = compare(base, broken, MARGINS, [COLOUR])
    assert found.regressions and found.rows[0].n == 8 and "out of memory" in markdown(found)
    assert not compare(broken, other, MARGINS, [COLOUR]).regressions, "a failure of the baseline is no regression"


def test_two_equal_sides_lose_nothing_where_neither_has_a_seed(make_side: Make) -> None:
    one = make_side("a", {COLOUR: {"x": [1.0, None], "y": [2.0, 2.5]}})
    row = compare(one, one, MARGINS, [COLOUR]).rows[0]
    assert not row.lost and row.verdict == "same"


def test_clips_without_a_common_seed_are_compared_by_their_means(make_side: Make) -> None:
    """As ComfyUI makes them, each video with a seed of its own."""
    base = with_seeds(make_side("a", {COLOUR: {"x": [1.0, 3.0], "y": [5.0, 7.0]}}), 0)
    other = with_seeds(make_side("b", {COLOUR: {"x": [4.0, 6.0], "y": [8.0, 8.0]}}), 100)
    row = compare(base, other, MARGINS, [COLOUR]).rows[0]
    assert row.steps == {"x": 3.0, "y": 2.0}


def with_seeds(one: Side, more: int) -> Side:
    cells = tuple(replace(cell, seed=cell.seed + more) for cell in one.setting.cells)
    return Side(one.sweep, replace(one.setting, cells=cells), one.where)


@pytest.mark.parametrize(("seeds", "first"), [(3, 0), (1, 0), (2, 50)])
def test_the_noise_floor_is_that_of_the_seeds(make_side: Make, seeds: int, first: int) -> None:
    """Against a simulation of two sides of one setting: on the same seeds, on one of them, on two others."""
    rng = np.random.default_rng(2)
    draws = rng.normal(0, 0.5, (4000, 9, 3)), rng.normal(0, 0.5, (4000, 9, 3))[:, :, :seeds]
    ours = draws[0] if first else draws[0][:, :, :seeds]
    true = 1.96 * float(np.std(ours.mean(axis=(1, 2)) - draws[1].mean(axis=(1, 2))))
    base = make_side("a", {COLOUR: table([list(rng.normal(k, 0.5, 3)) for k in range(9)])})
    other = with_seeds(make_side("b", {COLOUR: table([list(rng.normal(k, 0.5, seeds)) for k in range(9)])}), first)
    found = compare(base, other, MARGINS, [COLOUR]).rows[0].noise
    assert found is not None and 0.6 * true < found < 1.5 * true
    single = make_side("a", {COLOUR: table(range(9))})
    assert compare(single, single, MARGINS, [COLOUR]).rows[0].noise is None


def test_the_advice_is_for_the_interval_that_decides(make_side: Make) -> None:
    """Of four primaries each is judged by Holm's interval; clips enough for an unadjusted one would not be enough."""
    rng = np.random.default_rng(4)
    names = [COLOUR, "seam/colour", "seam/motion", "likeness/lpips"]
    zero = {name: table([0.0] * 9) for name in names}
    moved = {name: table(one - one.mean() + 0.1) for name, one in zip(names, rng.normal(size=(4, 9)), strict=True)}
    margins = {name: Margin(0.5, "lower") for name in names}
    found = compare(make_side("a", zero), make_side("b", moved), margins, names)
    for row in found.primaries:
        assert row.verdict == "not enough evidence" and row.more is not None
        steps = list(row.steps.values())
        spread, effect, n = float(np.std(steps, ddof=1)), abs(float(np.mean(steps))), 9 + row.more
        room = effect if effect > 0.5 else 0.5 - effect
        half = [stats.t.ppf(1 - 0.05 / 4 / 2, k - 1) * spread / math.sqrt(k) for k in (n - 1, n)]
        assert half[1] < room <= half[0]


def test_the_printed_power_is_what_the_whole_gate_does(make_side: Make) -> None:
    """One of four metrics truly moves by twice its margin; the clips of all spread by 1."""
    rng = np.random.default_rng(6)
    names, margin = [COLOUR, "seam/colour", "seam/motion", "likeness/lpips"], 0.6
    margins = {name: Margin(margin, "lower") for name in names}
    zero, called, printed = make_side("a", {name: table([0.0] * 9) for name in names}), 0, []
    for _ in range(300):
        steps = rng.normal(size=(4, 9))
        steps[0] += 2 * margin
        other = make_side("b", {name: table(one) for name, one in zip(names, steps, strict=True)})
        row = compare(zero, other, margins, names).primaries[0]
        called += row.verdict == "worse"
        printed.append(row.power or 0.0)
    assert abs(float(np.mean(printed)) - called / 300) < 0.08


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: replace_sweep(one, stand_in=True), "stand-in"),
        (lambda one: replace_sweep(one, judged="other"), "judged differently"),
        (lambda one: with_cells(one, inputs=("sha other",)), "pictures or speech changed"),
        (lambda one: with_cells(one, clip="another"), "no clip in common"),
        (lambda one: with_last(one, state="pending", score=None), "1 of 9 cells of b (s) are not done"),
        (lambda one: with_last(one, reason=GONE[0], score=None, folder=None), "not in the store any more"),
    ],
)
def test_what_may_not_be_compared_is_invalid_and_no_pass(make_side: Make, change: Any, said: str) -> None:
    values = {COLOUR: table([1.0 + k / 100 for k in range(9)])}
    base, other = make_side("a", values), change(make_side("b", values))
    found = decided(base, other, configured().compare, MARGINS, [COLOUR])
    assert code_of(found) == 2 and any(said in why for why in found.invalid)
    assert "invalid" in conclusion(found) and parsed(found).attrib["errors"] == "1"


def parsed(found: Comparison) -> ET.Element:
    return ET.fromstring(junit(found))  # noqa: S314  our own words


def replace_sweep(one: Side, **changes: Any) -> Side:
    return Side(replace(one.sweep, **changes), one.setting, one.where)


def with_cells(one: Side, **changes: Any) -> Side:
    cells = tuple(replace(cell, **changes) for cell in one.setting.cells)
    return Side(one.sweep, replace(one.setting, cells=cells), one.where)


def with_last(one: Side, **changes: Any) -> Side:
    *most, last = one.setting.cells
    return Side(one.sweep, replace(one.setting, cells=(*most, replace(last, **changes))), one.where)


def test_a_primary_metric_missing_on_one_side_is_invalid(make_side: Make) -> None:
    base = make_side("a", {COLOUR: table(range(9)), SHARP: table(range(9))})
    other = make_side("b", {COLOUR: table([None] * 9), SHARP: table(range(9))})
    for one, two in ((base, other), (other, base)):
        found = decided(one, two, configured().compare, MARGINS, [COLOUR])
        assert code_of(found) == 2 and any("no value at all in b" in why for why in found.invalid)


def test_a_score_that_the_candidate_lacks_counts_as_a_failure(make_side: Make) -> None:
    base = make_side("a", {COLOUR: table(range(9))})
    other = make_side("b", {COLOUR: table([None, *range(1, 9)])})
    found = decided(base, other, configured().compare, MARGINS, [COLOUR])
    assert code_of(found) == 4 and "missing on c0: no evidence" in markdown(found)


def test_a_primary_metric_that_neither_side_has_is_invalid(make_side: Make) -> None:
    bare = make_side("b", {SHARP: table(range(9))})
    found = decided(bare, bare, configured().compare, MARGINS, [COLOUR])
    assert code_of(found) == 2 and any("no value at all" in why for why in found.invalid)


def test_a_share_of_a_baseline_that_is_not_known_is_no_margin(make_side: Make) -> None:
    base, other = make_side("a", {WINDOW: table([None] * 9)}), make_side("b", {WINDOW: table(range(9))})
    assert compare(base, other, MARGINS, [WINDOW]).rows[0].margin is None


def test_another_metric_decides_where_neither_side_has_the_first_and_that_is_said(make_side: Make) -> None:
    values = {"lipsync/envelope_strength": table([0.5 + k / 100 for k in range(9)])}
    config = configured().compare
    margins, _ = rules(config, None, [])
    found = decided(make_side("a", values), make_side("b", values), config, margins, ["lipsync/confidence"])
    assert [row.metric for row in found.primaries] == ["lipsync/envelope_strength"]
    assert any("in place of lipsync/confidence" in note for note in found.notes)


def test_costs_of_different_cards_are_never_compared(make_side: Make) -> None:
    values = {COLOUR: table([1 + k / 100 for k in range(9)]), WINDOW: table([20 + k / 100 for k in range(9)])}
    slow = {**values, WINDOW: table([40 + k / 100 for k in range(9)])}
    base, other = make_side("a", values), with_cells(make_side("b", slow), card="another card")
    found = decided(base, other, configured().compare, MARGINS, [COLOUR, WINDOW])
    assert code_of(found) == 0 and [row.metric for row in found.primaries] == [COLOUR]
    assert next(row for row in found.rows if row.metric == WINDOW).verdict is None
    assert any("different cards" in note for note in found.notes)
    assert code_of(decided(base, other, configured().compare, MARGINS, [WINDOW])) == 2, "nothing is left to decide"
    assert code_of(decided(base, make_side("b", slow), configured().compare, MARGINS, [WINDOW])) == 4


@pytest.mark.parametrize(
    ("primaries", "margins", "said"),
    [
        (["nonsense/x"], [], "no such metric"),
        ([COLOUR, SHARP, WINDOW, "seam/colour", "seam/motion"], [], "1 to 4 decide"),
        (["motion/flicker"], [], "needs a margin"),
        (None, ["lipsync/confidence=much"], "no number"),
        (None, ["lipsync/confidence=nan"], "no margin"),
        (None, ["lipsync/confidence=inf"], "no margin"),
        (None, ["lipsync/confidence=-1"], "no margin"),
    ],
)
def test_rules_that_make_no_sense_are_refused(primaries: list[str] | None, margins: list[str], said: str) -> None:
    with pytest.raises(CompareWords, match=said):
        rules(configured().compare, primaries, margins)


def test_every_shipped_margin_names_its_reason_and_a_metric() -> None:
    config = configured().compare
    margins, primaries = rules(config, None, [])
    assert primaries == list(config.primaries) and len(primaries) <= 4
    assert all(one.why and math.isfinite(one.size) for one in margins.values())
    assert all(other in margins for other in config.instead.values())


def test_hostile_names_are_letters_in_every_form(make_side: Make) -> None:
    evil = "<b>|</testsuite>\x00]]>"
    values = {COLOUR: table(range(9))}
    found = compare(make_side(evil, values), make_side(evil, values), MARGINS, [COLOUR])
    assert parsed(found).attrib["name"].startswith("<b>")
    assert "<b>" not in markdown(found)
    json.dumps(as_json(found), allow_nan=False)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, tables: Callable[[Path], None]) -> Path:
    """A finished sweep of the stand-in with two seeds: steps change nothing there but what the puppet is told."""
    made = tmp_path_factory.mktemp("compare") / "outputs"
    tables(made)
    small = [
        "clips.width=128",
        "clips.height=224",
        "scoring=quick",
        "clips.names=[weather,new_year]",
        "sweep.seeds=[1,2]",
    ]
    assert sweep.main(["sweep.name=pair", "sweep.axes.motion_frame=[9,25]", *small, f"outputs={made}"]) == 0
    return made


def test_sides_are_found_by_setting_by_sweep_by_run_and_by_query(
    outputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--outputs", str(outputs), "--primaries", COLOUR]
    assert main(["compare", "pair:motion_frame=9", "motion_frame=25", *words, "--json", str(tmp_path / "a.json")]) == 0
    first = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert first["baseline"]["mark"] == "stand-in" and "not the model" in " ".join(capsys.readouterr().out.split())
    assert {row["metric"]: row["noise"] for row in first["metrics"]}[SHARP] is not None, "two seeds tell the noise"
    assert main(["baseline", "show", "--outputs", str(outputs)]) == 2
    assert main(["compare", "baseline", "motion_frame=25", *words]) == 2
    assert main(["baseline", "set", "pair:motion_frame=9", "--why", "first", "--outputs", str(outputs)]) == 0
    assert main(["baseline", "history", "--outputs", str(outputs)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(": first")
    assert main(["baseline", "set", "pair:motion_frame=9", "--why", "again", "--outputs", str(outputs)]) == 0
    run = capsys.readouterr().out.split("(")[1].split(")")[0]
    assert main(["baseline", "history", "--outputs", str(outputs)]) == 0
    assert [line.rpartition(": ")[2] for line in capsys.readouterr().out.splitlines()] == ["again", "first"]
    query = "tags.setting = 'motion_frame=25'"
    assert main(["compare", "baseline", query, *words, "--json", str(tmp_path / "b.json")]) == 0
    assert main(["compare", run, query, *words]) == 0
    second = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert second["metrics"] == first["metrics"], "MLflow's copy says what the store says"


def test_a_file_that_cannot_be_written_is_told_and_hides_no_regression(
    outputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "outputs"
    shutil.copytree(outputs, copy)
    words = ["compare", "pair:motion_frame=9", "pair:motion_frame=25", "--outputs", str(copy), "--primaries", COLOUR]
    where = ["--json", str(copy / "mlflow.db" / "a.json")]
    assert main([*words, *where]) == 2
    kept = copy / "sweeps" / "pair-stand-in" / KEPT
    told = json.loads(kept.read_text(encoding="utf-8"))
    told["settings"][1]["cells"][0] |= {"state": "failed", "folder": None}
    kept.write_text(json.dumps(told), encoding="utf-8")
    assert main([*words, *where]) == main(words) == 4
    said = capsys.readouterr().err
    assert said.count("cannot be written") == 2 and "Traceback" not in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pair", "motion_frame=25"], "2 settings"),
        (["pair:other", "motion_frame=25"], "no setting 'other'"),
        (["nothing", "motion_frame=25"], "nothing is called"),
        (["0" * 32, "motion_frame=25"], "no run"),
        (["tags.role = 'nobody'", "motion_frame=25"], "no run of a setting"),
        (["tags.stand_in = 'true'", "motion_frame=25"], "finds 2 runs"),
        (["tags.!", "motion_frame=25"], "MLflow"),
    ],
)
def test_sides_that_are_not_there_are_told_in_words(
    outputs: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *words, "--outputs", str(outputs)]) == 2
    assert said in capsys.readouterr().err


def test_runs_without_evidence_or_without_an_end_say_so(outputs: Path) -> None:
    from sweeps.compare.runs import side_of_query
    from sweeps.compare.sides import NoSide
    from sweeps.tracking_client import open_client
    from sweeps.tracking_runs import STARTED, owner_tags

    client = open_client(configured().tracking, outputs)
    experiment = client.create_experiment("foreign")
    run = client.create_run(experiment, tags={"mine": "1"})
    client.set_terminated(run.info.run_id)
    with pytest.raises(NoSide, match=r"has no evidence\.json"):
        side_of_query("tags.mine = '1'", outputs, configured().tracking)
    me = owner_tags()
    for mark, more, said in (("2", me, "still running"), ("3", {**me, STARTED: "1.00"}, "not finished")):
        client.create_run(experiment, tags={"mine": mark, **more})
        with pytest.raises(NoSide, match=said):
            side_of_query(f"tags.mine = '{mark}'", outputs, configured().tracking)
