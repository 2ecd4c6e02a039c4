"""Frames a second in a graph: those the speech is cut into, and those the video plays at."""

from dataclasses import dataclass
from typing import Any

from workflow.graph import Graph, is_link
from workflow.trace import follow
from workflow.windows import FPS


@dataclass(frozen=True)
class Rates:
    """``speech`` frames are generated for a second of sound, ``video`` are shown in one; None: the server computes it.

    With both alike the lips follow the speech, whatever the rate; the model was trained at 25.
    """

    speech: float | None
    video: float | None

    @property
    def in_step(self) -> bool:
        """Whether the picture plays as fast as the sound, as far as that is known."""
        return self.speech is None or self.video is None or abs(self.speech - self.video) < 1e-6

    @property
    def trained(self) -> bool:
        """Whether the rates that are known are the model's own."""
        return all(rate is None or abs(rate - FPS) < 1e-6 for rate in (self.speech, self.video))


def rates_of(graph: Graph, speech_embeds: str, combine: str) -> Rates:
    """The rates of a graph, from the nodes that embed the speech and that write the video."""
    return Rates(_rate(graph, speech_embeds, "fps"), _rate(graph, combine, "frame_rate"))


def _rate(graph: Graph, node: str, name: str) -> float | None:
    value: Any = graph[node]["inputs"].get(name, FPS)
    if is_link(value):
        place, inner = follow(graph, node, name, "FLOAT")[-1]
        value = graph[place]["inputs"].get(inner)
    known = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return float(value) if known else None
