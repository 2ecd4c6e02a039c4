"""What is measured: every metric's name, unit, direction, target, range and needs, in one table.

To add a metric: declare it here, and return it from the ``values`` function of its family in ``eval/metrics``.
"""

from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower", "band", "none"]
Network = Literal["syncnet", "lpips", "landmarks", "sface"]
Need = Literal["speech", "face", "reference", "windows", "timings", "footage", "tail"] | Network


@dataclass(frozen=True)
class Metric:
    """The declaration of one metric.

    ``better`` is the direction; ``band`` means that both sides of ``target`` (low, high) are faults; ``none`` that the
    figure only informs. ``target`` is the gate of the tuning history where one is defensible. ``range`` bounds what
    the formula can give. A change of ``version`` makes stored scores stale.
    """

    name: str
    unit: str
    better: Better
    summary: str
    target: tuple[float | None, float | None] = (None, None)
    range: tuple[float | None, float | None] = (0.0, None)
    needs: tuple[Need, ...] = ()
    version: int = 1

    @property
    def family(self) -> str:
        """The part of the name before the slash."""
        return self.name.split("/", 1)[0]

    @property
    def network(self) -> Network | None:
        """The network without whose weights there is no figure; None: it needs none."""
        return next((network for network in NETWORKS if network in self.needs), None)

    def within(self, value: float) -> bool:
        """Whether ``value`` lies inside the gate; without one every value does."""
        low, high = self.target
        return (low is None or value >= low) and (high is None or value <= high)


_FACE: tuple[Need, ...] = ("face",)
_SPEECH: tuple[Need, ...] = ("face", "speech")
_AGAINST: tuple[Need, ...] = ("face", "reference")
_SEAMS: tuple[Need, ...] = ("face", "windows")
_TIMED: tuple[Need, ...] = ("timings",)
_ANY = (None, None)
_SYNC: tuple[Need, ...] = (*_SPEECH, "syncnet")
_FOOTAGE: tuple[Need, ...] = ("face", "footage")
_TAIL: tuple[Need, ...] = ("speech", "tail")

NETWORKS: tuple[Network, ...] = ("syncnet", "lpips", "landmarks", "sface")
"""Networks with weights of their own; a score asks for all, some or none of them."""

REGIONS = ("cheeks", "background", "clothes")

# fmt: off
_LIPSYNC = [
    Metric("lipsync/envelope_offset", "frames", "band", "frames of 40 ms by which the audio leads the lips (positive)",
           (-3, 1), _ANY, _SPEECH),
    Metric("lipsync/envelope_strength", "r", "none", "peak correlation of mouth opening and speech envelope at 2–7 Hz",
           _ANY, (-1, 1), _SPEECH),
    Metric("lipsync/envelope_p", "p", "lower", "chance of that peak without any relation; above 0.05: no evidence",
           (None, 0.05), (0, 1), _SPEECH),
    Metric("lipsync/offset", "frames", "band", "SyncNet: frames of 40 ms by which the audio leads the lips (positive)",
           (-3, 1), (-15, 15), _SYNC),
    Metric("lipsync/confidence", "C", "band", "SyncNet-compatible confidence: a floor, it rewards exaggeration",
           needs=_SYNC),
    Metric("lipsync/distance", "D", "band", "SyncNet-compatible least distance of lips and sound", needs=_SYNC),
    Metric("lipsync/confidence_min", "C", "higher", "confidence of the worst window", range=_ANY, needs=_SYNC),
    Metric("lipsync/control_gap", "C", "higher", "confidence minus that under shifted audio of the same clip",
           range=_ANY, needs=_SYNC),
    Metric("lipsync/crop_sensitivity", "C", "none", "largest change of confidence when the crop is 10 % off",
           needs=_SYNC),
    Metric("lipsync/coverage", "share", "higher", "frames of the speech that SyncNet's figures rest on",
           range=(0, 1), needs=_SYNC),
]
_SHARPNESS = [
    Metric("sharpness/laplacian", "ratio", "band", "S: variance of the face's Laplacian over the reference's",
           (0.7, 1.3), needs=_AGAINST),
    Metric("sharpness/fine_detail", "ratio", "band", "F: energy of DoG(0.5,1) over DoG(2,4), over the reference's",
           (None, 1.2), needs=_AGAINST),
    Metric("sharpness/overshoot_change", "of edge", "lower", "OS minus the reference's OS: halos at edges",
           (None, 0.01), _ANY, _AGAINST),
    Metric("sharpness/laplacian_abs", "grey²", "none", "variance of the Laplacian, face at 256 px", needs=_FACE),
    Metric("sharpness/fine_detail_abs", "ratio", "none", "energy of DoG(0.5,1) over DoG(2,4) of the face", needs=_FACE),
    Metric("sharpness/overshoot_abs", "of edge", "none", "OS: how far edges rise above their bright side, < 0: blurred",
           range=_ANY, needs=_FACE),
    Metric("sharpness/clipped", "share", "lower", "pixels of the face at black or white", range=(0, 1), needs=_FACE),
]
_MOTION = [
    Metric("motion/head_mean", "faces/s", "none", "mean speed of the head in face widths", needs=_FACE),
    Metric("motion/head_p95", "faces/s", "none", "95th percentile of the head's speed", needs=_FACE),
    Metric("motion/head_jitter", "faces/s²", "lower", "root mean square change of the head's velocity", needs=_FACE),
    Metric("motion/background_mean", "faces/s", "lower", "mean speed of what lies around the person", needs=_FACE),
    Metric("motion/background_p95", "faces/s", "lower", "95th percentile of the background's speed", needs=_FACE),
    Metric("motion/stillness", "share", "band", "frames whose head moves below 0.03 faces/s: frozen or never at rest",
           (0.01, 0.9), (0, 1), _FACE),
    Metric("motion/longest_still", "s", "lower", "longest time in which neither head nor eyes move beyond coding noise",
           (None, 1), needs=_FACE),
    Metric("motion/blinks", "1/min", "band", "blinks a minute: real talkers on video 10 … 85, a frozen face none",
           (4, None), needs=("face", "landmarks")),
    Metric("motion/flicker", "levels", "lower", "brightness change between frames where nothing moves"),
]
_MOUTH = [
    Metric("mouth/aperture_p95", "% face", "band", "95th percentile of the lips' parting, % of the face's width",
           needs=_FACE, version=2),
    Metric("mouth/aperture_sd", "% face", "band", "standard deviation of the lips' parting", needs=_FACE, version=2),
    Metric("mouth/aperture_silence", "% face", "lower", "mean parting while nobody speaks",
           range=_ANY, needs=_SPEECH, version=2),
    Metric("mouth/envelope_slope", "% face", "band", "parting per unit of speech envelope (1 = loud)",
           range=_ANY, needs=_SPEECH, version=2),
    Metric("mouth/aperture_p95_real", "ratio", "band", "aperture_p95 over that of your own footage",
           (0.85, 1.15), needs=_FOOTAGE),
    Metric("mouth/aperture_sd_real", "ratio", "band", "aperture_sd over that of your own footage",
           (0.85, 1.15), needs=_FOOTAGE),
]
_SEAM = [
    Metric("seam/colour", "ratio", "lower", "colour jump at seams over that within windows or by chance",
           (None, 4), needs=_SEAMS),
    Metric("seam/motion", "ratio", "lower", "jump of the head's velocity, likewise", (None, 2), needs=_SEAMS),
    Metric("seam/sharpness", "ratio", "lower", "step of sharpness, likewise", (None, 2), needs=_SEAMS),
    Metric("seam/lpips", "ratio", "lower", "LPIPS of adjacent frames at seams over that within windows",
           (None, 2), needs=("windows", "lpips")),
]
_LIKENESS = [
    Metric("likeness/lpips", "LPIPS", "lower", "mean distance of the face to the reference face; pose moves it",
           needs=(*_AGAINST, "lpips")),
    Metric("likeness/lpips_slope", "LPIPS/min", "lower", "Theil–Sen drift of that distance",
           range=_ANY, needs=(*_AGAINST, "lpips")),
    Metric("likeness/face", "cosine", "higher", "SFace (Apache-2.0): mean likeness of the face to the reference face",
           range=(-1, 1), needs=(*_AGAINST, "sface")),
    Metric("likeness/face_p05", "cosine", "higher", "SFace: 5th percentile of that likeness",
           range=(-1, 1), needs=(*_AGAINST, "sface")),
    Metric("likeness/face_slope", "cosine/min", "higher", "SFace: Theil–Sen drift of that likeness",
           range=_ANY, needs=(*_AGAINST, "sface")),
]
_REST = [
    Metric("tail/seconds", "s", "lower", "video after the end of the speech", needs=_TAIL),
    Metric("tail/mouth", "% face", "lower", "spread of the lips' parting in the tail", needs=(*_TAIL, "face")),
    Metric("tail/face_change", "levels", "lower", "change of the face from the end of the speech to the last frame",
           needs=(*_TAIL, "face")),
]
_COST = [
    Metric("cost/window_s", "s", "lower", "seconds per steady window", needs=_TIMED),
    Metric("cost/load_s", "s", "lower", "seconds to load the models", needs=_TIMED),
    Metric("cost/total_s", "s", "lower", "seconds of a render from the sampler on, models loaded", needs=_TIMED),
    Metric("cost/per_second", "s/s", "lower", "the same for each generated second", needs=_TIMED),
    Metric("cost/step_s", "s", "lower", "median seconds of a sampler's step, models loaded", needs=_TIMED),
    Metric("cost/slow_steps", "steps", "lower", "steps over three times the median: memory may be spilling",
           needs=_TIMED),
    Metric("cost/vram_peak", "GiB", "lower", "largest of the looks at what torch holds of the card", needs=_TIMED),
    Metric("cost/ram_peak", "GiB", "lower", "largest of the looks at what is taken of the host's memory, by anybody",
           needs=_TIMED),
]


def _colour(region: str) -> list[Metric]:
    start = f"colour/{region}"
    return [
        Metric(f"{start}_mean", "ΔE00", "lower", f"mean CIEDE2000 of the {region}'s median Lab to the reference",
               (None, 2), needs=_FACE),
        Metric(f"{start}_max", "ΔE00", "lower", f"99th percentile of the {region}'s distance", (None, 5), needs=_FACE),
        Metric(f"{start}_slope", "ΔE00/min", "band", f"Theil–Sen drift of the {region}'s distance, either way",
               (-5, 5), _ANY, _FACE),
        Metric(f"{start}_first_last", "ΔE00", "lower", f"{region}: first window against the last",
               (None, 2), needs=_FACE),
    ]
# fmt: on


_COLOUR = [
    *(metric for region in REGIONS for metric in _colour(region)),
    Metric(
        "colour/chroma_ratio", "ratio", "band", "mean chroma of the face over the reference's", (0.8, 1.2), needs=_FACE
    ),
]
_ROWS = [*_LIPSYNC, *_SHARPNESS, *_COLOUR, *_MOTION, *_MOUTH, *_SEAM, *_LIKENESS, *_REST, *_COST]

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ROWS}
"""Every metric by name, in the order of tables."""

FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(metric.family for metric in _ROWS))
"""The groups of metrics, in the order of tables."""


def names_of(families: tuple[str, ...], networks: tuple[str, ...] = NETWORKS) -> list[str]:
    """The metrics of these families, in the table's order, without those of a network that is not in ``networks``."""
    left_out = set(NETWORKS) - set(networks)
    return [name for name, metric in METRICS.items() if metric.family in families and not left_out & set(metric.needs)]
