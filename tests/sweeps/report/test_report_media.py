"""Which videos a page holds, and in which form, for the room that it has."""

from pathlib import Path

import numpy as np
import pytest

from sweeps.report.media import BASE64, SIZES, UNREADABLE, choose, preview_of
from workflow.media.decode import frames
from workflow.media.encode import VideoWriter
from workflow.media.probe import probe


@pytest.fixture
def videos(tmp_path: Path) -> dict[int, Path]:
    """Four noisy videos, that are large for their length, each in a folder of its own."""
    noise = np.random.default_rng(1)
    made = {}
    for at in range(4):
        made[at] = tmp_path / str(at) / "video.mp4"
        made[at].parent.mkdir()
        with VideoWriter(made[at], 480, 832) as writer:
            for _ in range(15):
                writer.write(noise.integers(0, 255, (832, 480, 3), dtype=np.uint8))
    return made


def size(paths: list[Path]) -> float:
    return sum(path.stat().st_size for path in paths) * BASE64


def test_where_there_is_room_the_videos_are_in_it_as_they_came(videos: dict[int, Path]) -> None:
    found = choose(videos, 1e9)
    assert (dict(found.files), found.form, found.left_out) == (videos, "masters", {})


def test_where_there_is_less_they_are_smaller_and_all_there(videos: dict[int, Path]) -> None:
    most = size(list(videos.values())) / 3
    found = choose(videos, most)
    assert set(found.files) == set(videos) and not found.left_out
    assert size(list(found.files.values())) <= most
    facts, master = probe(found.files[0]), probe(videos[0])
    assert max(facts.width, facts.height) in {one.side for one in SIZES} and facts.fps == master.fps
    assert len(list(frames(found.files[0]))) == len(list(frames(videos[0]))), "the same frames: seams stay seams"


def test_where_not_even_the_smallest_fit_the_last_are_left_out_and_that_is_said(videos: dict[int, Path]) -> None:
    each = size([preview_of(videos[at], SIZES[-1]) for at in videos]) / 4
    found = choose(videos, 2.5 * each)
    assert list(found.files) == [0, 1] and set(found.left_out) == {2, 3}
    assert all("--max-mb" in why for why in found.left_out.values())


def test_a_preview_is_made_once_and_anew_for_another_video(videos: dict[int, Path]) -> None:
    first = preview_of(videos[0], SIZES[0])
    before = first.stat().st_mtime_ns
    assert preview_of(videos[0], SIZES[0]).stat().st_mtime_ns == before
    videos[0].write_bytes(videos[1].read_bytes())
    assert preview_of(videos[0], SIZES[0]).stat().st_mtime_ns > before


def test_a_video_that_does_not_decode_is_left_out_with_the_reason_and_the_others_stay_as_they_are(
    videos: dict[int, Path],
) -> None:
    videos[2].write_bytes(b"no video at all")
    for most, form in ((1e9, "masters"), (size(list(videos.values())) / 3, "previews")):
        found = choose(videos, most)
        assert set(found.files) == {0, 1, 3} and found.form.startswith(form)
        assert found.left_out == {2: UNREADABLE}, "a page is shared: it names no file of this machine"
        (said,) = found.said
        assert str(videos[2]) in said, "whoever writes the page is told which one it is"


def test_where_no_video_decodes_that_is_said(videos: dict[int, Path]) -> None:
    for path in videos.values():
        path.write_bytes(b"no video at all")
    found = choose(videos, 1e9)
    assert (dict(found.files), found.form) == ({}, "") and set(found.left_out.values()) == {UNREADABLE}


def test_no_videos(tmp_path: Path) -> None:
    assert choose({}, 1e9).form == ""
