"""The sample that is shipped: one portrait, nine Mandarin sentences and one long text."""

import importlib.util
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workflow.errors import HarnessError, told

FOLDER = Path(__file__).parent / "sample"
RATE = 16000


class SampleMissingError(HarnessError):
    """The portrait, a sentence or the synthesiser of the sample is not installed."""

    code = "sample-missing"


@dataclass(frozen=True)
class Sentence:
    """A text and the espeak-ng settings that speak it; ``sets`` names the clip kinds that use it."""

    name: str
    text: str
    voice: str
    speed: int
    pitch: int
    sets: tuple[str, ...]

    @property
    def wav(self) -> Path:
        """Where the speech lies: mono, 16 kHz, 16 bit."""
        return FOLDER / f"{self.name}.wav"

    def command(self, out: Path) -> list[str]:
        """The command that speaks it into ``out``."""
        voice = ["-v", self.voice, "-s", str(self.speed), "-p", str(self.pitch)]
        return ["espeak-ng", "-b", "1", *voice, "-w", str(out), self.text]


@cache
def sentences() -> tuple[Sentence, ...]:
    """Everything that is listed in ``sample/sample.json``, in order."""
    listed = json.loads((FOLDER / "sample.json").read_text(encoding="utf-8"))
    return tuple(Sentence(**{**entry, "sets": tuple(entry["sets"])}) for entry in listed["sentences"])


def sentences_of(kind: str) -> tuple[Sentence, ...]:
    """The sentences of ``sample`` (six), ``benchmark`` (nine) or ``sample_long`` (one of 40 s and more)."""
    return tuple(sentence for sentence in sentences() if kind in sentence.sets)


def portrait() -> Path:
    """The file of scikit-image's ``astronaut`` inside the installed package, found without importing it.

    Raises SampleMissingError.
    """
    found = importlib.util.find_spec("skimage")
    for folder in (found.submodule_search_locations or []) if found is not None else []:
        path = Path(folder) / "data" / "astronaut.png"
        if path.is_file():
            return path
    raise SampleMissingError("the sample portrait (scikit-image's astronaut) is not installed", hint="pip install -e .")


def synthesise(sentence: Sentence, out: Path) -> None:
    """Speak a sentence with espeak-ng into a mono 16 kHz WAV. Raises SampleMissingError when it is not installed."""
    from workflow.media.sound import speech, write_wav

    with tempfile.TemporaryDirectory() as folder:
        spoken = Path(folder) / "spoken.wav"
        try:
            subprocess.run(sentence.command(spoken), check=True, capture_output=True, text=True)
        except FileNotFoundError:
            raise SampleMissingError(
                "espeak-ng is not installed", hint="it is only needed to make the sample again: apt install espeak-ng"
            ) from None
        except subprocess.CalledProcessError as error:
            raise SampleMissingError(f"espeak-ng failed on {sentence.name}: {error.stderr.strip()}") from error
        write_wav(out, speech(spoken, RATE), RATE)


def main() -> int:
    """Make every sample speech again."""
    try:
        for sentence in sentences():
            synthesise(sentence, sentence.wav)
            print(sentence.wav)
    except HarnessError as error:
        return told(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
