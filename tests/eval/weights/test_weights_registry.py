"""What is known of the weights, and what is found of them on this machine."""

import hashlib
import os
import pickle
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from eval import checksums
from eval.fetching import fetch, places
from eval.metric import NETWORKS
from eval.settings import Settings, scorer_hash
from eval.weight_files import WEIGHTS, UnknownWeights
from eval.weights import Sources, WeightsAbsent, WeightsConfigError, WeightsWrong, find, path_of, sha_of, state


def test_every_entry_is_complete_and_every_network_has_one():
    assert set(WEIGHTS) == set(NETWORKS)
    files = [weights.file for weights in WEIGHTS.values()]
    assert len(set(files)) == len(files)
    for name, weights in WEIGHTS.items():
        assert weights.name == name and weights.size > 1_000_000 and weights.licence and weights.purpose
        assert len(bytes.fromhex(weights.sha256)) == 32
        assert Path(weights.file).name == weights.file
        assert all(urlsplit(url).scheme in ("http", "https") for url in (*weights.urls, weights.source))


def test_the_sum_agrees_with_what_a_publisher_puts_into_the_name():
    assert WEIGHTS["lpips"].sha256.startswith(WEIGHTS["lpips"].file.removesuffix(".pth").rpartition("-")[2])


def test_the_name_that_a_file_once_had_still_finds_it(small, tmp_path):
    own = tmp_path / "own.pth"
    own.write_bytes(small.files[WEIGHTS["lpips"].file])
    sources = Sources.read(files={"alexnet": own, "syncnet": None})
    assert sources == Sources.read(files={"lpips": own})
    assert find("lpips", sources) == own and path_of("alexnet", Sources()) == path_of("lpips", Sources())


def test_absent_weights_say_the_command(small):
    for name in WEIGHTS:
        with pytest.raises(WeightsAbsent) as error:
            find(name, Sources())
        assert str(error.value) == f"weights absent: run python -m eval weights fetch {name}"
        assert sha_of(name, Sources()) is None
        assert state(name, Sources()).kind == "absent"


def test_what_is_fetched_is_found(small):
    path = fetch("sface", Sources(), say=print)
    assert find("sface", Sources()) == path == Path(os.environ["INFINITETALK_SWEEP_CACHE"]) / WEIGHTS["sface"].file
    assert sha_of("sface", Sources()) == hashlib.sha256(path.read_bytes()).hexdigest()
    assert state("sface", Sources()).kind == "present"


def test_a_damaged_file_names_both_sums_until_it_is_fetched_again(small):
    path = fetch("sface", Sources(), say=print)
    right = path.read_bytes()
    path.write_bytes(bytes(len(right)))
    with pytest.raises(WeightsWrong) as error:
        find("sface", Sources())
    assert hashlib.sha256(bytes(len(right))).hexdigest() in str(error.value)
    assert WEIGHTS["sface"].sha256 in str(error.value)
    assert sha_of("sface", Sources()) is None and state("sface", Sources()).kind == "damaged"
    fetch("sface", Sources(), say=print)
    assert find("sface", Sources()).read_bytes() == right


def test_the_scorer_hash_follows_the_weights(small):
    def hashed():
        return scorer_hash(Settings(), speech_sha256=None, reference_sha256=None)

    before = hashed()
    path = fetch("syncnet", Sources(), say=print)
    there = hashed()
    path.write_bytes(b"damaged")
    damaged = hashed()
    assert there != before == damaged


def test_a_large_file_is_read_once(small, monkeypatch):
    path = fetch("syncnet", Sources(), say=print)
    find("syncnet", Sources())
    reads = []
    monkeypatch.setattr(checksums, "sha256_file", lambda path: reads.append(path) or "none")
    find("syncnet", Sources())
    monkeypatch.setattr(checksums, "_KNOWN", {})  # as in the next process
    find("syncnet", Sources())
    assert reads == []
    os.utime(path, ns=(0, 0))
    with pytest.raises(WeightsWrong):
        find("syncnet", Sources())
    assert reads == [path]


def test_a_cache_that_cannot_be_written_still_serves(small, tmp_path):
    own = tmp_path / "own.model"
    own.write_bytes(small.files[WEIGHTS["syncnet"].file])
    (tmp_path / "file").touch()
    sources = Sources(folder=tmp_path / "file" / "below", files={"syncnet": own})
    assert find("syncnet", sources) == own


def test_an_own_file_comes_first_and_brings_its_own_sum(small, tmp_path):
    fetch("syncnet", Sources(), say=print)
    own = tmp_path / "mine.model"
    own.write_bytes(b"tuned")
    digest = hashlib.sha256(b"tuned").hexdigest()
    with pytest.raises(WeightsWrong, match="own SHA-256"):
        find("syncnet", Sources(files={"syncnet": own}))
    sources = Sources.read(files={"syncnet": str(own), "sface": None}, sha256={"syncnet": f" {digest.upper()} "})
    assert find("syncnet", sources) == own and sha_of("syncnet", sources) == digest
    assert state("syncnet", sources).own and state("syncnet", sources).kind == "present"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["mine.model"]  # no notes beside it
    own.unlink()
    with pytest.raises(WeightsAbsent, match=r"weights absent: the own file .*mine.model of syncnet is not there"):
        find("syncnet", sources)
    assert state("syncnet", sources).kind == "absent"


def test_the_folder_is_the_configured_one_then_the_variables_then_the_platforms(monkeypatch, tmp_path):
    monkeypatch.setenv("INFINITETALK_SWEEP_CACHE", str(tmp_path / "moved"))
    assert Sources.read(folder=tmp_path / "set").cache == tmp_path / "set"
    assert Sources().cache == tmp_path / "moved"
    monkeypatch.delenv("INFINITETALK_SWEEP_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Sources().cache.is_relative_to(tmp_path) and Sources().cache.name == "infinitetalk-sweep"


def test_sources_travel_to_other_processes(tmp_path):
    sources = Sources.read(tmp_path, {"syncnet": "~/a.model"}, {"syncnet": "0" * 64}, ["https://host/base/"])
    assert pickle.loads(pickle.dumps(sources)) == sources  # noqa: S301
    assert sources.files["syncnet"] == Path.home() / "a.model"
    assert places("syncnet", sources)[0] == f"https://host/base/{WEIGHTS['syncnet'].file}"
    assert places("syncnet", sources)[1:] == list(WEIGHTS["syncnet"].urls)


@pytest.mark.parametrize(
    ("options", "error", "word"),
    [
        ({"files": {"sincnet": "x"}}, UnknownWeights, "sincnet"),
        ({"files": {"syncnet": "x"}, "sha256": {"syncnet": "abc"}}, WeightsConfigError, "64 hex digits"),
        ({"sha256": {"syncnet": "0" * 64}}, WeightsConfigError, "without an own file"),
        ({"mirrors": ["ftp://host/x"]}, WeightsConfigError, "neither http"),
        ({"mirrors": ["file:///x"]}, WeightsConfigError, "neither http"),
        ({"folder": "~nobody-of-that-name/x"}, WeightsConfigError, "home folder"),
    ],
)
def test_impossible_sources_are_named(options, error, word):
    with pytest.raises(error, match=word):
        Sources.read(**options)


def test_an_unknown_name_lists_the_known():
    with pytest.raises(UnknownWeights, match="syncnet, lpips, sface, landmarks"):
        path_of("lips", Sources())
