"""Speech from every kind of file, and files that are none."""

import wave
from pathlib import Path

import av
import numpy as np
import pytest

from workflow.media.encode import VideoWriter
from workflow.media.errors import EmptyAudioError, MediaError, MissingMediaError, NoAudioError, UnreadableMediaError
from workflow.media.probe import probe
from workflow.media.sound import listen, seconds, speech, write_wav
from workflow.media.wavfile import pcm_seconds

TONE = 440.0


def tone(rate: int, length: float = 1.0, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * TONE * np.arange(round(rate * length)) / rate)


def wav(path: Path, rate: int, channels: list[np.ndarray], width: int = 2) -> Path:
    data = np.stack(channels, axis=1)
    raw = (data * 32767).astype("<i2") if width == 2 else (data * 127 + 128).astype(np.uint8)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(raw.tobytes())
    return path


def compressed(path: Path, codec: str, rate: int = 48000) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="stereo")
        samples = np.stack([tone(rate), tone(rate)]).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def assert_is_the_tone(samples: np.ndarray, level: float = 0.5) -> None:
    """Its frequency from the spectrum's peak, its level from the root mean square."""
    assert samples.dtype == np.int16 and samples.ndim == 1
    assert abs(len(samples) - 16000) <= 1200
    middle = samples[3000:13000].astype(float) / 32768
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * 16000 / len(middle) == pytest.approx(TONE, abs=2)
    assert np.sqrt((middle**2).mean()) == pytest.approx(level / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize(("rate", "channels", "width"), [(16000, 1, 2), (48000, 2, 2), (8000, 1, 2), (44100, 2, 1)])
def test_rates_channels_and_depths_become_one(tmp_path: Path, rate: int, channels: int, width: int) -> None:
    path = wav(tmp_path / "a.wav", rate, [tone(rate)] * channels, width)
    assert_is_the_tone(speech(path))
    assert seconds(path) == pcm_seconds(path) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp3", "mp3"), ("a.flac", "flac"), ("a.m4a", "aac"), ("a.opus", "libopus")]
)
def test_compressed_speech_is_read(tmp_path: Path, name: str, codec: str) -> None:
    path = compressed(tmp_path / name, codec)
    assert_is_the_tone(speech(path))
    assert pcm_seconds(path) is None
    assert seconds(path) == pytest.approx(1.0, abs=0.08)


def test_another_rate_can_be_asked_for(speech_wav: Path) -> None:
    assert len(speech(speech_wav, 8000)) == pytest.approx(len(speech(speech_wav)) / 2, abs=2)
    assert len(speech(speech_wav)) / 16000 == pytest.approx(probe(speech_wav).seconds, abs=1e-3)


def test_a_videos_sound_is_read_and_counted_from_its_first_frame(tmp_path: Path) -> None:
    """Sound that starts half a second after the picture is padded, so that index / rate is video time."""
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"bf": "0"})
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=16000, layout="mono")
        for index in range(50):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="bgr24")
            frame.pts = index
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        samples = (tone(16000) * 32767).astype(np.int16)[None, :]
        sound = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        sound.sample_rate, sound.pts = 16000, 8000
        container.mux(audio.encode(sound))
        container.mux(audio.encode(None))
    heard = speech(path)
    assert np.flatnonzero(np.abs(heard) > 1000)[0] == pytest.approx(8000, abs=20)
    assert len(heard) == pytest.approx(24000, abs=20)


def test_writing_and_reading_keeps_every_sample(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(-32768, 32768, 5000).astype(np.int16)
    write_wav(tmp_path / "a.wav", samples, 16000)
    assert np.array_equal(speech(tmp_path / "a.wav"), samples)


def test_zero_length_is_its_own_error(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(0, np.int16), 16000)
    for read in (speech, seconds):
        with pytest.raises(EmptyAudioError, match=r"a\.wav"):
            read(tmp_path / "a.wav")


def test_a_truncated_wav_counts_what_is_there(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav", 16000, [tone(16000)])
    path.write_bytes(path.read_bytes()[: 44 + 16000])
    assert pcm_seconds(path) == 0.5
    assert len(speech(path)) == 8000


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"hello " * 200, UnreadableMediaError), (b"", UnreadableMediaError), (None, MissingMediaError)],
)
def test_what_is_no_sound_is_refused(tmp_path: Path, content: bytes | None, error: type[MediaError]) -> None:
    path = tmp_path / "讲话 1.wav"
    if content is not None:
        path.write_bytes(content)
    for read in (speech, seconds):
        with pytest.raises(error, match="讲话 1"):
            read(path)


def test_a_silent_video_has_no_sound(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", 32, 32) as video:
        video.write(np.zeros((32, 32, 3), np.uint8))
    with pytest.raises(NoAudioError):
        speech(tmp_path / "a.mp4")
    assert not probe(tmp_path / "a.mp4").has_audio


def noise(seed: int, length: int = 32000) -> np.ndarray:
    """Syllables of noise: bursts that no other seed's follow."""
    rng = np.random.default_rng(seed)
    loud = np.repeat(rng.uniform(0, 1, length // 1600) ** 2, 1600)
    return 0.2 * loud * rng.normal(0, 1, length)


def test_the_first_channel_is_heard_as_infinitetalk_hears_it(tmp_path: Path) -> None:
    """Averaging would halve the speech and mix in what the lips never followed."""
    heard = listen(wav(tmp_path / "a.wav", 16000, [tone(16000), noise(1, 16000)]))
    assert_is_the_tone(heard.samples)
    assert heard.differ and (heard.channel, heard.channels) == (0, 2)


def test_where_the_first_channel_is_silent_the_loudest_is_heard_and_said(tmp_path: Path) -> None:
    heard = listen(wav(tmp_path / "a.wav", 48000, [0 * tone(48000), 0.1 * tone(48000), tone(48000)]))
    assert_is_the_tone(heard.samples)
    assert heard.channel == 2 and heard.differ


def test_channels_that_say_the_same_do_not_differ(tmp_path: Path) -> None:
    speech_, other = noise(1), noise(2)
    delayed = np.roll(0.6 * speech_, 12)  # the other ear
    same = {"copy": speech_, "softer": 0.4 * speech_, "delayed": delayed, "silent": 0 * speech_, "hiss": 0.01 * other}
    for name, second in same.items():
        assert not listen(wav(tmp_path / f"{name}.wav", 16000, [speech_, second])).differ, name
    music = 0.2 * np.sin(2 * np.pi * 220 * np.arange(32000) / 16000)
    for name, second in {"other speech": other, "music": music, "speech over music": 0.5 * speech_ + music}.items():
        assert listen(wav(tmp_path / f"{name}.wav", 16000, [speech_, second])).differ, name


def test_real_stereo_speech_does_not_differ(speech_wav: Path, talking_frontal: Path, talking_small_face: Path) -> None:
    for path in (speech_wav, talking_frontal, talking_small_face):
        heard = listen(path)
        assert heard.channels == 2 and not heard.differ and heard.clipped < 1e-3


@pytest.mark.parametrize("width", [1, 2])
def test_the_share_of_clipped_samples_is_counted_at_the_files_own_rate(tmp_path: Path, width: int) -> None:
    wave_ = tone(44100, level=1.0)
    loud = np.clip(2 * wave_, -1, 1)
    assert listen(wav(tmp_path / "loud.wav", 44100, [loud], width)).clipped == pytest.approx(2 / 3, abs=0.01)
    assert listen(wav(tmp_path / "soft.wav", 44100, [0.9 * wave_], width)).clipped == 0


def muxed(path: Path, pieces: list[tuple[float, np.ndarray]], video_from: float = 0.0) -> Path:
    """A second of black video and PCM pieces that start at given seconds."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=16000, layout="mono")
        for index in range(25):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="bgr24")
            frame.pts = index + round(25 * video_from)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for start, samples in pieces:
            data = np.ascontiguousarray((samples * 32767).astype(np.int16)[None])
            piece = av.AudioFrame.from_ndarray(data, format="s16", layout="mono")
            piece.sample_rate, piece.pts = 16000, round(start * 16000)
            container.mux(sound.encode(piece))
        container.mux(sound.encode(None))
    return path


def test_a_pause_without_samples_is_filled_so_that_time_is_kept(tmp_path: Path) -> None:
    heard = listen(muxed(tmp_path / "a.mkv", [(0.0, tone(16000, 0.5)), (1.25, tone(16000, 0.5))]))
    assert heard.gap_s == pytest.approx(0.75, abs=0.01)
    assert len(heard.samples) == pytest.approx(28000, abs=200)
    quiet = np.flatnonzero(np.abs(heard.samples[8200:]) > 1000)[0] + 8200
    assert quiet == pytest.approx(20000, abs=50)


def test_a_sound_before_the_picture_is_cut_and_a_broken_clock_is_not_believed(tmp_path: Path) -> None:
    early = listen(muxed(tmp_path / "early.mkv", [(0.0, tone(16000))], video_from=0.24))
    assert len(early.samples) == pytest.approx(12160, abs=50) and early.late_s == pytest.approx(-0.24, abs=0.01)
    for name, start in (("hours.mkv", 7200.0), ("before.mkv", 0.0)):
        lost = listen(muxed(tmp_path / name, [(start, tone(16000))], video_from=0.0 if start else 3.0))
        assert len(lost.samples) == pytest.approx(16000, abs=50)


def test_sound_that_no_decoder_knows_is_its_own_error(tmp_path: Path) -> None:
    path = muxed(tmp_path / "a.mkv", [(0.0, tone(16000))])
    path.write_bytes(path.read_bytes().replace(b"A_PCM/INT/LIT", b"A_XYZ/NOT/ONE"))
    assert probe(path).has_audio
    with pytest.raises(UnreadableMediaError, match="no decoder for the sound"):
        listen(path)
