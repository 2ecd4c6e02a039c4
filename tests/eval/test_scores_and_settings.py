"""Values, JSON, hashes, the table of metrics, what a video tells of itself."""

import importlib.metadata
import json
import subprocess
import sys
from dataclasses import fields, replace
from itertools import repeat

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from eval.ahead import ahead
from eval.embedded import origin
from eval.metric import METRICS, NETWORKS, names_of
from eval.metrics import cost, envelope, motion, mouth, seam
from eval.score import DEFAULT, FULL, QUICK, Score, Settings, Value, score_video, scorer_hash
from eval.series import Series, curve
from eval.settings import SCORED, USED_BY, UnknownFamilyError, versions
from eval.value import absent, number
from eval.view import View
from workflow.media.encode import VideoWriter

real = st.floats(allow_nan=False, allow_infinity=False, width=64)
values = st.one_of(
    st.builds(number, real, st.lists(st.text(max_size=8), max_size=2)),
    st.builds(absent, st.text(min_size=1, max_size=9)),
)
scores = st.builds(
    Score,
    status=st.sampled_from(["ok", "no_face", "broken"]),
    reason=st.none() | st.text(),
    values=st.dictionaries(st.sampled_from(sorted(METRICS)), values),
    curves=st.dictionaries(st.text(max_size=5), st.lists(st.none() | real, max_size=5)),
    coverage=st.floats(0, 1),
    frames=st.integers(0, 10**6),
    fps=st.floats(1, 120),
    seams=st.none() | st.lists(st.integers(0, 10**4)).map(tuple),
    warnings=st.lists(st.text(max_size=9), max_size=2).map(tuple),
    stand_in=st.booleans(),
    speech_s=st.none() | st.floats(0, 1000),
)


@given(scores)
@given_settings(max_examples=60, deadline=None)
def test_a_score_survives_json(score):
    text = json.dumps(score.to_json(), allow_nan=False, ensure_ascii=False)
    assert Score.from_json(json.loads(text)) == score


def test_a_score_of_another_format_is_refused():
    with pytest.raises(ValueError, match="format"):
        Score.from_json({"format": 99})


def test_a_value_is_a_number_or_has_a_reason():
    with pytest.raises(ValueError, match="a number or"):
        Value(None)
    with pytest.raises(ValueError, match="a number or"):
        Value(1.0, "why")
    with pytest.raises(ValueError, match="finite"):
        Value(float("nan"))
    assert number(float("inf")).missing


def changed(name, value):
    if name in ("families", "networks"):
        return replace(DEFAULT, **{name: value[:-1]})
    if name == "dtype":
        return replace(DEFAULT, dtype="bfloat16")
    return replace(DEFAULT, **{name: value + 1 if isinstance(value, int) else value / 2 + 0.1})


@pytest.mark.parametrize("field", [one.name for one in fields(Settings) if one.name not in ("device", "sources")])
def test_every_setting_changes_the_hash(field):
    other = changed(field, getattr(DEFAULT, field))
    plain = scorer_hash(DEFAULT, speech_sha256=None, reference_sha256=None)
    assert scorer_hash(other, speech_sha256=None, reference_sha256=None) != plain


def test_the_hash_covers_speech_reference_and_versions(monkeypatch):
    seen = {scorer_hash(DEFAULT, speech_sha256=a, reference_sha256=b) for a in (None, "aa") for b in (None, "bb")}
    assert len(seen) == 4 and all(len(one) == 64 for one in seen)
    name = "colour/cheeks_mean"
    monkeypatch.setitem(METRICS, name, replace(METRICS[name], version=METRICS[name].version + 1))
    assert scorer_hash(DEFAULT, speech_sha256=None, reference_sha256=None) not in seen
    without = replace(DEFAULT, families=("lipsync",))
    before = scorer_hash(without, speech_sha256=None, reference_sha256=None)
    monkeypatch.setitem(METRICS, name, replace(METRICS[name], version=99))
    assert scorer_hash(without, speech_sha256=None, reference_sha256=None) == before


def test_unknown_families_and_strides_are_refused_by_name():
    with pytest.raises(UnknownFamilyError, match="lipsnyc"):
        Settings(families=("lipsnyc",))
    with pytest.raises(ValueError, match="flow_stride must be at least 1, got 0"):
        Settings(flow_stride=0)


def test_profiles_differ_and_cost_is_not_scored_from_the_video():
    assert len({scorer_hash(one, speech_sha256=None, reference_sha256=None) for one in (QUICK, DEFAULT, FULL)}) == 3
    assert "cost" not in SCORED


def test_only_weights_that_a_family_uses_are_needed():
    assert (DEFAULT.used, QUICK.used, Settings(families=("colour", "sharpness")).used) == (NETWORKS, (), ())
    assert replace(DEFAULT, families=("seam",), networks=("sface", "lpips")).used == ("lpips",)
    for metric in METRICS.values():
        for network in set(NETWORKS) & set(metric.needs):
            assert metric.family in USED_BY[network], metric.name


@pytest.mark.parametrize(
    ("width", "asked", "used"), [(464, 464, 464), (464, 232, 232), (480, 464, 240), (200, 232, 200)]
)
def test_optical_flow_never_sees_an_enlarged_picture(width, asked, used):
    frame = np.random.default_rng(0).integers(0, 255, (120, width, 3), dtype=np.uint8)
    view = View(0, frame, None, replace(DEFAULT, flow_width=asked))
    assert view.flow_grey.shape[1] == used
    assert (used < width) == (view.flow_grey.shape[0] < 120)


def test_every_metric_is_declared_once_with_unit_and_summary():
    named = {*envelope.NAMES, *motion.NAMES, *mouth.NAMES, *seam.NAMES, *cost.NAMES}
    assert named <= set(METRICS)
    for name, metric in METRICS.items():
        assert metric.name == name and metric.unit and metric.summary
        assert metric.better in ("higher", "lower", "band", "none")
        low, high = metric.range
        assert all(low is None or bound is None or bound >= low for bound in metric.target)
        assert all(high is None or bound is None or bound <= high for bound in metric.target)


def test_a_score_holds_exactly_the_metrics_it_was_asked_for(clean):
    assert list(clean.values) == names_of(("sharpness", "colour", "motion", "seam"))
    assert all(len(points) == clean.frames for points in clean.curves.values())


def test_series_refuses_unknown_columns_and_fills_gaps():
    series = Series(("a", "b"))
    series.add(a=1.0)
    series.add(b=2.0)
    assert curve(series["a"]) == [1.0, None] and curve(series["b"]) == [None, 2.0]
    with pytest.raises(KeyError, match="no such column"):
        series.add(c=1.0)


def test_reading_ahead_keeps_order_and_raises_in_place():
    def failing():
        yield 1
        yield 2
        raise OSError("gone")

    got = []
    with pytest.raises(OSError, match="gone"):
        for item in ahead(failing()):
            got.append(item)
    assert got == [1, 2]


def test_reading_ahead_stops_its_thread_when_nobody_listens():
    import threading

    before = threading.active_count()
    endless = ahead(repeat(np.zeros(3)), depth=2)
    next(endless)
    endless.close()
    assert threading.active_count() == before


def prompt(**inputs):
    return json.dumps({"10": {"class_type": "WanVideoImageToVideoMultiTalk", "inputs": inputs}})


def test_windows_are_read_from_the_embedded_prompt():
    found = origin({"prompt": prompt(frame_window_size=81, motion_frame=9)}, 153).windows
    assert found is not None and found.seams == (81,)
    inside = origin({"comment": json.dumps({"prompt": prompt(frame_window_size=81, motion_frame=9)})}, 225).windows
    assert inside is not None and inside.seams == (81, 153)


@pytest.mark.parametrize(("fps", "seams"), [(25, (5, 9)), (50, None), (24, None)])
def test_seams_of_the_prompt_hold_at_the_models_own_rate_only(tmp_path, fps, seams):
    tags = {"prompt": prompt(frame_window_size=5, motion_frame=1)}
    with VideoWriter(tmp_path / "a.mp4", 64, 64, fps, tags=tags) as writer:
        for grey in range(12):
            writer.write(np.full((64, 64, 3), 10 * grey, np.uint8))
    assert score_video(tmp_path / "a.mp4", settings=replace(QUICK, families=("colour",))).seams == seams


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[1, 2]", "null", "[" * 100_000, '{"1": 5}', prompt(frame_window_size=["3", 0], motion_frame=9),
        prompt(frame_window_size=81, motion_frame=200), prompt(frame_window_size=True, motion_frame=9),
        prompt(frame_window_size=-5, motion_frame=9),
        '{"1": {"class_type": "WanVideoImageToVideoMultiTalk", "inputs": []}}',
    ],
)  # fmt: skip
def test_damaged_or_hostile_prompts_tell_nothing(text):
    assert origin({"prompt": text}, 100).windows is None


def test_a_real_servers_video_tells_its_windows_and_is_not_the_stand_ins(comfyui_output):
    score = score_video(comfyui_output)
    assert score.status in ("no_face", "broken") and not score.stand_in
    assert score.seams == ()


def test_the_stand_ins_mark_is_seen_in_tags_but_not_in_a_prompts_words():
    assert origin({"comment": "made by the stand-in 0.1"}, 81).stand_in
    assert origin({"stand_in": "1"}, 81).stand_in
    assert not origin({"prompt": '{"1": {"inputs": {"text": "a stand-in for the actor"}}}'}, 81).stand_in


def test_importing_the_evaluator_loads_nothing_heavy():
    code = (
        "import sys, eval, eval.score, eval.metric, eval.cli;"
        "heavy = {'cv2', 'numpy', 'av', 'scipy', 'skimage', 'matplotlib', 'rich', 'torch', 'lpips'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_another_release_of_a_library_is_another_scorer(monkeypatch):
    before = scorer_hash(DEFAULT, speech_sha256=None, reference_sha256=None)
    without = scorer_hash(QUICK, speech_sha256=None, reference_sha256=None)
    real = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99" if name == "torch" else real(name))
    versions.cache_clear()
    assert scorer_hash(DEFAULT, speech_sha256=None, reference_sha256=None) != before
    assert scorer_hash(QUICK, speech_sha256=None, reference_sha256=None) == without
    versions.cache_clear()
