"""The disk here is full, at one point or another: it is said, and what the server rendered is brought home later."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from house import House, Street
from invariants import check, kept, nothing_left, reasons
from small_sweep import config, pool_config, sweep, sweep_on

from runner import record
from runner.pool import open_members
from runner.render import follow, submit
from runner.server import open_server
from sweeps.store import Store
from workflow.cell import Cell

Cells = Callable[..., list[Cell]]
Matrix = Callable[[str, str, str], None]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte."""
    place = tmp_path / "small"
    place.mkdir()
    if not sys.platform.startswith("linux"):
        pytest.skip("a small file system is made of Linux's tmpfs")
    command = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)]
    mounted = subprocess.run(command, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {mounted.stderr.decode(errors='replace').strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("left", [0, 60, 64, 88])
def test_full_at_some_point(
    left: int, small_disk: Path, house: House, cells: Cells, matrix: Matrix, tmp_path: Path
) -> None:
    three, store = cells(3), Store(small_disk / "store")
    free = shutil.disk_usage(small_disk).free
    (small_disk / "others").write_bytes(bytes(free - left * 1024))
    with open_server(config(house.url), tmp_path) as server:
        progress = sweep(server, three, store)
    first, why = len(kept(store, three)), [one for cell in three for one in reasons(store, cell)]
    assert progress.stopped and "No space left on device" in progress.stopped
    there = {cell.recipe: house.runs(cell) for cell in three}
    (small_disk / "others").unlink()
    with open_server(config(house.url), tmp_path) as server:
        progress = sweep(server, three, store)
    check(store, three, progress, house)
    nothing_left(store, three, house)
    assert [house.runs(cell) for cell in three] == [1, 1, 1], f"rendered again: {there}"
    stages = ", ".join(sorted({f"{one['status']}/{one['stage']}" for one in why})) or "no room to record"
    matrix(
        f"disk full here, {left} KB left", "stops, says so; nothing lost", f"{first} of 3 stored ({stages}), then all"
    )


def test_full_while_three_servers_render(
    small_disk: Path, street: Street, cells: Cells, matrix: Matrix, tmp_path: Path
) -> None:
    nine, store = cells(9), Store(small_disk / "store")
    (small_disk / "others").write_bytes(bytes(shutil.disk_usage(small_disk).free - 280 * 1024))
    with open_members(pool_config(street.urls), tmp_path) as members:
        progress = sweep_on(members, nine, store)
    first = len(kept(store, nine))
    assert progress.stopped and "No space left on device" in progress.stopped and first < 9
    (small_disk / "others").unlink()
    with open_members(pool_config(street.urls), tmp_path) as members:
        progress = sweep_on(members, nine, store)
    check(store, nine, progress, street)
    nothing_left(store, nine, street)
    assert [street.runs(cell) for cell in nine] == [1] * 9, "rendered again"
    matrix("disk full here, three servers", "stops, says so; nothing lost", f"{first} of 9 stored, then all")


def test_full_as_the_video_comes(house: House, cells: Cells, matrix: Matrix, tmp_path: Path) -> None:
    """Where no file system can be mounted, a device that is always full will do."""
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    (cell,), folder = cells(1), tmp_path / "attempt"
    folder.mkdir()
    with open_server(config(house.url), tmp_path) as server:
        submitted = submit(server, cell, folder)
        (folder / record.PART).symlink_to("/dev/full")
        outcome = follow(server, submitted)
        assert (outcome.status, outcome.stage, outcome.stop) == ("corrupt", "download", True)
        assert "No space left on device" in outcome.message
        (folder / record.PART).unlink()
        assert follow(server, submit(server, cell, folder)).done
    assert house.runs(cell) == 1, "rendered again"
    matrix("disk full here as the video comes", "stops, says so; fetched later", "corrupt/download, then fetched")
