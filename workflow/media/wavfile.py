"""The length of a plain WAV without a decoder: planning reads many of them and should start at once."""

import wave
from pathlib import Path


def pcm_seconds(path: Path) -> float | None:
    """Seconds of sound in a PCM WAV, None when the file is anything else (other sound formats too).

    Counts the bytes that are there, whatever a truncated file's header says.
    """
    try:
        with path.open("rb") as file, wave.open(file) as sound:
            rate, frame_bytes = sound.getframerate(), sound.getnchannels() * sound.getsampwidth()
            counted = sound.getnframes()
            start = file.tell()
    except (OSError, EOFError, wave.Error):
        return None
    present = max(0, path.stat().st_size - start) // frame_bytes
    return min(counted, present) / rate if rate else None
