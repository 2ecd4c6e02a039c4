"""The Chinese page: what the record says in fixed words is Chinese there, and what is data stays as it is."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import eval
import workflow
from eval.metric import METRICS
from eval.plot import PANELS
from eval.table import NOT_MEASURED
from sweeps.compare import told
from sweeps.compare.command import decided
from sweeps.compare.rule import Margin
from sweeps.compare.sides import Side
from sweeps.compose import as_typed
from sweeps.gate import for_report
from sweeps.kept import GONE, NAME, read_kept
from sweeps.report.media import NO_ROOM, UNREADABLE, UNWRITTEN
from sweeps.report.write import DELETED, write_report
from sweeps.results import REHEARSAL_NOTE, STAND_IN_NOTE
from sweeps.story import claims
from sweeps.story.told import HEAD
from sweeps.summary_view import ONLY_COST

Look = Callable[..., Any]
CHINESE = re.compile("[\u4e00-\u9fff]")
ENGLISH = re.compile(r"(?<![\w/.=-])[A-Za-z]{2,}(?:[ ,:;]+[A-Za-z]{2,}(?![\w/.=-]))")
"""Two words in a row, none of them a name with a sign in it."""
SAID = "(texts) => texts.map((one) => said(one))"
PARTS = ("#figures", "#notes", "#failures", "#gate", "#cost", "#videos")


def texts(page: Any) -> list[str]:
    """Every line of the parts that show what the record says, folded ones too, without commands and units."""
    for fold in page.locator("#videos .tile details").all():
        fold.evaluate("(one) => { one.open = true; }")
    page.wait_for_timeout(100)
    lines = [line for part in PARTS for line in page.locator(part).all_inner_texts()]
    units = "|".join(re.escape(one.unit) for one in METRICS.values() if " " in one.unit)
    told = [one for text in lines for one in text.replace("\u200b", "").split("\n")]
    return [re.sub(rf"python -m [\w .-]*\w|{units}", "", one) for one in told]


def sentences(module: Any, function: str, at: int) -> Iterator[str]:
    """What is said in calls of ``function`` in the sources of a package, with 7 for what is filled in."""
    for file in sorted(Path(module.__path__[0]).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == function and len(node.args) > at:
                yield from filled(node.args[at])


def filled(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(one.value) if isinstance(one, ast.Constant) else "7" for one in node.values)
    elif isinstance(node, ast.IfExp):
        yield from (text for one in (node.body, node.orelse) for text in filled(one))
    elif isinstance(node, ast.Constant):
        yield str(node.value)


def test_no_sentence_of_a_real_sweep_is_english(look: Look, folder: Path, outputs: Path, tmp_path: Path) -> None:
    result, _ = read_kept(folder / NAME, outputs)
    first, second, third = result.settings
    note = (
        "motion_frame 15 encodes 13 overlap frames while the output is cut at 15; only 4n+1 values (13, 17) are"
        " encoded whole."
    )
    why = "motion_frame 80 leaves no new frame in a window of 81"
    failed = replace(third.cells[1], state="impossible", reason=why, folder=None)
    settings = (
        first,
        replace(second, notes=(note,)),
        replace(third, cells=(third.cells[0], failed)),
    )
    result = replace(result, settings=settings)
    sides = [Side(result, one, "here") for one in settings]
    margins = {name: Margin(0.05, "lower") for name in ("colour/cheeks_mean", "motion/head_mean")}
    found = [decided(sides[0], one, as_typed([]).compare, margins, list(margins)) for one in sides[1:]]
    assert found[1].invalid or any(row.lost for row in found[1].rows)
    for at, one in enumerate(found):
        write_report(result, tmp_path / f"{at}.html", extra=for_report(one))
        english, chinese = (look(tmp_path / f"{at}.html", locale=language) for language in ("en-GB", "zh-CN"))
        before = texts(english.page)
        assert sum(bool(ENGLISH.search(line)) for line in before) > 20, "what is looked for is there"
        left = {line for line in texts(chinese.page) if ENGLISH.search(line)}
        assert left == set()
        assert chinese.errors == []


def test_every_reason_and_finding_of_the_sources_has_its_words(look: Look, folder: Path) -> None:
    page = look(folder / "report.html", locale="zh-CN").page
    reasons = [*sentences(eval, "absent", 0), *sentences(workflow, "Finding", 2), *sentences(workflow, "Inert", 3)]
    reasons = [one.replace("no 7 in 7", "no cheeks in the video") for one in reasons]  # only these words are filled in
    reasons = [one for one in reasons if re.search("[A-Za-z]", one)]
    assert len(reasons) > 80
    fixed = [*(label for _, label, _ in PANELS), STAND_IN_NOTE, REHEARSAL_NOTE, NOT_MEASURED, ONLY_COST, *HEAD, DELETED]
    fixed += [UNREADABLE, UNWRITTEN, NO_ROOM, *GONE, *told.HEAD, claims.ARTEFACT]
    all_of_them = [*reasons, *fixed]
    in_chinese = page.evaluate(SAID, all_of_them)
    assert [one for one, text in zip(all_of_them, in_chinese, strict=True) if not CHINESE.search(text)] == []


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "a/b, c/d missing: no evidence (p=0.06…0.08) (s=13 1×, s=15 (2) 1×)",
            "a/b, c/d 缺失：无统计证据（p=0.06…0.08）（s=13 1×, s=15 (2) 1×）",
        ),
        (
            "a/b missing: no evidence (p=0.06) (s=1 1×, s=2 1× and 70 more settings)",
            "a/b 缺失：无统计证据（p=0.06）（s=1 1×, s=2 1×，另有 70 个设置）",
        ),
        (
            "no regression in 2 primary metrics; better in a/b; not enough evidence on c/d",
            "2 个主要指标均无退化；更好：a/b；证据不足：c/d",
        ),
        ("not enough evidence: about 1 more clip", "证据不足：大约还需 1 个片段"),
        ("s=1: failed at sample: no server was seen yet (a/7)", "s=1：在 sample 阶段失败：尚未连上任何服务器（a/7）"),
        ("Δ 1/2 clips", "Δ 1/2 个片段"),
    ],
)
def test_what_is_composed_is_said_part_by_part(look: Look, folder: Path, english: str, chinese: str) -> None:
    page = look(folder / "report.html", locale="zh-CN").page
    assert page.evaluate(SAID, [english]) == [chinese]


def test_what_is_none_of_the_phrases_stays_as_it_is(look: Look, folder: Path) -> None:
    page = look(folder / "report.html", locale="zh-CN").page
    data = ["constructor", "toString", "a setting: with (brackets); and more", "out of memory", "", ": ; (", "a.b"]
    assert page.evaluate(SAID, data) == data
    page.evaluate(SAID, ["failed: " * 60 + "(a; " * 60 + ")"])  # and ends
    page.evaluate("language = 'en'")
    told = ["no face", "failed: no face"]
    assert page.evaluate(SAID, told) == told
