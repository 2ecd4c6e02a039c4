"""Constant rate from any timestamps: constant ones as they are, gaps repeated, crowds thinned, clocks mended."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.media.arrays import Picture
from workflow.media.decode import frames
from workflow.media.probe import probe
from workflow.media.rate import GAP_S
from workflow.media.steady import Clock, shown_for, shrink_of, steady

CODECS = {".mp4": "libx264", ".mkv": "libx264", ".webm": "libvpx-vp9", ".avi": "mpeg4", ".ts": "libx264"}
TICKS = Fraction(1, 90000)


def level(index: int) -> int:
    """The grey level of picture ``index``, far from its neighbours' so that a codec cannot confuse them."""
    return (index * 37) % 200 + 20


def video(path: Path, count: int, fps: Fraction | int = 25, times: list[float] | None = None) -> Path:
    """Grey pictures of known levels at a constant rate, or at ``times`` in seconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(CODECS[path.suffix], rate=fps)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
        if times is not None:
            stream.codec_context.time_base = TICKS
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(np.full((32, 48, 3), level(index), np.uint8), format="bgr24")
            frame.pts = index if times is None else round(times[index] / TICKS)
            frame.time_base = TICKS if times is not None else 1 / Fraction(fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def seen(pictures: list[Picture], count: int) -> list[int]:
    """Which of the ``count`` pictures each frame shows, by its level."""
    levels = np.array([level(index) for index in range(count)])
    found = [np.flatnonzero(np.abs(levels - picture.mean()) <= 6) for picture in pictures]
    last, order = 0, []
    for near in found:  # levels come back after 200 pictures; time does not
        last = int(near[near >= last][0])
        order.append(last)
    return order


@pytest.mark.parametrize("suffix", sorted(CODECS))
@pytest.mark.parametrize("fps", [Fraction(24000, 1001), 24, 25, Fraction(30000, 1001), 30, 60], ids=str)
def test_a_constant_rate_comes_frame_for_frame(tmp_path: Path, suffix: str, fps: Fraction | int) -> None:
    path, clock = video(tmp_path / f"a{suffix}", 130, fps), Clock()
    assert probe(path).fps == pytest.approx(float(fps), rel=1e-6)
    even, coded = list(steady(path, probe(path).fps, clock)), list(frames(path))
    assert len(even) == len(coded) == 130
    assert all(np.array_equal(one, other) for one, other in zip(even, coded, strict=True))
    assert clock == Clock(shown=130)


def test_real_clips_come_frame_for_frame(talking_frontal: Path, comfyui_output: Path) -> None:
    for path in (talking_frontal, comfyui_output):
        clock, facts = Clock(), probe(path)
        assert sum(1 for _ in steady(path, facts.fps, clock)) == facts.frames
        assert clock == Clock(shown=facts.frames or 0)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_gaps_are_repeated_and_crowds_are_thinned(tmp_path: Path, suffix: str) -> None:
    times = [0, 1, 2, 5, 5.2, 6, 7, 7.3, 8, 9, 10, 11, 12]  # in 25ths of a second
    path, clock = video(tmp_path / f"a{suffix}", len(times), 25, [time / 25 for time in times]), Clock()
    shown = seen(list(steady(path, 25.0, clock)), len(times))
    assert shown[:13] == [0, 1, 2, 2, 2, 4, 5, 7, 8, 9, 10, 11, 12]
    assert (clock.repeated, clock.dropped) == (2 + len(shown) - 13, 2)


def test_most_frames_decide_the_rate_and_an_even_mixture_its_mean(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    phone = np.cumsum(rng.choice([1 / 30, 2 / 30], 200, p=[0.85, 0.15]))
    assert probe(video(tmp_path / "phone.mp4", 200, 30, list(phone))).fps == pytest.approx(30, rel=1e-3)
    steps = rng.uniform(0.02, 0.08, 200)
    assert probe(video(tmp_path / "wild.mkv", 200, 30, list(np.cumsum(steps)))).fps == pytest.approx(
        1 / steps.mean(), rel=0.03
    )


def test_a_header_that_lies_is_not_believed(tmp_path: Path) -> None:
    fast = video(tmp_path / "fast.mkv", 60, 25, [index / 1000 for index in range(60)])
    assert probe(fast).fps == pytest.approx(1000, rel=0.02)
    slow = video(tmp_path / "slow.mkv", 60, 60, [index / 20 for index in range(60)])
    assert probe(slow).fps == pytest.approx(20, rel=0.01)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_clock_that_jumps_by_hours_repeats_nothing(tmp_path: Path, suffix: str) -> None:
    times = [index / 25 + (7200 if index >= 30 else 0) for index in range(60)]
    path, clock = video(tmp_path / f"a{suffix}", 60, 25, times), Clock()
    assert probe(path).fps == 25
    assert seen(list(steady(path, 25.0, clock)), 60) == list(range(60))
    assert clock == Clock(shown=60, jumps=1)


def test_stop_counts_what_is_given_out(tmp_path: Path) -> None:
    path, clock = video(tmp_path / "a.mp4", 20, 25, [index / 5 for index in range(20)]), Clock()
    assert len(list(steady(path, 25.0, clock, stop=12))) == 12
    assert clock.shown == 12 and clock.repeated == 9


def stamped(times: list[float | None]) -> list[Any]:
    base = Fraction(1, 1_000_000)
    ticks = [None if time is None else round(time / base) for time in times]
    return [SimpleNamespace(pts=tick, dts=None, time_base=base, duration=0) for tick in ticks]


@given(
    st.lists(st.floats(0, GAP_S * 0.99), min_size=1, max_size=30),
    st.sampled_from([5.0, 23.976, 25.0, 60.0]),
    st.floats(-100, 100),
)
def test_each_tick_shows_the_latest_frame_of_its_half(steps: list[float], fps: float, origin: float) -> None:
    """Against the definition itself: the latest frame with a time of at most (k + ½)/fps."""
    times = [round(float(time), 6) for time in np.cumsum([0.0, *steps])]
    shown = shown_for(iter(stamped([time + origin for time in times])), fps, Clock())
    given_out = [index for index, (_, ticks) in enumerate(shown) for _ in range(ticks)]
    for k, index in enumerate(given_out):
        middle = (k + 0.5) / fps
        if min(abs(time - middle) for time in times) > 2e-6:  # a tie may fall to either side of rounding
            assert index == max(i for i, time in enumerate(times) if time <= middle)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=40))
def test_no_timestamps_can_make_a_frame_last_longer_than_the_longest_gap(times: list[float]) -> None:
    clock = Clock()
    assert all(0 <= ticks <= GAP_S * 25 + 1 for _, ticks in shown_for(iter(stamped(list(times))), 25.0, clock))


def test_frames_without_timestamps_follow_each_other() -> None:
    assert [ticks for _, ticks in shown_for(iter(stamped([None] * 9)), 25.0, Clock())] == [1] * 9


def test_a_size_that_changes_on_the_way_is_brought_to_the_first(tmp_path: Path) -> None:
    parts = []
    for side in (64, 96):
        part = tmp_path / f"{side}.h264"
        with av.open(str(part), "w") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = side, side, "yuv420p"
            for _ in range(5):
                container.mux(
                    stream.encode(av.VideoFrame.from_ndarray(np.full((side, side, 3), 90, np.uint8), "bgr24"))
                )
            container.mux(stream.encode(None))
        parts.append(part.read_bytes())
    path, clock = tmp_path / "both.h264", Clock()
    path.write_bytes(b"".join(parts))
    shown = list(steady(path, 25.0, clock))
    assert {picture.shape for picture in shown} == {(64, 64, 3)} and len(shown) == 10
    assert clock.resized == 5
    assert max(abs(float(picture.mean()) - 90) for picture in shown) < 3


def test_a_picture_larger_than_needed_is_shrunk_by_a_whole_number(tmp_path: Path) -> None:
    assert [shrink_of(*size) for size in ((1080, 1920), (2560, 1440), (3840, 2160), (7680, 4320))] == [1, 1, 2, 3]
    path, image = tmp_path / "large.mkv", np.zeros((2400, 1801, 3), np.uint8)
    image[:1200] = 200
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 1801, 2400, "bgr0"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "bgr24").reformat(format="bgr0")))
        container.mux(stream.encode(None))
    shown = next(steady(path, 25.0))
    assert shown.shape == (1200, 900, 3)
    assert np.abs(shown[:590].astype(int) - 200).max() <= 1 and shown[610:].max() <= 1
