"""From figures to a word: confirmed, contradicted, or not enough evidence; against scipy and the rule of compare."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel
from variants import HISTORY

from eval.score import Score
from eval.value import absent, number
from sweeps.compare.rule import Margin, judge
from sweeps.compose import Composer
from sweeps.results import CellResult, SettingResult, SweepResult
from sweeps.settings import expand
from sweeps.statistics import Interval
from sweeps.story.claims import BASE, CLAIMS, Claim, Expected
from sweeps.story.story import Chapter, Measure, Status, chapters, holds, overall
from sweeps.story.tell import changed
from sweeps.story.told import measured
from workflow.graph import default_graph

MakeSweep = Callable[..., SweepResult]
MARGINS = {name: Margin(1.0, "band") for one in CLAIMS for name, _ in one.measures}
OPPOSITE: dict[Expected, Expected] = {"up": "down", "down": "up", "same": "same", "either": "either"}
EXPECTED = st.sampled_from(list(OPPOSITE))
SIZES = st.floats(0, 8)


@st.composite
def steps(draw: st.DrawFn) -> Interval:
    mean, half = draw(st.floats(-8, 8)), draw(SIZES)
    return Interval(mean, mean - half, mean + half, 9)


@given(steps(), SIZES, EXPECTED)
def test_a_mirrored_difference_says_the_opposite(step: Interval, margin: float, expected: Expected) -> None:
    assert step.low is not None and step.high is not None
    mirrored = Interval(-step.mean, -step.high, -step.low, step.n)
    assert holds(mirrored, margin, OPPOSITE[expected]) == holds(step, margin, expected)


@given(steps(), SIZES)
def test_same_and_either_say_the_opposite_of_each_other(step: Interval, margin: float) -> None:
    other = {"confirmed": "contradicted", "contradicted": "confirmed", "not enough evidence": "not enough evidence"}
    assert holds(step, margin, "same") == other[holds(step, margin, "either")]


@given(steps(), SIZES)
def test_what_rose_did_not_fall_and_what_stayed_did_neither(step: Interval, margin: float) -> None:
    up, down, same = (holds(step, margin, one) for one in ("up", "down", "same"))
    assert up != "confirmed" or (down, same) == ("contradicted", "contradicted")
    assert down != "confirmed" or (up, same) == ("contradicted", "contradicted")
    assert same != "confirmed" or (up, down) == ("contradicted", "contradicted")


@given(steps(), SIZES, EXPECTED, SIZES)
def test_less_certainty_never_says_more(step: Interval, margin: float, expected: Expected, more: float) -> None:
    assert step.low is not None and step.high is not None
    wider = replace(step, low=step.low - more, high=step.high + more)
    assert holds(wider, margin, expected) in (holds(step, margin, expected), "not enough evidence")


@given(steps(), SIZES, EXPECTED, st.integers(-3, 3))
def test_units_do_not_matter(step: Interval, margin: float, expected: Expected, power: int) -> None:
    assert step.low is not None and step.high is not None
    by = 2.0**power
    scaled = Interval(step.mean * by, step.low * by, step.high * by, step.n)
    assert holds(scaled, margin * by, expected) == holds(step, margin, expected)


@given(steps(), SIZES)
def test_it_is_the_rule_by_which_releases_are_judged(step: Interval, margin: float) -> None:
    assert (holds(step, margin, "up") == "confirmed") == (judge(step, margin, "higher") == "better")
    assert (holds(step, margin, "down") == "confirmed") == (judge(step, margin, "lower") == "better")
    assert (holds(step, margin, "either") == "confirmed") == (judge(step, margin, "band") == "worse")
    rose_or_fell = judge(step, margin, "band") == "worse"
    assert rose_or_fell or (holds(step, margin, "same") == "confirmed") == (judge(step, margin, "band") == "same")


@given(EXPECTED, st.floats(-8, 8), SIZES)
def test_one_clip_is_not_enough(expected: Expected, mean: float, margin: float) -> None:
    assert holds(Interval(mean, None, None, 1), margin, expected) == "not enough evidence"


def claim(*expected: Expected) -> Claim:
    return Claim("v9", "says", "说", tuple((f"m/{at}", one) for at, one in enumerate(expected)))


def measures(told: Claim, *found: Status | None) -> tuple[Measure, ...]:
    """Measures of a claim with these words; None is one without a value."""
    some = Interval(0.0, -1.0, 1.0, 3)
    return tuple(
        Measure(metric, expected, None if status is None else some, 1.0, status or "not measured")
        for (metric, expected), status in zip(told.measures, found, strict=True)
    )


YES, NO, OPEN = "confirmed", "contradicted", "not enough evidence"


@pytest.mark.parametrize(
    ("found", "changed_is", "same_is"),
    [
        ((YES, YES), YES, YES),
        ((YES, NO), YES, NO),
        ((YES, OPEN), YES, OPEN),
        ((NO, NO), NO, NO),
        ((NO, OPEN), OPEN, NO),
        ((OPEN, OPEN), OPEN, OPEN),
        ((YES, None), YES, OPEN),
        ((NO, None), NO, NO),
        ((OPEN, None), OPEN, OPEN),
        ((None, None), "not measured", "not measured"),
    ],
)
def test_a_change_needs_one_measure_and_sameness_needs_all(
    found: tuple[Status | None, ...], changed_is: Status, same_is: Status
) -> None:
    """What could not be measured confirms no sameness."""
    moved, stayed = claim("up", "either"), claim("same", "same")
    for turned in (found, found[::-1]):
        assert overall(moved, measures(moved, *turned)) == changed_is
        assert overall(stayed, measures(stayed, *turned)) == same_is


def setting(name: str, table: dict[str, dict[str, list[float | None]]], **more: Any) -> SettingResult:
    """``{metric: {clip: [value a seed, None: missing]}}`` as a setting; costs go where costs are."""
    clips = {clip: len(seeds) for by_clip in table.values() for clip, seeds in by_clip.items()}
    cells = []
    for clip, count in clips.items():
        for seed in range(count):
            told = {
                metric: absent("no face found") if (value := by_clip[clip][seed]) is None else number(value)
                for metric, by_clip in table.items()
            }
            score = {key: one for key, one in told.items() if not key.startswith("cost/")}
            cost = {key: one.to_json() for key, one in told.items() if key.startswith("cost/")}
            whole = Score("ok", None, score, {}, 1.0, 50, 25.0).to_json()
            cells.append(CellResult(name, clip, seed, "done", folder=Path("x"), score=whole, cost=cost))
    return SettingResult(name, {"steps": 4}, cells=tuple(cells), **more)


def told(make_sweep: MakeSweep, *settings: SettingResult, **more: Any) -> dict[str, list[Chapter]]:
    sweep = make_sweep(*settings, **{"stand_in": False, **more})
    found: dict[str, list[Chapter]] = {}
    for one in chapters(sweep, MARGINS, {}):
        found.setdefault(one.variant, []).append(one)
    return found


EIGHTHS = st.integers(-400, 400).map(lambda one: one / 8)
VALUES = st.lists(st.tuples(EIGHTHS, EIGHTHS), min_size=2, max_size=9)


@given(pairs=VALUES)
def test_a_chapter_s_figures_are_those_of_scipy_s_paired_t_test(pairs: list[tuple[float, float]]) -> None:
    """Of v5's two measures one has values: it decides, by the interval that scipy computes."""

    def of(name: str, side: int) -> SettingResult:
        return setting(name, {"mouth/aperture_p95": {f"c{at}": [pair[side]] for at, pair in enumerate(pairs)}})

    sweep = SweepResult("e", "s", "p", False, (of("v2", 0), of("v5", 1)), datetime(2026, 1, 1, tzinfo=UTC))
    chapter = chapters(sweep, MARGINS, {})[1]
    step = chapter.measures[0].step
    assert step is not None and step.low is not None and step.high is not None
    if len({after - before for before, after in pairs}) > 1:  # scipy has no answer where all are alike
        expected = ttest_rel([one for _, one in pairs], [one for one, _ in pairs]).confidence_interval()
        assert (step.low, step.high) == pytest.approx((float(expected.low), float(expected.high)), abs=1e-9)
    else:
        assert step.low == step.high == step.mean
    mean = sum(after - before for before, after in pairs) / len(pairs)
    if abs(mean - 1) > 1e-6 and abs(step.low) > 1e-6 and abs(step.high - 1) > 1e-6:
        rose, not_by_much = mean > 1 and step.low > 0, step.high <= 1
        assert chapter.status == ("confirmed" if rose else "contradicted" if not_by_much else "not enough evidence")


def test_a_relative_margin_is_a_share_of_the_base(make_sweep: MakeSweep) -> None:
    margins = {**MARGINS, "cost/window_s": Margin(0.05, "lower", relative=True)}
    sweep = make_sweep(
        setting("v2", {"cost/window_s": {"a": [10.0, 30.0], "b": [40.0, 40.0]}}),
        setting("v7", {"cost/window_s": {"a": [20.0, 40.0], "b": [50.0, 50.0]}}),
        stand_in=False,
    )
    speed = chapters(sweep, margins, {})[1]
    assert speed.measures[0].margin == pytest.approx(0.05 * (20 + 40) / 2), "clips count once, seeds within them"
    assert speed.status == "confirmed"


def test_seeds_and_clips_that_one_side_lacks_do_not_count(make_sweep: MakeSweep) -> None:
    metric = "mouth/aperture_p95"
    base = setting("v2", {metric: {"a": [1.0, 100.0], "b": [1.0, 1.0], "c": [1.0, 1.0]}})
    other = setting("v5", {metric: {"a": [4.0, None], "b": [4.1, 4.1], "d": [900.0, 900.0]}})
    step = told(make_sweep, base, other)["v5"][0].measures[0].step
    assert step is not None and step.n == 2 and step.mean == pytest.approx((3.0 + 3.1) / 2)


def test_lips_out_of_sync_are_seen_without_networks(make_sweep: MakeSweep) -> None:
    """Five frames late, and as strongly bound to the speech as before: no weights are needed to see that."""
    strength = {f"c{k}": [0.8 + k / 100] for k in range(6)}

    def late(name: str, by: float) -> SettingResult:
        offset = {clip: [by] for clip in strength}
        return setting(name, {"lipsync/envelope_strength": strength, "lipsync/envelope_offset": offset})

    assert told(make_sweep, late("v2", 0.0), late("v1", 5.0))["v1"][0].status == "confirmed"


def test_clips_without_a_value_are_told_beside_the_figure(make_sweep: MakeSweep) -> None:
    metric = "mouth/aperture_p95"
    base = setting("v2", {metric: {"a": [1.0], "b": [1.0], "c": [1.0]}})
    other = setting("v5", {metric: {"a": [9.0], "b": [9.5], "c": [None]}})
    assert "; 2/3 clips)" in measured(told(make_sweep, base, other)["v5"][0].measures[0])
    assert "clips" not in measured(told(make_sweep, base, replace(base, name="v5"))["v5"][0].measures[0])


def test_a_measure_without_a_value_says_why_and_decides_nothing(make_sweep: MakeSweep) -> None:
    metric = "mouth/aperture_p95"
    base, other = setting("v2", {metric: {"a": [1.0]}}), setting("v5", {metric: {"a": [None]}})
    (chapter,) = told(make_sweep, base, other)["v5"]
    assert chapter.status == "not measured"
    assert [one.step for one in chapter.measures] == [None, None]
    assert chapter.measures[0].why == "no face found"
    assert chapter.measures[1].why == "not among the metrics scored"


def test_where_only_the_base_lacks_a_value_it_is_said(make_sweep: MakeSweep) -> None:
    metric = "mouth/aperture_p95"
    base, other = setting("v2", {metric: {"a": [None]}}), setting("v5", {metric: {"a": [1.0]}})
    measure = told(make_sweep, base, other)["v5"][0].measures[0]
    assert (measure.step, measure.why) == (None, "no value on both sides")


def test_a_metric_without_a_margin_is_not_judged(make_sweep: MakeSweep) -> None:
    metric = "mouth/aperture_p95"
    base, other = setting("v2", {metric: {"a": [1.0], "b": [1.0]}}), setting("v5", {metric: {"a": [9.0], "b": [9.0]}})
    chapter = chapters(make_sweep(base, other, stand_in=False), {}, {})[1]
    assert chapter.status == "not measured" and "margins" in chapter.measures[0].why


@pytest.mark.parametrize("stand_in", [False, True])
def test_an_impossible_variant_says_why_and_nothing_of_measures(make_sweep: MakeSweep, stand_in: bool) -> None:
    cells = tuple(
        CellResult("v3", "a", seed, "impossible", stage="validate", reason="adain is not offered") for seed in (1, 2)
    )
    base = setting("v2", {"colour/cheeks_mean": {"a": [1.0, 1.0]}})
    (chapter,) = told(make_sweep, base, SettingResult("v3", cells=cells), stand_in=stand_in)["v3"]
    assert (chapter.status, chapter.measures) == ("impossible here", ())
    assert chapter.why == "impossible: adain is not offered (a/1, a/2)"


def test_a_puppet_s_figures_are_shown_and_decide_nothing(make_sweep: MakeSweep) -> None:
    metric = "mouth/aperture_p95"
    base, other = setting("v2", {metric: {"a": [1.0], "b": [1.0]}}), setting("v5", {metric: {"a": [9.0], "b": [9.0]}})
    (chapter,) = told(make_sweep, base, other, stand_in=True)["v5"]
    assert chapter.status == "demo" and chapter.measures[0].step is not None


def test_without_the_base_there_is_no_story_and_without_a_variant_no_chapter(make_sweep: MakeSweep) -> None:
    metric = "mouth/aperture_p95"
    base, other = setting("v2", {metric: {"a": [1.0]}}), setting("v5", {metric: {"a": [1.0]}})
    assert told(make_sweep, other) == {}
    assert list(told(make_sweep, base)) == [BASE]
    assert list(told(make_sweep, other, base, setting("mine", {}))) == [BASE, "v5"]


@pytest.fixture
def history(composed: Callable[..., Any]) -> SweepResult:
    """The experiment's settings without any cells, as its config expands."""
    found = expand(composed("+experiment=tuning_history"), Composer(("+experiment=tuning_history",)))
    settings = tuple(SettingResult(one.name, dict(one.values) | dict(one.inputs)) for one in found)
    return SweepResult("tuning_history", "s", "p", False, settings, datetime(2026, 1, 1, tzinfo=UTC), baseline="v2")


def test_graphs_differ_by_what_the_history_changed(history: SweepResult) -> None:
    found = changed(history, None)
    assert set(found) == {*HISTORY, BASE}
    assert found[BASE] == []
    for variant, values in HISTORY.items():
        lines = [line for line in found[variant] if line != "Face close-up: LoadImage → absent"]
        named = {line.partition(": ")[0]: line.rpartition(" → ")[2] for line in lines}
        words = {"frame": "[Reference frame]"}
        assert named == {
            name: words.get(str(value), f"{value:g}" if isinstance(value, float) else str(value))
            for name, value in values.items()
        }
    assert "motion_frame: 9 → 15" in found["v4"]
    assert "Face close-up: LoadImage → absent" in found["v1"]


def test_a_user_s_own_input_is_told_as_well(history: SweepResult) -> None:
    base = history.setting("v2")
    assert base is not None
    own = replace(base, name="mine", values={**base.values, "Video.crf": 10})
    assert changed(replace(history, settings=(base, own)), None)["mine"] == [
        f"Video.crf: {default_graph()['16']['inputs']['crf']} → 10"
    ]


def test_a_setting_that_the_graph_cannot_take_says_so(history: SweepResult) -> None:
    base = history.setting("v2")
    assert base is not None
    own = replace(base, name="mine", values={**base.values, "Nowhere.crf": 10})
    (line,) = changed(replace(history, settings=(base, own)), None)["mine"]
    assert "Nowhere.crf" in line
