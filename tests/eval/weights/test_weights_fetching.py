"""``python -m eval weights``, and what a first run fetches by itself."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from eval import fetching
from eval.cli import main
from eval.fetching import fetch, fetch_missing
from eval.weight_files import WEIGHTS
from eval.weights import Sources, WeightsWrong, find, path_of

NAMES = tuple(WEIGHTS)


def unreachable(monkeypatch, name, url="http://127.0.0.1:9/x"):
    monkeypatch.setitem(WEIGHTS, name, replace(WEIGHTS[name], urls=(url,)))


def test_a_first_run_says_what_it_fetches_and_then_has_it(small):
    said = []
    assert fetch_missing(NAMES, Sources(), said.append) == {}
    for name in NAMES:
        weights = WEIGHTS[name]
        assert find(name, Sources()).read_bytes() == small.files[weights.file]
        line = next(line for line in said if line.startswith(f"  {name}: "))
        assert f"{weights.file}, 0.3 MB from 127.0.0.1:" in line and weights.licence in line
        assert said.index(line) < said.index(f"  {name}: complete, checksum right")
    said.clear()
    small.asked.clear()
    assert fetch_missing(NAMES, Sources(), said.append) == {} and said == [] and small.asked == []


def test_without_network_it_is_one_line_quick_and_once(small, monkeypatch):
    for name in NAMES:
        unreachable(monkeypatch, name, "https://weights.invalid/x" if name == "sface" else "http://127.0.0.1:9/x")
    said, start = [], time.monotonic()
    reasons = fetch_missing(NAMES, Sources(), said.append)
    assert time.monotonic() - start < 10
    assert reasons == dict.fromkeys(NAMES, "no network")
    assert len(said) == 1 and f"python -m eval weights fetch {' '.join(NAMES)}" in said[0]
    start = time.monotonic()
    assert fetch_missing(NAMES, Sources(), said.append) == reasons
    assert len(said) == 1 and time.monotonic() - start < 0.1


def test_a_network_that_accepts_and_never_answers_costs_seconds(small, monkeypatch):
    monkeypatch.setattr(fetching, "_FIRST_BYTE_S", 0.5)
    for name in NAMES:
        unreachable(monkeypatch, name, small.url("silent", "x"))
    start = time.monotonic()
    reasons = fetch_missing(NAMES, Sources(), lambda text: None)
    assert set(reasons) == set(NAMES) and time.monotonic() - start < 3


def test_one_that_cannot_be_had_does_not_stop_the_rest(small, monkeypatch):
    unreachable(monkeypatch, "lpips")
    unreachable(monkeypatch, "landmarks", small.url("wrong", WEIGHTS["landmarks"].file))
    said = []
    reasons = fetch_missing(NAMES, Sources(), said.append)
    assert set(reasons) == {"lpips", "landmarks"}
    assert WEIGHTS["landmarks"].sha256 in reasons["landmarks"] and "no place" in reasons["lpips"]
    assert find("syncnet", Sources()) and find("sface", Sources())


def test_offline_forbids_the_network_but_not_a_folder(small, monkeypatch, tmp_path):
    monkeypatch.setenv("INFINITETALK_SWEEP_OFFLINE", "1")
    said = []
    assert fetch_missing(["sface"], Sources(), said.append) == {"sface": "INFINITETALK_SWEEP_OFFLINE is set"}
    assert len(said) == 1
    assert main(["weights", "fetch", "sface"]) == 3
    (tmp_path / WEIGHTS["sface"].file).write_bytes(small.files[WEIGHTS["sface"].file])
    assert fetch_missing(["sface"], Sources(mirrors=(str(tmp_path),)), said.append) == {}
    assert find("sface", Sources()) and small.asked == []


def test_mirrors_come_first_and_a_bad_one_is_passed(small):
    said = []
    sources = Sources(mirrors=(f"{small.base}/nothing", f"{small.base}/plain"))
    fetch("sface", sources, say=said.append)
    file = WEIGHTS["sface"].file
    assert [asked[0] for asked in small.asked] == [f"/nothing/{file}", f"/plain/{file}"]
    assert "answered 404" in said[0]


def test_a_damaged_cache_is_fetched_again_and_an_own_wrong_file_stops_the_run(small, tmp_path):
    path = fetch("sface", Sources(), say=print)
    path.write_bytes(b"damaged")
    said = []
    assert fetch_missing(["sface"], Sources(), said.append) == {}
    assert "it is fetched again" in said[0] and find("sface", Sources())
    own = tmp_path / "own"
    own.write_bytes(b"other")
    with pytest.raises(WeightsWrong):
        fetch_missing(["sface"], Sources(files={"sface": own}), said.append)
    gone = Sources(files={"sface": tmp_path / "gone"})
    assert "is not there" in fetch_missing(["sface"], gone, said.append)["sface"]


def test_fetch_without_names_takes_the_default_profiles(small, capsys):
    assert main(["weights", "fetch"]) == 0
    out = capsys.readouterr().out
    first = out.index("complete, checksum right")
    for name in NAMES:
        assert out.index(f"  {name}: {WEIGHTS[name].file}, 0.3 MB from 127.0.0.1") < first
        assert find(name, Sources())
    small.asked.clear()
    assert main(["weights", "fetch"]) == 0
    assert capsys.readouterr().out.count(": present: ") == len(NAMES) and small.asked == []


@pytest.mark.parametrize("name", ["lpips", "alexnet"])
def test_the_networks_name_will_do_and_so_will_what_it_once_was(small, name, capsys):
    assert main(["weights", "fetch", name]) == 0
    assert "lpips: complete" in capsys.readouterr().out
    assert path_of("lpips", Sources()).is_file() and not path_of("sface", Sources()).exists()


def test_exit_codes_and_errors(small, monkeypatch, capsys):
    assert main(["weights", "fetch", "lips"]) == 2
    assert "syncnet, lpips, sface, landmarks" in capsys.readouterr().err
    unreachable(monkeypatch, "sface", small.url("wrong", WEIGHTS["sface"].file))
    assert main(["weights", "fetch", "sface", "syncnet"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error [weights-wrong]") and WEIGHTS["sface"].sha256 in err
    assert path_of("syncnet", Sources()).is_file()  # the other one came all the same
    unreachable(monkeypatch, "lpips")
    assert main(["weights", "fetch", "lpips", "landmarks"]) == 3
    assert "127.0.0.1:9 refuses the connection" in capsys.readouterr().err
    assert path_of("landmarks", Sources()).is_file()
    assert main(["weights", "list", "--weights-file", "syncnet"]) == 2


def test_what_cannot_be_had_is_said_once_a_host_and_how_to_help_once_in_all(small, monkeypatch, tmp_path, capsys):
    for name in ("lpips", "sface"):
        monkeypatch.setitem(
            WEIGHTS, name, replace(WEIGHTS[name], urls=("http://127.0.0.1:9/x", "http://127.0.0.1:9/y"))
        )
    assert main(["weights", "fetch", "lpips", "sface", "--weights-mirror", str(tmp_path)]) == 3
    err = capsys.readouterr().err
    assert [line.count("127.0.0.1:9") for line in err.splitlines()] == [1, 1, 0]
    assert f"{tmp_path / WEIGHTS['sface'].file} is not there" in err
    assert err.count("--weights-mirror") == 1 and "--weights-file NAME=PATH" in err


def test_a_folder_that_lacks_files_is_said_before_the_network_is_asked(small, tmp_path):
    (tmp_path / WEIGHTS["sface"].file).write_bytes(small.files[WEIGHTS["sface"].file])
    said = []
    assert fetch_missing(["sface", "lpips"], Sources(mirrors=(str(tmp_path),)), said.append) == {}
    assert said[0] == f"the mirror {tmp_path} has no {WEIGHTS['lpips'].file}"


def test_without_an_action_there_is_help(capsys):
    assert main(["weights"]) == main([]) == 2
    assert "examples:" in capsys.readouterr().err


def test_list_tells_states_apart(small, tmp_path, capsys):
    own = tmp_path / "own [1].tflite"
    own.write_bytes(small.files[WEIGHTS["landmarks"].file])
    fetch("syncnet", Sources(), say=print)
    path_of("sface", Sources()).write_bytes(b"damaged")
    part = path_of("lpips", Sources())
    part.with_name(part.name + ".part").write_bytes(bytes(120_000))
    options = ["weights", "list", "--weights-file", f"landmarks={own}"]
    capsys.readouterr()
    assert main(options) == 0
    out = capsys.readouterr().out
    for words in ("present", "partial (0.1 of 0.3 MB)", "damaged (7 bytes)", "present (own file)", str(own)):
        assert words in out
    for name in NAMES:
        assert WEIGHTS[name].sha256 in out.split()
    assert os.environ["INFINITETALK_SWEEP_CACHE"] in out
    assert main([*options, "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["folder"] == os.environ["INFINITETALK_SWEEP_CACHE"]
    rows = {row["name"]: row for row in listed["weights"]}
    assert {name: row["state"] for name, row in rows.items()} == {
        "syncnet": "present", "lpips": "partial", "sface": "damaged", "landmarks": "present",
    }  # fmt: skip
    assert rows["landmarks"]["own_file"] and rows["landmarks"]["path"] == str(own)
    assert rows["lpips"]["bytes"] == 120_000 and WEIGHTS["sface"].sha256 in rows["sface"]["detail"]


INTERRUPTED = """
import sys
from dataclasses import replace
from eval.weight_files import WEIGHTS
from eval.cli import main
WEIGHTS["sface"] = replace(WEIGHTS["sface"], urls=(sys.argv[1],), size=300_000, sha256=sys.argv[2])
sys.exit(main(["weights", "fetch", "sface"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_interrupted_keeps_the_part_and_the_next_call_goes_on(small):
    weights = WEIGHTS["sface"]
    command = [sys.executable, "-c", INTERRUPTED, small.url("slow", weights.file), weights.sha256]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    part = path_of("sface", Sources())
    part = part.with_name(part.name + ".part")
    deadline = time.monotonic() + 30
    while not (part.is_file() and part.stat().st_size > 50_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130 and "goes on from there" in err and "Traceback" not in err
    have = part.stat().st_size
    small.asked.clear()
    assert main(["weights", "fetch", "sface"]) == 0
    assert small.ranges() == [f"bytes={have}-"]
