"""Writing MP4s: tags, sound, sizes, determinism, and disks that refuse."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workflow.media.decode import frames
from workflow.media.encode import VideoWriter
from workflow.media.errors import FrameSizeError, MediaWriteError, MissingMediaError, NoAudioError
from workflow.media.probe import probe
from workflow.media.sound import speech, write_wav


def chirp(seconds: float, rate: int = 16000) -> np.ndarray:
    t = np.arange(int(seconds * rate)) / rate
    return (12000 * np.sin(2 * np.pi * (200 + 400 * t) * t)).astype(np.int16)


def moving(count: int, width: int = 64, height: int = 96) -> list[np.ndarray]:
    ramp = np.linspace(0, 255, width).astype(np.uint8)
    return [np.repeat(np.roll(ramp, i)[None, :, None].repeat(height, 0), 3, axis=2) for i in range(count)]


def write(path: Path, count: int = 30, **options: object) -> Path:
    with VideoWriter(path, 64, 96, **options) as video:  # type: ignore[arg-type]
        for image in moving(count):
            video.write(image)
    return path


def test_tags_of_any_name_and_length_come_back(tmp_path: Path) -> None:
    prompt = '{"7": {"class_type": "LoadImage", "inputs": {"image": "新年 \\"1\\".png"}}}' * 900
    path = write(tmp_path / "a.mp4", tags={"prompt": prompt, "comment": "stand-in", "说明": "一"})
    tags = probe(path).tags
    assert (tags["prompt"], tags["comment"], tags["说明"]) == (prompt, "stand-in", "一")


def test_the_prompt_a_real_comfyui_wrote_is_read(comfyui_output: Path) -> None:
    assert '"class_type": "WanVideoSampler"' in probe(comfyui_output).tags["prompt"]


def test_sound_stays_in_step_and_ends_with_the_video(tmp_path: Path) -> None:
    spoken = chirp(3.0)
    write_wav(tmp_path / "s.wav", spoken, 16000)
    path = write(tmp_path / "a.mp4", count=50, audio=tmp_path / "s.wav")
    heard = speech(path)
    assert abs(len(heard) - 32000) <= 1100  # two seconds of video, and AAC's last block
    part = slice(4000, 20000)
    lags = range(-400, 401)
    fits = [float(np.dot(heard[part].astype(float), spoken[4000 + lag : 20000 + lag].astype(float))) for lag in lags]
    assert abs(lags[int(np.argmax(fits))]) <= 16  # one millisecond


def test_a_sound_shorter_than_the_video_just_ends(tmp_path: Path) -> None:
    write_wav(tmp_path / "s.wav", chirp(0.5), 16000)
    known = probe(write(tmp_path / "a.mp4", count=50, audio=tmp_path / "s.wav"))
    assert (known.frames, known.has_audio) == (50, True)


def test_stereo_of_an_unusual_rate_is_taken(tmp_path: Path, speech_wav: Path) -> None:
    known = probe(write(tmp_path / "a.mp4", audio=speech_wav))
    assert (known.sample_rate, known.channels) == (44100, 2)


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    write_wav(tmp_path / "s.wav", chirp(2.0), 16000)
    made = [write(tmp_path / f"{i}.mp4", audio=tmp_path / "s.wav", tags={"a": "b"}).read_bytes() for i in range(2)]
    assert made[0] == made[1]


def test_crf_and_preset_act(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (96, 64, 3)).astype(np.uint8) for _ in range(10)]
    size = {}
    for crf in (10, 40):
        path = tmp_path / f"{crf}.mp4"
        with VideoWriter(path, 64, 96, crf=crf, preset="ultrafast") as video:
            for image in noise:
                video.write(image)
        size[crf] = path.stat().st_size
    assert size[10] > 2 * size[40]


@pytest.mark.parametrize("fps", [25, 24000 / 1001, 30, 12.5])
def test_the_frame_rate_is_kept(tmp_path: Path, fps: float) -> None:
    assert probe(write(tmp_path / "a.mp4", fps=fps)).fps == pytest.approx(fps, rel=1e-6)


def test_odd_sizes_and_wrong_frames_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FrameSizeError, match="63×96"):
        VideoWriter(tmp_path / "a.mp4", 63, 96)
    with pytest.raises(FrameSizeError, match="frame 0"), VideoWriter(tmp_path / "a.mp4", 64, 96) as video:
        video.write(np.zeros((64, 96, 3), np.uint8))


def test_nothing_is_left_behind_when_the_writing_breaks_off(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), VideoWriter(tmp_path / "a.mp4", 64, 96) as video:
        video.write(moving(1)[0])
        raise KeyboardInterrupt
    with pytest.raises(MediaWriteError, match="no frame"), VideoWriter(tmp_path / "a.mp4", 64, 96):
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", count=3)
    before = path.read_bytes()
    with VideoWriter(path, 64, 96) as video:
        for image in moving(9):
            video.write(image)
        assert path.read_bytes() == before
    assert probe(path).frames == 9


def test_wrong_settings_folders_and_sounds_are_named(tmp_path: Path) -> None:
    with pytest.raises(MediaWriteError, match="preset"):
        write(tmp_path / "a.mp4", preset="nope")
    with pytest.raises(MediaWriteError, match="No such file"):
        write(tmp_path / "none" / "a.mp4")
    with pytest.raises(MissingMediaError, match=r"s\.wav"):
        write(tmp_path / "a.mp4", audio=tmp_path / "s.wav")
    silent = write(tmp_path / "silent.mp4")
    with pytest.raises(NoAudioError):
        write(tmp_path / "a.mp4", audio=silent)


FULL = """
import resource, signal, sys
from pathlib import Path
import numpy as np
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
from workflow.media.encode import VideoWriter
from workflow.media.errors import MediaWriteError
from workflow.media.picture import save_png
rng = np.random.default_rng(0)
noise = lambda: rng.integers(0, 256, (96, 64, 3)).astype(np.uint8)
path = Path(sys.argv[1])
try:
    with VideoWriter(path, 64, 96, crf=1) as video:
        for _ in range(int(sys.argv[2])):
            video.write(noise())
except MediaWriteError as error:
    print("refused", error.code)
try:
    save_png(path.with_suffix(".png"), rng.integers(0, 256, (200, 200, 3)).astype(np.uint8))
except MediaWriteError as error:
    print("refused", error.code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
@pytest.mark.parametrize("count", [4, 200])
def test_a_full_disk_is_one_error_and_no_file(tmp_path: Path, count: int) -> None:
    pytest.importorskip("resource")
    folder = tmp_path / "out"
    folder.mkdir()
    command = [sys.executable, "-c", FULL, str(folder / "a.mp4"), str(count)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    assert done.stdout.split("\n")[:2] == ["refused media-write"] * 2, done.stderr
    assert list(folder.iterdir()) == []


def test_what_was_written_decodes_to_the_last_frame(tmp_path: Path) -> None:
    images = moving(30)
    seen = list(frames(write(tmp_path / "a.mp4", crf=5)))
    assert len(seen) == 30
    assert np.abs(seen[-1].astype(int) - images[-1]).mean() < 4
