"""Window arithmetic of InfiniteTalk: how many windows a speech takes, how many frames come out, where the seams lie."""

from dataclasses import dataclass

from workflow.errors import HarnessError

FPS = 25.0


class WindowError(HarnessError):
    """Window size, overlap or frame count with which generation cannot go on."""

    code = "window-arithmetic"


@dataclass(frozen=True)
class Windows:
    """One render's windows, all in frames.

    ``window`` is ``frame_window_size`` as set, ``motion_frame`` the overlap as set, ``requested`` the frames asked
    for, already bounded by the speech (see :func:`windows_for`). Raises :class:`WindowError` for values with which
    the wrapper's loop divides by zero or never ends.

    >>> w = Windows(window=81, motion_frame=9, requested=1069)
    >>> w.width, w.stride, w.count, w.frames, w.seams[:3]
    (81, 72, 15, 1089, (81, 153, 225))
    """

    window: int
    motion_frame: int
    requested: int

    def __post_init__(self) -> None:
        if self.window < 1 or self.requested < 1 or self.motion_frame < 1:
            raise WindowError(
                f"frame_window_size, motion_frame and the frame count must be at least 1, "
                f"got {self.window}, {self.motion_frame} and {self.requested}."
            )
        if self.motion_frame >= self.width:
            raise WindowError(
                f"motion_frame {self.motion_frame} leaves no new frame in a window of {self.width} "
                f"(frame_window_size {self.window}).",
                hint=f"Use a motion_frame below {self.width}; 9 is the tuned value.",
            )

    @property
    def width(self) -> int:
        """Frames of one window: the next 4n+1 at or below ``window``, as the VAE packs four frames into one latent."""
        return 4 * ((self.window - 1) // 4) + 1

    @property
    def stride(self) -> int:
        """New frames that each window after the first brings."""
        return self.width - self.motion_frame

    @property
    def count(self) -> int:
        """Number of windows."""
        return 1 if self.width >= self.requested else 1 + -(-(self.requested - self.width) // self.stride)

    @property
    def frames(self) -> int:
        """Frames of the finished video; the wrapper never trims the last window."""
        return self.width + (self.count - 1) * self.stride

    @property
    def seams(self) -> tuple[int, ...]:
        """Index of the first new frame of each window after the first."""
        return tuple(self.width + k * self.stride for k in range(self.count - 1))


def frames_for(seconds: float, fps: float = FPS) -> int:
    """Frames to request for a speech: duration × 25 + 1, halves rounded up (the history's rule), or × another rate.

    >>> frames_for(42.72), frames_for(3.24), frames_for(42.72, 30.0)
    (1069, 82, 1283)
    """
    return int(seconds * fps + 0.5) + 1


def windows_for(
    frame_window_size: int,
    motion_frame: int,
    num_frames: int,
    *,
    speech_seconds: float | None = None,
    fps: float = FPS,
) -> Windows:
    """The windows of a render that asks for ``num_frames`` of a speech of ``speech_seconds`` (None: long enough).

    The wrapper generates as many frames as it has audio embeddings, ⌊min(speech, num_frames/fps) × fps⌋, so that
    asking for more than the speech holds brings nothing.
    """
    requested = num_frames
    if speech_seconds is not None:
        requested = max(1, min(num_frames, int(speech_seconds * fps + 1e-6)))
    return Windows(frame_window_size, motion_frame, requested)
