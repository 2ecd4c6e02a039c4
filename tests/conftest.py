"""Real clips for tests; they lie outside the project and may be absent."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

DATA = Path(os.environ.get("TALKING_CLIPS", Path(__file__).resolve().parents[2] / "shared" / "data"))


@pytest.fixture(scope="session", autouse=True)
def no_weights_from_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test downloads weights or finds those of the person who runs it, nor does a process that a test starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INFINITETALK_SWEEP_OFFLINE", "1")
        patch.setenv("INFINITETALK_SWEEP_CACHE", str(tmp_path_factory.mktemp("weights")))
        yield


def _clip(name: str) -> Path:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"the real clip {name} is not here (set TALKING_CLIPS to its folder)")
    return path


@pytest.fixture(scope="session")
def talking_frontal() -> Path:
    """458×458, 25 fps, 15 s, one frontal talker with her own sound."""
    return _clip("talking_frontal.mp4")


@pytest.fixture(scope="session")
def talking_small_face() -> Path:
    """1080×1920 HEVC, 25 fps, 10 s, a face of about 130 px."""
    return _clip("talking_small_face.mp4")


@pytest.fixture(scope="session")
def comfyui_output() -> Path:
    """A video a real ComfyUI wrote, with the API prompt inside."""
    return _clip("comfyui_output.mp4")


@pytest.fixture(scope="session")
def portrait_profile() -> Path:
    """A picture with a face in profile: no frontal face to find."""
    return _clip("portrait_profile.png")


@pytest.fixture(scope="session")
def speech_wav() -> Path:
    """10.7 s of speech, 44.1 kHz stereo."""
    return _clip("speech.wav")
