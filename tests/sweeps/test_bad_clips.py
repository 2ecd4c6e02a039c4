"""A user's own pictures and speeches: what cannot be used is named, what can be used is used."""

import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import sweep
from sweeps import __main__ as commands
from sweeps.samples import portrait, sentences_of
from workflow.media.picture import load_picture

RUN = ["clips.width=160", "clips.height=288", "action=plan", "clips=folder"]
Plans = Callable[..., tuple[int, str]]


@pytest.fixture
def plans(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Plans:
    """``plans(*arguments)``: exit code and all that is said of a plan over the folder ``clips``."""

    def run(*arguments: str) -> tuple[int, str]:
        code = sweep.main([*RUN, f"clips.dir={tmp_path / 'clips'}", f"outputs={tmp_path / 'outputs'}", *arguments])
        caught = capsys.readouterr()
        assert "Traceback" not in caught.err
        assert "unexpected" not in caught.err
        return code, caught.out + caught.err

    return run


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """A folder with a good picture and a good speech of one name."""
    folder = tmp_path / "clips"
    folder.mkdir()
    astronaut().save(folder / "anna.png")
    write_speech(folder / "anna.wav")
    return folder


def astronaut() -> Image.Image:
    return Image.open(portrait()).convert("RGB")


def samples() -> np.ndarray:
    with wave.open(str(sentences_of("sample")[0].wav)) as file:
        return np.frombuffer(file.readframes(3 * file.getframerate()), "<i2")


def write_speech(path: Path, channels: int = 1, width: int = 2, rate: int = 16000) -> None:
    data = samples() if width == 2 else ((samples() >> 8) + 128).astype(np.uint8)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(np.repeat(data, channels).tobytes())


def encode_speech(path: Path, codec: str, rate: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples()[None].copy(), format="s16", layout="mono")
        frame.rate = 16000
        for part in av.AudioResampler(format=stream.format, layout="mono", rate=rate).resample(frame):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("anna.png", b"hello", "not a picture"),
        ("anna.png", b"", "empty (0 bytes)"),
        ("anna.wav", b"hello", "cannot be decoded"),
        ("anna.wav", b"", "empty (0 bytes)"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_named(
    plans: Plans, clips: Path, name: str, content: bytes, said: str
) -> None:
    (clips / name).write_bytes(content)
    code, out = plans()
    assert code == 2
    assert said in out
    assert str(clips / name) in out
    assert "hint: " in out


@pytest.mark.parametrize("name", ["anna.png", "anna.wav"])
def test_half_a_file_is_named(plans: Plans, clips: Path, name: str) -> None:
    whole = (clips / name).read_bytes()
    (clips / name).write_bytes(whole[: len(whole) // 2] if name.endswith("png") else whole[:30])
    code, out = plans()
    assert code == 2
    assert str(clips / name) in out


def test_a_speech_of_zero_length_is_named(plans: Plans, clips: Path) -> None:
    with wave.open(str(clips / "anna.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
    code, out = plans()
    assert code == 2
    assert "sound of zero length" in out


def two(one: Image.Image) -> Image.Image:
    both = Image.new("RGB", (2 * one.width, one.height))
    both.paste(one, (0, 0))
    both.paste(one, (one.width, 0))
    return both


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (two, "2 faces of similar size"),
        (lambda one: Image.new("RGB", one.size, (90, 120, 40)), "no frontal face"),
        (lambda one: one.resize((20, 20)), "no frontal face"),
    ],
    ids=["two faces", "none", "tiny"],
)
def test_a_picture_without_one_clear_speaker_is_refused(
    plans: Plans, clips: Path, picture: Callable[[Image.Image], Image.Image], said: str
) -> None:
    picture(astronaut()).save(clips / "anna.png")
    code, out = plans()
    assert code == 2
    assert said in out
    assert commands.main(["prepare", str(clips / "anna.png"), "--out", str(clips / "out")]) == 2
    assert not (clips / "out").exists()


def translucent(one: Image.Image) -> Image.Image:
    clear = one.convert("RGBA")
    clear.putalpha(160)
    return clear


@pytest.mark.parametrize(
    ("name", "picture"),
    [
        ("anna.png", translucent),
        ("anna.png", lambda one: one.convert("P")),
        ("anna.png", lambda one: one.convert("L")),
        ("anna.jpg", lambda one: one.rotate(90, expand=True)),
        ("anna.png", lambda one: one.crop((0, 0, one.width, one.height // 2))),
    ],
    ids=["alpha", "palette", "grey", "EXIF rotation", "wide"],
)
def test_a_picture_of_any_kind_works_and_is_cropped_to_the_aspect(
    plans: Plans, clips: Path, name: str, picture: Callable[[Image.Image], Image.Image]
) -> None:
    (clips / "anna.png").unlink()
    turned = Image.Exif()
    turned[0x112] = 6 if name.endswith("jpg") else 1  # turn by 90° to see it upright
    picture(astronaut()).save(clips / name, **({"exif": turned} if name.endswith("jpg") else {}))
    code, out = plans()
    assert code == 0, out
    assert "1 to render" in out
    done = commands.main(["prepare", str(clips / name), "--out", str(clips), "--width", "160", "--height", "288"])
    assert done == 0
    assert load_picture(clips / "anna-frame.png").shape == (288, 160, 3)


def test_a_speech_of_any_kind_works(plans: Plans, clips: Path) -> None:
    astronaut().save(clips / "anna.png")
    (clips / "anna.wav").unlink()
    write_speech(clips / "stereo.wav", channels=2)
    write_speech(clips / "bits8.wav", width=1)
    encode_speech(clips / "rate48.wav", "pcm_s24le", 48000)
    encode_speech(clips / "coded.mp3", "libmp3lame", 44100)
    code, out = plans("clips.pair=product")
    assert code == 0, out
    assert "4 cells: 4 to render" in out


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("picture,speech\n../../etc/passwd,anna.wav\n", "row 2: '../../etc/passwd' leads out of"),
        ("picture,speech\n/etc/passwd,anna.wav\n", "row 2: '/etc/passwd' leads out of"),
        ("bild,ton\nanna.png,anna.wav\n", "row 2: unknown column 'bild'"),
        ("picture,name\nanna.png,anna\n", "row 2: no speech"),
        ("picture,speech,name\nanna.png,anna.wav,../x\n", "cannot name a folder"),
        (f"picture,speech,name\nanna.png,anna.wav,{'n' * 200}\n", "too long"),
        ("picture,speech\nanna.png,nope.wav\n", "speech not found"),
        ("picture,speech,width\nanna.png,anna.wav,-16\n", "row 2: width '-16'"),
        ("picture,speech,width\nanna.png,anna.wav,170\n", "width 170 is not divisible by 16"),
        ("", "has no rows"),
    ],
)
def test_a_table_with_a_mistake_names_its_row(plans: Plans, clips: Path, table: str, said: str) -> None:
    (clips / "clips.csv").write_text(table, encoding="utf-8")
    code, out = plans("clips.pair=csv")
    assert code == 2
    assert said in out


def test_a_folder_without_clips_says_what_belongs_there(plans: Plans, clips: Path) -> None:
    assert "clips.pair=foo is unknown" in plans("clips.pair=foo")[1]
    assert "no clips.csv" in plans("clips.pair=csv")[1]
    (clips / "clips.csv").mkdir()
    assert "clips.csv cannot be read" in plans("clips.pair=csv")[1]
    for path in (clips / "anna.png", clips / "anna.wav"):
        path.unlink()
    code, out = plans()
    assert code == 2
    assert "anna.png speaks anna.wav" in out
    clips.joinpath("clips.csv").rmdir()
    clips.rmdir()
    assert "clips.dir is not a folder" in plans()[1]


@pytest.mark.parametrize("width", ["200", "0", "-16", "999984"])
def test_prepare_refuses_a_size_that_no_model_takes(
    clips: Path, width: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["prepare", str(clips / "anna.png"), "--out", str(clips / "out"), "--width", width]) == 2
    assert f"--width {width} is no size" in capsys.readouterr().err
