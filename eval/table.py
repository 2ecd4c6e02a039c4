"""A score for the terminal: what it is of, a row a metric, and under the table what the rows leave out."""

from typing import TYPE_CHECKING

from eval.metric import METRICS, NETWORKS, Metric
from eval.score import Score
from eval.shorthand import Shorthand, lines_of, remarks_of, shared
from eval.value import Value
from eval.weights import ABSENT
from eval.words import by_family
from workflow.words import counted

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

STAND_IN = "stand-in — demo, no evidence about the model"
NOT_MEASURED = "not measured: b/p/m closing, hands, gaze, neck and breath, bystanders, fixed smile, text: look yourself"
OUTSIDE = "!"


def score_table(score: Score, title: str) -> "Group":
    """All of a score: value, unit, what is wished for, and remarks, one row a metric; 80 columns hold it.

    A dash is a value that is missing. What lacks the weights of a network is named under the table. Lines under it
    are not part of it: they are as wide as the terminal.
    """
    from rich.console import Group
    from rich.text import Text

    head = [Text(title, overflow="fold")]
    head += [Text(STAND_IN, "bold")] if score.stand_in else []
    head += [Text(f"{score.status}: {score.reason}")] if score.reason else []
    if score.status == "broken":
        return Group(*head)
    short = Shorthand()
    common = shared(score.values)
    table = _rows(score, common, short)
    below = [*score.warnings, *_outside(score), *lines_of(common), *short.legend, *_without(score)]
    return Group(*head, Text(_facts(score)), table, Text(), *(Text(line) for line in below))


def _rows(score: Score, common: dict[str, set[str]], short: Shorthand) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("metric", "value", "unit", "wished"):
        table.add_column(name, justify="right" if name == "value" else "left", no_wrap=True)
    table.add_column("remark", overflow="fold")
    last = ""
    for name, value in score.values.items():
        if _lacks_weights(value):
            continue
        metric = METRICS[name]
        if last and metric.family != last:
            table.add_section()
        last = metric.family
        said = [one for one in remarks_of(name, value) if one not in common.get(metric.family, ())]
        mark = OUTSIDE if _is_outside(metric, value) else " "
        remark = ", ".join(dict.fromkeys(short.of(one) for one in said))
        table.add_row(name, f"{shown(value)} {mark}", metric.unit, wished(metric), Text(remark))
    return table


def _facts(score: Score) -> str:
    """Length, coverage, windows."""
    inside = [seam for seam in score.seams or () if seam < score.frames]
    seams = "windows not known (--window, --motion-frame)" if score.seams is None else counted(len(inside), "seam")
    return f"{counted(score.frames, 'frame')} at {score.fps:g}/s, face in {score.coverage:.0%}, {seams}"


def _outside(score: Score) -> list[str]:
    found = any(_is_outside(METRICS[name], value) for name, value in score.values.items())
    return [f"{OUTSIDE}: outside what is wished for"] if found else []


def _is_outside(metric: Metric, value: Value) -> bool:
    return value.value is not None and not metric.within(value.value)


def _lacks_weights(value: Value) -> bool:
    return value.missing is not None and value.missing.startswith(ABSENT)


def _without(score: Score) -> list[str]:
    """One line for each network whose weights are absent, and the command that fetches them, where one does."""
    networks: dict[str, list[str]] = {}
    reasons: dict[str, str] = {}
    for name, value in score.values.items():
        if _lacks_weights(value):
            network = METRICS[name].network or ""
            networks.setdefault(network, []).append(name)
            reasons[network] = value.missing or ""
    command = "python -m eval weights fetch"
    own = {network: "" if command in reason else f" ({reason})" for network, reason in reasons.items()}
    lines = [f"without weights, {network}: {by_family(names)}{own[network]}" for network, names in networks.items()]
    fetched = [network for network in NETWORKS if network in own and not own[network]]
    return [*lines, f"{command} {' '.join(fetched)}"] if fetched else lines


def shown(value: Value) -> str:
    """A number to three significant digits, or a dash."""
    return "–" if value.value is None else f"{value.value:.3g}"


def wished(metric: Metric) -> str:
    """Direction and gate in words.

    >>> wished(METRICS["sharpness/laplacian"]), wished(METRICS["seam/colour"]), wished(METRICS["colour/cheeks_slope"])
    ('0.7 … 1.3', 'low, ≤ 4', '|x| ≤ 5')
    """
    low, high = (None if bound is None else f"{bound:g}" for bound in metric.target)
    if low and high:
        return f"|x| ≤ {high}" if low == f"-{high}" else f"{low} … {high}"
    gate = f"≤ {high}" if high else f"≥ {low}" if low else ""
    return {"lower": "low", "higher": "high", "band": "as real", "none": ""}[metric.better] + (gate and f", {gate}")
