"""The page in a real browser: it plays in step, obeys the keyboard, asks nothing of the network, and stays inert."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.__main__ import main
from sweeps.kept import NAME, read_kept
from sweeps.report.data import POINTS, curve, page_data
from sweeps.report.page import as_json
from sweeps.report.write import DELETED, write_report
from workflow.media.decode import frames
from workflow.media.encode import VideoWriter

Look = Callable[..., Any]
TIMES = "page.player.tracks.map((one) => one.video.currentTime)"
READY = "page.player.tracks.length && page.player.tracks.every((one) => one.video.readyState > 2 && !one.video.seeking)"
SPREAD = """async () => {
  const seen = [], end = performance.now() + 2500, from = performance.now() + 500;
  page.player.play();
  while (performance.now() < end) {
    await new Promise(requestAnimationFrame);
    const times = page.player.tracks.map((one) => one.video.currentTime);
    if (performance.now() > from) seen.push(Math.max(...times) - Math.min(...times));
  }
  page.player.pause();
  return [Math.max(...seen), seen.length, page.player.time];
}"""


def test_videos_play_in_step(look: Look, folder: Path) -> None:
    page = look(folder / "report.html").page
    page.wait_for_function(READY)
    worst, looks, time = 1.0, 0, 0.0
    for _ in range(8):  # a machine that others use too may stutter
        page.evaluate("page.player.seek(0)")
        worst, looks, time = page.evaluate(SPREAD)
        if worst <= 0.04:
            break
    assert worst <= 0.04 and looks > 20 and time > 1.0
    assert page.evaluate("page.player.tracks.length") == 3


def test_one_video_at_a_time_is_heard(look: Look, folder: Path) -> None:
    page = look(folder / "report.html").page
    page.wait_for_function(READY)
    muted = "page.player.tracks.map((one) => one.video.muted)"
    assert page.evaluate(muted) == [False, True, True]
    sounds = page.get_by_label("Sound of this video")
    pressed = "(all) => all.map((one) => one.getAttribute('aria-pressed'))"
    assert sounds.evaluate_all(pressed) == ["true", "false", "false"]
    sounds.nth(2).click()
    assert page.evaluate(muted) == [True, True, False]
    assert sounds.evaluate_all(pressed) == ["false", "false", "true"], "one sees which one is heard"


def test_frames_seams_and_scrubbing_move_all_of_them_together(look: Look, folder: Path) -> None:
    page = look(folder / "report.html").page
    page.wait_for_function(READY)
    page.evaluate("page.player.seek(0.5 / 25)")
    page.locator(".tile").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("page.player.frame") == 2
    page.wait_for_function(READY)
    assert page.evaluate(TIMES) == pytest.approx([2.5 / 25] * 3, abs=1e-3)
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("page.player.frame") == 1
    seams = page.evaluate("page.data.cells.filter((one) => one.clip === page.view.clips[0]).map((one) => one.seams[0])")
    page.keyboard.press("]")
    assert page.evaluate("page.player.frame") == min(seams)
    page.keyboard.press("[")
    assert page.evaluate("page.player.frame") == min(seams), "none lies before"
    bar = page.get_by_label("seconds", exact=True)
    bar.fill("3")
    page.wait_for_function(READY)
    assert page.evaluate(TIMES) == pytest.approx([3.0] * 3, abs=1e-3)
    assert "3.00 /" in page.locator(".bar output").inner_text()
    marks = page.locator(".bar .seams i").evaluate_all("(all) => all.map((one) => one.style.getPropertyValue('--at'))")
    length = page.evaluate("page.player.length")
    seams = page.evaluate(
        "page.data.cells.filter((one) => one.clip === page.view.clips[0]).flatMap((one) => one.seams)"
    )
    assert [float(one) * length for one in marks] == pytest.approx([(one + 0.5) / 25 for one in sorted(set(seams))])


def test_the_space_bar_plays_and_pauses_and_the_cursor_follows(look: Look, folder: Path) -> None:
    page = look(folder / "report.html").page
    page.wait_for_function(READY)
    page.locator(".tile").first.focus()
    page.keyboard.press("Space")
    page.wait_for_function("page.player.time > 0.5")
    page.keyboard.press("Space")
    assert page.evaluate("page.player.tracks.every((one) => one.video.paused)")
    left = page.evaluate("parseFloat(document.querySelector('.cursor').style.left)")
    assert left == pytest.approx(page.evaluate("100 * page.player.time / page.curves.seconds"), abs=0.01)
    canvas = page.locator(".plot canvas").first
    canvas.click(position={"x": canvas.bounding_box()["width"] / 2, "y": 20})
    assert page.evaluate("page.player.time / page.curves.seconds") == pytest.approx(0.5, abs=0.01)


def test_a_and_b_swap_in_place_at_the_same_moment(look: Look, folder: Path) -> None:
    page = look(folder / "report.html").page
    page.wait_for_function(READY)
    page.get_by_label("Compare as A").nth(0).click()
    assert page.get_by_label("Compare as A").nth(0).get_attribute("aria-pressed") == "true", "it waits for B"
    page.get_by_label("Compare as B").nth(2).click()
    page.wait_for_selector("dialog.pair[open] video.front")
    page.wait_for_function(READY)
    page.get_by_label("A/B in place: seconds").fill("1")
    assert page.locator("dialog.pair strong").inner_text() == "A · motion_frame=9"
    page.keyboard.press("x")
    assert page.locator("dialog.pair strong").inner_text() == "B · motion_frame=25"
    assert page.locator("dialog.pair video:visible").count() == 1
    page.wait_for_function(READY)
    assert page.evaluate(TIMES) == pytest.approx([1.0, 1.0], abs=1e-3)
    page.keyboard.press("Escape")
    page.wait_for_function("page.player.tracks.length === 3")
    assert page.locator(".tile [aria-pressed=true]").count() == 1, "the heard one; no A and no B is left"


def test_curves_have_axes_and_show_the_frame_under_their_cursor(look: Look, folder: Path, outputs: Path) -> None:
    page = look(folder / "report.html").page
    page.wait_for_function(READY)
    panel = page.locator(".panel", has_text="face sharpness")
    assert panel.locator(".ticks span").all_inner_texts() == ["0 s", "1 s", "2 s", "3 s", "4 s", "5 s"]
    result, _ = read_kept(folder / NAME, outputs)
    clip = page.evaluate("page.view.clips[0]")
    scores = [one.score for setting in result.settings for one in setting.cells if one.clip == clip and one.score]
    drawn = [value for one in scores for value in one["curves"]["sharpness/laplacian"] if value is not None]
    ends = [float(one) for one in panel.locator(".range span").all_inner_texts()]
    assert ends == pytest.approx([max(drawn), min(drawn)], rel=6e-3)
    page.locator(".key").get_by_role("button", name="motion_frame=25").click()
    page.evaluate("page.player.seek(2)")
    page.wait_for_function(READY)
    same = """() => {  // the picture beside the curves against the chosen video's frame, scaled by the browser alike
      const [one, video] = [page.curves.picture, page.player.tracks[2].video], two = document.createElement("canvas");
      Object.assign(two, { width: one.width, height: one.height });
      two.getContext("2d").drawImage(video, 0, 0, two.width, two.height);
      const [a, b] = [one, two].map((it) => it.getContext("2d").getImageData(0, 0, one.width, one.height).data);
      return one.width > 50 && a.every((value, at) => Math.abs(value - b[at]) < 3) && a.some((value) => value > 99);
    }"""
    page.wait_for_function(same)
    assert page.locator(".tile.chosen").get_attribute("aria-label") == f"motion_frame=25, {clip}"


def test_axes_clips_and_settings_are_chosen(look: Look, folder: Path) -> None:
    page = look(folder / "report.html").page
    heads = page.locator(".videos thead th").all_inner_texts
    assert heads() == ["motion_frame=9 ★", "motion_frame=13", "motion_frame=25"]
    page.locator(".tile").first.focus()
    page.keyboard.press("g")
    assert heads() == ["weather"] or heads() == ["new_year"]
    page.get_by_label("clip", exact=True).select_option(label="all")
    assert page.locator(".tile").count() == 6
    page.locator(".chooser summary").click()
    page.get_by_role("checkbox", name="motion_frame=13").uncheck()
    assert page.locator(".tile").count() == 4


def test_under_a_video_stand_what_differs_and_its_figures(look: Look, folder: Path, outputs: Path) -> None:
    tile = look(folder / "report.html").page.locator(".tile").first
    assert tile.locator(".pairs dt").all_inner_texts() == ["motion_frame"]
    result, _ = read_kept(folder / NAME, outputs)
    first = result.settings[0].cells[0]
    assert first.score is not None
    value = first.score["values"]["sharpness/laplacian"]["value"]
    shown = tile.locator(".scores div", has_text="sharpness/laplacian").locator("dd").inner_text()
    assert float(shown.split()[0]) == pytest.approx(value, rel=6e-3)


def test_a_tile_names_what_its_setting_has_otherwise_than_the_baseline(
    look: Look, folder: Path, outputs: Path, tmp_path: Path
) -> None:
    result, _ = read_kept(folder / NAME, outputs)
    more = [{f"p{at}": at for at in range(6)}, {f"p{at}": at for at in range(6)}, {f"p{at}": at % 5 for at in range(6)}]
    settings = tuple(replace(one, values={**one.values, **new}) for one, new in zip(result.settings, more, strict=True))
    write_report(replace(result, settings=settings), tmp_path / "report.html")
    tiles = look(tmp_path / "report.html").page.locator(".tile")
    shown = [tiles.nth(at).locator("figcaption > .pairs dt").all_inner_texts() for at in range(3)]
    assert shown[1:] == [["motion_frame"], ["motion_frame", "p5"]]
    assert "motion_frame" in shown[0], "the baseline: what others change"


def test_charts_and_contact_sheet_are_drawn_when_somebody_comes_to_them(look: Look, folder: Path) -> None:
    found = look(folder / "report.html")
    page = found.page
    page.wait_for_function(READY)
    page.evaluate("scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    page.wait_for_timeout(600)
    assert page.evaluate("globalThis.Plotly === undefined"), "who only passes waits for nothing"
    assert page.locator("#sheet canvas, #charts svg").count() == 0
    for clip in ("weather", "new_year"):
        page.get_by_label("clip", exact=True).select_option(clip)
        page.locator("#sheet").scroll_into_view_if_needed()
        page.wait_for_selector("#sheet [data-drawn='3']")
        assert page.locator("#sheet h3").inner_text().startswith(clip), "that of what is shown above it"
    seams = page.evaluate("page.shownCells().map((cell) => Math.min(3, cell.seams.length))")
    page.get_by_label("moments").select_option("4")
    page.get_by_label("Draw the contact sheet").click()
    page.wait_for_function(f"document.querySelectorAll('#sheet td').length === {4 * 3 + sum(seams)}")
    page.locator("#charts").scroll_into_view_if_needed()
    page.wait_for_selector("#parallel svg.main-svg")
    assert page.locator("#scatter").count() == 1, "once"
    assert found.errors == [] and found.asked() == []


def test_where_sight_cannot_be_told_buttons_draw(look: Look, folder: Path) -> None:
    found = look(folder / "report.html")
    page = found.page
    page.add_init_script("delete globalThis.IntersectionObserver")
    page.reload()
    page.wait_for_selector("#stamp")
    page.locator("#charts").scroll_into_view_if_needed()
    page.wait_for_timeout(600)
    assert page.locator("#sheet canvas, #charts svg").count() == 0
    page.get_by_label("Draw the contact sheet").click()
    page.wait_for_selector("#sheet [data-drawn='3']")
    page.get_by_label("Draw the charts").click()
    page.wait_for_selector("#parallel svg.main-svg")
    assert found.errors == []


def test_charts_are_unpacked_and_drawn(look: Look, folder: Path) -> None:
    found = look(folder / "report.html")
    found.page.locator("#charts").scroll_into_view_if_needed()
    found.page.wait_for_selector("#parallel svg.main-svg")
    found.page.wait_for_selector("#scatter .point")
    names = found.page.locator("#parallel").text_content()
    assert names is not None and "motion_frame=13" in names, "a line has its setting's name, not its colour alone"
    assert found.errors == [] and found.asked() == []


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_nothing_is_asked_of_a_network_and_no_error_is_shown(look: Look, folder: Path, locale: str) -> None:
    found = look(folder / "report.html", locale=locale)
    found.page.wait_for_function(READY)
    title = found.page.locator("#videos h2").inner_text()
    assert title == {"en-GB": "Videos", "zh-CN": "视频"}[locale]
    assert found.errors == [] and found.asked() == []
    assert {"en-GB": "not the model", "zh-CN": "不代表模型"}[locale] in found.page.locator(".note").inner_text()


def test_both_languages_say_the_same_things(look: Look, folder: Path) -> None:
    page = look(folder / "report.html").page
    assert page.evaluate("Object.keys(WORDS.en).sort().join()") == page.evaluate("Object.keys(WORDS.zh).sort().join()")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(look: Look, folder: Path, scheme: str) -> None:
    phone = {"viewport": {"width": 390, "height": 800}, "color_scheme": scheme}
    page = look(folder / "report.html", **phone).page
    page.wait_for_function(READY)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 24, 27)"}[scheme]


def test_charts_do_not_squeeze_their_axes_on_a_phone(look: Look, folder: Path) -> None:
    page = look(folder / "report.html", viewport={"width": 390, "height": 800}).page
    page.locator("#charts").scroll_into_view_if_needed()
    page.wait_for_selector("#parallel svg.main-svg")
    left = "(all) => all.map((one) => one.getBoundingClientRect().left)"
    places = page.locator("#parallel .y-axis").evaluate_all(left)
    assert len(places) > 4 and min(two - one for one, two in pairwise(places)) > 60, "their figures stand between"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_costs_have_units_and_tell_cold_from_warm(look: Look, folder: Path, outputs: Path) -> None:
    result, _ = read_kept(folder / NAME, outputs)
    first = result.settings[0]
    records = [json.loads((cell.folder / "render.json").read_text()) for cell in first.cells if cell.folder]
    cold = sum(bool(one["timings"]["cold"]) for one in records)
    assert 0 < cold < len(records)
    page = look(folder / "report.html", locale="zh-CN").page
    heads = page.locator("#cost thead th").all_inner_texts()
    assert {"cost/total_s (s)", "cost/vram_peak (GiB)"} <= {one.replace("\u200b", "") for one in heads}
    assert page.locator("#cost tbody td").first.inner_text() == f"{len(records)} ({cold} 冷启动)"


def test_the_stamp_is_in_words(look: Look, folder: Path, outputs: Path) -> None:
    result, _ = read_kept(folder / NAME, outputs)
    text = look(folder / "report.html").page.locator("#stamp dl").inner_text()
    assert result.stamp["vram_total"] == 32 * 2**30 and "32 GiB" in text
    assert "ComfyUI-VideoHelperSuite: unknown" in text and "{" not in text


def test_a_sweep_started_when_it_started(folder: Path, outputs: Path) -> None:
    result, _ = read_kept(folder / NAME, outputs)
    plan = (folder / "plan.json").stat().st_mtime
    assert result.started.timestamp() <= plan


def test_hostile_names_are_letters(look: Look, folder: Path, outputs: Path, tmp_path: Path) -> None:
    result, _ = read_kept(folder / NAME, outputs)
    evil = "</script><img src=x onerror='globalThis.owned=1'>\"'&<b>"
    first = result.settings[0]
    cells = tuple(replace(cell, setting=evil, clip=evil, reason=evil) for cell in first.cells)
    bad = replace(first, name=evil, values={**first.values, evil: evil}, notes=(evil,), cells=cells, description=evil)
    settings = (bad, *result.settings[1:])
    write_report(
        replace(result, title=evil, sweep_id=evil, baseline=evil, settings=settings, config_yaml=evil),
        tmp_path / "report.html",
    )
    found = look(tmp_path / "report.html")
    found.page.locator("#charts").scroll_into_view_if_needed()
    found.page.wait_for_selector("#scatter .point")
    assert found.page.evaluate("globalThis.owned === undefined && document.querySelector('img') === null")
    assert found.page.locator("h1").inner_text() == evil
    assert found.errors == [] and found.asked() == []


def test_a_search_shows_its_rows_its_importance_and_its_plots(
    look: Look, folder: Path, outputs: Path, tmp_path: Path
) -> None:
    from sweeps.search.importance import Importance
    from sweeps.search.outcome import Outcome, Row
    from sweeps.search.reported import for_report

    rows = tuple(
        Row(at, at == 0, {"steps": 2 + at, "scheduler": "unipc"}, (4.0 + at, 1.0 / (1 + at)), None, {}, at in (1, 2))
        for at in range(5)
    )
    outcome = Outcome(
        "a search",
        ("cost/window_s (s, least)", "colour/cheeks_mean (ΔE00, least)"),
        ("steps", "scheduler"),
        rows,
        {"looked at whole": 5},
        importance={"cost/window_s (s, least)": {"steps": Importance(0.8, 0.5, 0.95)}},
    )
    result, _ = read_kept(folder / NAME, outputs)
    extra = for_report(outcome, [one.name for one in result.settings])
    write_report(result, tmp_path / "report.html", extra=extra)
    found = look(tmp_path / "report.html")
    assert found.page.locator("#search tbody tr").count() == 5
    assert "80 % (50 … 95)" in found.page.locator("#search .bars").inner_text()
    assert "PED-ANOVA" in found.page.locator("#search").inner_text()
    found.page.locator("#charts").scroll_into_view_if_needed()
    found.page.wait_for_selector("#pareto .point")
    assert found.page.locator("#slices .point").count() == 2 * 2 * 5
    assert found.errors == []


def test_the_command_writes_the_page_of_the_size_that_was_asked_for(
    outputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "small.html"
    assert main(["report", "motion_frame", "--outputs", str(outputs), "--output", str(path), "--pick", "2"]) == 0
    text = path.read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])  # type: ignore[index]
    assert [one["name"] for one in data["settings"]] == ["motion_frame=9", "motion_frame=13"]
    assert "4 videos" in capsys.readouterr().out
    assert main(["report", "--outputs", str(outputs), "--output", str(path), "--max-mb", "0"]) == 0
    bare = path.stat().st_size / 1e6
    capsys.readouterr()
    most = f"{bare + 0.6:.2f}"
    assert main(["report", "--outputs", str(outputs), "--output", str(path), "--max-mb", most]) == 0
    assert bare + 0.02 < path.stat().st_size / 1e6 <= float(most), "it takes what it was given"
    assert "--max-mb" in capsys.readouterr().err


def test_a_smaller_page_leaves_the_whole_one_as_it_is(folder: Path, outputs: Path) -> None:
    whole = (folder / "report.html").read_bytes()
    assert main(["report", "motion_frame", "--outputs", str(outputs), "--pick", "1"]) == 0
    assert (folder / "report.html").read_bytes() == whole
    assert (folder / "report-small.html").stat().st_size < len(whole)
    (folder / "report-small.html").unlink()


def test_a_sweep_that_is_not_there(outputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "other", "--outputs", str(outputs)]) == 2
    assert "motion_frame-stand-in" in capsys.readouterr().err
    assert main(["report", "--outputs", str(tmp_path)]) == 2


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=3000))
def test_a_curve_keeps_its_length_in_time_and_its_range(points: list[float | None]) -> None:
    short = curve(points)
    assert len(short) <= POINTS
    there = [one for one in points if one is not None]
    kept = [one for one in short if one is not None]
    assert bool(there) == bool(kept)
    if there:
        slack = 1e-3 * max(map(abs, there))
        assert min(there) - slack <= min(kept) and max(kept) <= max(there) + slack
    if len(points) <= POINTS:
        assert [one is None for one in short] == [one is None for one in points]


@given(st.recursive(st.text() | st.integers() | st.none(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)))
def test_embedded_json_is_the_same_data_and_ends_no_script(data: Any) -> None:
    text = as_json(data)
    assert "<" not in text and json.loads(text) == data


def test_a_missing_figure_is_missing_with_its_reason_and_never_0(outputs: Path, folder: Path) -> None:
    result, _ = read_kept(folder / NAME, outputs)
    cells = page_data(result)["cells"]
    assert all("lipsync/confidence" not in cell["values"] for cell in cells)
    assert all(cell["missing"]["lipsync/confidence"].startswith("weights absent") for cell in cells)


def test_a_deleted_video_is_said_to_be_deleted(look: Look, folder: Path, outputs: Path, tmp_path: Path) -> None:
    result, _ = read_kept(folder / NAME, outputs)
    settings = [
        replace(one, cells=tuple(replace(cell, folder=tmp_path) for cell in one.cells)) for one in result.settings
    ]
    write_report(replace(result, settings=(settings[0], *result.settings[1:])), tmp_path / "some.html")
    found = look(tmp_path / "some.html")
    assert found.page.locator(".tile .why").all_inner_texts() == [DELETED]
    assert found.page.locator(".tile").first.get_by_label("Compare as A").count() == 0
    write_report(replace(result, settings=tuple(settings)), tmp_path / "none.html")
    other = look(tmp_path / "none.html", locale="zh-CN")
    assert other.page.locator("#videos .why").inner_text() == "6 × 视频已不在存储中"
    assert found.errors == [] and other.errors == []


def test_videos_of_other_rates_and_lengths_stay_in_step(
    look: Look, folder: Path, outputs: Path, tmp_path: Path
) -> None:
    result, _ = read_kept(folder / NAME, outputs)
    settings = list(result.settings)
    for at, (fps, count) in enumerate([(12.0, 48), (30.0, 60)]):  # 4 s and 2 s
        cell = settings[at].cells[0]
        other = tmp_path / str(at)
        other.mkdir()
        assert cell.video is not None
        with VideoWriter(other / "video.mp4", 128, 224, fps) as writer:
            for frame, _ in zip(frames(cell.video), range(count), strict=False):
                writer.write(frame)
        score = {**(cell.score or {}), "fps": fps, "frames": count, "seams": [count // 2]}
        settings[at] = replace(settings[at], cells=(replace(cell, folder=other, score=score), *settings[at].cells[1:]))
    write_report(replace(result, settings=tuple(settings)), tmp_path / "report.html")
    found = look(tmp_path / "report.html")
    page = found.page
    page.wait_for_function(READY)
    page.evaluate("page.player.seek(3)")
    page.wait_for_function(READY)
    assert page.evaluate(TIMES) == pytest.approx([3.0, 2.0, 3.0], abs=0.01), "the shortest holds its last frame"
    page.evaluate("page.player.seek(0)")
    page.keyboard.press("]")
    assert page.evaluate("page.player.time") == pytest.approx((30 + 0.5) / 30, abs=1e-3), "whose first seam comes first"
    page.keyboard.press("]")
    assert page.evaluate("page.player.time") == pytest.approx((24 + 0.5) / 12, abs=1e-3)
    assert found.errors == []
