"""LPIPS across seams against within windows: which pairs, and what the ratio says."""

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from eval.likewatch import AWAY, PAIRS, SeamLpipsWatch, sampled
from eval.metrics import seam
from eval.nets.perceptual import Lpips, as_input
from eval.settings import DEFAULT
from eval.view import View, within

Plain = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@given(st.lists(st.integers(1, 120), min_size=1, max_size=8), st.integers(1, 200))
def test_every_seam_is_sampled_and_no_pair_within_a_window_comes_near_one(lengths: list[int], rest: int) -> None:
    seams = tuple(np.cumsum(lengths).tolist())
    firsts = sampled(seams)
    across = {s - 1 for s in seams}
    assert across <= firsts
    for start, end in pairwise([0, *seams, seams[-1] + rest]):
        inside = sorted(first for first in firsts - across if start <= first < end)
        assert len(inside) <= PAIRS
        if end in seams:
            assert all(start + AWAY <= first and first + 1 < end - AWAY for first in inside)
            assert len(inside) == min(PAIRS, max(end - start - 2 * AWAY - 1, 0))


def film(count: int, jumps: dict[int, float], height: int = 240, width: int = 416) -> list[np.ndarray]:
    """A picture that drifts by a pixel a frame, and by more at the frames of ``jumps``."""
    rng = np.random.default_rng(0)
    wide = cv2.resize(rng.integers(0, 256, (30, 90, 3), dtype=np.uint8), (1800, height), interpolation=cv2.INTER_CUBIC)
    at = np.cumsum([jumps.get(index, 1.0) for index in range(count)]).astype(int)
    return [np.ascontiguousarray(wide[:, x : x + width]) for x in at]


def frames_of(size: tuple[int, int]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for _ in range(2)]


def watched(network: Lpips, frames: list[np.ndarray], seams: tuple[int, ...]) -> SeamLpipsWatch:
    watch = SeamLpipsWatch(network, seams)
    for index, frame in enumerate(frames):
        watch.update(View(index, frame, None, DEFAULT))
    watch.finish()
    return watch


def test_each_pair_has_the_lpips_of_its_two_frames(lpips_net: Lpips, plain_lpips: Plain) -> None:
    frames = film(60, {})
    before, after, found = watched(lpips_net, frames, (25, 45)).jumps()
    assert set(before) == {first for first in sampled((25, 45)) if first < 59}
    assert (after - before == 1).all()
    small = as_input(torch.from_numpy(np.stack([within(frame, 256) for frame in frames])))
    np.testing.assert_allclose(found, plain_lpips(small[before], small[after]).numpy(), rtol=0, atol=1e-6)


def test_the_ratio_is_mean_across_over_mean_within(lpips_net: Lpips) -> None:
    frames = film(75, {25: 12.0, 50: 6.0})
    measured = watched(lpips_net, frames, (25, 50)).jumps()
    at = np.isin(measured[0], [24, 49])
    value = seam.lpips(measured, (25, 50), 75, None).value
    assert value == pytest.approx(measured[2][at].mean() / measured[2][~at].mean())


def test_it_grows_with_the_jump_and_is_one_without(lpips_net: Lpips) -> None:
    def ratio(jump: float) -> float:
        frames = film(40, {20: jump})
        value = seam.lpips(watched(lpips_net, frames, (20,)).jumps(), (20,), 40, None).value
        assert value is not None
        return value

    ratios = [ratio(jump) for jump in (1, 3, 6, 12)]
    assert ratios[0] == pytest.approx(1, abs=0.15)
    assert (np.diff(ratios) > 0.3).all()


def test_without_seams_windows_or_network_it_says_why(lpips_net: Lpips) -> None:
    nothing = SeamLpipsWatch(lpips_net, ()).jumps()
    assert seam.lpips(None, None, 100, None).missing == "windows not known (--window, --motion-frame)"
    assert seam.lpips(nothing, (), 100, None).missing == "one window: no seam"
    assert seam.lpips(nothing, (100,), 100, None).missing == "one window: no seam"
    assert seam.lpips(nothing, (50,), 100, "weights absent: x").missing == "weights absent: x"
    assert seam.lpips(nothing, (50,), 100, None).missing == "nothing measured"


def test_a_still_picture_does_not_divide_by_nothing(lpips_net: Lpips) -> None:
    frames = [film(1, {})[0]] * 60
    assert seam.lpips(watched(lpips_net, frames, (30,)).jumps(), (30,), 60, None).value == 0


@pytest.mark.parametrize("size", [(1080, 1920), (1920, 1080), (96, 64), (2000, 40), (3, 3)])
def test_any_size_of_frame_can_be_compared(size: tuple[int, int], lpips_net: Lpips) -> None:
    _, _, found = watched(lpips_net, frames_of(size), (1,)).jumps()
    assert found.size == 1 and np.isfinite(found).all()
