"""What a calibration says is said beside every value."""

import io
import json
from dataclasses import replace

import pytest

from eval import trust
from eval.calibrate.result import from_json
from eval.calibrate.session import install, thin
from eval.metric import METRICS
from eval.score import Score, Value
from eval.settings import SCORER_VERSION
from eval.table import score_table

SHIPPED = trust.SHIPPED
GOOD, BAD, UNKNOWN = "colour/cheeks_mean", "mouth/aperture_sd", "lipsync/confidence"


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    def write(**changes):
        metrics = {
            GOOD: {"version": METRICS[GOOD].version, "level": "trusted", "reason": "follows cast"},
            BAD: {"version": METRICS[BAD].version, "level": "experimental", "reason": "does not follow mouth_gain"},
            UNKNOWN: {"version": METRICS[UNKNOWN].version, "level": "not calibrated", "reason": "weights absent"},
            "gone/metric": {"version": 1, "level": "experimental", "reason": "of another time"},
        }
        data = {"format": 1, "scorer_version": SCORER_VERSION, "metrics": metrics, **changes}
        (tmp_path / "calibration.json").write_text(json.dumps(data), encoding="utf-8")
        trust.forget()
        return data

    monkeypatch.setattr(trust, "SHIPPED", tmp_path / "calibration.json")
    trust.forget()
    yield write
    trust.forget()


def test_what_failed_is_experimental_with_its_reason(shipped):
    shipped()
    assert dict(trust.experimental()) == {BAD: "does not follow mouth_gain"}
    assert trust.remark(BAD) == "experimental" and trust.remark(GOOD) is None
    assert trust.remark(UNKNOWN) == "not calibrated" and trust.uncalibrated()[UNKNOWN] == "weights absent"


def test_a_metric_that_changed_since_is_experimental_until_it_is_calibrated_again(shipped):
    data = shipped()
    data["metrics"][GOOD]["version"] += 1
    shipped(metrics=data["metrics"])
    assert trust.experimental()[GOOD] == trust.CHANGED
    shipped(scorer_version=SCORER_VERSION + 1)
    assert trust.experimental()[GOOD] == trust.CHANGED and UNKNOWN not in trust.experimental()


def test_without_a_calibration_nothing_is_known(shipped):
    assert not trust.experimental() and set(trust.uncalibrated()) == set(METRICS)
    assert trust.remark("cost/window_s") is None  # from timings: no distortion of a video says anything of it


def test_the_score_table_marks_values_that_are_there(shipped):
    from rich.console import Console

    shipped()
    values = {GOOD: Value(1.0), BAD: Value(0.7, None, ("small face",)), "mouth/aperture_p95": Value(None, "no face")}
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(score_table(Score("ok", None, values, {}, 1.0, 100, 25.0), "x"))
    text = console.export_text()
    lines = text.splitlines()
    marked = [line for line in lines if BAD in line]
    assert len(marked) == 1 and marked[0].split()[-2:] == ["small,", "exp."]
    assert "exp." not in next(line for line in lines if GOOD in line)
    assert "python -m eval calibrate --show" in " ".join(text.split())
    shipped(metrics={})
    console.print(score_table(Score("ok", None, {BAD: Value(None, "no face")}, {}, 1.0, 100, 25.0), "x"))
    assert "--show" not in console.export_text()


def test_a_mouth_measured_by_landmarks_has_a_verdict_of_its_own(shipped):
    data = shipped()
    assert trust.remark(BAD, ("by landmarks",)) == "not calibrated" and trust.remark(GOOD, ("by landmarks",)) is None
    data["metrics"][BAD]["level"] = "trusted"
    trust.shipped(landmarks=True).write_text(json.dumps(data), encoding="utf-8")
    trust.forget()
    assert trust.remark(BAD, ("by landmarks",)) is None and trust.remark(BAD, ("by face geometry",)) == "experimental"


@pytest.fixture
def known():
    return from_json(json.loads(SHIPPED.read_text(encoding="utf-8")))


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.setattr(trust, "LOCAL", tmp_path / "own" / "calibration.json")


def test_two_calibrations_stand_side_by_side_on_the_same_clips_only(shipped, own, known):
    with_landmarks = replace(known, weights={"landmarks": "0" * 64})
    assert (install(known), install(with_landmarks)) == (trust.local(landmarks=False), trust.local(landmarks=True))
    assert trust.local(landmarks=False).is_file() and trust.local(landmarks=True).is_file()
    install(replace(with_landmarks, clips=known.clips[:1]))
    assert not trust.local(landmarks=False).exists() and trust.remark(BAD, ("by face geometry",)) == "not calibrated"


def test_ones_own_calibration_wins_over_the_shipped_ones_as_a_set(shipped, own, known):
    shipped()
    trust.shipped(landmarks=True).write_bytes(trust.SHIPPED.read_bytes())
    trust.forget()
    assert trust.remark(BAD, ("by landmarks",)) == "experimental"
    install(known)
    assert trust.in_use(False) == trust.LOCAL and trust.remark(BAD, ("by landmarks",)) == "not calibrated"
    trust.LOCAL.unlink()
    trust.forget()
    assert trust.in_use(False) == trust.SHIPPED and trust.remark(BAD, ("by landmarks",)) == "experimental"


def test_a_damaged_twin_does_not_hinder_an_install(shipped, own, known):
    trust.LOCAL.parent.mkdir()
    trust.local(landmarks=True).write_text("[", encoding="utf-8")
    install(known)
    trust.check()
    assert not trust.local(landmarks=True).exists()


def test_few_or_short_clips_are_worth_a_warning(known):
    assert thin(known) is None
    assert "1 clip, the shortest of 10 s" in thin(replace(known, clips=known.clips[:1]))
    assert "2 clips, the shortest of 5 s" in thin(
        replace(known, clips=(known.clips[0], replace(known.clips[1], seconds=5.0)))
    )
