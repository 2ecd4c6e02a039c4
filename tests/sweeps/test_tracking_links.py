"""What MLflow's pages are told of a sweep: which columns to show, which runs to hold against each other."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sweeps.results import SettingResult, SweepResult
from sweeps.tracking_links import MOST, links, view

Make = Callable[..., Any]
ADDRESS = re.compile(r"\]\(#(\S+?)\)")


def swept(make_sweep: Make, rendered: Make, count: int = 3) -> SweepResult:
    names = [f"motion_frame={9 + 4 * at}" for at in range(count)]
    settings = [rendered(name, values={"motion_frame": 9 + 4 * at, "cfg": 1.0}) for at, name in enumerate(names)]
    return make_sweep(*settings, baseline=names[0])


def ids(sweep: SweepResult) -> dict[str, str]:
    return {one.name: f"{at:032x}" for at, one in enumerate(sweep.settings)}


def test_the_view_shows_what_differs_and_what_was_measured(make_sweep: Make, rendered: Make) -> None:
    told = json.loads(view(swept(make_sweep, rendered), "f" * 32))
    assert told["searchFilter"] == f"tags.`mlflow.parentRunId` = '{'f' * 32}'"
    columns = told["selectedColumns"]
    assert columns[0] == "params.`motion_frame`" and "params.`cfg`" not in columns
    assert "metrics.`lipsync/envelope_strength`" in columns
    assert "metrics.`lipsync/envelope_offset`" not in columns, "no cell has a value"
    assert len([one for one in columns if one.startswith("metrics.")]) == 3


def test_a_view_of_hundreds_of_parameters_fits(make_sweep: Make, rendered: Make) -> None:
    wide = [rendered(f"s{at}", values={f"Node {k}.input": at for k in range(500)}) for at in range(2)]
    text = view(make_sweep(*wide), "f" * 32)
    assert len(text) <= 5000 and len(json.loads(text)["selectedColumns"]) > 50


def test_every_setting_is_held_against_the_baseline(make_sweep: Make, rendered: Make) -> None:
    sweep = swept(make_sweep, rendered)
    runs = ids(sweep)
    found = [unquote(one) for one in ADDRESS.findall(links(sweep, "7", "p", runs, ["report.html"]))]
    assert found[0] == "/experiments/7/runs/p/artifacts/report.html"
    compared = [parse_qs(urlsplit(one).query) for one in found if one.startswith("/compare-runs")]
    assert [json.loads(one["runs"][0]) for one in compared] == [
        list(runs.values()),
        [runs["motion_frame=9"], runs["motion_frame=13"]],
        [runs["motion_frame=9"], runs["motion_frame=17"]],
    ]
    assert all(json.loads(one["experiments"][0]) == ["7"] for one in compared)


def test_of_many_settings_as_many_are_linked_as_a_description_holds(make_sweep: Make, rendered: Make) -> None:
    sweep = swept(make_sweep, rendered, 200)
    text = links(sweep, "123456789012345678", "f" * 32, ids(sweep), ["summary.md", "report.html"])
    assert len(text) < 4500 and len(ADDRESS.findall(text)) < 2 * MOST


def test_one_setting_is_held_against_nothing(make_sweep: Make, rendered: Make) -> None:
    text = links(swept(make_sweep, rendered, 1), "7", "p", {"motion_frame=9": "a"}, [])
    assert "compare" not in text


def test_a_name_that_is_markdown_ends_no_link(make_sweep: Make, rendered: Make) -> None:
    sweep = swept(make_sweep, rendered, 2)
    evil = SettingResult("a](http://evil) <b>", {"cfg": 2})
    sweep = replace(sweep, settings=(*sweep.settings, evil))
    text = links(sweep, "7", "p", ids(sweep), [])
    assert "](http" not in text and "<b>" not in text
