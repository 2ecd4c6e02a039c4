"""What a plan will take: time, loads, memory, disk, and what it spares, as values."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sweeps.forecast import CostModel
from sweeps.needs import Needs
from sweeps.order import Reloads
from sweeps.plan import Plan, PlannedCell
from workflow.cost import Shape, Span, shape_of

NOTHING: Final = Span(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Most:
    """The largest need of memory among the cells to render: bytes, whose setting it is, and what the machine has."""

    need: Span
    setting: str
    has: int | None


@dataclass(frozen=True)
class Outlook:
    """The forecast of a plan. Seconds are of the renders and of the loads between them, ``saved`` of what is reused.

    ``vram`` and ``ram`` are None where nothing is to be rendered, or nothing can be said of them.
    ``short`` are the settings that need more than there is, at the least: of ``vram`` or ``ram``.
    """

    seconds: Span
    saved: Span
    reloads: Reloads
    load: Span
    disk: Span
    vram: Most | None
    ram: Most | None
    short: tuple[tuple[str, Most], ...]
    learned_from: int
    machine: str
    stand_in: bool
    rendering: int
    reusing: int

    def to_json(self) -> dict[str, Any]:
        """The figures, for the plan's record."""
        return {
            "seconds": list(self.seconds),
            "saved": list(self.saved),
            "loads": vars(self.reloads),
            "load_s": list(self.load),
            "disk": list(self.disk),
            "vram": list(self.vram.need) if self.vram else None,
            "ram": list(self.ram.need) if self.ram else None,
            "learned_from": self.learned_from,
        }


def outlook(
    plan: Plan, model: CostModel, needs: Mapping[str, Needs], *, machine: str, has: Mapping[str, int | None]
) -> Outlook:
    """The forecast of ``plan``; ``needs`` are of disk, and of vram and ram where that says anything; ``has`` is what
    there is of both."""
    run, shapes = plan.to_run, {one.name: shape_of(one.cell) for one in plan.to_run if one.cell is not None}
    reused = [one for one in plan.cells if one.state == "reuse"]
    reloads = plan.reloads
    kinds = [kind for kind in ("vram", "ram") if kind in needs]
    most = {kind: _most(run, shapes, needs[kind], has.get(kind)) for kind in kinds}
    return Outlook(
        seconds=model.spread.times(sum(one.seconds for one in run)).plus(model.load.times(reloads.own)),
        saved=model.spread.times(sum(one.seconds for one in reused)),
        reloads=reloads,
        load=model.load,
        disk=_sum(needs["disk"](shape).times(count) for shape, count in Counter(shapes.values()).items()),
        vram=most.get("vram"),
        ram=most.get("ram"),
        short=tuple((kind, one) for kind in kinds for one in _short(run, shapes, needs[kind], has.get(kind))),
        learned_from=model.learned_from,
        machine=machine,
        stand_in=plan.stand_in,
        rendering=len(run),
        reusing=len(reused),
    )


def _sum(spans: Iterable[Span]) -> Span:
    whole = NOTHING
    for span in spans:
        whole = whole.plus(span)
    return whole


def _most(cells: list[PlannedCell], shapes: Mapping[str, Shape], need: Needs, has: int | None) -> Most | None:
    first = {shapes[one.name]: one.setting for one in reversed(cells) if one.name in shapes}
    known = [Most(need(shape), setting, has) for shape, setting in first.items()]
    return max(known, key=lambda one: one.need.mid, default=None)


def _short(cells: list[PlannedCell], shapes: Mapping[str, Shape], need: Needs, has: int | None) -> Iterable[Most]:
    by_setting: dict[str, list[PlannedCell]] = {}
    for one in cells:
        by_setting.setdefault(one.setting, []).append(one)
    for own in by_setting.values():
        most = _most(own, shapes, need, has)
        if most is not None and has is not None and most.need.low > has:
            yield most
