"""Where a render is, read from the server's progress events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from workflow.windows import Windows

SAMPLERS: Final = ("WanVideoSampler",)
LOADERS: Final = ("WanVideoModelLoader",)


@dataclass(frozen=True)
class Progress:
    """One moment of a render. ``phase`` is waiting, loading, sampling, node, downloading or checking.

    ``value`` of ``maximum`` is the phase's own count (prompts ahead, weights, steps, frames). ``window`` and
    ``step`` count from 1 and are None outside the sampler's steps.
    """

    phase: str
    node: str = ""
    class_type: str = ""
    value: float = 0
    maximum: float = 0
    window: int | None = None
    windows: int | None = None
    step: int | None = None
    steps: int | None = None


@dataclass(frozen=True)
class Shape:
    """What is known of a graph's sampling before it runs: who samples, who loads, steps a window, windows."""

    sampler: str | None
    loader: str | None
    steps: int | None
    windows: int
    classes: Mapping[str, str]
    estimates: frozenset[int]

    def step_of(self, value: float, maximum: float) -> tuple[int, int] | None:
        """Window and step (from 1) of a sampler's progress, None when it counts something else.

        The sampler first counts the weights it loads (some 1,600), then steps × windows, with the windows
        estimated as T // stride + 1: at times one more than there are.
        """
        if self.steps is None or value < 1 or maximum not in self.estimates:
            return None
        done = int(value) - 1
        return done // self.steps + 1, done % self.steps + 1


def shape_of(graph: Mapping[str, Mapping[str, Any]], windows: Windows) -> Shape:
    """The shape of a patched API graph; ``steps`` stays None where the sampler's steps are a link."""
    classes = {node: str(body.get("class_type", "")) for node, body in graph.items()}
    sampler = next((node for node, name in classes.items() if name in SAMPLERS), None)
    steps = graph[sampler].get("inputs", {}).get("steps") if sampler is not None else None
    steps = int(steps) if isinstance(steps, int | float) and steps >= 1 else None
    counts = {windows.count, windows.requested // windows.stride + 1, windows.count + 1}
    return Shape(
        sampler=sampler,
        loader=next((node for node, name in classes.items() if name in LOADERS), None),
        steps=steps,
        windows=windows.count,
        classes=classes,
        estimates=frozenset(steps * count for count in counts) if steps else frozenset(),
    )
