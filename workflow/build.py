"""Making a cell: the bound graph with one setting's values, one clip's files and one seed in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow.binding import Binding
from workflow.cell import Cell, Clip, InputFile
from workflow.errors import HarnessError
from workflow.files import sha256_file
from workflow.graph import Graph
from workflow.patch import Draft
from workflow.rates import rates_of
from workflow.recipe import recipe_hash
from workflow.windows import FPS, Windows, frames_for, windows_for


class InputFileError(HarnessError):
    """A clip's file that cannot be read."""

    code = "input-file-unreadable"


class ComputedValueError(HarnessError):
    """A graph that computes a value which has to be known before it runs."""

    code = "graph-value-computed"


@dataclass(frozen=True)
class ClipFiles:
    """A clip's input files under their content-hashed names; ``footage``, real video of the speaker, is never sent."""

    frame: InputFile
    face: InputFile
    speech: InputFile
    footage: InputFile | None = None


def input_file(path: Path) -> InputFile:
    """``path`` with its content's SHA-256, named after it; raises :class:`InputFileError`."""
    try:
        digest = sha256_file(path)
    except OSError as error:
        raise InputFileError(f"Cannot read the input file {path}: {error.strerror or error}.") from error
    suffix = path.suffix.lower() if path.suffix.isascii() else ""
    return InputFile(path, digest, f"{digest[:40]}{suffix}")


def clip_files(clip: Clip) -> ClipFiles:
    """The files of a clip; read once for a clip, not once for a cell."""
    footage = None if clip.reference_video is None else input_file(clip.reference_video)
    return ClipFiles(input_file(clip.frame), input_file(clip.face), input_file(clip.speech), footage)


def build_cell(
    binding: Binding,
    graph: Graph,
    *,
    setting: str,
    values: Mapping[str, Any],
    inputs: Mapping[str, Any],
    clip: Clip,
    seed: int,
    files: ClipFiles,
) -> Cell:
    """The cell of one setting, clip and seed.

    ``values`` are tunable parameters (None leaves the graph's; width and height default to the clip's, and the
    clip's prompt replaces the positive one), ``inputs`` raw node inputs. Raises ``ParameterError`` for values the
    graph cannot take and ``WindowError`` for windows that cannot be generated; validation is another step.
    """
    wanted = {**values}
    for name, own in (("width", clip.width), ("height", clip.height)):
        if wanted.get(name) is None:
            wanted[name] = own
    if clip.prompt is not None:
        wanted["positive_prompt"] = clip.prompt
    patched = binding.patch(graph, wanted, inputs)
    draft, notes = Draft(patched.graph), list(patched.notes)
    rates = rates_of(draft.graph, binding.nodes["speech_embeds"], binding.nodes["combine"])
    if rates.speech is None:
        raise ComputedValueError(
            "The speech embeds' fps is a number that only the server computes: how many frames come is not known.",
            hint='Set it: workflow.inputs."MultiTalkWav2VecEmbeds.fps"=25',
        )
    used = [files.frame, files.speech]
    fill: dict[str, Any] = {
        "reference_frame": files.frame.name,
        "speech": files.speech.name,
        "num_frames": frames_for(clip.seconds, rates.speech),
        "seed": seed,
        "filename_prefix": "",
    }
    for slot, value in fill.items():
        for place in binding.slots[slot]:
            draft.set(place.node, place.input, value)
            notes += [place.note] if place.note else []
    if patched.face is not None:
        draft.set(*patched.face, files.face.name)
        used.insert(1, files.face)
    return Cell(
        setting=setting,
        clip=clip,
        seed=seed,
        graph=draft.graph,
        files=tuple(used),
        windows=windows_of(binding, draft.graph, clip.seconds, rates.speech),
        recipe=recipe_hash(draft.graph, {file.name: file.sha256 for file in used}, seed),
        values=binding.values(draft.graph),
        notes=tuple(dict.fromkeys(notes)),
        fps=rates.video or rates.speech,
    )


def windows_of(binding: Binding, graph: Graph, seconds: float, fps: float = FPS) -> Windows:
    """The windows that ``graph`` takes for a speech of ``seconds`` that it cuts into ``fps`` frames a second."""
    sizes = [binding.read(graph, name) for name in ("frame_window_size", "motion_frame", "num_frames")]
    for name, size in zip(("frame_window_size", "motion_frame", "num_frames"), sizes, strict=True):
        if not isinstance(size, int) or isinstance(size, bool):
            raise ComputedValueError(
                f"{name} is {size!r} in the graph, a number that only the server computes.",
                hint=f"Set it: workflow.{name}=…",
            )
    return windows_for(*sizes, speech_seconds=seconds, fps=fps)
