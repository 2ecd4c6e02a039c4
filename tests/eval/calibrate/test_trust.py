"""What a calibration says is said beside every value."""

import io
import json
from dataclasses import replace

import pytest

from eval import trust
from eval.calibrate.result import from_json
from eval.calibrate.session import install
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
    assert len(marked) == 1 and "small face, experimental" in marked[0]
    assert not any("experimental" in line for line in lines if GOOD in line)
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


def test_two_calibrations_stand_side_by_side_on_the_same_clips_only(shipped):
    known = from_json(json.loads(SHIPPED.read_text(encoding="utf-8")))
    with_landmarks = replace(known, weights={"landmarks": "0" * 64})
    install(known)
    install(with_landmarks)
    assert trust.shipped(landmarks=False).is_file() and trust.shipped(landmarks=True).is_file()
    install(replace(with_landmarks, clips=known.clips[:1]))
    assert not trust.shipped(landmarks=False).exists() and trust.remark(BAD, ("by face geometry",)) == "not calibrated"
