"""Who takes which cell: the model that a server holds, the order of the plan, the end of the sweep, open blocks."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sweeps.homes import Homes, as_settled, block_of, merged
from sweeps.plan import Plan, PlannedCell
from sweeps.work import Work
from workflow.cell import Clip

NOWHERE = Path("nowhere")


def cell(setting: str, clip: str, loader: str = "", state: str = "run", seconds: float = 10.0) -> PlannedCell:
    speech = Clip(clip, NOWHERE, NOWHERE, NOWHERE, 64, 96, 1.0)
    return PlannedCell(setting, speech, 1, state, seconds=seconds, loader=loader)  # type: ignore[arg-type]


@dataclass
class Server:
    """A server as ``Work`` sees it."""

    pace: float = 1.0
    group: int = 0
    loader: str = ""
    busy_s: float = 0.0
    homes: Homes | None = None
    able: Callable[[PlannedCell], bool] = lambda _: True
    given: tuple[str, ...] = ()

    def fits(self, planned: PlannedCell) -> bool:
        return self.able(planned)

    def may(self, planned: PlannedCell) -> bool:
        return self.fits(planned) and (self.homes is None or self.homes.may(planned, self.group))

    def free_in(self) -> float:
        return self.busy_s

    def cost(self, planned: PlannedCell) -> float:
        return planned.seconds * self.pace


def grid(settings: str, clips: str) -> list[PlannedCell]:
    return [cell(setting, clip, loader=setting) for clip in clips for setting in settings]


def test_alone_a_server_follows_the_plan() -> None:
    work, server, order = Work(grid("ab", "xyz")), Server(loader="b"), []
    while (found := work.peek(server)) is not None:
        order.append(work.take(found, 0).name)
    assert order == [one.name for one in grid("ab", "xyz")]


def test_what_an_earlier_command_gave_to_a_server_comes_first() -> None:
    cells = grid("ab", "xyz")
    work, last = Work(list(cells)), Server(loader="a", given=(cells[-1].name,))
    found = work.peek(last, [Server(pace=0.1)])
    assert found is cells[-1] and work.has(cells[-1].name)
    work.take(found, 0)
    assert not work.has(cells[-1].name) and work.peek(last) is cells[0]


def test_two_servers_keep_their_models_inside_the_blocks_at_the_front() -> None:
    one, two = Server(loader="a", busy_s=5), Server(loader="b", busy_s=5)
    work = Work(grid("ab", "vwxyz"))
    for _ in range(3):
        for server, other in ((one, two), (two, one)):
            found = work.peek(server, [other])
            assert found is not None and found.loader == server.loader
            work.take(found, 0)


def test_a_model_that_nobody_holds_comes_before_one_that_another_has() -> None:
    work = Work(grid("abc", "xy"))
    found = work.peek(Server(), [Server(loader="a", busy_s=9)])
    assert found is not None and found.loader == "b"


def test_the_last_cell_is_left_to_whoever_ends_it_first() -> None:
    work = Work([cell("a", "x")])
    slow, fast = Server(pace=10.0), Server(pace=1.0, busy_s=20.0)
    assert work.peek(slow, [fast]) is None, "30 s there, 100 s here"
    assert work.peek(fast, [slow]) is not None
    assert work.peek(Server(pace=2.0), [fast]) is not None, "20 s here, 30 s there"


def test_a_cell_that_only_one_server_can_do_waits_for_it() -> None:
    work = Work([cell("a", "x"), cell("b", "x")])
    narrow = Server(able=lambda one: one.setting == "b")
    found = work.peek(narrow, [Server(busy_s=1.0)])
    assert found is not None and found.setting == "b"
    assert not work.any(Server(able=lambda _: False))


@given(
    st.lists(st.floats(0.2, 5.0), min_size=1, max_size=6),
    st.integers(1, 30),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True),
)
def test_every_cell_is_taken_once_and_the_end_is_no_later_than_by_lists(
    paces: list[float], clips: int, settings: list[str]
) -> None:
    """Against Graham's bound for uniform machines by hand: no server idles for longer than the slowest cell."""
    cells = [cell(s, f"clip{k}", loader=s) for k in range(clips) for s in settings]
    work, servers = Work(list(cells)), [Server(pace) for pace in paces]
    done: list[str] = []
    clock = 0.0
    free_at = [0.0] * len(servers)
    while len(work):
        for server, free in zip(servers, free_at, strict=True):
            server.busy_s = max(0.0, free - clock)
        for k, server in enumerate(servers):
            if server.busy_s:
                continue
            found = work.peek(server, [one for one in servers if one is not server])
            if found is not None:
                done.append(work.take(found, 0).name)
                server.loader = found.loader
                free_at[k] = clock + server.cost(found)
                server.busy_s = server.cost(found)
        clock = min((free for free in free_at if free > clock), default=clock)
    assert sorted(done) == sorted(one.name for one in cells)
    ideal = sum(one.seconds for one in cells) / sum(1 / pace for pace in paces)
    assert max(free_at) <= ideal + 10.0 * max(paces) + 1e-6


def plan_of(cells: list[PlannedCell]) -> Plan:
    return Plan("p", (), "a", tuple(cells), 0.0)


def test_a_block_with_renders_stays_where_they_are_and_an_open_one_goes_as_a_whole() -> None:
    here = plan_of(grid("ab", "xyz"))
    there = plan_of(
        [replace(one, state="reuse" if one.name == "a/y/1" else "run", environment="E") for one in here.cells]
    )
    homes = Homes()
    plan = merged([here, there], homes)
    assert homes.home(("y", 1)) == 1 and homes.home(("x", 1)) is None
    assert [one.environment for one in plan.cells] == [None, None, "E", "E", None, None]
    work = Work(plan.to_run, homes)
    second = Server(group=1, homes=homes)
    found = work.peek(second)
    assert found is not None and block_of(found) == ("x", 1)
    assert work.take(found, 1).environment == "E"
    assert [one.environment for one in work.todo if block_of(one) == ("x", 1)] == ["E"]
    first = Server(group=0, homes=homes)
    assert [first.may(one) for one in work.todo] == [False, False, True, True]
    settled = as_settled([here, there], homes)
    assert [one.environment for one in settled.cells] == ["E", "E", "E", "E", None, None]


def test_a_block_goes_where_most_of_it_is_possible() -> None:
    here = plan_of([cell("a", "x", state="impossible"), cell("b", "x")])
    there = plan_of([cell("a", "x"), cell("b", "x")])
    homes = Homes()
    assert [one.state for one in merged([here, there], homes).cells] == ["run", "run"]
    assert homes.home(("x", 1)) == 1
