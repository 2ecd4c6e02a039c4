"""``python -m eval score``: tables, JSON, pictures, exit codes."""

import io
import json

import cv2
import numpy as np
import pytest

from eval.cli import build_parser, main
from eval.plot import plot_curves
from eval.score import Score, Value
from eval.table import score_table
from workflow.media.encode import VideoWriter


def rendered(table, width=110):
    from rich.console import Console

    console = Console(width=width, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


def test_one_video_gives_a_table_json_and_a_picture(bench, tmp_path, capsys):
    video = bench.write("cli")
    picture, data = tmp_path / "曲线.png", tmp_path / "scores.json"
    code = main([
        "score", str(video), "--reference", str(bench.reference()), "--json", str(data), "--plot", str(picture),
        "--window", "25", "--motion-frame", "5",
    ])  # fmt: skip
    out = capsys.readouterr().out
    assert code == 0
    assert "seam/colour" in out and "not measured" in out
    score = Score.from_json(json.loads(data.read_text(encoding="utf-8"))[str(video)])
    assert score.status == "ok" and score.seams == (25, 45, 65, 85)
    image = cv2.imdecode(np.frombuffer(picture.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert image.shape[1] > 800 and image.std() > 5


def test_a_batch_goes_on_past_what_fails(bench, tmp_path, capsys):
    good, text = bench.write("good"), tmp_path / "notes.txt"
    text.write_text("not a video", encoding="utf-8")
    data = tmp_path / "all.json"
    code = main(
        ["score", str(tmp_path / "none.mp4"), str(text), str(good), "--families", "colour", "--json", str(data)]
    )
    saved = json.loads(data.read_text(encoding="utf-8"))
    assert code == 3
    assert saved[str(tmp_path / "none.mp4")]["error"] == "media-missing"
    assert saved[str(text)]["status"] == "broken"
    assert saved[str(good)]["status"] == "ok"
    assert "1 judged, 1 broken, 1 unreadable" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["/no/such.mp4"], "not found"),
        (["{video}", "--audio", "/no/such.wav"], "audio not found"),
        (["{video}", "--window", "81"], "belong together"),
        (["{video}", "--window", "5", "--motion-frame", "9"], "motion_frame"),
        (["{video}", "--families", "colours"], "colours"),
        (["{text}"], "undecodable"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(bench, tmp_path, capsys, arguments, word):
    text = tmp_path / "notes.txt"
    text.write_text("not a video", encoding="utf-8")
    video = bench.write("input") if "{video}" in arguments else ""
    code = main(["score", *(part.format(video=video, text=text) for part in arguments)])
    captured = capsys.readouterr()
    assert code == 2
    assert word in captured.err + captured.out.replace("\n", " ")


def test_a_broken_video_is_exit_code_3(tmp_path, capsys):
    with VideoWriter(tmp_path / "black.mp4", 64, 64, 25) as writer:
        for _ in range(10):
            writer.write(np.zeros((64, 64, 3), np.uint8))
    assert main(["score", str(tmp_path / "black.mp4")]) == 3
    assert "broken: black" in capsys.readouterr().out


def test_help_teaches_and_wrong_usage_is_2(capsys):
    for arguments in (["--help"], ["score", "--help"]):
        with pytest.raises(SystemExit) as end:
            build_parser().parse_args(arguments)
        assert end.value.code == 0
        assert "python -m eval score talk.mp4" in capsys.readouterr().out
    with pytest.raises(SystemExit) as end:
        build_parser().parse_args(["score"])
    assert end.value.code == 2


def test_json_to_the_terminal_is_nothing_but_json(bench, capsys):
    assert main(["score", str(bench.write("pipe")), "--families", "colour", "--json", "-"]) == 0
    assert next(iter(json.loads(capsys.readouterr().out).values()))["status"] == "ok"


def made_by(stand_in):
    return Score(
        "ok", None, {"colour/cheeks_mean": Value(1.0), "colour/cheeks_max": Value(None, "no [cheeks]")},
        {"colour/cheeks": [None, 1.0, 2.0, 1.5]}, 1.0, 4, 25.0, (2,), (), stand_in,
    )  # fmt: skip


def test_what_the_stand_in_made_says_so():
    assert "stand-in — demo, no evidence about the model" in rendered(score_table(made_by(True), "x"))
    assert "stand-in" not in rendered(score_table(made_by(False), "x"))


def test_a_missing_value_is_a_dash_with_its_reason():
    text = rendered(score_table(made_by(False), "clip [v2].mp4"))
    row = next(line for line in text.splitlines() if "cheeks_max" in line)
    assert "–" in row and "no [cheeks]" in row
    assert "clip [v2].mp4" in text


def test_several_scores_share_a_picture(tmp_path):
    path = plot_curves({"v2": made_by(False), "v4 中文": made_by(False)}, tmp_path / "both.png", "two settings")
    assert path.stat().st_size > 5000
    nothing = Score("broken", "black", {}, {}, 0.0, 0, 25.0)
    assert plot_curves(nothing, tmp_path / "none.png", "broken").stat().st_size > 1000
