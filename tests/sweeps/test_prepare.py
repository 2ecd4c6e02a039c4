"""Preparing portraits: pictures and videos in, reference frame and close-up out, one clear line where it cannot be."""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sweeps import prepare as command
from sweeps.portrait import NoFaceError, SeveralFacesError, make_portrait
from sweeps.prepare import Prepared, prepare, prepared
from sweeps.samples import portrait
from workflow.errors import HarnessError
from workflow.media.arrays import Picture
from workflow.media.errors import FrameSizeError, MediaWriteError, MissingMediaError, UnreadableMediaError
from workflow.media.facebox import detect
from workflow.media.picture import load_picture, resize, save_png


@pytest.fixture(scope="module")
def astronaut() -> Picture:
    return load_picture(portrait())


@pytest.fixture
def two_people(tmp_path: Path, astronaut: Picture) -> Path:
    path = tmp_path / "两个人.png"
    save_png(path, np.hstack([astronaut, astronaut]))
    return path


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(arguments))


def test_a_picture_gives_a_frame_and_a_close_up_of_one_size(tmp_path: Path) -> None:
    made = prepare(portrait(), tmp_path, width=464, height=832)
    frame, face = load_picture(made.frame), load_picture(made.face)
    assert frame.shape == face.shape == (832, 464, 3)  # the wrapper joins them to one batch
    (in_frame,) = detect(frame)
    (in_face,) = detect(face)
    assert made.box is not None
    assert in_frame.centre == pytest.approx((made.box[0] + made.box[2] / 2, made.box[1] + made.box[3] / 2), abs=25)
    assert 0.3 < in_face.w / face.shape[1] < 0.7
    assert made.warnings == () and made.source_frame is None


@pytest.mark.parametrize("size", [(464, 832), (832, 464), (512, 512)])
def test_the_face_is_not_stretched_at_any_aspect(astronaut: Picture, size: tuple[int, int]) -> None:
    made = make_portrait(portrait(), *size)
    assert made.frame.shape == made.close_up.shape == (size[1], size[0], 3)
    (near,) = detect(made.close_up)
    assert near.w == pytest.approx(near.h, rel=0.02) and near.w > 0.3 * min(size)
    assert made.box is not None
    assert made.box.w == pytest.approx(made.box.h, rel=0.02)
    x, y = made.box.centre
    assert 0 < x < size[0] and 0 < y < size[1]


def test_a_video_gives_an_early_frame(tmp_path: Path, talking_frontal: Path) -> None:
    made = prepare(talking_frontal, tmp_path)
    assert made.source_frame is not None and made.source_frame < 50
    assert len(detect(load_picture(made.frame))) == 1


def test_equal_content_gives_equal_bytes_whatever_its_name(tmp_path: Path) -> None:
    copy = tmp_path / "我的 照片.png"
    copy.write_bytes(portrait().read_bytes())
    one, two = prepare(portrait(), tmp_path / "a"), prepare(copy, tmp_path / "b")
    assert one.frame.read_bytes() == two.frame.read_bytes()
    assert one.face.read_bytes() == two.face.read_bytes()


def test_a_turned_transparent_photo_is_prepared_like_the_plain_one(tmp_path: Path) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(portrait()) as image:
        image.convert("RGBA").transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    plain, turned = make_portrait(portrait(), 464, 832), make_portrait(tmp_path / "turned.png", 464, 832)
    assert np.array_equal(plain.frame, turned.frame)
    assert np.array_equal(plain.close_up, turned.close_up)


def test_no_face_two_faces_and_tiny_faces_have_their_outcomes(
    tmp_path: Path, two_people: Path, portrait_profile: Path, astronaut: Picture
) -> None:
    with pytest.raises(NoFaceError, match="portrait_profile"):
        make_portrait(portrait_profile, 464, 832)
    with pytest.raises(SeveralFacesError, match="2 faces"):
        make_portrait(two_people, 464, 832)
    far = np.full((512 * 2, 512 * 2, 3), 128, np.uint8)
    far[100 : 100 + 256, 300 : 300 + 256] = resize(astronaut, 256, 256)
    save_png(tmp_path / "far.png", far)
    (said,) = make_portrait(tmp_path / "far.png", 464, 832).warnings
    assert "px wide" in said and "crop closer" in said


def test_a_bystander_is_passed_over_and_mentioned(tmp_path: Path, astronaut: Picture) -> None:
    image = np.full((512, 900, 3), 128, np.uint8)
    image[:, :512] = astronaut
    image[200:456, 620:876] = resize(astronaut, 256, 256)
    save_png(tmp_path / "a.png", image)
    made = make_portrait(tmp_path / "a.png", 464, 832)
    assert "2 faces" in made.warnings[0]
    assert np.abs(made.frame.astype(int) - make_portrait(portrait(), 464, 832).frame).mean() < 12


def test_a_close_up_of_ones_own_allows_a_profile(portrait_profile: Path) -> None:
    made = make_portrait(portrait_profile, 464, 832, close_up=portrait())
    assert made.box is None and made.frame.shape == (832, 464, 3)
    assert len(detect(made.close_up)) == 1
    assert made.warnings == ("no frontal face found; cropped to the middle",)


def test_a_small_picture_is_enlarged_with_a_warning(tmp_path: Path, astronaut: Picture) -> None:
    save_png(tmp_path / "a.png", resize(astronaut, 200, 200))
    assert any("enlarged" in said for said in make_portrait(tmp_path / "a.png", 464, 832).warnings)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.png", b"text", HarnessError),
        ("a.png", b"", UnreadableMediaError),
        ("a.mp4", b"text " * 99, UnreadableMediaError),
        ("a.txt", b"text " * 99, UnreadableMediaError),
        ("none.png", None, MissingMediaError),
    ],
)
def test_what_cannot_be_prepared_is_named(
    tmp_path: Path, name: str, content: bytes | None, error: type[HarnessError]
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=name) as caught:
        make_portrait(tmp_path / name, 464, 832)
    assert "\n" not in caught.value.message and caught.value.hint


def test_a_speech_is_no_portrait(speech_wav: Path) -> None:
    with pytest.raises(HarnessError, match=r"speech\.wav"):
        make_portrait(speech_wav, 464, 832)


def test_the_command_writes_and_says_what(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(portrait()), "--out", str(tmp_path / "out")) == 0
    shown = capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["astronaut-face.png", "astronaut-frame.png"]
    assert "464×832" in shown and str(tmp_path / "out" / "astronaut-face.png") in shown


def test_a_size_that_16_does_not_divide_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FrameSizeError, match="--height 1080") as caught:
        run(str(portrait()), "--out", str(tmp_path), "--height", "1080")
    assert caught.value.exit_code == 2 and "1088" in caught.value.hint


def test_a_folder_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(MediaWriteError):
        prepare(portrait(), tmp_path / "file" / "out")


def test_prepared_pictures_are_kept_by_content_and_size(tmp_path: Path) -> None:
    first = prepared(portrait(), tmp_path, width=464, height=832)
    stamp = first.frame.stat().st_mtime_ns
    copy = tmp_path / "copy.png"
    copy.write_bytes(portrait().read_bytes())
    assert prepared(copy, tmp_path, width=464, height=832) == first
    assert first.frame.stat().st_mtime_ns == stamp
    assert prepared(portrait(), tmp_path, width=832, height=464).frame != first.frame
    assert prepared(portrait(), tmp_path, width=464, height=832, close_up=portrait()).frame != first.frame


@pytest.mark.parametrize("harm", ["truncate", "other picture", "no facts", "wrong facts", "no face"])
def test_a_kept_copy_that_was_harmed_is_made_again(tmp_path: Path, harm: str) -> None:
    made = prepared(portrait(), tmp_path, width=464, height=832)
    before = made.frame.read_bytes()
    folder = made.frame.parent
    if harm == "truncate":
        made.frame.write_bytes(before[:500])
    elif harm == "other picture":
        save_png(made.frame, np.zeros((832, 464, 3), np.uint8))
    elif harm == "no facts":
        (folder / "facts.json").unlink()
    elif harm == "wrong facts":
        (folder / "facts.json").write_text("[1, 2", encoding="utf-8")
    else:
        made.face.unlink()
    again = prepared(portrait(), tmp_path, width=464, height=832)
    assert again == made
    assert again.frame.read_bytes() == before


def _prepared(folder: Path) -> tuple[Prepared, int]:
    return prepared(portrait(), folder, width=464, height=832), os.getpid()


def test_two_processes_at_once_end_with_one_whole_copy(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2) as pool:
        done = list(pool.map(_prepared, [tmp_path] * 6))
    assert len({made for made, _ in done}) == 1
    assert [path.name for path in tmp_path.iterdir()] == [done[0][0].frame.parent.name]
