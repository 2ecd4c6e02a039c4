"""Whole folders: good files beside bad ones, twice, interrupted, on a full disk."""

import io
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from olden import graph_of, kept, said
from rich.console import Console

from sweeps.adopt import enter
from sweeps.adopt.adoption import Adoption
from sweeps.adopt.inputs import Inputs
from sweeps.compose import configured
from sweeps.scoring import Scorer

MARK = "stand-in 1: rendered by a CPU puppet, not by InfiniteTalk"
COST = ("--config", "scoring=cost")


def test_good_files_are_adopted_beside_bad_ones_which_are_told(
    write: Any, tmp_path: Path, tables: Callable[[Path], None]
) -> None:
    home, outputs = tmp_path / "a'b <i>视频", tmp_path / "outputs"
    tables(outputs)
    write(home / "nine <script>.mp4", graph_of(values={"motion_frame": 9}))
    write(home / "sub" / "它的.mp4", graph_of(values={"motion_frame": 13}, speech="../../etc/<b>.wav"), frames=31)
    write(home / "twenty.mp4", graph_of(values={"motion_frame": 13}), frames=26, fps=30)
    shutil.copyfile(home / "twenty.mp4", home / "zz again.mp4")
    write(home / "page.mp4", "<h1>hello</h1>")
    write(home / "bare.mp4", None)
    (home / "cut.mp4").write_bytes((home / "twenty.mp4").read_bytes()[:700])
    (home / "link.mp4").symlink_to(home / "twenty.mp4")
    code, told = said("adopt", home, "--outputs", outputs, *COST)
    assert code == 3, told
    for name in ("page.mp4", "bare.mp4", "cut.mp4", "link.mp4"):
        assert f"not adopted: {name}: " in told
    assert "left out: zz again.mp4: the same bytes as twenty.mp4" in told
    result = kept(outputs, "adopted-a_b_i_视频")
    clips = {one.name: [cell.clip for cell in one.cells] for one in result.settings}
    assert clips == {"motion_frame=9": ["hello"], "motion_frame=13": ["hello", "<b>"]}
    assert not result.stand_in and len(result.cells) == 3
    page = (outputs / "sweeps" / "adopted-a_b_i_视频" / "report.html").read_text(encoding="utf-8")
    assert "<script>.mp4" not in page and "<b>.wav" not in page
    assert len(list((outputs / "store").glob("*/*/video.mp4"))) == 3


def test_nothing_that_can_be_adopted_is_told_and_nothing_is_written(write: Any, tmp_path: Path) -> None:
    write(tmp_path / "old" / "bare.mp4", None)
    code, told = said("adopt", tmp_path / "old", "--outputs", tmp_path / "outputs", *COST)
    assert code == 3 and "nothing was adopted" in told
    assert not (tmp_path / "outputs").exists()


def test_a_folder_that_is_not_there_or_is_empty_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    for words in ((tmp_path / "none",), (tmp_path / "empty",), (tmp_path / "empty", "--audio-dir", tmp_path / "none")):
        assert said("adopt", *words, "--outputs", tmp_path / "outputs", *COST)[0] == 2
        assert "hint: " in capsys.readouterr().err
    assert not (tmp_path / "outputs").exists()


def test_the_stand_ins_videos_and_a_models_in_one_folder_stay_apart(
    write: Any, tmp_path: Path, tables: Callable[[Path], None]
) -> None:
    tables(tmp_path / "outputs")
    write(tmp_path / "old" / "puppet.mp4", graph_of(), comment=MARK)
    write(tmp_path / "old" / "model.mp4", graph_of())
    assert said("adopt", tmp_path / "old", "--outputs", tmp_path / "outputs", *COST)[0] == 0
    for name, stand_in in (("adopted-old", False), ("adopted-old-stand-in", True)):
        result = kept(tmp_path / "outputs", name)
        assert (result.stand_in, len(result.cells)) == (stand_in, 1)


def test_what_is_to_know_of_the_settings_is_said_once(
    write: Any, tmp_path: Path, tables: Callable[[Path], None]
) -> None:
    tables(tmp_path / "outputs")
    for at, motion_frame in enumerate((9, 13)):
        write(tmp_path / "old" / f"{at}.mp4", graph_of(seed=2**40 + at, values={"motion_frame": motion_frame}))
    code, told = said("adopt", tmp_path / "old", "--outputs", tmp_path / "outputs", *COST)
    assert code == 0 and told.count("note: seeds differ from setting to setting") == 1
    result = kept(tmp_path / "outputs", "adopted-old")
    assert [cell.seed for cell in result.cells] == [1, 1] and result.baseline == "motion_frame=9"


def test_another_baseline_is_named_as_the_table_names_it(
    write: Any, tmp_path: Path, tables: Callable[[Path], None]
) -> None:
    tables(tmp_path / "outputs")
    for at, values in enumerate(({"motion_frame": 9}, {"motion_frame": 13, "steps": 6})):
        write(tmp_path / "old" / f"{at}.mp4", graph_of(values=values))
    words = (*COST, "sweep.baseline=motion_frame=13, steps=6")
    assert said("adopt", tmp_path / "old", "--outputs", tmp_path / "outputs", *words)[0] == 0
    assert kept(tmp_path / "outputs", "adopted-old").baseline == "motion_frame=13, steps=6"


@pytest.fixture
def begun(tmp_path: Path, write: Any, tables: Callable[[Path], None]) -> Callable[..., Adoption]:
    """``begun(scorer)``: an adoption of three videos."""
    tables(tmp_path / "outputs")
    for seed in (1, 2, 3):
        write(tmp_path / "old" / f"{seed}.mp4", graph_of(seed=seed))

    def make(scorer: Scorer, **more: Any) -> Adoption:
        config = configured(("scoring=quick",))
        nowhere = Inputs(None, "--audio-dir")
        console = Console(file=io.StringIO(), width=200)
        return Adoption(tmp_path / "old", tmp_path / "outputs", config, console, nowhere, nowhere, scorer, **more)

    return make


def told(adoption: Adoption) -> str:
    text = adoption.console.file
    assert isinstance(text, io.StringIO)
    return text.getvalue()


SLOW = """
import time
def slow(task):
    flag = task.video.parents[2] / "one is done"
    if flag.exists():
        time.sleep(60)
    flag.touch()
    return {"status": "ok", "values": {}}
"""
STUCK = """
def stuck(task):
    raise OSError("no such luck")
"""


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(
    begun: Callable[..., Adoption], scorer_from: Callable[[str, str], Scorer], quick: Scorer, tmp_path: Path
) -> None:
    first = begun(scorer_from("slow", SLOW))
    scores = lambda: list((tmp_path / "outputs" / "store").glob("*/*/scores/*.json"))  # noqa: E731

    def press() -> None:
        while not scores():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    assert first.run() == 130
    assert len(scores()) == 1 and "the same command goes on" in told(first)
    assert said("prune", "--outputs", tmp_path / "outputs")[1].endswith("would remove 0 entries, 0 B\n")
    again = begun(quick)
    assert again.run() == 0
    assert "nothing copied; 3 in the store already" in told(again) and "2 videos scored" in told(again)


def test_a_video_that_cannot_be_scored_is_told_and_the_rest_is_kept(
    begun: Callable[..., Adoption], scorer_from: Callable[[str, str], Scorer]
) -> None:
    adoption = begun(scorer_from("stuck", STUCK))
    assert adoption.run() == 3
    assert told(adoption).count("no such luck") >= 3
    result = kept(adoption.outputs, "adopted-old")
    assert all(cell.reason and "no such luck" in cell.reason for cell in result.cells)


def test_a_file_that_changes_while_it_is_copied_is_left_for_later(
    begun: Callable[..., Adoption], quick: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = enter._copy

    def spoiled(source: Path, target: Path) -> str:
        if source.name == "2.mp4":
            with source.open("ab") as file:
                file.write(b"more")
        return copy(source, target)

    monkeypatch.setattr(enter, "_copy", spoiled)
    adoption = begun(quick)
    assert adoption.run() == 3
    assert "not adopted: 2.mp4: it is still being written" in told(adoption)
    assert len(kept(adoption.outputs, "adopted-old").cells) == 2
    assert not list(adoption.store.root.glob("*/*.attempt"))


def test_a_full_disk_is_said_plainly_and_what_was_copied_stays_in_use(
    begun: Callable[..., Adoption], quick: Scorer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import errno

    from sweeps.store import StoreError

    copy = enter._copy

    def refused(source: Path, target: Path) -> str:
        if source.name == "2.mp4":
            raise OSError(errno.ENOSPC, "No space left on device")
        return copy(source, target)

    monkeypatch.setattr(enter, "_copy", refused)
    with pytest.raises(StoreError, match="No space left"):
        begun(quick).run()
    plans = list((tmp_path / "outputs" / "sweeps" / "adopted-old" / "plans").glob("*.json"))
    assert [len(json.loads(one.read_text(encoding="utf-8"))["cells"]) for one in plans] == [3]
    assert len(list((tmp_path / "outputs" / "store").glob("*/*/video.mp4"))) == 1
    assert "would remove 0 entries" in said("prune", "--outputs", tmp_path / "outputs")[1]
