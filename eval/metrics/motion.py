"""How much head and background move: DIS optical flow, in face widths a second."""

import numpy as np

from eval.regions import Mask, layout
from eval.series import Floats, Series, known
from eval.value import Value, absent, number
from eval.view import Image, View, dense_flow

NAMES = ("motion/head_mean", "motion/head_p95", "motion/head_jitter", "motion/background_mean", "motion/background_p95")


class MotionWatch:
    """Collects the head's velocity (median flow inside the face box) and the background's mean speed.

    ``head_x``, ``head_y`` and ``background`` are in pixels of the frame per frame, ``width`` is the face's.
    """

    def __init__(self) -> None:
        self.series = Series(("head_x", "head_y", "background", "width"))
        self._flow = dense_flow()
        self._last: Image | None = None
        self._background: Mask | None = None
        self._placed = False

    def update(self, view: View) -> None:
        """Measure one frame when it is due."""
        stride = view.settings.flow_stride
        if not view.due(stride):
            self.series.add()
            return
        before, self._last = self._last, view.flow_grey
        if view.box is None:
            self.series.add()
            return
        if not self._placed:
            self._background = layout(view.box, view.frame.shape[:2], view.flow_grey.shape).background
            self._placed = True
        if before is None:
            self.series.add(width=view.box.w)
            return
        flow = np.asarray(self._flow.calc(before, view.flow_grey, None))
        scale = view.frame.shape[1] / view.flow_grey.shape[1]
        box = view.box
        rows = slice(int(box.y / scale), max(int((box.y + box.h) / scale), int(box.y / scale) + 1))
        columns = slice(int(box.x / scale), max(int((box.x + box.w) / scale), int(box.x / scale) + 1))
        head = np.median(flow[rows, columns][::2, ::2].reshape(-1, 2), axis=0) * (scale / stride)
        row = {"head_x": float(head[0]), "head_y": float(head[1]), "width": float(box.w)}
        if self._background is not None:
            around = flow[self._background][::4]
            row["background"] = float(np.hypot(around[:, 0], around[:, 1]).mean()) * scale / stride
        self.series.add(**row)


def speeds(series: Series, fps: float) -> dict[str, Floats]:
    """``head`` and ``background`` speed, ``head_x`` and ``head_y`` velocity, all in face widths a second."""
    width = known(series["width"])
    per_second = fps / float(np.median(width)) if width.size else float("nan")
    x, y = series["head_x"] * per_second, series["head_y"] * per_second
    return {"head": np.hypot(x, y), "background": series["background"] * per_second, "head_x": x, "head_y": y}


def jitter(x: Floats, y: Floats, fps: float) -> float | None:
    """Root mean square of the velocity's change a second, over neighbouring measurements; None without any."""
    at = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if at.size < 3:
        return None
    step = np.diff(at)
    neighbours = step == step.min()
    change = np.hypot(np.diff(x[at]), np.diff(y[at]))[neighbours] / (step.min() / fps)
    return float(np.sqrt(np.mean(change**2)))


def values(moved: dict[str, Floats], fps: float) -> dict[str, Value]:
    """The motion figures from :func:`speeds`."""
    head, around = known(moved["head"]), known(moved["background"])
    if head.size < 3:
        return dict.fromkeys(NAMES, absent("no face"))
    shake = jitter(moved["head_x"], moved["head_y"], fps)
    out = [
        number(float(head.mean())),
        number(float(np.percentile(head, 95))),
        absent("no neighbouring frames with a face") if shake is None else number(shake),
    ]
    if around.size:
        out += [number(float(around.mean())), number(float(np.percentile(around, 95)))]
    else:
        out += [absent("no background beside the person")] * 2
    return dict(zip(NAMES, out, strict=True))
