"""One file from a server that may tear, lie or never end."""

import hashlib
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from eval.download import NotFetched, Wanted, WeightsFolderError, download
from eval.http_body import Patience, Refused
from eval.weights import WeightsWrong

TORN_AT = 100_000


@pytest.fixture
def wanted(body, tmp_path):
    return Wanted("x", tmp_path / "cache" / "x.model", len(body), hashlib.sha256(body).hexdigest())


@pytest.fixture
def get(shelf, wanted):
    """Fetch in these manners, one place each; returns what was said."""

    def run(*manners, **options):
        said = []
        download(wanted, [shelf.url(manner, "x.model") for manner in manners], say=said.append, **options)
        return said

    return run


def left_over(wanted):
    return sorted(path.name for path in wanted.target.parent.iterdir() if not path.name.endswith(".lock"))


@pytest.mark.parametrize(
    "manner", ["good", "plain", "torn", "tornonce", "changed", "silentlychanged", "shifted", "norange", "moved", "slow"]
)
def test_the_file_arrives_whole_and_alone(get, wanted, body, manner):
    get(manner)
    assert wanted.target.read_bytes() == body
    assert left_over(wanted) == ["x.model"]


@pytest.mark.parametrize("manner", ["good", "plain", "shifted", "norange", "moved"])
def test_an_earlier_part_is_gone_on_with_or_begun_again(get, wanted, body, manner):
    wanted.part.parent.mkdir()
    wanted.part.write_bytes(body[:TORN_AT])
    get(manner)
    assert wanted.target.read_bytes() == body
    assert left_over(wanted) == ["x.model"]


def test_a_torn_connection_is_resumed_where_it_ended(get, shelf, wanted):
    get("torn")
    assert shelf.ranges() == [None, "bytes=100000-", "bytes=200000-"]


def test_the_next_call_resumes_and_names_the_version_it_has(get, shelf, wanted):
    with pytest.raises(NotFetched, match=r"broke off|ended") as error:
        get("tornplain")
    assert f"{TORN_AT:,} of {wanted.size:,} bytes are kept" in error.value.message
    shelf.asked.clear()
    get("good")
    assert shelf.asked[0][1:] == ("bytes=100000-", None, 206)  # another place: its own version marks mean nothing here
    wanted.target.unlink()
    with pytest.raises(NotFetched):
        get("tornplain")
    shelf.asked.clear()
    with pytest.raises(NotFetched):
        get("tornplain")
    assert shelf.asked[0][1:3] == ("bytes=100000-", '"one"')


def test_a_version_that_changed_meanwhile_is_begun_again(get, shelf, wanted, body):
    get("changed")
    assert [asked[1:] for asked in shelf.asked] == [(None, None, 200), ("bytes=100000-", '"False"', 200)]


def test_bytes_of_a_foreign_part_cost_one_fetch_not_the_file(get, shelf, wanted, body):
    wanted.part.parent.mkdir()
    wanted.part.write_bytes(bytes(TORN_AT))
    get("good")
    assert wanted.target.read_bytes() == body
    assert shelf.ranges() == ["bytes=100000-", None]


def test_a_finished_part_needs_no_server(get, shelf, wanted, body):
    wanted.part.parent.mkdir()
    wanted.part.write_bytes(body)
    get("nothing")
    assert wanted.target.read_bytes() == body and not shelf.asked


def test_a_wrong_checksum_names_both_sums_and_leaves_nothing(get, wanted):
    with pytest.raises(WeightsWrong) as error:
        get("wrong")
    assert wanted.sha256 in error.value.message
    assert hashlib.sha256(bytes(wanted.size)).hexdigest() in error.value.message
    assert error.value.exit_code == 2
    assert left_over(wanted) == []


@pytest.mark.parametrize(
    ("manner", "words"),
    [
        ("nothing", "answered 404"),
        ("busy", "answered 503"),
        ("page", "has 25 bytes, expected 300,000"),
        ("longer", "has 300,004 bytes, expected 300,000"),
        ("short", "ended after 100,000 of 300,000 bytes"),
        ("packed", "compressed"),
        ("round", "redirects more than 5 times"),
        ("tofile", "neither http nor https"),
        ("toftp", "neither http nor https"),
        ("tononsense", "cannot be used"),
    ],
)
def test_what_a_server_does_wrong_is_said_and_the_next_place_tried(get, shelf, wanted, body, manner, words):
    with pytest.raises(NotFetched, match=words) as error:
        get(manner)
    assert error.value.exit_code == 3
    assert not wanted.target.exists()
    said = get(manner, "good")
    assert wanted.target.read_bytes() == body
    assert len(said) == 1 and words in said[0] and shelf.url("good", "x.model") in said[0]


def test_an_endless_body_is_cut_at_the_known_size(get, shelf, wanted, body):
    sizes = []
    with pytest.raises(WeightsWrong):
        get("endless", on_progress=lambda done, total: sizes.append(done))
    assert max(sizes) == wanted.size
    assert left_over(wanted) == []
    deadline = time.monotonic() + 5
    while not shelf.connections["hung up on"] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert shelf.connections["hung up on"]


def test_a_closed_port_and_an_unknown_host_are_told_apart(wanted):
    start = time.monotonic()
    with pytest.raises(NotFetched, match="refuses the connection"):
        download(wanted, ["http://127.0.0.1:9/x.model"], say=print)
    assert time.monotonic() - start < 2
    with pytest.raises(NotFetched, match=r"cannot be found|proxy"):
        download(wanted, ["http://weights.invalid/x.model"], say=print)


def test_a_silent_server_is_left_when_patience_ends(get, wanted):
    with pytest.raises(NotFetched, match="does not answer"):
        get("silent", patience=Patience(0.2))
    late = Patience(0)
    with pytest.raises(Refused, match="no time left"):
        late.timeouts()
    late.lift()
    assert late.timeouts() == (5.0, 30.0)


def test_a_password_in_a_mirror_is_not_shown(wanted, shelf):
    place = shelf.url("nothing", "x.model").replace("http://", "http://me:secret@") + "?token=hush"
    with pytest.raises(NotFetched) as error:
        download(wanted, [place, place], say=lambda text: None)
    said = []
    with pytest.raises(NotFetched):
        download(wanted, [place, place], say=said.append)
    assert "secret" not in str(error.value) + str(said) and "hush" not in str(error.value) + str(said)
    assert "answered 404" in str(error.value)


def test_a_folder_serves_as_a_mirror(wanted, body, tmp_path):
    usb = tmp_path / "usb"
    usb.mkdir()
    (usb / "short.model").write_bytes(body[:10])
    (usb / "x.model").write_bytes(body)
    said = []
    download(wanted, [str(usb / "none.model"), str(usb / "short.model"), str(usb / "x.model")], say=said.append)
    assert wanted.target.read_bytes() == body
    assert "none.model is not there" in said[0] and "has 10 bytes" in said[1]


def test_two_at_once_fetch_once(shelf, wanted, body):
    said = []
    threads = [
        threading.Thread(target=download, args=(wanted, [shelf.url("slow", "x.model")]), kwargs={"say": said.append})
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wanted.target.read_bytes() == body
    assert len(shelf.asked) == 1
    assert said == ["x: another process is fetching it; waiting"]


def test_a_disk_without_room_is_one_plain_line(shelf, wanted):
    huge = Wanted("x", wanted.target, 10**17, wanted.sha256)
    with pytest.raises(WeightsFolderError, match=r"no room for x: 100,000,000,000 MB more .* are free"):
        download(huge, [shelf.url("good", "x.model")], say=print)
    assert not shelf.asked


LIMITED = """
import resource, signal, sys
from pathlib import Path
from eval.download import Wanted, download
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))
try:
    download(Wanted("x", Path(sys.argv[2]), 300_000, "0" * 64), [sys.argv[1]], say=print)
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are POSIX")
def test_a_disk_that_fills_up_on_the_way_is_one_plain_line(shelf, wanted):
    command = [sys.executable, "-c", LIMITED, shelf.url("good", "x.model"), str(wanted.target)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert out.startswith(f"WeightsFolderError x cannot be written to {wanted.target.parent}: File too large")
    assert "INFINITETALK_SWEEP_CACHE" in out and out.count("\n") == 2


def test_a_folder_that_cannot_be_is_one_plain_line(get, wanted):
    wanted.target.parent.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(WeightsFolderError, match="cannot be written"):
        get("good")


def test_a_killed_process_leaves_a_part_that_the_next_goes_on_from(shelf, wanted, body):
    code = (
        "import sys; from pathlib import Path; from eval.download import Wanted, download;"
        f"download(Wanted('x', Path(sys.argv[2]), {wanted.size}, '{wanted.sha256}'), [sys.argv[1]], say=print)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, shelf.url("slow", "x.model"), str(wanted.target)])
    deadline = time.monotonic() + 30
    while wanted.have < 50_000 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert 50_000 <= wanted.have < wanted.size and not wanted.target.exists()
    have = wanted.have
    shelf.asked.clear()
    download(wanted, [shelf.url("good", "x.model")], say=print)  # the lock ended with its process
    assert wanted.target.read_bytes() == body
    assert shelf.ranges() == [f"bytes={have}-"]


def test_the_file_has_the_rights_of_any_new_file(get, wanted, tmp_path):
    get("good")
    ordinary = tmp_path / "ordinary"
    ordinary.touch()
    assert wanted.target.stat().st_mode == ordinary.stat().st_mode
    assert Path(wanted.target).parent.is_dir()
