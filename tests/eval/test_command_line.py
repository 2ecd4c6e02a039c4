"""``python -m eval score``: tables, JSON, pictures, exit codes."""

import io
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from eval import cli_score
from eval.batch import Failed
from eval.cli import build_parser, main
from eval.cli_shown import Shown, exit_code
from eval.plot import plot_curves
from eval.score import Score, Value
from eval.table import score_table
from workflow.media.encode import VideoWriter


def rendered(table, width=110):
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
    assert "seam/colour" in out and out.count("not measured: b/p/m") == 1
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
    out = capsys.readouterr().out
    assert "1 judged, 2 unreadable" in out
    out = "".join(out.split())  # a long path wraps above its table
    places = [out.rindex(str(path)) for path in (tmp_path / "none.mp4", text, good)]
    assert places == sorted(places)  # as asked for, whichever is done first


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["/no/such.mp4"], "not found"),
        (["{video}", "--audio", "/no/such.wav"], "audio not found"),
        (["{video}", "--window", "81"], "belong together"),
        (["{video}", "--window", "5", "--motion-frame", "9"], "motion_frame"),
        (["{video}", "--families", "colours"], "colours"),
        (["{text}"], "undecodable"),
        (["{text}", "/no/such.mp4"], "0 judged, 2 unreadable"),
        (["{video}", "--json", "/no/such/folder.json"], "the folder /no/such is not there"),
        (["{video}", "--json", "{folder}"], "is a folder"),
        (["{video}", "--plot", "/no/such/curves.png"], "the folder /no/such is not there"),
        (["{video}", "{text}", "--plot", "{folder}/curves.png"], "one picture for 2 videos"),
        (["{video}", "{text}", "--plot", "{text}"], "a folder is needed"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(bench, tmp_path, capsys, arguments, word):
    text = tmp_path / "notes.txt"
    text.write_text("not a video", encoding="utf-8")
    video = bench.write("input") if "{video}" in arguments else ""
    code = main(["score", *(part.format(video=video, text=text, folder=tmp_path) for part in arguments)])
    captured = capsys.readouterr()
    assert code == 2
    assert word in captured.err + captured.out.replace("\n", " ")


def test_a_broken_video_is_exit_code_3(tmp_path, capsys):
    with VideoWriter(tmp_path / "black.mp4", 64, 64, 25) as writer:
        for _ in range(10):
            writer.write(np.zeros((64, 64, 3), np.uint8))
    assert main(["score", str(tmp_path / "black.mp4")]) == 3
    out = capsys.readouterr().out
    assert "broken: black" in out and "not measured" not in out and len(out.split("\n\n")) == 1


SCORED, TEXT = Score("ok", None, {}, {}, 1.0, 4, 25.0), Score("broken", "undecodable", {}, {}, 0.0, 0, 0.0)
BLACK, GONE, DEAD = replace(TEXT, fps=25.0), Failed("media-missing", "not found"), Failed("scoring-failed", "killed")


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([SCORED, SCORED], 0), ([TEXT], 2), ([TEXT, GONE], 2), ([BLACK], 3), ([DEAD], 3), ([BLACK, BLACK], 3),
        ([TEXT, BLACK], 3), ([SCORED, GONE], 3), ([SCORED, DEAD], 3), ([SCORED, TEXT, BLACK], 3),
    ],
)  # fmt: skip
def test_the_exit_code_is_2_where_nothing_could_be_read_and_3_where_not_all_was_judged(outcomes, code):
    assert exit_code(outcomes) == code


def test_results_come_in_order_as_soon_as_those_before_them_are_there():
    console = Console(file=io.StringIO(), force_terminal=True)
    show = Shown([Path("a"), Path("b"), Path("c")], console, {}, windows=False)
    told = []
    for name in "bca":
        show.add(Path(name), Failed("media-missing", f"no {name}"))
        told.append([one for one in "abc" if f"no {one}" in console.file.getvalue()])
    assert told == [[], [], ["a", "b", "c"]]
    text = console.file.getvalue()
    assert text.index("no a") < text.index("no b") < text.index("no c")


def test_what_is_done_is_shown_when_the_rest_is_called_off():
    console = Console(file=io.StringIO())
    show = Shown([Path("a"), Path("b")], console, {}, windows=False)
    show.add(Path("b"), Failed("media-missing", "no b"))
    show.rest()
    assert "1 of 2 done: b" in console.file.getvalue() and "no b" in console.file.getvalue()


def test_no_weights_are_fetched_for_what_is_no_video(tmp_path, monkeypatch):
    text = tmp_path / "notes.txt"
    text.write_text("not a video", encoding="utf-8")
    monkeypatch.setattr(cli_score, "fetch_weights", lambda *_: pytest.fail("fetched"))
    assert main(["score", str(text), "/no/such.mp4"]) == 2


def test_a_folder_for_the_picture_of_one_video_will_do(bench, tmp_path):
    video = bench.write("one")
    assert main(["score", str(video), "--families", "colour", "--plot", str(tmp_path)]) == 0
    assert (tmp_path / "one.png").stat().st_size > 5000


@pytest.mark.parametrize("command", [["score", "{video}"], ["calibrate", "{video}"]])
def test_a_card_that_is_not_there_is_said_before_any_work(bench, command, capsys):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a card")
    words = [word.format(video=bench.write("card")) for word in command]
    assert main([*words, "--device", "cuda", "--networks", "none"]) == 2
    assert capsys.readouterr().err.startswith("error [no-gpu]")


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


def of(**values):
    return Score("ok", None, {name.replace("__", "/"): value for name, value in values.items()}, {}, 1.0, 4, 25.0)


def line_of(text, word):
    return next(line for line in text.splitlines() if word in line)


def test_a_value_outside_what_is_wished_is_marked():
    text = rendered(score_table(of(colour__cheeks_slope=Value(-8.48), colour__cheeks_mean=Value(1.0)), "x"))
    assert "-8.48 !" in line_of(text, "cheeks_slope") and "|x| ≤ 5" in line_of(text, "cheeks_slope")
    assert "!" not in line_of(text, "cheeks_mean") and "!: outside" in text
    assert "!" not in rendered(score_table(of(colour__cheeks_mean=Value(1.0)), "x"))


def test_long_remarks_are_numbers_under_the_table_and_what_a_family_shares_is_said_once():
    why, way = "the mouth of your footage hardly moves", "by face geometry"
    mouth = {"mouth__aperture_p95": Value(1.0, None, (way,)), "mouth__aperture_sd": Value(2.0, None, (way,))}
    text = rendered(score_table(of(**mouth, mouth__aperture_p95_real=Value(None, why)), "x"), width=80)
    assert text.count(way) == 1 and text.count(why) == 1
    assert line_of(text, "aperture_p95_real").split()[-1] == "(1)" and f"(1): {why}" in text
    alone = rendered(score_table(of(mouth__aperture_sd=mouth["mouth__aperture_sd"]), "x"))
    assert "geom." in line_of(alone, "aperture_sd") and f"geom.: {way}" in alone


def test_metrics_without_weights_are_one_line_a_network():
    command = "weights absent: run python -m eval weights fetch"
    lacking = {
        "lipsync__offset": "syncnet",
        "lipsync__distance": "syncnet",
        "seam__lpips": "lpips",
        "likeness__lpips": "lpips",
    }
    text = rendered(score_table(of(**{name: Value(None, f"{command} {one}") for name, one in lacking.items()}), "x"))
    assert "without weights, syncnet: lipsync/offset, distance\n" in text
    assert "without weights, lpips: seam/lpips; likeness/lpips\n" in text
    assert text.count("weights fetch") == 1 and "weights fetch syncnet lpips" in text
    own = Value(None, "weights absent: the own file a.onnx of sface is not there")
    text = rendered(score_table(of(likeness__face=own), "x"))
    assert "the own file a.onnx" in text and "weights fetch" not in text


def test_a_whole_score_fits_into_eighty_columns(clean):
    long = "/a/folder/with a long name/" * 4 + "video.mp4"
    text = rendered(score_table(replace(clean, stand_in=True), long), width=80)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    rows = [line for line in text.splitlines() if line.split(" ")[0] in clean.values]
    assert len(rows) == sum(not (one.missing or "").startswith("weights absent") for one in clean.values.values())


def test_several_scores_share_a_picture(tmp_path):
    path = plot_curves({"v2": made_by(False), "v4 中文": made_by(False)}, tmp_path / "both.png", "two settings")
    assert path.stat().st_size > 5000
    nothing = Score("broken", "black", {}, {}, 0.0, 0, 25.0)
    assert plot_curves(nothing, tmp_path / "none.png", "broken").stat().st_size > 1000
