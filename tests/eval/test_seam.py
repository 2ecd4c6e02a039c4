"""Jumps at seams: closed forms, chance, and real footage cut into windows that it does not have."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.metric import REGIONS
from eval.metrics import motion, seam
from eval.metrics.colour import delta_e
from eval.pipeline import watch
from eval.settings import Settings
from workflow.windows import Windows

VISUAL = Settings(families=("seam",), networks=())


def test_a_seam_ratio_of_known_jumps():
    rows = np.cumsum(np.ones(100))
    rows[50:] += 6  # the jump at frame 50 is 7, elsewhere 1
    assert seam.ratio(*seam.jumps(rows), (50,), 0.01).value == pytest.approx(7.0)
    sparse = np.full(100, np.nan)
    sparse[::3] = rows[::3]
    assert seam.ratio(*seam.jumps(sparse), (50,), 0.01).value == pytest.approx(3.0)


def test_seams_that_are_not_there_are_missing_with_a_reason():
    nothing = np.zeros(80)
    one = seam.values([], (nothing, nothing), nothing, (), 80)
    unknown = seam.values([], (nothing, nothing), nothing, None, 80)
    late = seam.values([], (nothing, nothing), nothing, (81,), 80)
    assert {value.missing for value in [*one.values(), *late.values()]} == {"one window: no seam"}
    assert all("not known" in (value.missing or "") for value in unknown.values())


def test_a_still_video_divides_by_the_floor_not_by_zero():
    still = np.zeros(80)
    assert seam.ratio(*seam.jumps(still), (40,), 0.01).value == 0


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_a_level_step_is_the_log_of_its_factor(factor):
    curve = np.where(np.arange(60) < 30, 20.0, 20.0 * factor)
    before, after, step = seam.level_steps(curve)
    at = int(np.flatnonzero((before < 30) & (after >= 30))[0])
    assert step[at] == pytest.approx(abs(np.log(factor)))
    curve[[10, 31]] = 500  # a blink is no step
    assert seam.level_steps(curve)[2][at] == pytest.approx(abs(np.log(factor)))
    assert seam.level_steps(np.full(5, 1.0))[2].size == 0


def test_a_jump_of_the_position_bends_its_own_frame_only():
    x = np.zeros(50)
    x[20] = 3.0  # velocity of one frame
    before, after, bent = seam.bend(x, np.zeros(50))
    assert bent[after == 20] == pytest.approx(3.0)
    assert seam.ratio(before, after, bent, (20,), 0.01, reach=2).value == pytest.approx(300)
    assert np.flatnonzero(bent).size == 3  # its neighbours, which reach keeps out of the divisor


def test_a_wall_that_jumps_does_not_hide_behind_cheeks_that_flicker():
    rng = np.random.default_rng(0)
    cheeks, wall = (np.array([60.0, 10, 10]) + rng.normal(0, size, (100, 3)) for size in (1.0, 0.01))
    wall[50:, 0] += 1.5
    known = float(delta_e(wall[49], wall[50]))
    assert seam.colour([cheeks, wall], (50,)).value == pytest.approx(known / seam.FLOOR_COLOUR)
    assert seam.colour([cheeks], (50,)).value < 2
    assert seam.colour([], (50,)).missing == "no face"
    lost = np.where(np.arange(len(cheeks))[:, None] < 40, cheeks, np.nan)
    assert seam.colour([lost], (50,)).missing == "no measured frames on both sides of a seam"


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_the_unit_of_a_jump_cancels(seed, unit):
    rows = np.cumsum(np.random.default_rng(seed).lognormal(size=200))
    one = seam.ratio(*seam.jumps(rows), (40, 80), 0.0).value
    assert seam.ratio(*seam.jumps(rows * unit), (40, 80), 0.0).value == pytest.approx(one)


@pytest.mark.parametrize("seams", [(81,), (81, 153), (81, 153, 225, 297)])
def test_heavy_tailed_jumps_without_a_seam_seldom_exceed_two(seams):
    found = []
    for seed in range(200):
        jump = np.random.default_rng(seed).lognormal(sigma=1.0, size=374)
        found.append(seam.ratio(np.arange(374), np.arange(1, 375), jump, seams, 0.0).value or 0.0)
    assert np.mean(np.array(found) > 2) < 0.05


@pytest.fixture(scope="module", params=["talking_frontal", "talking_small_face"])
def footage(request):
    """Median Lab by region, head velocity and Laplacian variance of real footage without any seam."""
    seen = watch(request.getfixturevalue(request.param), 25.0, None, VISUAL)
    moved = motion.speeds(seen.motion.series, 25.0)
    regions = [seen.colour.lab(region) for region in REGIONS]
    return regions, moved["head_x"], moved["head_y"], seen.sharpness.series["laplacian"]


def cuts(frames):
    """Seams of 81-frame windows with 9 of overlap, and of shorter ones, in every phase."""
    for window, overlap in ((81, 9), (49, 9), (25, 5)):
        for phase in range(0, window - overlap, 2):
            moved = (at - phase for at in Windows(window, overlap, 10 * frames).seams)
            yield tuple(at for at in moved if 12 <= at < frames - 12)


def ratios(footage, cast=0.0, step=0.0, softer=0.0):
    """The three ratios over all cuts, after a jump of ΔL, a step in face widths, and a loss of S at every seam."""
    regions, x, y, sharp = footage
    found = []
    for seams in cuts(len(sharp)):
        odd = np.searchsorted(seams, np.arange(len(sharp)), side="right") % 2
        toned = [lab + np.array([cast, 0, 0]) * odd[:, None] for lab in regions]
        kicked = x + np.where(np.isin(np.arange(len(x)), seams), step * 25.0, 0.0)
        values = seam.values(toned, (kicked, y), sharp * (1 - softer * odd), seams, len(sharp))
        found.append([values[name].value for name in seam.NAMES])
    return np.array(found, dtype=np.float64).T


def test_real_footage_without_seams_gives_no_alarm_in_95_of_100_cuts(footage):
    colours, motions, sharps = ratios(footage)
    assert np.mean(colours > 4) == 0
    assert np.mean(motions > 2) < 0.05
    assert np.mean(sharps > 2) < 0.05


def test_known_jumps_at_the_seams_of_real_footage_are_seen(footage):
    colours, motions, sharps = ratios(footage, cast=1.0, step=0.02, softer=0.5)
    assert np.mean(colours > 4) > 0.95
    assert np.mean(motions > 2) > 0.95
    assert np.mean(sharps > 2) > 0.9
