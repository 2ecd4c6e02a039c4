"""Broken videos are caught first; faces that are missing, lost or many are outcomes with a coverage."""

import av
import cv2
import numpy as np
import pytest

from eval.metric import METRICS
from eval.sanity import Expected
from eval.score import DEFAULT, score_video
from workflow.media.encode import VideoWriter
from workflow.media.errors import MissingMediaError
from workflow.media.picture import save_png
from workflow.media.sound import write_wav


@pytest.fixture
def write(tmp_path):
    def make(name, pictures, sound=None):
        if sound is not None:
            write_wav(tmp_path / f"{name}.wav", sound, 16000)
        height, width = pictures[0].shape[:2]
        audio = None if sound is None else tmp_path / f"{name}.wav"
        with VideoWriter(tmp_path / f"{name}.mp4", width, height, 25, audio=audio) as writer:
            for picture in pictures:
                writer.write(picture)
        return tmp_path / f"{name}.mp4"

    return make


def broken(path, **options):
    score = score_video(path, **options)
    assert score.status == "broken"
    assert score.values and all((value.missing or "").startswith("broken") for value in score.values.values())
    return score.reason or ""


def test_black_noise_frozen_and_single_frames_are_broken(write, bench):
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (240, 160, 3), dtype=np.uint8) for _ in range(30)]
    still = [bench.pictures[0]] * 50
    half_black = [*bench.pictures[:40], *[np.zeros_like(bench.pictures[0])] * 40]
    assert "black" in broken(write("black", [np.zeros((240, 160, 3), np.uint8)] * 30))
    assert "black" in broken(write("half", half_black))
    assert "noise" in broken(write("noise", noise))
    assert "frozen" in broken(write("frozen", still))
    assert "single frame" in broken(write("one", bench.pictures[:1]))


def test_a_silent_sound_track_is_broken(write, bench):
    path = write("mute", bench.pictures[:40], np.zeros(25600, np.int16))
    assert "silent" in broken(path)
    assert "silent" in broken(path, speech=bench.write("voice"))


def test_wrong_size_and_wrong_length_are_broken_when_something_is_expected(write, bench):
    path = write("short", bench.pictures[:30])
    assert "416×320 where 464×320 was asked" in broken(path, expected=Expected(width=464))
    assert "30 frames where 81 were asked" in broken(path, expected=Expected(416, 320, 81))
    assert score_video(path, expected=Expected(416, 320, 30)).status == "ok"


def test_files_that_do_not_decode_are_broken_not_errors(tmp_path, bench, write):
    text = tmp_path / "text.mp4"
    text.write_text("no video", encoding="utf-8")
    assert "undecodable" in broken(text)
    whole = write("whole", bench.pictures[:60]).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) // 2])
    assert "undecodable" in broken(cut)
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    with pytest.raises(Exception, match="empty"):
        score_video(empty)
    with pytest.raises(MissingMediaError, match="not found"):
        score_video(tmp_path / "nowhere.mp4")


def test_a_video_without_a_face_says_so(write, moving_texture):
    score = score_video(write("waves", [moving_texture(i) for i in range(60)]))
    assert score.status == "no_face" and score.coverage == 0
    assert all(value.value is None for name, value in score.values.items() if "face" in METRICS[name].needs)
    assert score.values["sharpness/laplacian_abs"].missing == "no face"
    assert "no sound" in (score.values["lipsync/envelope_p"].missing or "")


def test_a_lost_face_lowers_coverage_and_takes_lipsync_away(write, bench, moving_texture):
    pictures = [*bench.pictures[:45], *[moving_texture(i) for i in range(55)]]
    score = score_video(write("lost", pictures, bench.sound))
    assert score.status == "ok"
    assert 0.3 < score.coverage < 0.6
    assert "are needed" in (score.values["lipsync/envelope_p"].missing or "")
    assert any("face lost" in warning for warning in score.warnings)
    assert score.values["sharpness/laplacian_abs"].value is not None
    assert all(point is None for point in score.curves["mouth/aperture"][70:])


def test_two_faces_are_said_and_the_largest_is_followed(write, bench):
    def beside(picture):
        other = np.zeros((320, 224, 3), np.uint8)
        other[-224:] = cv2.resize(picture, (224, 224), interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(np.hstack([other, picture]))

    score = score_video(write("two", [beside(picture) for picture in bench.pictures[:60]]), settings=DEFAULT)
    assert score.status == "ok" and score.coverage == 1.0
    assert any("more than one face" in warning for warning in score.warnings)


def test_without_sound_the_picture_is_still_judged(write, bench):
    score = score_video(write("dumb", bench.pictures[:60]))
    assert score.status == "ok" and score.frames == 60 and score.speech_s is None
    assert "no sound" in (score.values["lipsync/envelope_offset"].missing or "")
    assert score.values["mouth/aperture_sd"].value is not None


def test_a_mirrored_face_in_a_picture_is_no_reference_face(write, bench, portrait_profile):
    score = score_video(write("ref", bench.pictures[:30]), reference=portrait_profile)
    assert score.values["sharpness/laplacian"].missing == "no face in the reference"
    assert any("no frontal face in the reference" in warning for warning in score.warnings)


def test_of_two_faces_in_a_reference_the_largest_is_taken_and_said(write, bench, tmp_path):
    """Side by side they are wider than the video: a crop to the middle would lose both."""
    small = np.zeros_like(bench.pictures[0])
    small[120:, :260] = cv2.resize(bench.pictures[0], (260, 200), interpolation=cv2.INTER_AREA)
    both = tmp_path / "both.png"
    save_png(both, np.ascontiguousarray(np.hstack([small, bench.pictures[0]])))
    path = write("alone", bench.pictures[:30])
    score = score_video(path, reference=both)
    alone = score_video(path, reference=bench.reference())
    assert any("2 faces in the reference: the largest is taken" in warning for warning in score.warnings)
    assert any("another shape" in warning for warning in score.warnings)
    assert not any("reference" in warning for warning in alone.warnings)
    for name in ("sharpness/laplacian", "sharpness/fine_detail", "colour/cheeks_mean"):
        ours, plain = score.values[name].value, alone.values[name].value
        assert ours is not None and plain is not None and ours == pytest.approx(plain, rel=0.3, abs=0.6)


def test_interlaced_video_is_judged_and_said(bench, tmp_path):
    path = tmp_path / "fields.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg2video", rate=25, options={"flags": "+ildct+ilme", "b": "8M"})
        stream.width, stream.height, stream.pix_fmt = 416, 320, "yuv420p"
        for picture in bench.pictures[:30]:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24").reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    score = score_video(path)
    assert score.status == "ok" and any("interlaced" in warning for warning in score.warnings)
