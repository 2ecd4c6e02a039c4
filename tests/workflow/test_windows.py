"""Window arithmetic, against a plain simulation of the wrapper's generation loop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.windows import WindowError, Windows, frames_for, windows_for


def simulate(window: int, motion: int, total: int) -> tuple[int, int, list[int]]:
    """Windows, frames and seams as the loop makes them: generate, keep what is new, stop when past the audio."""
    clip_length = (window - 1) // 4 * 4 + 1
    video: list[int] = []
    seams: list[int] = []
    start, count, last = 0, 0, clip_length >= total
    while True:
        frames = list(range(start, start + clip_length))
        if count:
            seams.append(len(video))
        video += frames if count == 0 else frames[motion:]
        count += 1
        if last:
            return count, len(video), seams
        start += clip_length - motion
        last = start + clip_length >= total


@given(st.integers(5, 161), st.integers(1, 60), st.integers(1, 3000))
def test_windows_are_those_of_the_generation_loop(window: int, motion: int, total: int) -> None:
    if motion >= 4 * ((window - 1) // 4) + 1:
        with pytest.raises(WindowError):
            Windows(window, motion, total)
        return
    windows = Windows(window, motion, total)
    assert (windows.count, windows.frames, list(windows.seams)) == simulate(window, motion, total)


@given(st.integers(1, 80), st.integers(1, 5000))
def test_video_covers_the_request_by_less_than_one_stride(motion: int, total: int) -> None:
    windows = Windows(81, motion, total)
    assert windows.frames >= total
    assert windows.count == 1 or windows.frames - total < windows.stride


@pytest.mark.parametrize(
    ("motion", "requested", "count", "frames"), [(9, 1069, 15, 1089), (9, 100, 2, 153), (9, 81, 1, 81)]
)
def test_counts_seen_on_real_runs(motion: int, requested: int, count: int, frames: int) -> None:
    windows = Windows(81, motion, requested)
    assert (windows.count, windows.frames) == (count, frames)


def test_seams_move_with_the_overlap() -> None:
    assert Windows(81, 9, 300).seams[:3] == (81, 153, 225)
    assert Windows(81, 15, 300).seams[:3] == (81, 147, 213)


def test_the_speech_bounds_the_frames() -> None:
    """3.24 s hold 81 frames: the 82 that the rule requests take no second window."""
    assert windows_for(81, 9, frames_for(3.24)).count == 2
    assert windows_for(81, 9, frames_for(3.24), speech_seconds=3.24).count == 1


@given(st.floats(0.01, 400))
def test_requested_frames_always_cover_the_speech(seconds: float) -> None:
    assert frames_for(seconds) >= seconds * 25 + 0.5 - 1e-6
    assert frames_for(seconds) <= seconds * 25 + 1.5 + 1e-6


@pytest.mark.parametrize("bad", [(81, 81, 100), (81, 0, 100), (0, 9, 100), (81, 9, 0), (12, 9, 100)])
def test_windows_that_cannot_go_on_are_refused(bad: tuple[int, int, int]) -> None:
    with pytest.raises(WindowError, match=str(bad[0])):
        Windows(*bad)
