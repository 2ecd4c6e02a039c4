"""The loop of a search against figures that are computed: totals, repetitions, restarts, rungs, bounds."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import optuna
import pytest
from computed import BASE, Computed
from optuna.trial import TrialState

from sweeps.search.book import Book
from sweeps.search.driver import BaselineFailed, Driver, Verdict
from sweeps.search.fidelity import Ladder, Rung
from sweeps.search.space import key_of, space_of
from sweeps.search.storage import StudyError


def cost(point: Any, _: Rung | None = None) -> float:
    return float(point["steps"]) * (1 + (point["cfg"] != 1.0)) + abs(point["shift"] - 9.0)


def points(book: Book) -> list[str]:
    told = [one.user_attrs for one in book.trials if "copy_of" not in one.user_attrs]
    return [one["proposal"]["point"] for one in told if "proposal" in one]


def test_the_baseline_is_trial_0_and_the_total_is_what_was_asked_for(book: Callable[..., Book]) -> None:
    look, one = Computed(cost), book()
    Driver(one, Ladder(), look, trials=12, batch=4).run()
    assert one.space.suggest(one.trials[0]) == BASE
    assert one.counted == 12 == len(look.asked)
    assert not [trial for trial in one.trials if trial.state == TrialState.RUNNING]
    assert len(set(points(one))) == 12, "no proposal is rendered twice"


def test_a_small_space_is_tried_whole_and_then_it_ends(book: Callable[..., Book]) -> None:
    one = book(space_of({"steps": [2, 4], "cfg": [1.0, 2.0]}))
    driver = Driver(one, Ladder(), Computed(lambda point, _: float(point["steps"])), trials=50, batch=3)
    driver.run()
    assert driver.exhausted and one.counted == 4
    assert len(set(points(one))) == 4


@pytest.mark.parametrize("dies_at", [1, 4, 5, 9])
def test_a_killed_search_goes_on_to_the_same_total_and_repeats_nothing(book: Callable[..., Book], dies_at: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        Driver(book(), Ladder(), Computed(cost, dies_at=dies_at), trials=14, batch=4).run()
    one, look = book(), Computed(cost)
    left = [trial.number for trial in one.trials if trial.state == TrialState.RUNNING]
    Driver(one, Ladder(), look, trials=14, batch=4).run()
    assert [number for number, _ in look.asked][: len(left)] == left, "what was left behind comes first"
    assert one.counted == 14
    assert len(set(points(one))) == 14
    assert not [trial for trial in one.trials if not trial.state.is_finished()]


def test_what_was_stopped_is_put_back_and_proposed_first(book: Callable[..., Book]) -> None:
    first = book()
    stopping: list[int] = []

    def look(proposals: Any, rung: Rung, at: int) -> dict[int, Verdict]:
        stopping.extend(one.number for one in proposals)
        return {one.number: Verdict(unfinished=True) for one in proposals}

    Driver(first, Ladder(), look, trials=10, batch=4).run()
    assert first.counted == 0 and stopping == [0, 1, 2, 3], "nothing new is begun after a stop"
    before = points(first)
    again, computed = book(), Computed(cost)
    Driver(again, Ladder(), computed, trials=10, batch=4).run()
    assert again.counted == 10
    told = [trial for trial in again.trials if "shelved" not in trial.user_attrs]
    assert [trial.user_attrs["proposal"]["point"] for trial in told][:4] == before
    assert again.space.suggest(told[0]) == BASE and "baseline" in told[0].user_attrs


def test_rungs_drop_two_in_three_and_the_baseline_goes_to_the_top(book: Callable[..., Book]) -> None:
    one, look = book(), Computed(cost)
    ladder = Ladder((Rung(6.0, 2), Rung(6.0), Rung()), keep=3)
    Driver(one, ladder, look, trials=18, batch=9).run()
    at = Counter(rung for _, rung in look.asked)
    assert at[0] == 18 and at[1] == 3 + 3 and at[2] == 2 + 1, "one in three, and the baseline besides"
    assert (0, 2) in look.asked, "the baseline is looked at whole"
    first = {number for number, rung in look.asked[:9]} - {0}
    on = sorted(cost(one.space.suggest(one.trials[k])) for k, rung in look.asked if rung == 1 and k in first)
    assert on == sorted(cost(one.space.suggest(one.trials[k])) for k in first)[: len(on)], "the best went on"
    pruned = [trial for trial in one.trials if trial.state == TrialState.PRUNED]
    assert pruned and all("not among the best" in trial.user_attrs["why"] for trial in pruned)


@pytest.mark.parametrize("dies_at", [9, 12])
def test_killed_between_rungs_the_same_ones_go_on(book: Callable[..., Book], dies_at: int) -> None:
    ladder = Ladder((Rung(6.0, 2), Rung(6.0), Rung()), keep=3)
    whole = Computed(cost)
    Driver(book(name="whole"), ladder, whole, trials=9, batch=9).run()
    first, second = Computed(cost, dies_at=dies_at), Computed(cost)
    with pytest.raises(KeyboardInterrupt):
        Driver(book(name="killed"), ladder, first, trials=9, batch=9).run()
    Driver(book(name="killed"), ladder, second, trials=9, batch=9).run()
    assert sorted(first.asked + second.asked) == sorted(whole.asked)


def test_a_bound_decides_before_the_objective(book: Callable[..., Book]) -> None:
    """Fewer than four steps break the bound: the best that keeps it has four."""
    look = Computed(cost, bound=lambda point: (4 - point["steps"]) / 4)
    one = book()
    Driver(one, Ladder(), look, trials=40, batch=4).run()
    best = one.best
    assert best is not None and best.point == {"steps": 4, "cfg": 1.0, "shift": 9.0}
    ignored = min(one.finished, key=lambda trial: cost(trial.point))
    assert ignored.point["steps"] < 4


def test_a_failure_is_no_figure_and_has_its_reason(book: Callable[..., Book]) -> None:
    def look(proposals: Any, rung: Rung, at: int) -> dict[int, Verdict]:
        return {one.number: Verdict((1.0,)) if one.baseline else Verdict(why="out of memory") for one in proposals}

    one = book()
    Driver(one, Ladder(), look, trials=5, batch=2).run()
    assert one.counted == 5
    assert [trial.user_attrs.get("why") for trial in one.trials] == [None, *["out of memory"] * 4]


def test_without_a_figure_of_the_baseline_nothing_is_searched(book: Callable[..., Book]) -> None:
    def look(proposals: Any, rung: Rung, at: int) -> dict[int, Verdict]:
        return {one.number: Verdict(why="no weights") for one in proposals}

    one = book()
    with pytest.raises(BaselineFailed, match="no weights"):
        Driver(one, Ladder(), look, trials=5, batch=2).run()
    again = book()
    Driver(again, Ladder(), Computed(cost), trials=5, batch=2).run()
    assert again.counted == 5 and again.best is not None


def test_a_baseline_outside_the_space_is_looked_at_and_misleads_no_sampler(book: Callable[..., Book]) -> None:
    one = book(base={"steps": 40, "cfg": 1.0, "shift": 11.0})
    Driver(one, Ladder(), Computed(cost), trials=6, batch=2).run()
    assert one.counted == 6
    assert one.trials[0].user_attrs["outside"] and one.trials[0].user_attrs["values"]
    assert 0 not in {trial.number for trial in one.finished}


def test_another_question_under_the_same_name_is_refused_with_the_difference(book: Callable[..., Book]) -> None:
    Driver(book(), Ladder(), Computed(cost), trials=3, batch=2).run()
    with pytest.raises(StudyError, match=r"space cfg: 1, 1\.5, 2 before, 1, 3 now"):
        book(space_of({"steps": {"low": 2, "high": 9}, "cfg": [1.0, 3.0], "shift": [9.0, 11.0]}))


def test_a_study_of_somebody_else_is_not_touched(book: Callable[..., Book]) -> None:
    mine = book(name="first")
    theirs = optuna.create_study(storage=mine.storage, study_name="theirs")
    theirs.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    with pytest.raises(StudyError, match="is not ours"):
        book(name="theirs")
    assert len(theirs.trials) == 2


def test_a_storage_that_cannot_be_used_is_said_without_its_password(book: Callable[..., Book]) -> None:
    made = book()
    with pytest.raises(StudyError) as refused:
        Book("postgresql+psycopg2://me:secret@127.0.0.1:1/x", "n", made.space, made.objectives, made.sampler).open(BASE)
    assert "secret" not in str(refused.value) and refused.value.hint


def test_two_numbers_that_are_one_point_are_one_proposal() -> None:
    assert key_of({"cfg": 1}) == key_of({"cfg": 1.0})
