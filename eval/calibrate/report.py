"""A calibration as one HTML page that needs nothing beside it."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape

from eval.calibrate import plots
from eval.calibrate.response import SURE
from eval.calibrate.result import MetricResult, Result
from eval.calibrate.rows import false_alarms, figure, most_foreign, seen_from
from eval.calibrate.terminal import counts
from eval.calibrate.verdict import ENOUGH, told
from eval.metric import FAMILIES, METRICS

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1280px;margin:2em auto;padding:0 1.5em;color:#222;background:#fff}
h1{font-size:1.5em}h2{font-size:1.2em;margin-top:2em}table{border-collapse:collapse;font-size:13px}
td,th{padding:.25em .7em;text-align:left;vertical-align:top;border-bottom:1px solid #ddd}
th{border-bottom:2px solid #888}img{max-width:100%;height:auto}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.trusted{color:#20702f}.experimental{color:#b02020}.not{color:#666}code{background:#f2f2f2;padding:0 .25em}
.wide{overflow-x:auto}p,li{max-width:60em}
"""

METHOD = f"""
<p>Each clip is cut, and copies with one known change each are written without loss and scored against the clip's own
first frame. A metric <b>follows</b> a distortion when it goes the way that was meant, by more than its repeat noise,
and nowhere turns back by more than that. <b>Noise</b> is the standard deviation over harmless changes of the same
content (other coder settings, a pixel's shift, a mirror, a frame's delay, quieter speech), <b>most by</b> the one of
them that moves it most. <b>Seen from</b> is the
smallest strength from which on every larger one differs from the clean clip by more than {SURE:g}·√2 times that noise,
on the worst clip. <b>Per unit</b> is Theil and Sen's slope, the median over clips. <b>Of truth</b> divides it by the
answer that is known beforehand, where there is one. <b>False alarms</b> are clean clips outside the metric's own gate:
that gate is too tight for clips like these. <b>Most foreign</b> is the distortion that moves the metric most
without being meant to, at the reference strengths, in parts of what the metric's own distortions do.</p>
<p>A metric is <span class="experimental">experimental</span> when on more than {1 - ENOUGH:.0%} of the clips it does
not follow one of its own distortions or does not see its reference strength, or when a foreign distortion moves it more
than its own do. <b>Trusted (1 clip)</b> rests on one clip only, as the others show nothing of it: no value there, or no
room to move. It is <span class="not">not calibrated</span> where it had no value or nothing was aimed at it. The
verdicts hold for clips like these; few clips say little about others, and no metric sees what it does not measure.</p>
"""

CROSS_TALK = """
<p>Rows are metrics, columns distortions at their reference strength. Green boxes: its own. ×: changes the metric's own
quantity, rightly. With more than 1 outside boxes and crosses a metric is experimental.</p>
"""


def page(result: Result, names: Sequence[str]) -> str:
    """The report; ``names`` are the clips' file names, for the eye only, and may be hostile."""
    parts = [
        f"<h1>How far each metric can be trusted</h1><p>{escape(counts(result))}.</p>",
        METHOD,
        "<h2>Clips</h2>" + _clips(result, names),
        "<h2>Verdicts</h2><div class=wide>" + _verdicts(result) + "</div>",
        "<h2>Cross-talk</h2>" + CROSS_TALK,
        _image(plots.cross_talk(result), "cross-talk matrix"),
        "<h2>Answers</h2><p>Dotted: the answer that is known beforehand. Bands: repeat noise around the clean value. "
        "Vertical line: the reference strength.</p>",
    ]
    for family in FAMILIES:
        picture = plots.dose_response(result, family)
        if picture is not None:
            parts.append(f"<h3>{escape(family)}</h3>" + _image(picture, f"answers of {family}"))
    parts += ["<h2>Distortions</h2>" + _distortions(result), "<h2>Measured with</h2>" + _settings(result)]
    if result.failures:
        items = "".join(f"<li>{escape(failure)}</li>" for failure in result.failures)
        parts.append(f"<h2>Without a score</h2><ul>{items}</ul>")
    head = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Calibration</title>'
    return f"{head}<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"


def _image(data: bytes | None, what: str) -> str:
    if data is None:
        return "<p>Nothing was measured.</p>"
    return f'<img alt="{escape(what)}" src="data:image/png;base64,{b64encode(data).decode("ascii")}">'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = ()) -> str:
    """Cells are HTML already."""
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td{' class=n' if i in numeric else ''}>{cell}</td>" for i, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{top}</tr>{body}</table>"


def _clips(result: Result, names: Sequence[str]) -> str:
    rows = [
        [
            str(number), escape(name), f"{clip.width}×{clip.height}", f"{clip.face_width:.0f} px",
            f"{clip.seconds:.1f} s from {clip.start_s:.1f} s", f"{clip.coverage:.0%}",
            ", ".join(map(str, clip.seams)), f"<code>{clip.sha256[:16]}</code>",
        ]
        for number, (clip, name) in enumerate(zip(result.clips, names, strict=True), start=1)
    ]  # fmt: skip
    return _table(("clip", "file", "size as cut", "face", "speech", "with a face", "seams", "SHA-256"), rows)


def _verdicts(result: Result) -> str:
    rows = []
    for name, one in result.metrics.items():
        level = f'<span class="{one.level.split()[0]}">{told(one, len(result.clips))}</span>'
        clean = "<br>".join(figure(value) for value in one.clean) if any(v is not None for v in one.clean) else "–"
        rows.append([
            f"<code>{name}</code>", level, METRICS[name].unit, clean, figure(one.noise), one.noisiest or "–",
            false_alarms(one),            *_answers(one, result),
            escape(most_foreign(one)), escape(one.reason),
        ])  # fmt: skip
    head = ("metric", "verdict", "unit", "clean", "noise", "most by", "false alarms", "answers to", "per unit",
            "of truth", "seen from", "saturates", "most foreign", "because")  # fmt: skip
    return _table(head, rows, numeric=(3, 4, 6, 8, 9, 10, 11))


def _answers(one: MetricResult, result: Result) -> list[str]:
    columns: list[list[str]] = [[], [], [], [], []]
    for name, aim in one.aims.items():
        unit = result.distortions[name]["unit"]
        cells = (
            f"{name} ({aim.following}/{aim.clips})",
            figure(aim.slope and aim.slope[0]),
            _spread(aim.true_ratio),
            seen_from(aim, unit),
            "–" if aim.saturates is None else f"{aim.saturates:g} {unit}",
        )
        for column, cell in zip(columns, cells, strict=True):
            column.append(escape(cell))
    return ["<br>".join(column) or "–" for column in columns]


def _spread(of: tuple[float, float, float] | None) -> str:
    """The median, and the least and the largest where they differ from it."""
    if of is None:
        return "–"
    middle, least, most = (f"{value:.2f}" for value in of)
    return middle if least == most else f"{middle} ({least} … {most})"


def _distortions(result: Result) -> str:
    rows = []
    for name, row in result.distortions.items():
        levels = sorted({level for raw in result.responses.get(name, ()) for level in raw["strengths"]})
        aims = ", ".join(f"{'↑' if aim['sign'] > 0 else '↓'} {metric}" for metric, aim in row["aims"].items())
        shown = " ".join(f"<b>{level:g}</b>" if level == row["reference"] else f"{level:g}" for level in levels)
        touches = ", ".join(row["touches"])
        rows.append([f"<code>{name}</code>", escape(row["summary"]), shown, escape(row["unit"]), aims or "–", touches])
    return _table(("distortion", "what is done", "strengths (bold: reference)", "unit", "aimed at", "touches"), rows)


def _settings(result: Result) -> str:
    weights = ", ".join(
        f"{escape(name)} {'absent' if digest is None else digest[:16]}" for name, digest in result.weights.items()
    )
    rows = [["scorer version", str(result.scorer_version)], ["networks (SHA-256)", weights or "none"]]
    rows += [[escape(name), escape(str(value))] for name, value in result.settings.items()]
    return _table(("setting", "value"), rows)
