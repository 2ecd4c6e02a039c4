"""No word of a client leads out of a folder."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.standin.folders import Folders, OutsideError, inside, save_place

PARTS = st.lists(st.sampled_from(["..", ".", "", "a", "b c", "早", "~", "\\", "\0", "x" * 300]), max_size=6)


@given(PARTS, st.booleans())
@example(["..", "base-evil"], False)
def test_inside_is_inside_or_refused(parts: list[str], absolute: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        base = Path(name) / "base"
        base.mkdir()
        try:
            path = inside(base, ("/" if absolute else "") + "/".join(parts))
        except OutsideError:
            return
        assert path == base.resolve() or base.resolve() in path.parents


def test_a_neighbour_with_the_same_beginning_is_outside(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base-evil").mkdir()
    with pytest.raises(OutsideError):
        inside(tmp_path / "base", "../base-evil/x")


def test_the_counter_goes_on_from_the_highest(tmp_path: Path) -> None:
    for name in ("take_00001.mp4", "take_00007-audio.mp4", "take_x.mp4", "other_00044.mp4", "TAKE_00009.png"):
        (tmp_path / name).touch()
    place = save_place(tmp_path, "take")
    assert place.file("-audio.mp4") == tmp_path.resolve() / "take_00010-audio.mp4"
    assert save_place(tmp_path, "sub/take").counter == 1
    assert save_place(tmp_path, "sub/take").subfolder == "sub"
    for prefix, stem in (("..", ".."), ("", "."), ("a/../take", "take")):  # harmless, and the real one takes them too
        assert (save_place(tmp_path, prefix).folder, save_place(tmp_path, prefix).stem) == (tmp_path.resolve(), stem)
    for prefix in ("../take", "/etc/take", "a/../../take"):
        with pytest.raises(OutsideError):
            save_place(tmp_path, prefix)


def test_an_input_may_name_its_folder(tmp_path: Path) -> None:
    folders = Folders(tmp_path, tmp_path / "temp")
    folders.create()
    (folders.output / "made.png").touch()
    (folders.input / "given.png").touch()
    assert folders.uploaded("given.png") == folders.input.resolve() / "given.png"
    assert folders.uploaded("made.png [output]") == folders.output.resolve() / "made.png"
    assert folders.uploaded("made.png") is None
    assert folders.uploaded("../output/made.png") is None
    assert folders.listing("image") == ["given.png"]
