"""Likeness and LPIPS at seams in the score of a video, with networks of random weights."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from eval.likewatch import open_lpips, open_sface
from eval.metric import METRICS
from eval.nets.perceptual import NotAlexNetError
from eval.score import QUICK, Score, Settings, score_video
from eval.weights import Sources, WeightsWrong
from workflow.files import sha256_file
from workflow.media.picture import save_png

NAMES = [name for name in METRICS if name.startswith("likeness/")]
BOTH = ("lpips", "sface")


@pytest.fixture(scope="module")
def asked(own_weights: Sources) -> Settings:
    return Settings(families=("likeness", "seam"), networks=BOTH, sources=own_weights)


@pytest.fixture(scope="module")
def clean_likeness(bench, asked) -> Score:
    return bench.score("clean_likeness", None, asked)


def missing(score: Score) -> set[str | None]:
    return {score.values[name].missing for name in NAMES}


def test_a_clean_video_has_figures_curves_and_the_model_named(clean_likeness):
    values = clean_likeness.values
    assert [name for name in (*NAMES, "seam/lpips") if values[name].value is None] == []
    assert 0 < values["likeness/lpips"].value < 0.2
    assert 0.5 < values["likeness/face_p05"].value <= values["likeness/face"].value <= 1
    assert values["likeness/face"].flags == ("SFace (Apache-2.0)", "aligned by face box")
    for name, stride in (("likeness/lpips", 5), ("likeness/face", 10)):
        curve = clean_likeness.curves[name]
        assert len(curve) == clean_likeness.frames == 100
        assert [i for i, value in enumerate(curve) if value is not None] == list(range(0, 100, stride))


def test_a_face_that_fades_away_drifts_and_is_less_like(bench, asked, clean_likeness):
    spots = np.random.default_rng(0).integers(0, 256, (40, 52, 3), dtype=np.uint8)
    veil = cv2.resize(spots, (416, 320), interpolation=cv2.INTER_CUBIC)

    def fading(picture, index):
        return cv2.addWeighted(picture, 1 - index / 250, veil, index / 250, 0)

    seen, clean = bench.score("fading_likeness", fading, asked).values, clean_likeness.values
    assert seen["likeness/lpips"].value > 1.4 * clean["likeness/lpips"].value
    assert seen["likeness/lpips_slope"].value > 4 * abs(clean["likeness/lpips_slope"].value)
    assert seen["likeness/face"].value < clean["likeness/face"].value
    assert seen["likeness/face_slope"].value < min(clean["likeness/face_slope"].value, 0)


def test_windows_that_do_not_join_show_in_seam_lpips(bench, asked, clean_likeness, lab_shifted):
    def jumping(picture, index):
        odd = sum(index >= seam for seam in (25, 45, 65, 85)) % 2
        return lab_shifted(np.roll(picture, 3 * odd, axis=1), lightness=3.0 * odd)

    value = bench.score("jumping_likeness", jumping, asked).values["seam/lpips"].value
    assert value > 1.5 * clean_likeness.values["seam/lpips"].value


def test_what_a_score_lacks_it_says(bench, asked, clean_likeness, tmp_path, portrait_profile):
    video = bench.folder / "clean_likeness.mp4"
    without = score_video(video, settings=asked)
    assert missing(without) == {"no reference (--reference)"}
    assert without.values["seam/lpips"].missing == "windows not known (--window, --motion-frame)"
    wall = tmp_path / "wall.png"
    save_png(wall, np.full((320, 416, 3), 120, np.uint8))
    assert missing(score_video(video, reference=wall, settings=asked)) == {"no face in the reference"}
    nowhere = dataclasses.replace(asked, sources=Sources(folder=tmp_path))
    lacking = bench.score("clean_likeness", None, nowhere)
    assert missing(lacking) == {
        f"weights absent: run python -m eval weights fetch {name}" for name in ("lpips", "sface")
    }
    assert lacking.values["seam/lpips"].missing == "weights absent: run python -m eval weights fetch lpips"
    assert lacking.values["seam/colour"].value is not None


def test_networks_that_nobody_asks_for_are_not_loaded_and_not_in_the_table(bench, tmp_path):
    video = bench.write("plain_likeness")
    code = (
        "import sys; from pathlib import Path; from dataclasses import replace; from eval.score import *;"
        "ask = replace(QUICK, families=('likeness', 'seam', 'sharpness'));"
        "score = score_video(Path(sys.argv[1]), settings=ask);"
        "print('torch' in sys.modules, *score.values)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(video)], capture_output=True, text=True, check=True)
    loaded, *names = done.stdout.split()
    assert loaded == "False"
    assert "sharpness/laplacian_abs" in names and not {*NAMES, "seam/lpips"} & set(names)
    assert QUICK.networks == ()


def test_networks_are_loaded_once_and_again_when_their_file_changes(asked, alexnet_file, tmp_path):
    assert open_lpips(asked) is open_lpips(asked)
    assert open_sface(asked) is open_sface(asked)
    other = tmp_path / "other.pth"
    other.write_bytes(alexnet_file.read_bytes())
    moved = Sources(files={"lpips": other}, sha256={"lpips": sha256_file(other)})
    assert open_lpips(dataclasses.replace(asked, sources=moved)) is not open_lpips(asked)


def test_wrong_files_are_errors_that_say_what_is_wrong(asked, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<html>not found</html>", encoding="utf-8")
    right = sha256_file(page)
    with pytest.raises(WeightsWrong, match=right):
        open_lpips(dataclasses.replace(asked, sources=Sources(files={"lpips": page})))
    meant = Sources(files={"lpips": page}, sha256={"lpips": right})
    with pytest.raises(NotAlexNetError, match=r"page\.html"):
        open_lpips(dataclasses.replace(asked, sources=meant))


def test_the_same_video_gives_the_same_figures(bench, asked, clean_likeness):
    again = score_video(
        Path(bench.folder / "clean_likeness.mp4"), reference=bench.reference(), windows=None, settings=asked
    )
    for name in NAMES:
        assert again.values[name] == clean_likeness.values[name]
