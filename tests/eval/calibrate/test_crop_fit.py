"""``calibrate --fit-crop``: the geometry between our boxes and another detector's."""

import json

import pytest

from eval.cli import main
from workflow.media.facebox import FaceTracker
from workflow.media.steady import steady


@pytest.fixture(scope="module")
def boxes(talking_frontal):
    """A detector whose boxes are 1.2 times ours, a tenth lower, and which misses every fourth face."""

    def theirs(index, box):
        if box is None or index % 4 == 0:
            return None
        x, y = box.centre
        half = 1.2 * max(box.w, box.h) / 2
        y += 0.1 * max(box.w, box.h)
        return [x - half, y - half, x + half, y + half]

    tracked = FaceTracker(25.0).track(steady(talking_frontal, 25.0))
    return [theirs(index, one.box) for index, one in enumerate(tracked)]


def test_a_known_geometry_is_found_again(talking_frontal, boxes, tmp_path, capsys):
    file = tmp_path / "boxes.json"
    file.write_text(json.dumps({talking_frontal.name: boxes}), encoding="utf-8")
    arguments = ["calibrate", str(talking_frontal), "--networks", "none", "--output", str(tmp_path / "out")]
    assert main([*arguments, "--fit-crop", str(file)]) == 0
    found = json.loads((tmp_path / "out" / "crop.json").read_text(encoding="utf-8"))
    assert found["sync_scale"] == pytest.approx(1.2, abs=0.001)
    assert found["sync_shift_y"] == pytest.approx(0.1, abs=0.001) and abs(found["sync_shift_x"]) < 0.001
    assert "pairs of boxes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "cannot be read"),
        ("[1]", "no table"),
        ('{"other.mp4": []}', "no boxes for"),
        ('{"NAME": [[5, 5, 2, 9]]}', "no box"),
        ('{"NAME": [null]}', "no pair of boxes"),
    ],
)
def test_a_bad_file_of_boxes_is_one_clear_line(talking_frontal, text, word, tmp_path, capsys):
    file = tmp_path / "boxes.json"
    file.write_text(text.replace("NAME", talking_frontal.name), encoding="utf-8")
    arguments = ["calibrate", str(talking_frontal), "--networks", "none", "--output", str(tmp_path / "out")]
    assert main([*arguments, "--fit-crop", str(file)]) == 2
    assert word in capsys.readouterr().err


def test_without_weights_the_search_says_where_they_come_from(talking_frontal, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("INFINITETALK_SWEEP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("INFINITETALK_SWEEP_OFFLINE", "1")
    assert main(["calibrate", str(talking_frontal), "--fit-crop", "--output", str(tmp_path / "out")]) == 2
    assert "python -m eval weights fetch syncnet" in capsys.readouterr().err
