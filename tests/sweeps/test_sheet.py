"""Contact sheet, preview and curves of real little videos, whatever their names."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.curves import curves_json, curves_picture
from sweeps.lettering import font, shortened, width_of
from sweeps.preview import LONGEST_SIDE, preview
from sweeps.results import STAND_IN_NOTE, CellResult, SettingResult
from sweeps.sheet import COLUMNS, ROWS, WIDTH, choose_shots, contact_sheet
from workflow.media.decode import frames
from workflow.media.picture import load_picture
from workflow.media.probe import probe

Make = Callable[..., SettingResult]


@given(st.integers(1, 4000), st.lists(st.integers(-5, 4100), max_size=60))
def test_shots_lie_inside_the_video_in_order_with_both_ends(count: int, seams: list[int]) -> None:
    shots = choose_shots(count, sorted(seams))
    indices = [shot.frame for shot in shots]
    assert all(a < b for a, b in pairwise(indices))
    assert indices[0] == 0
    assert indices[-1] == count - 1
    assert len(shots) <= COLUMNS
    assert all(shot.frame in seams for shot in shots if shot.seam)


def test_a_sheet_grows_by_a_row_a_clip_and_stays_in_its_width(rendered: Make, tmp_path: Path) -> None:
    heights = []
    for clips in (("a",), ("a", "b"), tuple(f"clip{n}" for n in range(ROWS + 5))):
        assert contact_sheet(rendered(clips=clips), tmp_path / "s.png", title="motion_frame", stand_in=True)
        picture = load_picture(tmp_path / "s.png")
        assert picture.shape[1] <= WIDTH
        heights.append(picture.shape[0])
    assert heights[0] < heights[1] < heights[2]
    assert heights[2] - heights[1] == (ROWS - 2) * (heights[1] - heights[0])


def test_a_sheet_shows_the_videos_own_pixels(rendered: Make, store_folder: Path, tmp_path: Path) -> None:
    contact_sheet(rendered(clips=("a",)), tmp_path / "s.png", title="t", stand_in=False)
    sheet, first = load_picture(tmp_path / "s.png").astype(int), next(iter(frames(store_folder / "video.mp4")))
    tile = sheet[-first.shape[0] - 6 : -6, 6 : 6 + first.shape[1]]
    assert np.abs(tile - first).mean() < 1.0


def test_the_stand_in_is_written_on_the_sheet(rendered: Make, tmp_path: Path) -> None:
    for stand_in in (True, False):
        contact_sheet(rendered(), tmp_path / f"{stand_in}.png", title="t", stand_in=stand_in)
    header = [load_picture(tmp_path / f"{one}.png")[:60].astype(int) for one in (True, False)]
    red = [((one[..., 2] - one[..., 0]) > 60).sum() for one in header]
    assert red[0] > 200 > red[1] == 0


def test_chinese_names_do_not_stop_a_sheet(rendered: Make, tmp_path: Path) -> None:
    setting = rendered("提示词=三秒", clips=("新闻 播报", "b"))
    assert contact_sheet(setting, tmp_path / "联系.png", title="运动帧", stand_in=True)
    assert curves_picture(setting, tmp_path / "曲线.png", title="运动帧", stand_in=True)
    assert preview(setting, tmp_path / "预览.mp4", stand_in=True)


def test_clips_without_a_video_keep_their_row(rendered: Make, tmp_path: Path) -> None:
    good = rendered(clips=("a",))
    failed = CellResult(good.name, "b", 2, "failed", "out of memory", "sample")
    broken_folder = tmp_path / "broken"
    broken_folder.mkdir()
    (broken_folder / "video.mp4").write_bytes(b"no video")
    broken = CellResult(good.name, "c", 2, "done", folder=broken_folder)
    contact_sheet(good, tmp_path / "one.png", title="t", stand_in=True)
    contact_sheet(replace(good, cells=(*good.cells, failed, broken)), tmp_path / "all.png", title="t", stand_in=True)
    assert load_picture(tmp_path / "all.png").shape[0] > load_picture(tmp_path / "one.png").shape[0]


def test_no_video_at_all_gives_no_file(tmp_path: Path) -> None:
    setting = SettingResult("v3", cells=(CellResult("v3", "a", 1, "impossible", "not offered"),))
    assert not contact_sheet(setting, tmp_path / "s.png", title="t", stand_in=True)
    assert not preview(setting, tmp_path / "p.mp4", stand_in=True)
    assert not curves_picture(setting, tmp_path / "c.png", title="t", stand_in=True)
    assert not list(tmp_path.iterdir())


def test_a_preview_is_small_sounds_and_says_stand_in(rendered: Make, store_folder: Path, tmp_path: Path) -> None:
    assert preview(rendered(), tmp_path / "p.mp4", stand_in=True)
    found, master = probe(tmp_path / "p.mp4"), probe(store_folder / "video.mp4")
    assert max(found.width, found.height) <= LONGEST_SIDE
    assert (found.frames, found.fps, found.has_audio) == (master.frames, master.fps, True)
    assert found.tags["comment"] == STAND_IN_NOTE


@pytest.mark.parametrize("stand_in", [True, False])
def test_curves_hold_every_frame_of_every_cell(rendered: Make, tmp_path: Path, stand_in: bool) -> None:
    setting = rendered()
    assert curves_picture(setting, tmp_path / "c.png", title="t", stand_in=stand_in)
    told = curves_json(setting)
    assert set(told) == {"a/2", "b/2"}
    for cell in setting.cells:
        curve = told[f"{cell.clip}/2"]["curves"]["mouth/aperture"]
        assert cell.score is not None
        original = cell.score["curves"]["mouth/aperture"]
        assert [one is None for one in curve] == [one is None for one in original]
        assert curve[1:] == pytest.approx(original[1:], rel=1e-4)


@given(st.text(max_size=60), st.integers(0, 300))
def test_shortened_text_fits(text: str, room: int) -> None:
    cut = shortened(text, 14, room)
    assert width_of(cut, 14) <= room or cut == "…"
    assert font(cut, 14) is not None
