"""Choices from elsewhere: read strictly or not at all, kept once, counted as a hand counts."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metric import METRICS
from sweeps.__main__ import main
from sweeps.kept import keep
from sweeps.results import CellResult, SettingResult, SweepResult
from sweeps.votes.agreement import better_side, wilson
from sweeps.votes.ballot import MOST_BYTES, VotesError, read_ballot
from sweeps.votes.box import gather

SETTINGS = ("one", "two|<b>", "三")
CHOICE = {
    "clip": "weather",
    "seed": 2,
    "shown": ["one", "三"],
    "choice": 1,
    "ticks": [["lips"], []],
    "remark": "",
    "time": "2026-01-02T03:04:05.678Z",
}
BALLOT = {
    "format": "blind-votes",
    "version": 1,
    "sweep": "a sweep",
    "mark": "stand-in",
    "plan": "0123456789ab",
    "language": "zh",
    "round": "00112233aabbccdd",
    "started": "2026-01-02T03:00:00Z",
    "saved": "2026-01-02T04:00:00Z",
    "choices": [CHOICE],
}
Write = Callable[..., Path]


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """A kept sweep of three settings, one clip, two seeds: of the videos nothing is there any more."""

    def setting(name: str) -> SettingResult:
        return SettingResult(name, cells=tuple(CellResult(name, "weather", seed, "done") for seed in (2, 2**60 + 1)))

    settings = tuple(map(setting, SETTINGS))
    result = SweepResult("e", "a sweep", "0123456789abcdef", True, settings, datetime(2026, 1, 1, tzinfo=UTC))
    keep(result, tmp_path / "outputs" / "sweeps" / "a sweep-stand-in", tmp_path / "outputs")
    return tmp_path / "outputs"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """``write(name, **changes)``: a file of choices, changed."""

    def made(name: str, choice: dict[str, Any] | None = None, **changes: Any) -> Path:
        told = {**BALLOT, **({"choices": [CHOICE | choice]} if choice is not None else {}), **changes}
        (tmp_path / name).write_text(json.dumps(told), encoding="utf-8")
        return tmp_path / name

    return made


def bring(outputs: Path, *files: Path) -> int:
    return main(["votes", "import", *map(str, files), "--outputs", str(outputs)])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "other"}, "not of the format blind-votes 1"),
        ({"version": True}, "not of the format"),
        ({"extra": 1}, "'extra' is unknown"),
        ({"sweep": 7}, "sweep: no text"),
        ({"sweep": "x" * 2000}, "sweep: no text of 1000"),
        ({"plan": "../../../etc"}, "plan: '../../../etc' is not of the form"),
        ({"plan": "ffffffffffff"}, "no finished sweep 'a sweep' (stand-in) with the plan ffffffffffff"),
        ({"sweep": "../../x"}, "no finished sweep '../../x'"),
        ({"mark": ""}, "no finished sweep"),
        ({"mark": "/.."}, "mark: '/..' is none of"),
        ({"language": "fr"}, "language"),
        ({"round": "xyz"}, "round"),
        ({"started": "yesterday"}, "started: 'yesterday' is no time"),
        ({"saved": "2026-01-02T03:04:05"}, "is no time with its zone"),
        ({"choices": {}}, "choices: not a list"),
        ({"choices": [7]}, "choice 1: not an object"),
        ({"choices": [CHOICE, CHOICE | {"shown": ["三", "one"]}]}, "choice 2: the same pair as choice 1"),
        ({"choice": {"shown": ["one", "four"]}}, "choice 1: the plan 0123456789ab has no setting 'four'"),
        ({"choice": {"shown": ["one", "\x1b[2J"]}}, "control characters"),
        ({"choice": {"shown": ["one", "\u202e"]}}, r"no setting '\u202e'"),
        ({"choice": {"shown": ["one"]}}, "not a list of two"),
        ({"choice": {"shown": ["one", "one"]}}, "the same setting twice"),
        ({"choice": {"clip": "other"}}, "no clip 'other' with the seed 2"),
        ({"choice": {"seed": 3}}, "with the seed 3"),
        ({"choice": {"seed": 2.0}}, "2.0 is no whole number"),
        ({"choice": {"seed": True}}, "True is no whole number"),
        ({"choice": {"choice": 3}}, "3 is none of 0, 1, 2"),
        ({"choice": {"choice": True}}, "True is none of"),
        ({"choice": {"choice": "1"}}, "'1' is none of"),
        ({"choice": {"ticks": [[], ["nose"]]}}, "'nose' is none of"),
        ({"choice": {"ticks": [["lips", "lips"], []]}}, "one of them twice"),
        ({"choice": {"ticks": [[["lips"]], []]}}, "is none of"),
        ({"choice": {"remark": "x" * 501}}, "remark: no text of 500"),
        ({"choice": {"remark": "a\x1b[31mb"}}, "control characters"),
        ({"choice": {"remark": "\ud800"}}, "control characters"),
        ({"choice": {"time": None}}, "time: None is no time"),
    ],
)
def test_what_the_page_would_not_write_is_refused_and_nothing_is_stored(
    outputs: Path, write: Write, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], said: str
) -> None:
    assert bring(outputs, write("good.json"), write("bad.json", **changes)) == 2
    told = capsys.readouterr()
    assert told.err.startswith("error [votes]: ") and said in told.err and "hint: " in told.err
    assert "bad.json" in told.err and "\x1b" not in told.err and told.out == ""
    assert not list(outputs.rglob("votes*"))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\xff\xfe", "is no JSON"),
        (b"{", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"format": NaN}', "holds NaN"),
        (b"9" * 5000, "is no JSON"),
        (b"[]", "not an object"),
        (b" " * (MOST_BYTES + 1), "is larger than 8 MB"),
    ],
)
def test_files_that_are_no_choices_at_all(tmp_path: Path, raw: bytes, said: str) -> None:
    (tmp_path / "x.json").write_bytes(raw)
    with pytest.raises(VotesError, match=said):
        read_ballot(tmp_path / "x.json")
    with pytest.raises(VotesError, match="cannot be read"):
        read_ballot(tmp_path / "absent.json")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda one: st.lists(one), max_leaves=5))
def test_whatever_stands_in_a_field_it_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    file = tmp_path_factory.getbasetemp() / "any.json"
    for told in (
        *(BALLOT | {key: value} for key in BALLOT),
        *(BALLOT | {"choices": [CHOICE | {key: value}]} for key in CHOICE),
    ):
        file.write_text(json.dumps(told), encoding="utf-8")
        try:
            read_ballot(file)
        except VotesError as refused:
            assert str(file) in refused.message


def test_a_seed_too_large_for_a_browser_comes_in_letters(outputs: Path, write: Write) -> None:
    file = write("large.json", {"seed": str(2**60 + 1)})
    assert bring(outputs, file) == 0
    assert read_ballot(file).choices[0].seed == 2**60 + 1


def test_a_round_saved_twice_counts_once_as_it_was_decided_last(outputs: Path, write: Write) -> None:
    folder = outputs / "sweeps" / "a sweep-stand-in"
    later = {"choice": 2, "time": "2026-01-02T03:30:00Z"}
    assert bring(outputs, write("late.json", later), write("early.json")) == 0
    result = SweepResult("e", "a sweep", "0123456789abcdef", True, (), datetime(2026, 1, 1, tzinfo=UTC), "one")
    assert gather(folder, result).choices == (), "of videos that the plan has not, nothing is counted"
    text = (folder / "votes.md").read_text(encoding="utf-8")
    assert "1 blind choice in 1 round, 1 decided" in text
    assert "| one | 0 | 1 | 0 | 0 % (0 … 79) |" in text and "| 三 | 1 | 0 | 0 | 100 % (21 … 100) |" in text
    assert bring(outputs, write("other.json", round="f" * 16)) == 0
    text = (folder / "votes.md").read_text(encoding="utf-8")
    assert "2 blind choices in 2 rounds, 2 decided" in text and "| one | 1 | 1 | 0 |" in text
    assert "stand-in: shows the method" in text


def test_names_and_remarks_do_nothing_in_the_table(outputs: Path, write: Write) -> None:
    evil = "<img src=x onerror=alert(1)> | [click](http://x.example) `"
    assert bring(outputs, write("evil.json", {"shown": ["one", "two|<b>"], "remark": evil})) == 0
    text = (outputs / "sweeps" / "a sweep-stand-in" / "votes.md").read_text(encoding="utf-8")
    assert "<img" not in text and "<b>" not in text and "](" not in text.replace("]\\(", "")
    assert "two\\|&lt;b&gt;" in text and "onerror" in text


def test_a_damaged_file_in_the_folder_is_said_and_does_not_stop_it(
    outputs: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bring(outputs, write("good.json")) == 0
    (outputs / "sweeps" / "a sweep-stand-in" / "votes" / "torn.json").write_text("{", encoding="utf-8")
    assert bring(outputs, write("good.json")) == 0
    assert "torn.json" in capsys.readouterr().out.replace("\n", "")


@pytest.mark.parametrize(
    ("metric", "first", "second", "better"),
    [
        ("likeness/face", 0.9, 0.8, 1),
        ("colour/cheeks_mean", 0.9, 0.8, 2),
        ("colour/cheeks_mean", 0.8, 0.8, 0),
        ("sharpness/laplacian", 0.5, 1.6, 1),  # 0.2 below, 0.3 above
        ("sharpness/laplacian", 0.8, 1.2, 0),
        ("motion/blinks", 2.0, 400.0, 2),  # no upper end
        ("lipsync/confidence", 5.0, 7.0, None),  # a band whose ends nobody knows
        ("motion/head_mean", 5.0, 7.0, None),
        ("likeness/face", None, 0.8, None),
    ],
)
def test_the_better_side_of_a_metric(
    metric: str, first: float | None, second: float | None, better: int | None
) -> None:
    assert better_side(METRICS[metric], first, second) == better
    turned = {1: 2, 2: 1}.get(better or 0, better)
    assert better_side(METRICS[metric], second, first) == turned


@given(st.integers(1, 500), st.data())
def test_wilson_holds_its_share(n: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, n))
    low, high = wilson(count, n)
    centre, z2 = count / n, 1.959963984540054**2
    assert 0 <= low <= centre <= high <= 1
    for end in (low, high):  # the score test's own equation
        assert (centre - end) ** 2 * n == pytest.approx(z2 * end * (1 - end), abs=1e-6)
