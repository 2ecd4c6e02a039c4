"""The zip for sharing masters: whole, safe to unpack, and its page plays what lies beside it."""

import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from sweeps.__main__ import main
from sweeps.kept import NAME, read_kept
from sweeps.report.folder import file_name, write_folder
from sweeps.results import CellResult

Look = Callable[..., Any]
READY = "page.player.tracks.length === 3 && page.player.tracks.every(({ video }) => video.readyState > 2)"
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]")
RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{at}" for port in ("COM", "LPT") for at in range(1, 10))}


def test_the_page_in_the_unpacked_folder_plays_the_masters(
    look: Look, outputs: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "for you.zip"
    assert main(["report", "--outputs", str(outputs), "--folder", str(path)]) == 0
    assert "6 videos as they came" in capsys.readouterr().out
    with zipfile.ZipFile(path) as packed:
        assert packed.testzip() is None
        packed.extractall(tmp_path / "我的 unpacked")
    top = tmp_path / "我的 unpacked" / "report-motion-frame-stand-in"
    result, _ = read_kept(folder / NAME, outputs)
    masters = {cell.video.read_bytes() for cell in result.cells if cell.video}
    assert {file.read_bytes() for file in (top / "videos").iterdir()} == masters and len(masters) == 6
    assert (top / "report.html").stat().st_size < (folder / "report.html").stat().st_size
    found = look(top / "report.html")
    page = found.page
    page.wait_for_function(READY)
    assert page.evaluate("page.player.tracks.every(({ video }) => video.duration > 1)")
    assert page.locator(".tile a").first.get_attribute("href").startswith("videos/001_")
    page.locator("#sheet .draw").click()
    page.wait_for_selector("#sheet [data-drawn='3']")
    assert page.locator("#sheet canvas").count() >= 18
    assert found.errors == []
    assert all(url.startswith(f"{top.as_uri()}/videos/") for url in found.asked())


def test_hostile_names_stay_in_the_zip_and_are_safe_on_any_system(outputs: Path, folder: Path, tmp_path: Path) -> None:
    result, _ = read_kept(folder / NAME, outputs)
    evil = ["../../etc/passwd", "CON", "动作 帧", 'a<b>:"|?*\\c', "." * 300, "x" * 300]
    settings = []
    for setting, name in zip(result.settings, ("../up", "..\\up", "a/b"), strict=True):
        cells = [replace(cell, setting=name, clip=evil[at]) for at, cell in enumerate(setting.cells)]
        settings.append(replace(setting, name=name, cells=tuple(cells)))
    write_folder(replace(result, sweep_id="../../..", settings=tuple(settings)), tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "x.zip") as packed:
        names = packed.namelist()
    assert len({name.lower() for name in names}) == len(names) == 7
    for name in names:
        parts = PurePosixPath(name).parts
        assert all(SAFE.fullmatch(part) and part.split(".")[0].upper() not in RESERVED for part in parts), name


@pytest.mark.parametrize("evil", ["", "..", "CON", "nul.mp4", "/abs", "C:\\x", "动作", "a" * 999, "-rf", "a\nb"])
def test_a_videos_name_is_short_plain_and_its_own(evil: str) -> None:
    one, two = (file_name(number, CellResult(evil, evil, -1, "done")) for number in (1, 2))
    assert SAFE.fullmatch(one) and len(one) < 120 and one != two


def test_it_is_written_whole_or_not_at_all(
    outputs: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for option in ("--folder", "--output"):
        assert main(["report", "--outputs", str(outputs), option, str(tmp_path / "file" / "x.zip")]) == 2
        assert "error [report-not-written]" in capsys.readouterr().err
    result, _ = read_kept(folder / NAME, outputs)
    cell = result.cells[0]
    bad = replace(result, settings=(replace(result.settings[0], cells=(replace(cell, score={"fps": object()}),)),))
    with pytest.raises(TypeError):
        write_folder(bad, tmp_path / "x.zip", extra={object(): 1})  # type: ignore[dict-item]
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_originals_are_linked_only_where_they_are(look: Look, folder: Path, browser: Any) -> None:
    assert look(folder / "report.html").page.locator(".tile a").count() == 3
    page = browser.new_page()
    page.set_content((folder / "report.html").read_text(encoding="utf-8"))  # as MLflow shows it: no file around it
    page.wait_for_selector("#stamp")
    assert page.evaluate("location.protocol") == "about:"
    assert page.locator(".tile").count() == 3 and page.locator(".tile a").count() == 0
    page.close()
