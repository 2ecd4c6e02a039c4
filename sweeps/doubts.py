"""What the doctor finds about the cells of a plan, each thing said once with the cells it is about."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sweeps.plan import Plan, PlannedCell
from sweeps.planning import Planner
from sweeps.settings import Setting

if TYPE_CHECKING:
    from runner.doctor.examine import Looked
    from runner.doctor.finding import Finding
    from sweeps.config import ExpectedFailure

IMPOSSIBLE = "impossible"
"""The outcome by which an experiment declares cells that cannot be made: then they are results, not faults."""
MOST_NAMES = 3


@dataclass(frozen=True)
class Doubt:
    """One finding and the cells of a plan that it is about."""

    finding: "Finding"
    cells: tuple[PlannedCell, ...]


def about_cells(
    planner: Planner,
    plan: Plan,
    looked: "Looked",
    expected: "Sequence[ExpectedFailure]",
    clean: Callable[[str], str],
) -> Iterator[Doubt]:
    """Each finding about the cells of ``plan`` once, with the cells it is about, the worst first.

    What makes cells impossible is no fault where the experiment declared it.
    """
    from runner.doctor.finding import MARKS

    by_name = {one.name: one for one in plan.settings}
    known: dict[tuple[str, str], list[Finding]] = {}
    about: dict[Finding, list[PlannedCell]] = {}
    for one in plan.cells:
        key = (one.setting, one.clip.name)
        if key not in known:
            values = {**by_name[one.setting].values, "width": one.clip.width, "height": one.clip.height}
            values |= one.cell.values if one.cell is not None else {}
            declared = _declared(values, expected)
            found = _of_cell(planner, by_name[one.setting], one, looked)
            told = [_as_declared(finding, declared).cleaned(clean) for finding in found]
            over = any(finding.mark == "ok" for finding in told)  # declared impossible: what it risks does not matter
            known[key] = [finding for finding in told if not (over and finding.mark == "risk")]
        for finding in known[key]:
            about.setdefault(finding, []).append(one)
    for finding in sorted(about, key=lambda finding: (MARKS.index(finding.mark), -len(about[finding]))):
        yield Doubt(finding, tuple(about[finding]))


def _declared(values: Mapping[str, Any], expected: "Sequence[ExpectedFailure]") -> "ExpectedFailure | None":
    fits = (one for one in expected if one.outcome == IMPOSSIBLE)
    return next((one for one in fits if all(values.get(key) == value for key, value in one.where.items())), None)


def _as_declared(finding: "Finding", declared: "ExpectedFailure | None") -> "Finding":
    """A fault as a result where it is about what was declared; a model file that is missing is not."""
    if declared is None or finding.mark != "fault" or finding.about not in declared.where:
        return finding
    why = f" ({declared.why})" if declared.why else ""
    return replace(finding, mark="ok", text=f"impossible, as the experiment says{why}: {finding.text}")


def _of_cell(planner: Planner, setting: Setting, one: PlannedCell, looked: "Looked") -> "list[Finding]":
    """What is wrong or doubtful with one cell; a seed changes nothing of it."""
    from runner.doctor.facts import Facts
    from runner.doctor.finding import Finding
    from runner.doctor.graph import about_graph
    from runner.doctor.packages import about_packages

    if one.cell is None:
        return [Finding("fault", "values", "cell-impossible", one.reason, "change the value that is named")]
    _, binding = planner.graph(setting.config.workflow.graph)
    swept = [name.removeprefix("inputs.") for name in setting.axis if name.startswith("inputs.")]
    cell = one.cell
    facts = looked.facts or Facts(stand_in="" if planner.known.stand_in else None)
    found = [
        *about_graph(
            cell.graph, planner.schemas[0], binding=binding, clip=cell.clip, windows=cell.windows, swept=swept
        ),
        *about_packages(cell.graph, facts, looked.packages),
    ]
    return [finding for finding in found if finding.mark in ("fault", "risk")]


def who(cells: Sequence[PlannedCell], plan: Plan) -> str:
    """Some cells of a plan in a few words: every cell (or every one that can be made), settings, clips, or both."""
    names = {one.name for one in cells}
    if len(names) == len(plan.cells):
        return "every cell"
    if names == {one.name for one in plan.cells if one.state != "impossible"}:
        return "every other cell"
    settings = list(dict.fromkeys(one.setting for one in cells))
    clips = list(dict.fromkeys(one.clip.name for one in cells))
    if all(one.name in names for one in plan.cells if one.setting in settings):
        return _few(settings)
    if all(one.name in names for one in plan.cells if one.clip.name in clips):
        return f"clip {_few(clips)}"
    return f"{_few(settings)} with clip {_few(clips)}"


def _few(names: Sequence[str]) -> str:
    shown = " · ".join(names[:MOST_NAMES])
    return f"{shown} and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else shown
