"""Trials in a PostgreSQL: it goes away in the middle, the search waits and goes on."""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from computed import BASE, Computed
from optuna.trial import TrialState
from postgres import Postgres

from sweeps.search.aims import Objective
from sweeps.search.book import Book
from sweeps.search.driver import Driver, Verdict
from sweeps.search.fidelity import Ladder, Rung
from sweeps.search.proposal import Proposal
from sweeps.search.samplers import make_sampler
from sweeps.search.space import space_of
from sweeps.search.storage import StudyError

pytestmark = pytest.mark.postgres
SPACE = space_of({"steps": {"low": 2, "high": 9}, "cfg": [1.0, 1.5, 2.0], "shift": [9.0, 11.0]})


def book(database: Postgres, name: str, said: list[str] | None = None) -> Book:
    say = (said if said is not None else []).append
    aim = Objective("cost/window_s", maximise=False)
    return Book(
        database.url,
        name,
        SPACE,
        (aim,),
        lambda begun: make_sampler("tpe", {}, 0, begun),
        {"space": SPACE.to_json()},
        say,
    )


def cost(point: Mapping[str, Any], _: Rung) -> float:
    return float(point["steps"]) + abs(point["shift"] - 9.0)


def test_a_search_waits_for_a_database_that_goes_away_and_goes_on(database: Postgres) -> None:
    said: list[str] = []
    one, computed = book(database, "outage", said), Computed(cost)
    one.open(BASE)
    gone: list[threading.Thread] = []

    def back() -> None:
        time.sleep(4)
        database.start()

    def look(proposals: Sequence[Proposal], rung: Rung, at: int) -> Mapping[int, Verdict]:
        if len(computed.asked) == 8:
            database.stop()
            gone.append(threading.Thread(target=back))
            gone[0].start()
        return computed(proposals, rung, at)

    Driver(one, Ladder(), look, trials=20, batch=4).run()
    gone[0].join()
    assert one.counted == 20
    assert not [trial for trial in one.trials if not trial.state.is_finished()]
    assert len({str(proposal.point) for proposal in one.finished}) == 20
    assert any("is away" in line and "waiting for it" in line for line in said)
    assert any("is back after" in line for line in said)


def test_one_that_stays_away_ends_the_search_with_what_to_do(database: Postgres) -> None:
    one = book(database, "away")
    one.open(BASE)
    one.patience.seconds = 1.0
    database.stop()
    try:
        with pytest.raises(StudyError, match="stayed away") as ended:
            one.ask(1)
        assert ended.value.hint
    finally:
        database.start()
    again = book(database, "away")
    again.open(BASE)
    Driver(again, Ladder(), Computed(cost), trials=3, batch=2).run()
    assert [trial.state for trial in again.trials] == [TrialState.COMPLETE] * 3
