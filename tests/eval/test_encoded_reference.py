"""The reference goes through the codec of the render: a render that only repeats it has ratio one and no distance."""

import json

import numpy as np
import pytest

from eval.embedded import origin
from eval.encoded import CRF, as_encoded
from eval.score import score_video
from eval.settings import Settings
from sweeps.portrait import make_portrait
from sweeps.samples import portrait
from workflow.media.encode import VideoWriter
from workflow.media.facebox import FaceTracker
from workflow.media.picture import save_png

VISUAL = Settings(families=("sharpness", "colour"), networks=())


@pytest.fixture(scope="module")
def face():
    return make_portrait(portrait(), 464, 832).frame


def prompt(crf, form="video/h264-mp4"):
    return json.dumps({"7": {"class_type": "VHS_VideoCombine", "inputs": {"crf": crf, "format": form}}})


@pytest.mark.parametrize("crf", [10, 19, 30])
def test_the_reference_as_a_video_has_ratio_one_and_no_colour_distance(face, tmp_path, crf):
    save_png(tmp_path / "face.png", face)
    with VideoWriter(tmp_path / "v.mp4", 464, 832, 25, crf=crf, tags={"prompt": prompt(crf)}) as writer:
        for index in range(20):
            still = face.copy()
            still[:40, :40] = 10 * index  # a frozen picture would not be judged
            writer.write(still)
    score = score_video(tmp_path / "v.mp4", reference=tmp_path / "face.png", settings=VISUAL)
    values = {name: value.value for name, value in score.values.items()}
    assert values["sharpness/laplacian"] == pytest.approx(1, abs=0.02)
    assert values["sharpness/fine_detail"] == pytest.approx(1, abs=0.02)
    assert values["sharpness/overshoot_change"] == pytest.approx(0, abs=0.01)
    assert values["colour/chroma_ratio"] == pytest.approx(1, abs=0.02)
    for region in ("cheeks", "background", "clothes"):
        assert values[f"colour/{region}_mean"] < (0.3 if crf <= CRF else 1)


def test_coarser_coding_loses_more_of_the_picture(face):
    lost = [np.abs(as_encoded(face, crf).astype(int) - face).mean() for crf in (10, 19, 30, 45)]
    assert lost == sorted(lost) and lost[0] < lost[-1] / 2
    assert np.array_equal(as_encoded(face), as_encoded(face, CRF))


def test_a_still_face_keeps_its_size_from_the_first_frame_on(face):
    widths = [tracked.box.w for tracked in FaceTracker(25.0, stride=5).track([face] * 60) if tracked.box]
    assert len(widths) == 60 and max(widths) / min(widths) < 1.03


def test_odd_sizes_are_left_as_they_are(face):
    odd = face[:831]
    assert as_encoded(odd) is odd
    assert as_encoded(face).shape == face.shape


@pytest.mark.parametrize(("text", "told"), [
    (prompt(23), 23), (prompt(0), 0), (prompt(52), None), (prompt(-1), None), (prompt("19"), None),
    (prompt(True), None), (prompt(23, "video/ProRes"), None), ("{}", None), ("[", None),
    (json.dumps({"7": {"class_type": "VHS_VideoCombine", "inputs": ["crf"]}, "8": 5}), None),
])  # fmt: skip
def test_the_quality_is_read_from_the_prompt_and_nothing_hostile_is_believed(text, told):
    assert origin({"prompt": text}, 81).crf == told
