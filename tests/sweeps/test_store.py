"""The store: whole entries only, torn ones found out, attempts taken up again."""

import json
import os
import stat
from pathlib import Path

import pytest

from sweeps.store import Store, StoreError, check_writable

RECIPE, OTHER, HERE, THERE = "a" * 64, "b" * 64, "c" * 64, "d" * 64


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "我的 store")


def rendered(store: Store, recipe: str = RECIPE, environment: str = HERE, content: bytes = b"video") -> Path:
    attempt = store.attempt(recipe, environment)
    (attempt / "video.mp4").write_bytes(content)
    (attempt / "render.json").write_text(json.dumps({"timings": {"total_s": 3.0}}), encoding="utf-8")
    return store.commit(attempt, recipe, environment, {"sweep": "s"}).folder


def test_a_committed_render_is_found_under_its_recipe_and_environment_only(store: Store) -> None:
    rendered(store)
    found = store.find(RECIPE, HERE, thorough=True)
    assert found is not None
    assert found.record["timings"] == {"total_s": 3.0}
    assert found.record["sweep"] == "s"
    assert store.find(RECIPE, THERE) is None
    assert store.find(OTHER, HERE) is None
    assert [entry.environment for entry in store.renders(RECIPE)] == [HERE]


def test_an_attempt_is_no_render(store: Store) -> None:
    (store.attempt(RECIPE, HERE) / "video.mp4").write_bytes(b"half")
    assert store.find(RECIPE, HERE) is None
    assert list(store.renders(RECIPE)) == []


@pytest.mark.parametrize("damage", ["truncated", "other bytes", "gone", "torn record", "record of another recipe"])
def test_a_damaged_entry_is_not_found_and_is_replaced(store: Store, damage: str) -> None:
    folder = rendered(store)
    video, record = folder / "video.mp4", folder / "render.json"
    if damage == "truncated":
        video.write_bytes(b"vid")
    elif damage == "other bytes":
        video.write_bytes(b"VIDEO")
    elif damage == "gone":
        video.unlink()
    elif damage == "torn record":
        record.write_text(record.read_text(encoding="utf-8")[:20], encoding="utf-8")
    else:
        record.write_text(record.read_text(encoding="utf-8").replace(RECIPE, OTHER), encoding="utf-8")
    assert store.find(RECIPE, HERE, thorough=True) is None
    rendered(store, content=b"again")
    found = store.find(RECIPE, HERE, thorough=True)
    assert found is not None
    assert found.video.read_bytes() == b"again"


def test_a_finished_attempt_of_a_killed_process_is_adopted(store: Store) -> None:
    attempt = store.attempt(RECIPE, HERE)
    (attempt / "video.mp4").write_bytes(b"video")
    assert store.adopt(RECIPE, HERE, {}) is None
    import hashlib

    digest = hashlib.sha256(b"video").hexdigest()
    (attempt / "render.json").write_text(json.dumps({"video_sha256": digest}), encoding="utf-8")
    assert store.adopt(RECIPE, HERE, {}) is not None
    assert store.find(RECIPE, HERE, thorough=True) is not None


def test_an_attempt_keeps_what_a_killed_process_left(store: Store) -> None:
    (store.attempt(RECIPE, HERE) / "journal.json").write_text("{}", encoding="utf-8")
    assert (store.attempt(RECIPE, HERE) / "journal.json").exists()


def test_a_failure_is_kept_until_a_success(store: Store) -> None:
    store.fail(store.attempt(RECIPE, HERE), RECIPE, HERE, {"status": "out_of_memory"})
    kept = store.failure(RECIPE, HERE)
    assert kept is not None
    assert kept["status"] == "out_of_memory"
    assert store.find(RECIPE, HERE) is None
    rendered(store)
    assert store.failure(RECIPE, HERE) is None


def test_scores_belong_to_one_scorer(store: Store) -> None:
    rendered(store)
    entry = store.find(RECIPE, HERE)
    assert entry is not None
    store.put_score(entry, "f" * 64, {"values": {"a": 1}})
    kept = store.score(entry, "f" * 64)
    assert kept is not None
    assert kept["values"] == {"a": 1}
    assert store.score(entry, "e" * 64) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_said_at_once(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IREAD | stat.S_IEXEC)
    with pytest.raises(StoreError, match="cannot be used"):
        check_writable(tmp_path / "outputs")


def test_a_file_where_the_folder_should_be_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("a file", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be used") as caught:
        check_writable(tmp_path / "outputs")
    assert "outputs=DIR" in caught.value.hint
