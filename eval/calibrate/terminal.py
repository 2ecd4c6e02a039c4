"""A calibration on the terminal: what it is and how it came out, one row a metric, the reasons, the words explained."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from eval.calibrate.result import MetricResult, Result
from eval.calibrate.rows import HEAD, STYLE, calibrated_table, false_alarms
from eval.calibrate.verdict import UNMEASURED, told
from eval.metric import METRICS
from eval.weights import ABSENT
from eval.words import by_family
from workflow.words import counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDE = 150  # columns of a terminal that shows all
LEAST = 3  # columns that are always shown
LEGEND = {
    "verdict": "(1 clip): the others show nothing of it, as it has no value there or no room to move",
    "answers to": "its own distortions; n/N: follows on n of the N clips that show it",
    "seen from": "least strength that stands out of noise on the worst clip, with all above it",
    "most foreign": "the distortion that moves it most unmeant, in parts of what its own do",
    "noise": "its deviation over harmless changes of the same content",
    "false alarms": "clean clips outside its own gate",
    "per unit": "how far it goes for a unit of the distortion; of truth: over the answer known beforehand",
}


def show(
    result: Result, console: "Console", source: str, names: Collection[str] | None = None, explain: bool = True
) -> None:
    """Print ``result``, which comes from ``source``, or what it says of the metrics ``names``.

    ``explain``: also what the columns mean, which needs saying once.
    """
    from rich.markup import escape

    chosen = [name for name in result.metrics if names is None or name in names]
    some = {name: result.metrics[name] for name in chosen}
    console.print(escape(f"{source}: {counts(result)}"), highlight=False)
    table = calibrated_table(result, some)
    while len(table.columns) > LEAST and table.__rich_measure__(console, console.options).maximum > console.width:
        table.columns.pop()
    if table.row_count:
        console.print(table)
        _explain(console, HEAD[: len(table.columns)], some, explain)
    doubtful = {name: one.reason for name, one in some.items() if one.level == "experimental"}
    if doubtful:
        console.print(_reasons(doubtful))
    for line in untried(some):
        console.print(escape(line), style="dim", highlight=False)
    for failure in result.failures:
        console.print(escape(f"no score: {failure}"), style="yellow", highlight=False)


def _explain(console: "Console", shown: tuple[str, ...], some: dict[str, MetricResult], legend: bool) -> None:
    """The words of the columns that are shown, and what is to be said of those that are not."""
    on_fewer = any(told(one, len(one.clean)) != one.level for one in some.values())
    words = {name: LEGEND[name] for name in shown if name in LEGEND and (on_fewer or name != "verdict")}
    lines = [f"{name}: {meaning}" for name, meaning in words.items()] if legend else []
    alarms = [f"{name} {false_alarms(one)}" for name, one in some.items() if one.false_alarms]
    if alarms and "false alarms" not in shown:
        lines.append(f"clean clips outside a metric's own gate: {', '.join(alarms)}")
    missing = HEAD[len(shown) :]
    if missing and legend:
        lines.append(f"not shown, for want of width: {', '.join(missing)} (COLUMNS={WIDE} shows them)")
    for line in lines:
        console.print(line, style="dim", highlight=False)


def counts(result: Result) -> str:
    """How many metrics stand where, and on what they were tried."""
    levels: list[str] = [one.level for one in result.metrics.values()]
    fewer = sum(told(one, len(result.clips)) != one.level for one in result.metrics.values())
    of = {"trusted": f" ({fewer} of them on fewer clips)"} if fewer else {}
    seconds = sorted({f"{clip.seconds:.3g}" for clip in result.clips}, key=float)
    length = f" of {' … '.join([seconds[0], seconds[-1]][: len(seconds)])} s" if seconds else ""
    part = "" if result.complete else " (a part of the distortions or levels only)"
    standing = ", ".join(f"{levels.count(level)} {level}{of.get(level, '')}" for level in STYLE)
    return f"{standing}; on {counted(len(result.clips), 'clip')}{length}{part}"


def untried(some: dict[str, MetricResult]) -> list[str]:
    """Why metrics are not calibrated, a line for each reason that there is."""
    networks: dict[str, list[str]] = {}
    others: dict[str, list[str]] = {}
    for name, one in some.items():
        network = METRICS[name].network if name in METRICS and one.reason.startswith(ABSENT) else None
        if one.level == "not calibrated":
            (others if network is None else networks).setdefault(network or one.reason, []).append(name)
    lines = [f"not calibrated, without the weights of {one}: {by_family(names)}" for one, names in networks.items()]
    if networks:
        lines.append(f"for these: python -m eval weights fetch {' '.join(networks)}, then calibrate again")
    tried = [(reason, names) for reason, names in others.items() if reason != UNMEASURED]
    lines += [f"not calibrated ({reason}): {by_family(names)}" for reason, names in tried]
    if left_out := others.get(UNMEASURED, []):
        count = counted(len(left_out), "metric")
        lines.append(f"not tried: {count}, as none of their own distortions was among those measured")
    return lines


def _reasons(doubtful: dict[str, str]) -> "Table":
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="experimental, because", title_justify="left", box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, reason in doubtful.items():
        table.add_row(name, escape(reason))
    return table
