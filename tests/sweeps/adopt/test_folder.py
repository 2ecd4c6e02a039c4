"""Which files of a folder are taken, and which are not."""

import os
from pathlib import Path

import pytest

from sweeps.adopt.folder import AGAIN_S, NoFolder, NoVideos, look, settled


def made(path: Path, size: int = 9, age_s: float = 100.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    then = path.stat().st_mtime - age_s
    os.utime(path, (then, then))
    return path


def test_mp4s_below_the_folder_are_found_whatever_they_are_called(tmp_path: Path) -> None:
    names = ['say "hi" <b>.mp4', "视频/它的.MP4", "a'b.mp4"]
    for name in (*names, "notes.txt", "a'b.png", ".hidden.mp4", ".cache/x.mp4", ".hidden.webm"):
        made(tmp_path / name)
    found, left = look(tmp_path, tmp_path / "store")
    assert sorted(one.name for one in found) == sorted(names) and left == []


def test_videos_in_other_forms_are_told_one_by_one(tmp_path: Path) -> None:
    for name in ("mine.mp4", "vp9.webm", "sub/old.MKV", "loop.gif", "loop.webp"):
        made(tmp_path / name)
    found, left = look(tmp_path, tmp_path / "store")
    assert [one.name for one in found] == ["mine.mp4"]
    assert sorted(one.name for one in left) == ["loop.gif", "loop.webp", "sub/old.MKV", "vp9.webm"]
    assert all("only MP4s" in one.why and not one.bad for one in left)


def test_names_that_would_command_a_terminal_or_are_no_text_are_shown_as_letters(tmp_path: Path) -> None:
    made(tmp_path / "a\x1b[31m\u202e.mp4")
    made(Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff.mp4")))
    found, _ = look(tmp_path, tmp_path / "store")
    assert sorted(one.name for one in found) == ["a�[31m�.mp4", "b�.mp4"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    made(tmp_path / "elsewhere" / "secret.mp4")
    made(tmp_path / "mine" / "own.mp4")
    (tmp_path / "mine" / "link.mp4").symlink_to(tmp_path / "elsewhere" / "secret.mp4")
    (tmp_path / "mine" / "folder").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "mine" / "pipe.mp4")
    found, left = look(tmp_path / "mine", tmp_path / "store")
    assert [one.name for one in found] == ["own.mp4"]
    assert {(one.name, one.bad) for one in left} == {("link.mp4", True), ("folder/", False), ("pipe.mp4", True)}


def test_of_a_render_with_and_without_sound_the_one_with_sound_is_taken(tmp_path: Path) -> None:
    for name in ("a_00001.mp4", "a_00001-audio.mp4", "a_00002.mp4"):
        made(tmp_path / name)
    found, left = look(tmp_path, tmp_path / "store")
    assert [one.name for one in found] == ["a_00001-audio.mp4", "a_00002.mp4"]
    assert [(one.name, one.bad) for one in left] == [("a_00001.mp4", False)]


def test_the_store_is_not_adopted_into_itself(tmp_path: Path) -> None:
    made(tmp_path / "outputs" / "store" / "a" / "b" / "video.mp4")
    made(tmp_path / "mine.mp4")
    found, _ = look(tmp_path, tmp_path / "outputs" / "store")
    assert [one.name for one in found] == ["mine.mp4"]
    with pytest.raises(NoFolder, match="inside the store"):
        look(tmp_path / "outputs" / "store" / "a", tmp_path / "outputs" / "store")


def test_a_folder_that_is_none_or_holds_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoFolder, match="there is no folder"):
        look(tmp_path / "none", tmp_path / "store")
    with pytest.raises(NoFolder, match="is a file"):
        look(made(tmp_path / "a.txt"), tmp_path / "store")
    made(tmp_path / "b.webm")
    with pytest.raises(NoVideos, match="1 video in other forms"):
        look(tmp_path, tmp_path / "store")


def test_a_file_that_grows_while_it_is_looked_at_is_left_for_later(tmp_path: Path) -> None:
    made(tmp_path / "old.mp4")
    young = made(tmp_path / "young.mp4", age_s=0)
    quiet = made(tmp_path / "quiet.mp4", age_s=0)
    found, _ = look(tmp_path, tmp_path / "store")
    waited = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        with young.open("ab") as file:
            file.write(b"more")

    kept, left = settled(found, wait)
    assert waited == [AGAIN_S]
    assert [one.path for one in kept] == [tmp_path / "old.mp4", quiet]
    assert [(one.name, one.bad) for one in left] == [("young.mp4", True)]
    assert "still being written" in left[0].why


def test_nobody_waits_for_files_that_have_been_there_for_long(tmp_path: Path) -> None:
    made(tmp_path / "old.mp4")
    found, _ = look(tmp_path, tmp_path / "store")
    assert settled(found, lambda _: pytest.fail("waited")) == (found, [])
