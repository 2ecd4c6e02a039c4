"""Rungs, brackets, survivors, and whether the cheap looks agree with the dear ones."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau

from sweeps.config import FidelityConfig, RungConfig
from sweeps.search.fidelity import FidelityError, Ladder, Rung, agreements, ladder_of
from sweeps.search.looks import RATE, clips_at
from workflow.cell import Clip
from workflow.media.sound import speech, write_wav


def ladder(*rungs: RungConfig, method: str = "halving", keep: int = 3) -> Ladder:
    return ladder_of(FidelityConfig(method, list(rungs), keep))


def test_the_whole_look_comes_last_by_itself() -> None:
    found = ladder(RungConfig(6.0, 2), RungConfig(6.0))
    assert found.rungs == (Rung(6.0, 2), Rung(6.0), Rung()) and found.rungs[-1].whole
    assert ladder_of(FidelityConfig()).rungs == (Rung(),)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (FidelityConfig("quarters"), "is unknown"),
        (FidelityConfig("halving"), "has no rungs"),
        (FidelityConfig("halving", [RungConfig()]), "is a whole look"),
        (FidelityConfig("halving", [RungConfig(3.0)]), "make one window"),
        (FidelityConfig("halving", [RungConfig(6.0, 0)]), "0 clips"),
        (FidelityConfig("halving", [RungConfig(6.0, 2), RungConfig(6.0, 2)]), "costs no more"),
        (FidelityConfig("halving", [RungConfig(6.0, 2), RungConfig(8.0, 1)]), "costs no more"),
        (FidelityConfig("halving", [RungConfig(6.0)], 1), "drops none"),
    ],
)
def test_a_ladder_that_is_none_is_refused(given: FidelityConfig, words: str) -> None:
    with pytest.raises(FidelityError, match=words) as refused:
        ladder_of(given)
    assert refused.value.hint


def test_hyperbands_brackets_are_the_papers() -> None:
    """Li et al. 2018, table 1: R = 81, η = 3 gives brackets of 81, 34, 15, 8 and 5 settings (R and η as rungs here)."""
    rungs = tuple(RungConfig(4.0 + k) for k in range(4))
    sizes = [one.size for one in ladder(*rungs, method="hyperband").brackets(1)]
    assert sizes == [81, 34, 15, 8, 5]
    assert [one.start for one in ladder(*rungs, method="hyperband").brackets(1)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("count", "left"), [(9, 3), (8, 2), (3, 1), (2, 1), (1, 1)])
def test_one_in_three_goes_on_and_one_at_least(count: int, left: int) -> None:
    assert ladder(RungConfig(6.0)).survivors(range(count)) == tuple(range(left))


def test_agreement_is_kendalls_tau_over_those_that_have_both() -> None:
    draw = np.random.default_rng(0)
    low = draw.normal(size=12)
    high = low + draw.normal(size=12)
    values = [{0: float(a), 1: float(b)} for a, b in zip(low, high, strict=True)] + [{0: 3.0}]
    (found,) = agreements(ladder(RungConfig(6.0)), values)
    assert found.pairs == 12 and found.tau == pytest.approx(kendalltau(low, high).statistic)


def test_cheap_looks_that_rank_otherwise_are_not_to_be_trusted() -> None:
    (found,) = agreements(ladder(RungConfig(6.0)), [{0: float(k), 1: float(-k)} for k in range(6)])
    assert found.trusted is False and "too low to trust" in found.shown
    (few,) = agreements(ladder(RungConfig(6.0)), [{0: 1.0, 1: 1.0}])
    assert few.trusted is None and "too few" in few.shown


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    samples = (8000 * np.sin(np.arange(8 * RATE) / 7)).astype(np.int16)
    write_wav(tmp_path / "speech.wav", samples, RATE)
    return Clip("anna", tmp_path / "a.png", tmp_path / "b.png", tmp_path / "speech.wav", 464, 832, 8.0)


def test_a_shortened_speech_is_the_beginning_of_the_whole_and_ends_without_a_click(clip: Clip, tmp_path: Path) -> None:
    (short,) = clips_at([clip], Rung(6.0), tmp_path)
    assert (short.name, short.seconds) == ("anna@6s", 6.0)
    whole, part = speech(clip.speech), speech(short.speech)
    assert len(part) == 6 * RATE
    assert np.array_equal(part[: 5 * RATE], whole[: 5 * RATE])
    assert part[-1] == 0
    assert clips_at([clip], Rung(6.0), tmp_path)[0].speech == short.speech


def test_a_speech_that_is_short_already_stays_what_it_is(clip: Clip, tmp_path: Path) -> None:
    assert clips_at([clip, clip], Rung(9.0, 1), tmp_path) == [clip]
