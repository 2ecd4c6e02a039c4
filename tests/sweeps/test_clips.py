"""Clips: the shipped sample, folders paired three ways, hand-written lists, and hostile ones."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sweeps.clipfolder import ClipsError
from sweeps.clips import load_clips
from sweeps.portrait import NoFaceError
from sweeps.samples import SampleMissingError, portrait, sentences, sentences_of, synthesise
from workflow.cell import Clip
from workflow.errors import HarnessError
from workflow.media.encode import VideoWriter
from workflow.media.errors import EmptyAudioError, MissingMediaError, NoVideoError, UnreadableMediaError
from workflow.media.picture import load_picture
from workflow.media.sound import speech, write_wav


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prepared")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two people and two speeches, one of each under a name in Chinese with a space."""
    place = tmp_path / "我的 片段"
    place.mkdir()
    for name in ("anna.png", "李 明.PNG"):
        shutil.copy(portrait(), place / name)
    write_wav(place / "anna.wav", np.ones(16000, np.int16), 16000)
    write_wav(place / "李 明.WAV", np.ones(24000, np.int16), 16000)
    return place


def names(clips: list[Clip]) -> list[str]:
    return [clip.name for clip in clips]


@pytest.mark.parametrize(("kind", "count"), [("sample", 6), ("benchmark", 9), ("sample_long", 1)])
def test_the_shipped_clips_are_there_and_speak_for_two_windows_or_forty_seconds(
    cache: Path, kind: str, count: int
) -> None:
    clips = load_clips(kind, cache_dir=cache)
    assert len(set(names(clips))) == count
    for clip in clips:
        assert load_picture(clip.frame).shape == (832, 464, 3)
        assert clip.seconds == pytest.approx(len(speech(clip.speech)) / 16000)
        requested = clip.seconds * 25 + 1
        assert clip.seconds >= 40 if kind == "sample_long" else 81 < requested <= 153 and 5 <= clip.seconds <= 7


def test_the_sample_is_the_beginning_of_the_benchmark() -> None:
    assert sentences_of("sample") == sentences_of("benchmark")[:6]


def test_the_portrait_is_scikit_images_astronaut() -> None:
    data = pytest.importorskip("skimage.data")
    assert np.array_equal(load_picture(portrait())[:, :, ::-1], data.astronaut())


def test_the_sample_speech_is_what_its_listed_command_says(tmp_path: Path) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    if " 1.51" not in subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True, check=True).stdout:
        pytest.skip("another version of espeak-ng than the sample was made with")
    for sentence in sentences():
        synthesise(sentence, tmp_path / "again.wav")
        assert np.array_equal(speech(tmp_path / "again.wav"), speech(sentence.wav)), sentence.name


def test_without_a_synthesiser_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SampleMissingError, match="espeak-ng"):
        synthesise(sentences()[0], tmp_path / "a.wav")


def test_planning_a_prepared_sample_loads_no_decoder(cache: Path) -> None:
    load_clips("sample", cache_dir=cache)
    code = (
        "import sys; from pathlib import Path; from sweeps.clips import load_clips;"
        f"load_clips('sample', cache_dir=Path({str(cache)!r}));"
        "print(sorted({'cv2', 'av', 'numpy', 'skimage', 'PIL'} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "[]"


def test_pictures_and_speeches_of_one_name_are_a_clip(folder: Path, cache: Path) -> None:
    clips = load_clips("folder", dir=folder, cache_dir=cache)
    assert names(clips) == ["anna", "李 明"]
    assert [clip.seconds for clip in clips] == [1.0, 1.5]
    assert clips[1].speech == folder / "李 明.WAV"


def test_what_has_no_partner_is_said_and_left_out(folder: Path, cache: Path) -> None:
    write_wav(folder / "extra.wav", np.ones(1600, np.int16), 16000)
    (folder / ".hidden.wav").write_bytes(b"")
    (folder / "notes.txt").write_text("not a clip", encoding="utf-8")
    said: list[str] = []
    assert names(load_clips("folder", dir=folder, cache_dir=cache, say=said.append)) == ["anna", "李 明"]
    assert len(said) == 1 and "extra.wav" in said[0] and "notes" not in said[0] and "hidden" not in said[0]


def test_decomposed_names_are_the_same_name(folder: Path, cache: Path) -> None:
    """macOS writes é as e and an accent; the two spellings pair."""
    shutil.copy(portrait(), folder / "Ren\u00e9.png")
    write_wav(folder / "Rene\u0301.wav", np.ones(1600, np.int16), 16000)
    assert "Ren\u00e9" in names(load_clips("folder", dir=folder, cache_dir=cache))


def test_every_picture_speaks_every_speech(folder: Path, cache: Path) -> None:
    clips = load_clips("folder", dir=folder, pair="product", cache_dir=cache)
    assert names(clips) == ["anna+anna", "anna+李 明", "李 明+anna", "李 明+李 明"]


def test_a_video_of_the_same_name_is_the_reference_and_can_be_the_picture(
    tmp_path: Path, cache: Path, talking_frontal: Path
) -> None:
    shutil.copy(talking_frontal, tmp_path / "joe.mp4")
    write_wav(tmp_path / "joe.wav", np.ones(1600, np.int16), 16000)
    (clip,) = load_clips("folder", dir=tmp_path, cache_dir=cache, width=256, height=256)
    assert clip.reference_video == tmp_path / "joe.mp4"
    assert load_picture(clip.frame).shape == (256, 256, 3)
    shutil.copy(portrait(), tmp_path / "joe.png")
    (with_picture,) = load_clips("folder", dir=tmp_path, cache_dir=cache, width=256, height=256)
    assert with_picture.reference_video == clip.reference_video
    assert with_picture.frame.read_bytes() != clip.frame.read_bytes()


def table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    (folder / "clips.csv").write_bytes(text.encode(encoding))
    return folder


@pytest.mark.parametrize(("delimiter", "encoding"), [(",", "utf-8"), (";", "utf-8-sig"), ("\t", "utf-8")])
def test_a_table_says_everything_itself(folder: Path, cache: Path, delimiter: str, encoding: str) -> None:
    rows = [
        ["picture", "speech", "prompt", "width", "height", "name"],
        ["anna.png", "李 明.WAV", '"笑着说话, ""慢"""', "320", "480", "一号"],
        ["anna.png", "anna.wav", "", "", "", ""],
    ]
    text = "\r\n".join(delimiter.join(row) for row in rows) + "\r\n"
    clips = load_clips("folder", dir=table(folder, text, encoding), pair="csv", cache_dir=cache)
    assert names(clips) == ["一号", "anna"]
    assert clips[0].prompt == '笑着说话, "慢"'
    assert (clips[0].width, clips[0].height, clips[0].seconds) == (320, 480, 1.5)
    assert (clips[1].prompt, clips[1].width) == (None, 464)
    assert load_picture(clips[0].frame).shape == (480, 320, 3)


def test_the_same_clip_twice_gets_two_names(folder: Path, cache: Path) -> None:
    text = "picture,speech,prompt\nanna.png,anna.wav,a\nanna.png,anna.wav,b\n"
    assert names(load_clips("folder", dir=table(folder, text), pair="csv", cache_dir=cache)) == ["anna", "anna-2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("picture,speech\n../secret.png,anna.wav\n", "leads out"),
        ("picture,speech\nanna.png,sub/../../x.wav\n", "leads out"),
        ("picture,speech\n/etc/passwd,anna.wav\n", "leads out"),
        ("picture,speech\nanna.png\n", "row 2: no speech"),
        ("picture,speech\nanna.png,anna.wav,a,b\n", "more values than columns"),
        ("picture,speach\nanna.png,anna.wav\n", "unknown column 'speach'"),
        ("picture,speech,width\nanna.png,anna.wav,wide\n", "width 'wide'"),
        ("picture,speech,width\nanna.png,anna.wav,-5\n", "width '-5'"),
        ('picture,speech\n"anna.png,anna.wav\n', "no table"),
        ("picture,speech,name\nanna.png,anna.wav,a/b\n", "cannot name a folder"),
        ("picture,speech\n", "no rows"),
        ("", "no rows"),
    ],
)
def test_a_hostile_or_broken_table_is_one_line(folder: Path, cache: Path, text: str, said: str) -> None:
    with pytest.raises(ClipsError, match=re.escape(said)) as caught:
        load_clips("folder", dir=table(folder, text), pair="csv", cache_dir=cache)
    assert "\n" not in caught.value.message and caught.value.hint and caught.value.exit_code == 2


def test_a_table_in_another_encoding_says_how_to_save_it(folder: Path, cache: Path) -> None:
    table(folder, "picture,speech\n李 明.PNG,anna.wav\n", "gbk")
    with pytest.raises(ClipsError, match="UTF-8"):
        load_clips("folder", dir=folder, pair="csv", cache_dir=cache)


def test_a_list_takes_mappings_and_config_objects(folder: Path, cache: Path) -> None:
    entries = [
        {"picture": str(folder / "anna.png"), "speech": str(folder / "anna.wav"), "prompt": "[一], {二}"},
        SimpleNamespace(picture="anna.png", speech="李 明.WAV", name=None, face="李 明.PNG", width=256, height=256),
    ]
    clips = load_clips("list", entries=entries, dir=folder, cache_dir=cache)
    assert names(clips) == ["anna", "anna+李 明"]
    assert clips[0].prompt == "[一], {二}"
    assert (clips[1].width, clips[1].height) == (256, 256)


def test_names_choose_and_limit_keeps_the_first(cache: Path) -> None:
    all_names = names(load_clips("benchmark", cache_dir=cache))
    assert names(load_clips("benchmark", cache_dir=cache, names=[all_names[4], all_names[1]])) == [
        all_names[1],
        all_names[4],
    ]
    assert names(load_clips("benchmark", cache_dir=cache, limit=2)) == all_names[:2]
    with pytest.raises(ClipsError, match="wether") as caught:
        load_clips("benchmark", cache_dir=cache, names=["wether"])
    assert "weather" in caught.value.hint


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kind": "sampel"}, "sampel"),
        ({"kind": "folder"}, "needs a folder"),
        ({"kind": "folder", "dir": Path("no such folder")}, "not a folder"),
        ({"kind": "list"}, "no entries"),
        ({"kind": "list", "entries": [{"picture": "???", "speech": "a.wav"}]}, "no picture"),
        ({"kind": "list", "entries": [{"pictures": "a.png", "speech": "a.wav"}]}, "unknown column 'pictures'"),
    ],
)
def test_clips_that_cannot_be_put_together_say_why(cache: Path, options: dict, said: str) -> None:
    with pytest.raises(ClipsError, match=said) as caught:
        load_clips(**options, cache_dir=cache)
    assert caught.value.hint


def test_an_empty_folder_a_wrong_pair_and_a_doubled_name_say_why(folder: Path, tmp_path: Path, cache: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for pair in ("name", "product", "csv", "nmae"):
        with pytest.raises(ClipsError):
            load_clips("folder", dir=empty, pair=pair, cache_dir=cache)
    shutil.copy(portrait(), folder / "anna.jpg")
    with pytest.raises(ClipsError, match=r"anna\.jpg and anna\.png"):
        load_clips("folder", dir=folder, cache_dir=cache)


@pytest.mark.parametrize("pair", ["name", "product"])
def test_a_folder_that_lacks_pictures_or_speeches_says_which(
    folder: Path, tmp_path: Path, cache: Path, pair: str
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for file, said in (
        (None, "0 pictures and 0 speeches"),
        ("anna.png", "1 picture and 0 speeches"),
        ("李 明.WAV", "1 picture and 1 speech"),
    ):
        if file:
            shutil.copy(folder / file, bare / file)
        if said.endswith("1 speech") and pair == "product":
            assert len(load_clips("folder", dir=bare, pair=pair, cache_dir=cache)) == 1
            continue
        with pytest.raises(ClipsError) as caught:
            load_clips("folder", dir=bare, pair=pair, cache_dir=cache)
        assert (said in caught.value.message) != said.endswith("1 speech")  # then they lack a common name
        assert "none" not in caught.value.message


def test_a_picture_that_clips_share_is_told_of_once_a_size(folder: Path, cache: Path) -> None:
    def said(*sizes: tuple[int, int]) -> list[str]:
        lines: list[str] = []
        for width, height in sizes:
            load_clips("benchmark", cache_dir=cache, width=width, height=height, say=lines.append)
        return lines

    large, larger = (720, 1280), (1072, 1920)
    assert len(said(large)) == 1
    assert portrait().name in said(large)[0]
    assert len(set(said(large, larger))) == 2


def test_two_pictures_of_one_name_are_told_apart(folder: Path, tmp_path: Path, cache: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(folder / "anna.png", other / "anna.png")
    speech = str(folder / "anna.wav")
    entries = [{"picture": str(one / "anna.png"), "speech": speech, "name": one.name} for one in (folder, other)]
    lines: list[str] = []
    load_clips("list", entries=entries, cache_dir=cache, width=1072, height=1920, say=lines.append)
    for place in (folder, other):
        assert any(line.startswith(str(place / "anna.png")) for line in lines)


def spoil(folder: Path, name: str, content: bytes | None) -> None:
    path = folder / name
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("anna.png", b"a text", HarnessError),
        ("anna.png", b"", UnreadableMediaError),
        ("anna.png", None, MissingMediaError),
        ("anna.wav", b"a text" * 100, UnreadableMediaError),
        ("anna.wav", b"", UnreadableMediaError),
        ("anna.wav", None, MissingMediaError),
        ("anna.mp4", b"a text" * 100, UnreadableMediaError),
        ("anna.mp4", None, MissingMediaError),
    ],
)
def test_a_bad_file_of_a_clip_is_named(
    folder: Path, cache: Path, name: str, content: bytes | None, error: type[HarnessError]
) -> None:
    spoil(folder, name, content)
    row = "picture,speech,reference_video\nanna.png,anna.wav,{}\n"
    table(folder, row.format("anna.mp4" if name == "anna.mp4" else ""))
    with pytest.raises(error, match=name) as caught:
        load_clips("folder", dir=folder, pair="csv", cache_dir=cache)
    assert caught.value.exit_code == 2


def test_speech_of_zero_length_a_faceless_picture_and_a_silent_reference(
    folder: Path, cache: Path, portrait_profile: Path
) -> None:
    write_wav(folder / "anna.wav", np.zeros(0, np.int16), 16000)
    with pytest.raises(EmptyAudioError, match=r"anna\.wav"):
        load_clips("folder", dir=folder, cache_dir=cache)
    write_wav(folder / "anna.wav", np.ones(1600, np.int16), 16000)
    shutil.copy(portrait(), folder / "anna.mp4")
    with pytest.raises(NoVideoError, match=r"anna\.mp4"):
        load_clips("folder", dir=folder, cache_dir=cache)
    with VideoWriter(folder / "anna.mp4", 32, 32) as video:
        video.write(np.zeros((32, 32, 3), np.uint8))
    assert load_clips("folder", dir=folder, cache_dir=cache)[0].reference_video == folder / "anna.mp4"
    shutil.copy(portrait_profile, folder / "anna.png")
    with pytest.raises(NoFaceError, match=r"anna\.png"):
        load_clips("folder", dir=folder, cache_dir=cache)


def test_a_new_recording_under_the_old_name_is_measured_anew(folder: Path, cache: Path) -> None:
    before = load_clips("folder", dir=folder, cache_dir=cache, names=["anna"])[0].seconds
    write_wav(folder / "anna.wav", np.ones(32000, np.int16), 16000)
    assert (before, load_clips("folder", dir=folder, cache_dir=cache, names=["anna"])[0].seconds) == (1.0, 2.0)
