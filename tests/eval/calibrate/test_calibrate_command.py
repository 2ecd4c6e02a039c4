"""``python -m eval calibrate`` on a real talker: files, verdicts, exit codes, an end by Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from eval import trust
from eval.calibrate import run
from eval.calibrate.catalogue import DISTORTIONS
from eval.calibrate.material import span
from eval.calibrate.result import from_json
from eval.cli import build_parser, main
from workflow.files import sha256_file
from workflow.media.encode import VideoWriter

ROOT = Path(__file__).resolve().parents[3]
SMALL = ["--seconds", "4", "--side", "320", "--quick", "--networks", "none", "--profile", "quick"]


@pytest.fixture(scope="module")
def faceless(tmp_path_factory, speech_wav):
    path = tmp_path_factory.mktemp("faceless") / "no [face].mp4"
    with VideoWriter(path, 96, 96, 25, audio=speech_wav) as writer:
        for index in range(110):
            writer.write(np.random.default_rng(index).integers(0, 255, (96, 96, 3), np.uint8))
    return path


def test_a_real_clip_gives_figures_and_bad_ones_do_not_stop_it(talking_frontal, faceless, tmp_path, capsys):
    out = tmp_path / "校准"
    clips = [str(talking_frontal), str(faceless), str(talking_frontal)]
    code = main(["calibrate", *clips, *SMALL, "--only", "blur,audio_shift", "--output", str(out)])
    said = capsys.readouterr().out
    assert code == 3 and "no [face].mp4" in said and "a frontal face in 0% of the frames" in said.replace("\n", " ")
    assert "is the same as" in said.replace("\n", " ") and "10 of 10 measurements" in said
    assert "not tried" in said and str(out / "report.html") in said.replace("\n", "")
    assert sorted(path.name for path in out.iterdir()) == ["calibration.json", "report.html"]
    text = (out / "calibration.json").read_text(encoding="utf-8")
    assert str(talking_frontal) not in text and talking_frontal.name not in text
    result = from_json(json.loads(text))
    assert [clip.sha256 for clip in result.clips] == [sha256_file(talking_frontal)] and not result.complete
    assert result.clips[0].width == result.clips[0].height == 320 and result.clips[0].seconds == 4.0
    laplacian = result.metrics["sharpness/laplacian"]
    assert laplacian.level == "trusted" and laplacian.aims["blur"].slope[0] < 0 < laplacian.noise
    assert laplacian.cross["audio_shift"].relative == 0  # the picture is the same
    assert result.metrics["colour/cheeks_mean"].reason == "its own distortions were not measured"
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "talking_frontal.mp4" in page and "data:image/png;base64," in page
    assert result.distortions.keys() == {"blur", "audio_shift"}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "clean talking clips of your own"),
        (["none.mp4", "--only", "blurr"], "blurr"),
        (["none.mp4", "--networks", "none"], "not found"),
        (["none.mp4", "--install", "--quick"], "--install wants all"),
        (["--fit-crop", "talk.mp4"], "--fit-crop took talk.mp4"),
        (["none.mp4", "--install", "--fit-crop"], "no verdicts to install"),
        (["--show", "--install"], "--show only shows"),
        (["none.mp4", "--networks", "none", "--output", "a file"], "a folder is needed"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(arguments, word, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a file").touch()
    assert main(["calibrate", *arguments]) == 2
    captured = capsys.readouterr()
    assert word in (captured.err + captured.out).replace("\n", " ")


@pytest.mark.parametrize("arguments", [["--seconds", "3"], ["--seconds", "90"], ["--side", "16"], ["--workers", "0"]])
def test_wrong_numbers_are_refused_before_anything_runs(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        build_parser().parse_args(["calibrate", "a.mp4", *arguments])
    assert end.value.code == 2 and capsys.readouterr().err


@pytest.mark.parametrize(
    ("frames", "seconds_of_sound", "wanted", "expected"),
    [
        (375, 15.0, 10.0, (10, 250)),  # a margin of speech at both sides
        (250, 10.0, 10.0, (0, 250)),  # all of it
        (250, 6.0, 10.0, (0, 150)),  # as long as there is speech
        (130, 20.0, 4.0, (10, 100)),
    ],
)
def test_the_span_keeps_a_margin_where_there_is_one(frames, seconds_of_sound, wanted, expected):
    assert span(frames, round(seconds_of_sound * 16000), wanted, Path("clip.mp4")) == expected


def test_what_the_stand_in_made_is_no_clean_clip(tmp_path, capsys):
    with VideoWriter(tmp_path / "puppet.mp4", 64, 64, 25, tags={"stand_in": "1.0"}) as writer:
        for _ in range(10):
            writer.write(np.full((64, 64, 3), 90, np.uint8))
    code = main(["calibrate", str(tmp_path / "puppet.mp4"), *SMALL, "--output", str(tmp_path / "out")])
    assert code == 2 and "a puppet" in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.skipif(os.name != "posix", reason="a signal to a process group")
def test_ctrl_c_ends_it_with_130_and_leaves_nothing_behind(talking_frontal, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "eval", "calibrate", str(talking_frontal), *SMALL, "--output", str(out)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not list(out.glob(".work-*/clip0/*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and said.decode().strip().endswith("interrupted")
    assert list(out.iterdir()) == []


def test_the_shipped_calibration_is_of_these_metrics():
    for landmarks in (False, True):
        assert trust.shipped(landmarks).is_file()
        assert trust.CHANGED not in trust.experimental(landmarks).values()


def test_the_shipped_calibration_can_be_shown(capsys):
    assert main(["calibrate", "--show"]) == 0
    out = capsys.readouterr().out.replace("\n", "")
    assert f"{trust.SHIPPED} (shipped): " in out and "calibration_landmarks.json (shipped, with face landmarks)" in out
    assert out.count("colour/cheeks_mean ") == 1 and out.count("mouth/aperture_silence ") == 2


@pytest.fixture
def own_place(tmp_path, monkeypatch):
    """An empty folder for one's own calibration."""
    monkeypatch.setattr(trust, "LOCAL", tmp_path / "conf" / "local" / "calibration.json")
    trust.forget()
    yield trust.LOCAL
    trust.forget()


def test_an_installed_calibration_is_ones_own_and_says_how_to_go_back(
    talking_frontal, own_place, tmp_path, monkeypatch, capsys
):
    """Only two distortions are known for this test: all of them would take minutes."""
    before = [trust.shipped(way).read_bytes() for way in (False, True)]
    few = {name: DISTORTIONS[name] for name in ("tail_face", "audio_shift")}
    monkeypatch.setattr(run, "DISTORTIONS", few)
    short = ["--seconds", "4", "--side", "320", "--networks", "none", "--profile", "quick", "--workers", "1"]
    assert main(["calibrate", str(talking_frontal), *short, "--install", "--output", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out.replace("\n", "")
    assert "warning: it rests on 1 clip, the shortest of 4 s" in said
    assert f"go by {own_place} from now on" in said and f"to go back: delete {own_place}" in said
    assert [trust.shipped(way).read_bytes() for way in (False, True)] == before
    assert trust.is_own() and "colour/cheeks_mean" in trust.uncalibrated()
    assert main(["calibrate", "--show"]) == 0
    assert f"{own_place} (your own): " in capsys.readouterr().out.replace("\n", "")
    own_place.unlink()
    trust.forget()
    assert not trust.is_own() and "colour/cheeks_mean" not in trust.uncalibrated()


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"format": 1}', '{"metrics": {"colour/cheeks_mean": 3}, "scorer_version": 1}']
)
@pytest.mark.parametrize("command", [["score", "none.mp4"], ["calibrate", "--show"]])
def test_a_damaged_calibration_is_one_error_before_any_work(own_place, text, command, capsys):
    own_place.parent.mkdir(parents=True)
    own_place.write_text(text, encoding="utf-8")
    trust.forget()
    assert main(command) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error [calibration-damaged]: {own_place} is no calibration") and "delete it" in err
