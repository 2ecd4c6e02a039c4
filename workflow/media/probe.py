"""What a media file is, without decoding more than its first frame."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from workflow.media.container import audio_stream, is_moving, moving, opened, video_stream
from workflow.media.errors import NoAudioError, UnreadableMediaError, require_file
from workflow.media.hdr import TRANSFERS
from workflow.media.picture import header
from workflow.media.rate import first_frame_and_rate

Kind = Literal["video", "audio", "image"]


@dataclass(frozen=True)
class Probe:
    """What a file holds. Sizes in pixels as shown (rotation applied), 0 for sound; ``frames`` None when unknown.

    ``fps`` is what the timestamps of the first seconds say: the usual rate where it varies, 0 where nothing tells.
    ``seconds`` is the video's length where there is one, else the sound's, and 0 for a picture. ``tags`` are the
    container's, among them the API ``prompt`` that ComfyUI writes. ``hdr`` is "PQ", "HLG" or empty. ``videos`` and
    ``sounds`` count streams, of which the first is meant. ``animated`` marks a picture file that moves.
    """

    kind: Kind
    width: int = 0
    height: int = 0
    fps: float = 0.0
    frames: int | None = None
    seconds: float = 0.0
    has_audio: bool = False
    sample_rate: int = 0
    channels: int = 0
    codec: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    hdr: str = ""
    interlaced: bool = False
    videos: int = 0
    sounds: int = 0
    animated: bool = False


def probe(path: Path) -> Probe:
    """Describe a video, sound or picture file.

    Raises MissingMediaError, UnreadableMediaError, NoAudioError (a container with neither picture nor sound).
    """
    require_file(path)
    picture = header(path)
    if picture is not None:
        return Probe(
            kind="image",
            width=picture.width,
            height=picture.height,
            frames=1,
            codec=picture.format,
            animated=picture.animated,
        )
    with opened(path) as container:
        return _video(container, path) if is_moving(container) else _audio(container, path)


def _audio_facts(container: Any) -> dict[str, Any]:
    if not container.streams.audio:
        return {}
    stream = container.streams.audio[0]
    if stream.codec_context is None:  # no decoder knows it: there, and nothing is known of it
        return {"has_audio": True, "sounds": len(container.streams.audio)}
    facts = {"has_audio": True, "sounds": len(container.streams.audio)}
    return {**facts, "sample_rate": int(stream.rate or 0), "channels": int(stream.channels)}


def _video(container: Any, path: Path) -> Probe:
    stream = video_stream(container, path)
    first, rate = first_frame_and_rate(container, stream)
    if first is None:
        raise UnreadableMediaError(f"video has no frame that decodes: {path}", hint="render or export it again")
    turned = round(first.rotation / 90) % 2 == 1
    width, height = (first.height, first.width) if turned else (first.width, first.height)
    return Probe(
        kind="video",
        width=width,
        height=height,
        fps=rate,
        frames=int(stream.frames) or None,
        seconds=_seconds(container, stream),
        codec=stream.codec_context.name,
        tags=dict(container.metadata),
        hdr=TRANSFERS.get(first.color_trc, ""),
        interlaced=bool(first.interlaced_frame),
        videos=len(moving(container)),
        **_audio_facts(container),
    )


def _audio(container: Any, path: Path) -> Probe:
    if not container.streams.audio:
        raise NoAudioError(f"neither picture nor sound in {path}", hint="give a picture, a sound or a video file")
    stream = audio_stream(container, path)
    return Probe(
        kind="audio",
        seconds=_seconds(container, stream),
        codec=stream.codec_context.name,
        tags=dict(container.metadata),
        **_audio_facts(container),
    )


def _seconds(container: Any, stream: Any) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return float(container.duration or 0) / 1e6
