"""The environments of a sweep's servers: a planner for each, and one plan out of theirs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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


@dataclass
class Environments:
    """``planners`` has one for each environment, the first for what is said of all; ``homes`` where blocks belong."""

    planners: Sequence[Planner]
    homes: Homes = field(default_factory=Homes)
    several: bool = False
    """Whether the servers are a pool's: a single one is watched by whoever renders on it."""
    _plans: list[Plan] = field(default_factory=list)
    _schemas: dict[str, NodeSchema] = field(default_factory=dict)
    _fits: dict[tuple[str, str], bool] = field(default_factory=dict)

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
        """Whether a server takes every value of a cell: two of one environment may have different model files."""
        if planned.cell is None or all(not one.also for one in self.planners):
            return True
        key = (member.name, planned.setting)
        if key not in self._fits:
            if member.name not in self._schemas:
                self._schemas[member.name] = NodeSchema.from_object_info(member.server.schema())
            problems = validate(planned.cell.graph, self._schemas[member.name])
            self._fits[key] = not refused(problems)
        return self._fits[key]


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
