"""Which failed cells are tried again, and when."""

from collections import Counter
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.config import RetriesConfig
from runner.outcome import Outcome, Status
from sweeps.plan import PlannedCell
from sweeps.retrying import MOST_EXCUSED, Tries, Waiting
from workflow.cell import Clip
from workflow.timings import Timings

STATUSES: list[Status] = ["lost", "stalled", "corrupt", "out_of_memory", "node_error", "rejected"]
POLICIES = st.builds(
    RetriesConfig,
    **{name: st.integers(0, 4) for name in STATUSES},
    wait_s=st.floats(0, 60),
    longest_wait_s=st.floats(0, 600),
)


def planned(name: str) -> PlannedCell:
    clip = Clip(name, *[Path(name)] * 3, 16, 16, 1.0)
    return PlannedCell("s", clip, 1, "run")


@given(POLICIES, st.lists(st.tuples(st.sampled_from(STATUSES), st.booleans()), max_size=60))
def test_every_policy_ends(policy: RetriesConfig, story: list[tuple[Status, bool]]) -> None:
    tries, ended = Tries(), False
    for status, excused in story:
        wait = tries.again(Outcome(status), policy, excused=excused)
        if wait is None:
            ended = True
            break
        assert 0 <= wait <= policy.longest_wait_s
    assert tries.counts.total() <= sum(getattr(policy, name) for name in STATUSES) + 1
    assert ended or len(story) <= sum(getattr(policy, name) for name in STATUSES) + MOST_EXCUSED * len(STATUSES)


@given(POLICIES, st.sampled_from(STATUSES))
def test_a_cell_gets_as_many_more_attempts_as_the_policy_says(policy: RetriesConfig, status: Status) -> None:
    tries, attempts = Tries(), 1
    while tries.again(Outcome(status), policy, excused=False) is not None:
        attempts += 1
    assert attempts == 1 + getattr(policy, status)


@given(POLICIES)
def test_waits_grow_up_to_their_longest(policy: RetriesConfig) -> None:
    policy.lost = 12
    tries = Tries()
    waits = [tries.again(Outcome("lost"), policy, excused=False) or 0.0 for _ in range(12)]
    assert waits == sorted(waits)
    assert waits[0] == min(policy.wait_s, policy.longest_wait_s)


def test_what_was_not_its_own_doing_is_not_counted_and_does_not_wait() -> None:
    tries, policy = Tries(), RetriesConfig(lost=0)
    assert tries.again(Outcome("lost", began=False), policy, excused=True) == 0.0
    assert tries.counts == Counter()
    assert tries.shown(policy) == ""
    assert tries.again(Outcome("lost"), policy, excused=False) is None


def test_out_of_memory_is_a_result_and_is_excused_once() -> None:
    tries, policy = Tries(), RetriesConfig()
    assert tries.again(Outcome("out_of_memory"), policy, excused=False) is None
    tries = Tries()
    assert tries.again(Outcome("out_of_memory"), policy, excused=True) == 0.0
    assert tries.again(Outcome("out_of_memory"), policy, excused=True) is None


def test_an_answer_from_the_cache_is_asked_for_again_once_even_where_corrupt_ones_are_not() -> None:
    tries, policy = Tries(), RetriesConfig(corrupt=0)
    cached = Outcome("corrupt", "sanity", timings=Timings(cached=True))
    assert tries.again(cached, policy, excused=False) == 0.0
    assert tries.again(cached, policy, excused=False) is None


@pytest.mark.parametrize("status", ["cancelled", "done"])
def test_what_no_policy_names_is_not_tried_again(status: Status) -> None:
    assert Tries().again(Outcome(status), RetriesConfig(), excused=False) is None


def test_the_attempt_is_told() -> None:
    tries, policy = Tries(), RetriesConfig(lost=2, stalled=1)
    assert tries.shown(policy) == ""
    tries.again(Outcome("lost"), policy, excused=False)
    assert tries.shown(policy) == "attempt 2 of 3"
    tries.again(Outcome("lost"), policy, excused=False)
    assert tries.shown(policy) == "attempt 3 of 3"


def test_cells_wait_their_time_and_come_in_its_order() -> None:
    now = [100.0]
    waiting = Waiting(clock=lambda: now[0])
    told: Any = {"outcome": Outcome("lost"), "counted": True}
    for name, wait in (("slow", 9.0), ("first", 0.0), ("second", 0.0), ("soon", 5.0)):
        waiting.put(planned(name), Path(name), wait_s=wait, **told)
    order = []
    for at in (100.0, 104.0, 105.0, 120.0):
        now[0] = at
        while waiting.due():
            order.append((at, waiting.take().planned.clip.name))
    assert order == [(100.0, "first"), (100.0, "second"), (105.0, "soon"), (120.0, "slow")]
    assert waiting.due() is None
    assert not cast(int, len(waiting))
