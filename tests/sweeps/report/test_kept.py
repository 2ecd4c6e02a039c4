"""What is kept of a sweep says the same as the sweep said, and owns up to what is gone since."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sweeps.kept import NAME, NothingKept, read_kept
from sweeps.summary_files import summary_csv, summary_markdown


def test_what_was_kept_makes_the_same_tables(outputs: Path, folder: Path) -> None:
    result, extra = read_kept(folder / NAME, outputs)
    assert summary_markdown(result) == (folder / "summary.md").read_text(encoding="utf-8")
    assert summary_csv(result) == (folder / "summary.csv").read_text(encoding="utf-8")
    assert result.stand_in and extra == {} and len(result.cells) == 6
    assert all(cell.video is not None and cell.score is not None and cell.cost for cell in result.cells)


def test_it_is_kept_beside_that_of_other_plans_too(outputs: Path, folder: Path) -> None:
    result, _ = read_kept(folder / NAME, outputs)
    beside = folder / "results" / f"{result.plan_hash[:12]}.json"
    assert beside.read_bytes() == (folder / NAME).read_bytes()


def test_a_render_or_score_that_is_gone_since_is_missing_with_that_reason(
    outputs: Path, folder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "outputs"
    shutil.copytree(outputs, copy)
    before, _ = read_kept(folder / NAME, outputs)
    first, second = (copy / cell.folder.relative_to(outputs) for cell in before.cells[:2] if cell.folder)
    shutil.rmtree(first)
    shutil.rmtree(second / "scores")
    result, _ = read_kept(copy / folder.relative_to(outputs) / NAME, copy)
    assert result.cells[0].folder is None and result.cells[0].reason == "its render is not in the store any more"
    assert result.cells[1].video is not None and result.cells[1].reason == "its score is not in the store any more"
    assert "not in the store any more" in summary_markdown(result)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 99}, "another version"),
        ({"settings": None}, "damaged"),
        ({"started": "yesterday"}, "damaged"),
    ],
)
def test_a_damaged_file_is_refused_in_words(
    outputs: Path, folder: Path, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    told = json.loads((folder / NAME).read_text(encoding="utf-8")) | change
    (tmp_path / NAME).write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(NothingKept, match=said) as refused:
        read_kept(tmp_path / NAME, outputs)
    assert "action=log" in str(refused.value.hint)


def test_no_kept_path_leaves_the_store(outputs: Path, folder: Path, tmp_path: Path) -> None:
    told = json.loads((folder / NAME).read_text(encoding="utf-8"))
    told["settings"][0]["cells"][0]["folder"] = "../../elsewhere"
    (tmp_path / NAME).write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(NothingKept, match="outside the store"):
        read_kept(tmp_path / NAME, outputs)


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(NothingKept, match="cannot be read"):
        read_kept(tmp_path / NAME, tmp_path)
