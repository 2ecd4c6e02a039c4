"""The environments of a sweep's servers: a planner for each, and one plan out of theirs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sweeps.cards import place_of
from sweeps.homes import Homes, as_settled, merged
from sweeps.known import Known
from sweeps.plan import Plan, PlannedCell
from sweeps.planning import Planner
from sweeps.results import mark_of
from workflow.errors import HarnessError
from workflow.schema import NodeSchema
from workflow.validate import refused, validate

if TYPE_CHECKING:
    from runner.pool import Member


class MixedPool(HarnessError):
    """Servers that render different kinds of things in one pool."""

    code = "mixed-pool"


@dataclass(frozen=True)
class _Told:
    """What a server said last of its nodes; ``schema`` is None where the plan's servers all said just that."""

    info: Mapping[str, Any]
    schema: NodeSchema | None
    fits: dict[str, bool] = field(default_factory=dict)


@dataclass
class Environments:
    """``planners`` has one for each environment, the first for what is said of all; ``homes`` where blocks belong."""

    planners: Sequence[Planner]
    homes: Homes = field(default_factory=Homes)
    several: bool = False
    """Whether the servers are a pool's: a single one is watched by whoever renders on it."""
    _plans: list[Plan] = field(default_factory=list)
    _told: dict[str, _Told] = field(default_factory=dict)

    @property
    def planner(self) -> Planner:
        """The first environment's."""
        return self.planners[0]

    def plan(self, make: Callable[[Planner], Plan]) -> Plan:
        """The plan that ``make`` makes in each environment, with every block in one of them."""
        self._plans = [make(planner) for planner in self.planners]
        return merged(self._plans, self.homes)

    def as_rendered(self) -> Plan:
        """The last plan, with every block where it was rendered."""
        return as_settled(self._plans, self.homes)

    def planner_of(self, planned: PlannedCell) -> Planner:
        """The planner of the environment that a cell is rendered in."""
        return self.planners[self.homes.of(planned)]

    def described(self) -> list[str]:
        """What is said of several environments before anything is rendered."""
        if len(self.planners) == 1:
            return []
        about = [f"  {k + 1}. {described(one.known)}" for k, one in enumerate(self.planners)]
        text = "different environments in one pool: the cells of a clip and seed stay together in one of them"
        return [text, *about]

    def group_of(self, member: "Member") -> int | None:
        """The number of a live server's environment; None for one that the plan does not know."""
        if not self.several:
            return 0
        now = identity(Known(member.server.kind == "stand-in", None, member.server.stamp(self.planner.classes)))
        return next((k for k, one in enumerate(self.planners) if identity(one.known) == now), None)

    def fits(self, member: "Member", planned: PlannedCell) -> bool:
        """Whether a server of a pool takes every value of a cell: two of one environment may have different model
        files, and one that was away may come back with others."""
        if not self.several or planned.cell is None:
            return True
        now, told = member.server.schema(), self._told.get(member.name)
        if told is None or told.info is not now:
            alike = all(now == info for one in self.planners for info in (one.known.schema, *one.also))
            told = _Told(now, None if alike else NodeSchema.from_object_info(now))
            self._told[member.name] = told
        if told.schema is None:
            return True
        if planned.setting not in told.fits:
            told.fits[planned.setting] = not refused(validate(planned.cell.graph, told.schema))
        return told.fits[planned.setting]


def _kind(known: Known) -> str:
    return f"{mark_of(known.stand_in, known.rehearsal)} {known.rehearsal}".strip() or "model"


def described(known: Known) -> str:
    """An environment in a few words: card, version, release."""
    return place_of(known.stamp.to_json()) if known.stamp is not None else "never seen"


def identity(known: Known) -> str:
    """Equal for servers whose videos cannot differ, as far as is known; empty for one never seen."""
    from runner.stamp import environment_hash

    return environment_hash(known.stamp, ()) if known.stamp is not None else ""


def environments(make: Callable[[Known], Planner], knowns: Sequence[Known], *, several: bool = False) -> Environments:
    """The environments of servers of which so much is known; one that was never seen counts where none was.

    Raises:
        MixedPool: some are stand-ins or rehearsals, and others are not.
    """
    seen = [one for one in knowns if one.stamp is not None] or list(knowns[:1])
    kinds = {_kind(one) for one in seen}
    if len(kinds) > 1:
        raise MixedPool(
            f"the servers of the pool render different things: {', '.join(sorted(kinds))}",
            hint="their results never mix: a pool of models, of rehearsals of one kind, or of stand-ins",
        )
    groups: dict[str, list[Known]] = {}
    for one in seen:
        groups.setdefault(identity(one), []).append(one)
    planners = []
    for alike in groups.values():
        planner = make(alike[0])
        planner.also = tuple(one.schema for one in alike[1:] if one.schema and one.schema != alike[0].schema)
        planners.append(planner)
    return Environments(planners, several=several)
