"""One number a window: closed forms, laws, and what a score, its table and its plot make of them."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.console import Console

from eval.cli import main
from eval.perwindow import means, merge, spans
from eval.plot import plot_curves
from eval.score import Score
from eval.windowtable import windows_table
from workflow.windows import Windows


@given(st.integers(2, 120), st.integers(1, 30), st.integers(1, 400))
def test_windows_cover_the_video_once_and_in_order(window, motion, frames):
    assume(window > 4 and motion < Windows(window, 1, frames).width)
    found = spans(Windows(window, motion, frames).seams, frames)
    assert [part.start for part in found[1:]] == [part.stop for part in found[:-1]]
    assert found[0].start == 0 and found[-1].stop == frames
    assert all(part.start < part.stop for part in found)


@given(st.lists(st.floats(-1e3, 1e3) | st.none(), min_size=1, max_size=60), st.sets(st.integers(1, 80)))
def test_means_of_windows_weighed_by_their_known_frames_are_the_mean_of_the_video(points, seams):
    curve = np.array([np.nan if point is None else point for point in points])
    seams = tuple(sorted(seams))
    found = means({"a/b": curve}, seams, len(curve))
    if not np.isfinite(curve).any():
        assert found == {}
        return
    counts = np.array([np.isfinite(curve[part]).sum() for part in spans(seams, len(curve))])
    assert np.array_equal(np.isnan(found["a/b"]), counts == 0)
    assert np.nansum(found["a/b"] * counts) / counts.sum() == pytest.approx(np.nanmean(curve), abs=1e-6)


def test_unknown_windows_are_one_and_the_speech_is_no_judgement():
    curves = {"mouth/aperture": np.arange(10.0), "speech/envelope": np.ones(10)}
    assert {name: series.tolist() for name, series in means(curves, None, 10).items()} == {"mouth/aperture": [4.5]}
    assert means(curves, (5, 20), 10)["mouth/aperture"].tolist() == [2.0, 7.0]


def test_series_of_several_sources_merge_and_must_be_of_the_same_windows():
    merged = merge({"a": np.zeros(2), "b": np.zeros(2)}, {"b": np.ones(2)})
    assert merged["a"].tolist() == [0, 0] and merged["b"].tolist() == [1, 1]
    with pytest.raises(ValueError, match="'c': 3"):
        merge({"a": np.zeros(2)}, {"c": np.zeros(3)})


def shown(score):
    console = Console(file=io.StringIO(), width=90)
    console.print(windows_table(score, "a.mp4"), markup=False)
    return console.file.getvalue()


def test_a_score_tells_each_window_and_its_table_shows_them(clean):
    assert {len(series) for series in clean.per_window.values()} == {5}
    assert {"colour/cheeks", "sharpness/laplacian", "motion/head"} <= set(clean.per_window)
    assert clean.per_window["colour/cheeks"][0] == pytest.approx(
        np.mean([point for point in clean.curves["colour/cheeks"][:25] if point is not None]), rel=1e-3
    )
    assert Score.from_json(json.loads(json.dumps(clean.to_json()))) == clean
    table = shown(clean)
    assert "0.0–1.0" in table and "3.4–4.0" in table and "cheeks" in table
    level = clean.per_window["sharpness/laplacian"][2]
    assert f"{level:.2f}" in table or f"{level:.3g}" in table


def test_a_table_of_windows_that_are_not_known_says_so():
    empty = Score("ok", None, {}, {}, 1.0, 10, 25.0)
    assert shown(empty).strip() == "windows not known (--window, --motion-frame)"


def test_a_table_of_windows_explains_the_columns_that_it_has():
    score = Score("ok", None, {}, {}, 1.0, 10, 25.0, seams=(5,), per_window={"motion/head": [0.1, 0.2]})
    assert "head in faces/s" in shown(score) and "mouth" not in shown(score)


def test_the_command_line_prints_the_windows_when_asked(bench, clean, capsys):
    command = ["score", str(bench.folder / "clean.mp4"), "--families", "colour", "--networks", "none"]
    assert main([*command, "--window", "25", "--motion-frame", "5", "--windows"]) == 0
    assert "3.4–4.0" in capsys.readouterr().out
    assert main([*command, "--windows"]) == 0
    assert capsys.readouterr().out.count("windows not known") == 1


def test_the_plot_draws_a_step_for_every_window(clean, tmp_path):
    with_steps = plot_curves(clean, tmp_path / "steps.png").read_bytes()
    without = plot_curves(replace(clean, per_window={}), tmp_path / "plain.png").read_bytes()
    assert with_steps[:4] == b"\x89PNG" and with_steps != without
