"""A blind round in a real browser, from the first key to the tables that the import makes of it."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sweeps.__main__ import main
from sweeps.kept import NAME, read_kept
from sweeps.votes.ballot import read_ballot

Look = Callable[..., Any]
A, B, C = (f"motion_frame={count}" for count in (9, 13, 25))
VALUES = {
    "colour/cheeks_mean": {A: 1.0, B: 2.0, C: 3.0},  # lower is better
    "sharpness/laplacian": {A: 1.0, B: 1.2, C: 1.6},  # 0.7 … 1.3: A and B are alike
    "motion/head_jitter": {A: 3.0, B: 1.0, C: None},  # lower is better; one has none
    "motion/head_mean": {A: 1.0, B: 2.0, C: 3.0},  # only informs
}
PICKED = {
    ("weather", A, B): A,
    ("weather", A, C): A,
    ("weather", B, C): C,
    ("new_year", A, B): None,
    ("new_year", A, C): C,
    ("new_year", B, C): B,
}
AGREEMENT = [  # counted by hand; Wilson's ends by his formula on paper
    ("sharpness/laplacian", 2, 4, "50 % (15 … 85)"),
    ("colour/cheeks_mean", 3, 5, "60 % (23 … 88)"),
    ("motion/head_jitter", 0, 1, "0 % (0 … 79)"),
]
WINS = [(A, 2, 1, 1, "67 % (21 … 94)"), (B, 1, 2, 1, "33 % (6 … 79)"), (C, 2, 2, 0, "50 % (15 … 85)")]
SHOWN = "page.blind.pair.cells.map((cell) => page.data.settings[cell.setting].name)"
READY = "page.player.tracks.length === 2 && page.player.tracks.every(({ video }) => video.readyState > 2)"
HOSTILE = "</script><img src=x onerror='globalThis.owned=1'> | [a](http://b.example) \u202e"


@pytest.fixture(scope="module")
def judged(outputs: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same sweep with figures that a person can count."""
    copy = tmp_path_factory.mktemp("judged") / "outputs"
    for part in ("store", "sweeps"):
        shutil.copytree(outputs / part, copy / part)
    result, _ = read_kept(copy / folder.relative_to(outputs) / NAME, copy)
    for cell in result.cells:
        assert cell.folder is not None and cell.score is not None
        for file in (cell.folder / "scores").glob("*.json"):
            score = json.loads(file.read_text(encoding="utf-8"))
            for name in score["values"]:
                value = VALUES.get(name, {}).get(cell.setting)
                score["values"][name] = {"value": value, "missing": None if value else "left out", "flags": []}
            file.write_text(json.dumps(score), encoding="utf-8")
    assert main(["report", "--outputs", str(copy)]) == 0
    return copy


@pytest.fixture
def page_file(judged: Path, folder: Path, outputs: Path) -> Path:
    """Its page."""
    return judged / folder.relative_to(outputs) / "report.html"


def begin(page: Any) -> None:
    """The keyboard's way into a round of which the names are known."""
    page.locator(".start").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog.blind[open]")


def decide(page: Any, picks: dict[tuple[str, str, str], str | None], most: int = 100) -> int:
    """Pick by key until the round is over; how many were picked."""
    count = 0
    while page.evaluate("page.blind.open") and count < most:
        names, clip = page.evaluate(SHOWN), page.evaluate("page.blind.pair.clip")
        one, two = sorted(names, key=[A, B, C].index)
        picked = picks[clip, one, two]
        page.keyboard.press("0" if picked is None else str(names.index(picked) + 1))
        count += 1
    return count


def save(page: Any, file: Path) -> dict[str, Any]:
    """The saved file, by its button."""
    with page.expect_download() as coming:
        page.locator("#blind .save").press("Enter")
    coming.value.save_as(file)
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return told


def rows(page: Any, table: str) -> list[list[str]]:
    """The text of a table's body."""
    found: list[list[str]] = page.locator(f"{table} tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent))"
    )
    return found


def test_a_whole_round_by_keyboard_leaves_as_a_file_and_comes_back_as_tables(
    look: Look, judged: Path, page_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = look(page_file)
    page = found.page
    begin(page)
    assert page.locator("dialog.blind strong").inner_text() == "1 of 6"
    shown = page.locator("dialog.blind").evaluate("(box) => box.outerHTML")
    assert "motion_frame" not in shown and "blob:" in shown, "no name is in what is shown"
    page.wait_for_function(READY)
    page.wait_for_function("page.player.time > 0.2")
    page.keyboard.press("Space")
    assert page.evaluate("page.player.tracks.every(({ video }) => video.paused)")
    page.wait_for_function("page.player.tracks.every(({ video }) => !video.seeking)")
    assert len(set(page.evaluate("page.player.tracks.map(({ video }) => video.currentTime)"))) == 1, "in step"
    page.keyboard.press("x")
    assert page.evaluate("page.player.tracks.map(({ video }) => video.muted)") == [True, False]
    page.keyboard.press("v")
    assert page.locator(".blind-stage video:visible").count() == 1
    page.keyboard.press("v")
    page.locator("dialog.blind").get_by_label("2: hands").focus()
    page.keyboard.press("Space")
    page.get_by_label("1: lips").focus()
    page.keyboard.press("Space")
    page.get_by_label("Remark").fill(f"{HOSTILE} 1 2 0")
    page.get_by_label("Remark").press("1")
    page.get_by_label("Remark").press("Enter")
    assert page.evaluate("page.ballot.done") == 0, "digits in a remark decide nothing"
    first = page.evaluate(SHOWN)
    assert decide(page, PICKED) == 6
    page.wait_for_function("document.activeElement.className === 'reveal'")
    assert page.locator("#blind table").count() == 0, "nothing is told before it is asked for"

    told = save(page, tmp_path / "mine.json")
    result, _ = read_kept(page_file.with_name(NAME), judged)
    assert (told["sweep"], told["mark"], told["language"]) == ("motion_frame", "stand-in", "en")
    assert result.plan_hash.startswith(told["plan"]) and len(told["plan"]) == 12
    assert told["choices"][0]["shown"] == first and told["choices"][0]["ticks"] == [["lips"], ["hands"]]
    assert told["choices"][0]["remark"].startswith(HOSTILE)

    page.locator("#blind .reveal").press("Enter")
    wins, agreement = (rows(page, f"#blind .votes .wide:nth-of-type({at})") for at in (1, 2))
    assert wins == [[name, *map(str, rest)] for name, *rest in WINS]
    assert agreement == [[name, *map(str, rest)] for name, *rest in AGREEMENT]
    assert "not the model" in page.locator("#blind .votes").inner_text()
    assert found.errors == [] and found.asked() == []

    words = ["votes", "import", str(tmp_path / "mine.json"), "--outputs", str(judged)]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "1 file, 1 new" in said and "stand-in" in said
    for name, *rest in [*WINS, *AGREEMENT]:
        assert re.search(r"\s+".join(re.escape(str(one)) for one in (name, *rest)), said), name
    kept = list((page_file.parent / "votes").glob("*.json"))
    assert len(kept) == 1 and read_ballot(kept[0]) == read_ballot(tmp_path / "mine.json")
    text = (page_file.parent / "votes.md").read_text(encoding="utf-8")
    assert "<img" not in text and "](http" not in text and "stand-in: shows the method" in text
    assert "| colour/cheeks_mean | 3 | 5 | 60 % (23 … 88) |" in text
    assert main(words) == 0
    assert "1 file, 0 new" in capsys.readouterr().out and len(list((page_file.parent / "votes").glob("*.json"))) == 1

    page.reload()  # the browser still knows the round; the next page has what was brought in
    page.wait_for_selector("#stamp")
    assert page.evaluate("page.ballot.done") == 6
    assert main(["report", "--outputs", str(judged), "--output", str(tmp_path / "next.html")]) == 0
    after = look(tmp_path / "next.html")
    after.page.evaluate("localStorage.clear()")
    after.page.reload()
    after.page.locator("#blind .imported summary").click()
    assert rows(after.page, "#blind .agreement") == agreement
    assert after.page.evaluate("globalThis.owned === undefined && document.querySelector('img') === null")
    assert after.errors == []


def test_the_same_round_has_the_same_order_and_another_one_another(look: Look, page_file: Path) -> None:
    page = look(page_file).page
    order = """(round) => page.ballot
      .paired({ settings: page.data.settings.map((one) => one.name), base: false }, round)
      .map(({ clip, cells }) => [clip, ...cells.map((cell) => cell.setting)].join())"""
    rounds = [page.evaluate(order, f"{at:016x}") for at in range(40)]
    assert rounds[0] == page.evaluate(order, "0" * 16)
    assert len({tuple(one) for one in rounds}) > 30
    sides = [tuple(one.split(",")[1:]) for each in rounds for one in each]
    left = sum(one < two for one, two in sides) / len(sides)
    assert 0.35 < left < 0.65 and {len(each) for each in rounds} == {6}


def test_a_pair_is_decided_anew_and_a_round_is_left_and_gone_on_with(look: Look, page_file: Path) -> None:
    page = look(page_file).page
    begin(page)
    page.keyboard.press("1")
    page.keyboard.press("Backspace")
    assert page.locator("dialog.blind strong").inner_text() == "1 of 6"
    assert page.locator(".answer[aria-pressed=true]").inner_text().startswith("1")
    page.keyboard.press("2")
    page.keyboard.press("Escape")
    assert page.evaluate("[page.ballot.done, page.ballot.plain().choices[0].choice]") == [1, 2]
    page.wait_for_function("document.activeElement.className === 'go'")
    assert page.evaluate("page.player.tracks.length") == 3, "the grid plays again"
    page.keyboard.press("Enter")
    assert page.locator("dialog.blind strong").inner_text() == "2 of 6"
    page.keyboard.press("Escape")
    page.wait_for_function("document.activeElement.className === 'go'")
    page.get_by_label("Another round").click()
    assert page.evaluate("page.ballot.done") == 1, "unsaved choices are not dropped at once"
    page.get_by_label("Another round").click()
    assert page.evaluate("page.ballot.round") is None


def test_in_a_sandboxed_frame_it_works_without_memory(look: Look, page_file: Path, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_bytes(page_file.read_bytes())
    frame = (
        '<iframe sandbox="allow-scripts" src="report.html" style="width:1200px;height:900px"></iframe><p id="stamp">.'
    )
    (tmp_path / "outer.html").write_text(frame, encoding="utf-8")
    found = look(tmp_path / "outer.html")
    inside = found.page.frame_locator("iframe")
    inside.locator(".start").click()
    for _ in range(6):
        inside.locator(".blind-stage").press("1")
    inside.locator("#blind .reveal").click()
    assert inside.locator("#blind .agreement tbody tr").count() == 3
    inside.locator("#blind summary", has_text="as text").click()
    told = json.loads(inside.locator("#blind textarea").input_value())
    assert len(told["choices"]) == 6
    assert found.errors == []


def test_memory_that_another_page_wrote_is_not_believed(look: Look, page_file: Path) -> None:
    page = look(page_file).page
    for bad in ("no json", "{}", '{"round": 1}', '{"round": "0000000000000000", "scope": {"settings": ["<b>"]}}'):
        page.evaluate("(bad) => localStorage.setItem(page.ballot.key, bad)", bad)
        page.reload()
        page.wait_for_selector("#blind .start, #blind .chooser")
        assert page.evaluate("page.ballot.done") == 0


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_the_blind_comparison_and_the_sheet_fit_a_phone(look: Look, page_file: Path, locale: str) -> None:
    found = look(page_file, viewport={"width": 390, "height": 800}, locale=locale)
    found.page.locator("#sheet .draw").click()
    found.page.wait_for_selector("#sheet [data-drawn='3']")
    assert found.page.evaluate("document.documentElement.scrollWidth") <= 390
    begin(found.page)
    assert found.page.evaluate("page.blind.dialog.scrollWidth") <= 390
    boxes = found.page.locator(".blind-stage video").evaluate_all(
        "(all) => all.map((one) => one.getBoundingClientRect().right)"
    )
    assert max(boxes) <= 390
    assert found.errors == []


def test_the_contact_sheet_is_drawn_from_the_videos_in_the_page(look: Look, page_file: Path) -> None:
    found = look(page_file)
    page = found.page
    assert page.locator("#sheet canvas").count() == 0, "not before somebody comes to it"
    page.get_by_label("moments").select_option("4")
    page.locator("#sheet .draw").click()
    page.wait_for_selector("#sheet [data-drawn='3']")
    seams = page.evaluate("page.shownCells().map((cell) => Math.min(3, cell.seams.length))")
    shots = page.locator("#sheet tbody tr").evaluate_all(
        "(rows) => rows.map((row) => row.querySelectorAll('td').length)"
    )
    assert shots == [4 + count for count in seams] and min(seams) > 0
    lit = page.locator("#sheet canvas").evaluate_all(
        "(all) => all.map((one) => one.getContext('2d').getImageData(0, 0, one.width, one.height).data)"
        ".map((data) => new Set(data.filter((_, at) => at % 4 < 3)).size)"
    )
    assert len(lit) >= sum(shots) - len(seams) and min(lit) > 20, "pictures, not blanks"
    first = page.evaluate("page.shownCells()[0].seams[0]")
    page.locator("#sheet .at-seam").first.press("Enter")
    assert page.evaluate("page.player.frame") == first
    assert found.errors == [] and found.asked() == []
