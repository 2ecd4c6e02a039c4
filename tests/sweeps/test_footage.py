"""Real video of the speaker: measured once, the norm for the mouth, and a last row of the table."""

import json
from pathlib import Path

import pytest

import sweep
from eval.score import PROFILES, score_video
from sweeps import samples
from sweeps.samples import portrait
from sweeps.summary_view import FOOTAGE
from workflow.media.decode import frames
from workflow.media.encode import VideoWriter
from workflow.media.sound import speech, write_wav

SAMPLE = Path(samples.__file__).parent / "sample"
REAL = "mouth/aperture_p95_real"


@pytest.fixture
def talker(talking_frontal: Path, tmp_path: Path) -> Path:
    """Three seconds of a real talker."""
    write_wav(tmp_path / "own.wav", speech(talking_frontal)[:48000], 16000)
    with VideoWriter(tmp_path / "talker.mp4", 458, 458, 25, audio=tmp_path / "own.wav") as writer:
        for frame in frames(talking_frontal, stop=75):
            writer.write(frame)
    return tmp_path / "talker.mp4"


def test_footage_is_scored_once_and_stands_under_the_settings(
    talker: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / "anna.png").write_bytes(portrait().read_bytes())
    (folder / "talker.mp4").write_bytes(talker.read_bytes())
    (folder / "anna.wav").write_bytes((SAMPLE / "weather.wav").read_bytes())
    (folder / "clips.csv").write_text(
        "picture,speech,reference_video\nanna.png,anna.wav,talker.mp4\n", encoding="utf-8"
    )
    command = [
        "clips=folder", f"clips.dir={folder}", "clips.pair=csv", "clips.width=160", "clips.height=288", "scoring=quick",
        "sweep.name=with-footage", "sweep.axes.steps=[2,4]", f"outputs={tmp_path / 'outputs'}",
    ]  # fmt: skip
    assert sweep.main(command) == 0
    assert FOOTAGE in capsys.readouterr().out
    (kept,) = (tmp_path / "outputs" / "store" / "footage").iterdir()
    ceiling = json.loads(kept.read_text(encoding="utf-8"))["values"]
    assert (
        ceiling["mouth/aperture_p95"]["value"]
        == score_video(talker, settings=PROFILES["quick"]).values["mouth/aperture_p95"].value
    )
    for path in (tmp_path / "outputs" / "store").glob("*/*/scores/*.json"):
        values = json.loads(path.read_text(encoding="utf-8"))["values"]
        expected = values["mouth/aperture_p95"]["value"] / ceiling["mouth/aperture_p95"]["value"]
        assert values[REAL]["value"] == pytest.approx(expected)
    written = kept.stat().st_mtime_ns
    assert sweep.main(command) == 0
    assert kept.stat().st_mtime_ns == written
