"""Whole calibrations in closed form: metrics that are good, flat, noisy, or moved by something else."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from eval.calibrate import report
from eval.calibrate.analyse import Table, analyse
from eval.calibrate.catalogue import DISTORTIONS
from eval.calibrate.harmless import HARMLESS
from eval.calibrate.job import Row
from eval.calibrate.material import Material
from eval.calibrate.result import from_json
from eval.calibrate.rows import most_foreign
from eval.calibrate.terminal import show
from eval.calibrate.verdict import told
from eval.metric import METRICS
from eval.score import DEFAULT
from workflow.windows import Windows

SHARP, COLOUR, SEAM = "sharpness/laplacian_abs", "colour/cheeks_mean", "seam/colour"
SYNC, OFFSET = "lipsync/confidence", "lipsync/envelope_offset"
ABSENT = "weights absent: run python -m eval weights fetch syncnet"


def rows_of(clip, law, names=("blur", "rescale", "unsharp", "cast", "dim", "seam_colour", "crf"), waver=0.01):
    """``law`` (metric, distortion, strength) gives values; repeats waver about the clean one."""
    metrics = (SHARP, COLOUR, SEAM)
    missing = {SYNC: ABSENT}

    def row(kind, name, strength, extra=0.0):
        values = {metric: law(metric, name, strength) + extra for metric in metrics} | {SYNC: None}
        return Row(clip, kind, name, strength, values, missing)

    found = [row("clean", "clean", 0.0)]
    found += [row("harmless", name, 0.0, waver * (-1) ** place) for place, name in enumerate(HARMLESS)]
    return found + [row("distortion", name, level) for name in names for level in DISTORTIONS[name].levels]


def honest(metric, name, strength):
    """Every metric answers to its own distortions in a straight line, and to nothing else."""
    aim = DISTORTIONS[name].aims.get(metric) if name in DISTORTIONS else None
    return 10.0 + (0 if aim is None else aim.sign * (aim.per_unit or 0.5) * strength)


@pytest.fixture(scope="module")
def material(scene):
    return Material(Path("nowhere"), "ab" * 32, 416, 320, scene, Windows(25, 5, 50), 0.4, 1.0)


def analysed(material, *clips, complete=True):
    rows = [row for clip in clips for row in clip]
    return analyse(rows, {clip[0].clip: material for clip in clips}, DEFAULT, complete)


def test_an_honest_metric_is_trusted_with_its_figures(material):
    result = analysed(material, rows_of(0, honest), rows_of(1, honest))
    cheeks = result.metrics[COLOUR]
    assert cheeks.level == "trusted" and cheeks.reason == "follows cast, dim"
    assert cheeks.aims["cast"].true_ratio == pytest.approx((1, 1, 1)) and cheeks.aims["cast"].detected == 1
    assert cheeks.aims["cast"].clips == cheeks.aims["cast"].following == 2
    assert {name for name, one in cheeks.cross.items() if one.relative} == {"cast", "dim"}
    assert result.metrics[SHARP].level == "trusted" and result.metrics[SEAM].level == "trusted"


def test_noise_is_the_pooled_deviation_of_the_repeats(material):
    # Eight repeats, half of them 0.02 up and half down, and the clean one: Σ(x − mean)² = 8 · 0.02², 8 free.
    table = Table(rows_of(0, honest, waver=0.02))
    assert table.noise(COLOUR)[0] == pytest.approx(0.02) and table.noise(COLOUR)[1] == 9
    both = Table([*rows_of(0, honest, waver=0.02), *rows_of(1, honest, waver=0.04)])
    assert both.noise(COLOUR)[0] == pytest.approx(((0.02**2 + 0.04**2) / 2) ** 0.5)


def test_a_metric_without_weights_is_not_calibrated_and_has_no_figure(material):
    result = analysed(material, rows_of(0, honest))
    sync = result.metrics[SYNC]
    assert sync.level == "not calibrated" and sync.reason == ABSENT
    assert sync.noise is None and not sync.aims and not sync.cross and sync.clean == (None,)


def test_a_metric_whose_distortions_were_not_measured_is_not_calibrated(material):
    result = analysed(material, rows_of(0, honest, names=("blur", "crf")), complete=False)
    assert result.metrics[COLOUR].level == "not calibrated"
    assert result.metrics[COLOUR].reason == "its own distortions were not measured"


def test_a_flat_metric_is_experimental(material):
    result = analysed(
        material, rows_of(0, lambda metric, name, s: 10.0 if metric == COLOUR else honest(metric, name, s))
    )
    assert result.metrics[COLOUR].level == "experimental"
    assert "cast does not move it beyond repeat noise" in result.metrics[COLOUR].reason


def test_a_metric_that_turns_back_is_experimental_and_the_clips_are_counted(material):
    def hill(metric, name, strength):
        return (
            10 + min(strength, 6 - strength) if (metric, name) == (COLOUR, "cast") else honest(metric, name, strength)
        )

    result = analysed(material, rows_of(0, honest), rows_of(1, hill))
    assert result.metrics[COLOUR].level == "experimental"
    assert result.metrics[COLOUR].reason == "does not follow cast on 1 of 2 clips"
    five = analysed(material, *(rows_of(clip, honest) for clip in range(5)), rows_of(5, hill))
    assert five.metrics[COLOUR].level == "trusted"  # five of six are enough


def test_a_metric_lost_in_noise_at_the_reference_strength_is_experimental(material):
    result = analysed(material, rows_of(0, honest, waver=1.5))
    assert result.metrics[COLOUR].level == "experimental"
    assert "cast of 3 ΔE00 is lost in repeat noise" in result.metrics[COLOUR].reason


def test_a_metric_that_something_else_moves_more_is_experimental(material):
    def crossed(metric, name, strength):
        return 10 + 2.0 * strength if (metric, name) == (COLOUR, "blur") else honest(metric, name, strength)

    own, other = 3.0, 2.0 * DISTORTIONS["blur"].reference
    result = analysed(material, rows_of(0, lambda m, n, s: crossed(m, n, 2 * s) if n == "blur" else crossed(m, n, s)))
    cheeks = result.metrics[COLOUR]
    assert cheeks.cross["blur"].relative == pytest.approx(2 * other / own) and not cheeks.cross["blur"].expected
    assert cheeks.level == "experimental" and "blur of 1.2 px moves it 1.6 times as much as its own" in cheeks.reason
    assert most_foreign(cheeks) == "blur 1.60"


def test_a_clip_on_which_a_value_cannot_go_the_meant_way_is_no_evidence_against_it(material):
    still = "motion/stillness"

    def rows(clip, clean):
        def row(kind, name, strength, value):
            return Row(clip, kind, name, strength, {still: value})

        found = [row("clean", "clean", 0.0, clean)]
        found += [row("harmless", name, 0.0, clean + 0.01 * (-1) ** place) for place, name in enumerate(HARMLESS)]
        levels = DISTORTIONS["head_shake"].levels
        return found + [row("distortion", "head_shake", s, max(clean - 0.1 * s, 0.0)) for s in levels]

    both = analysed(material, rows(0, 0.6), rows(1, 0.01)).metrics[still]  # a head that never rests cannot rest less
    assert both.level == "trusted" and both.aims["head_shake"].clips == 1
    assert both.reason == "follows head_shake (on 1 clip only)" and told(both, 2) == "trusted (1 clip)"
    whole = analysed(material, rows(0, 0.6), rows(1, 0.2)).metrics[still]
    assert whole.aims["head_shake"].clips == 2 and told(whole, 2) == "trusted"
    assert whole.reason == "follows head_shake"


def test_a_report_says_on_how_many_clips_trust_rests(material):
    rows = rows_of(1, honest)
    lacking = [
        replace(row, values={**row.values, COLOUR: None}, missing={**row.missing, COLOUR: "no face"}) for row in rows
    ]
    text = report.page(analysed(material, rows_of(0, honest), lacking), ["a.mp4", "b.mp4"])
    assert '<span class="trusted">trusted (1 clip)</span>' in text and "1 of them on fewer clips" in text


def test_what_rightly_touches_a_metric_is_no_cross_talk(material):
    def touched(metric, name, strength):
        return 10 + 9.0 * strength if (metric, name) == (SHARP, "crf") else honest(metric, name, strength)

    result = analysed(material, rows_of(0, touched))
    assert result.metrics[SHARP].cross["crf"].expected and result.metrics[SHARP].level == "trusted"


def test_draws_of_chance_are_averaged(material):
    rows = [row for row in rows_of(0, honest) if (row.name, row.strength) != ("cast", 8)]
    rows += [Row(0, "distortion", "cast", 8, {COLOUR: value}) for value in (14.0, 22.0, None)]
    assert Table(rows).values("cast", 0, COLOUR)[8] == 18.0
    assert analysed(material, rows).metrics[COLOUR].aims["cast"].true_ratio == pytest.approx((1, 1, 1))


def test_clean_clips_outside_a_gate_are_false_alarms(material):
    result = analysed(material, rows_of(0, honest), rows_of(1, lambda m, n, s: honest(m, n, s) - 9))
    assert result.metrics[COLOUR].false_alarms == 1  # 10 ΔE00 is above the gate of 2, 1 is not
    assert result.metrics[SHARP].false_alarms is None  # it has no gate


def test_a_failed_measurement_is_missing_and_said(material):
    rows = [row for row in rows_of(0, honest) if (row.name, row.strength) != ("cast", 8)]
    rows.append(Row(0, "distortion", "cast", 8, failed="broken: black"))
    result = analysed(material, rows)
    assert result.failures == ("clip 1, cast 8: broken: black",)
    assert result.responses["cast"][0]["values"][COLOUR][-1] is None
    assert result.metrics[COLOUR].aims["cast"].true_ratio == pytest.approx((1, 1, 1))


def test_a_result_survives_json_and_tells_no_place(material):
    result = analysed(material, rows_of(0, honest))
    text = json.dumps(result.to_json(), allow_nan=False)
    assert "nowhere" not in text
    again = from_json(json.loads(text))
    assert again.to_json() == result.to_json() and again.clips == result.clips
    assert again.metrics.keys() == set(DEFAULT.metrics) and again.metrics[COLOUR].version == METRICS[COLOUR].version
    with pytest.raises(ValueError, match="format"):
        from_json({"format": 99})


def test_the_report_escapes_what_is_hostile_and_needs_nothing_else(material):
    rows = [*rows_of(0, honest), Row(0, "distortion", "blur", 9, failed="<img src=x onerror=alert(2)>")]
    text = report.page(analysed(material, rows), ["<script>alert(1)</script> & “clip”.mp4"])
    assert "<script" not in text and "onerror=alert(2)>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; “clip”.mp4" in text
    assert text.count("data:image/png;base64,") == 4  # the matrix, and three families
    assert "http" not in text and ABSENT.split(":")[0] in text


def test_the_report_says_so_when_nothing_was_measured(material):
    text = report.page(analysed(material, rows_of(0, honest, names=()), complete=False), ["a.mp4"])
    assert "Nothing was measured" in text and "a part of the distortions" in text


def test_the_terminal_shows_figures_reasons_and_what_is_not_calibrated(material, capsys):
    from rich.console import Console

    show(analysed(material, rows_of(0, honest, waver=1.5)), Console(width=160), "a.json")
    out = capsys.readouterr().out
    assert out.startswith("a.json: ") and "on 1 clip of 2 s" in out.splitlines()[0]
    assert "experimental, because" in out and "lost in repeat noise" in out and "of truth" in out
    assert f"without the weights of syncnet: {SYNC}" in out and "fetch syncnet, then calibrate again" in out


def test_eighty_columns_hold_the_telling_ones_and_say_what_they_leave_out(material, capsys):
    from rich.console import Console

    result = analysed(material, rows_of(0, honest), rows_of(1, honest))
    show(result, Console(width=80), "a.json")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    head = next(line for line in lines if line.startswith("metric"))
    assert "seen from" in head and "of truth" not in head
    assert "COLUMNS=150" in " ".join(lines)


def test_what_was_left_out_on_purpose_is_one_line(material, capsys):
    from rich.console import Console

    show(analysed(material, rows_of(0, honest, names=("blur",)), complete=False), Console(width=120), "a.json")
    assert COLOUR not in (out := capsys.readouterr().out)
    assert sum("not tried" in line for line in out.splitlines()) == 1
