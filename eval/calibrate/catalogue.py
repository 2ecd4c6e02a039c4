"""Every distortion there is. To add one: an entry here, its change beside those it is like, and a test of it."""

from collections.abc import Callable

from eval.calibrate import cast, picture, sounds, timeline, warp
from eval.calibrate.distortion import Aim, Distortion
from eval.calibrate.held import frozen_mouth
from eval.calibrate.scene import FrameChange, Scene
from eval.metric import REGIONS
from workflow.media.arrays import Picture

Effect = Callable[[Picture, float], Picture]
When = Callable[[int, Scene], float]
Maker = Callable[[float, Scene], FrameChange]

UP, DOWN = Aim(+1), Aim(-1)
_BACKGROUND_SPEED = 4 * timeline.SWAY_HZ / 100  # faces/s for each % of the face's width: a sine's mean speed
_DETAIL = ("sharpness/laplacian", "sharpness/laplacian_abs", "sharpness/fine_detail", "sharpness/fine_detail_abs")
_OVERSHOOT = ("sharpness/overshoot_change", "sharpness/overshoot_abs")
_LEVEL = {f"colour/{region}_{what}": Aim(+1, 1.0) for region in REGIONS for what in ("mean", "max")}
_DRIFT = {f"colour/{region}_slope": Aim(+1, 1.0) for region in REGIONS}
_ENDS = {f"colour/{region}_first_last": UP for region in REGIONS}
# A peak of 0.25 in ten seconds, and a chance of one in five, are what speech and lips without relation have as well.
_NO_SYNC = {
    "lipsync/envelope_strength": Aim(-1, enough=0.25), "lipsync/envelope_p": Aim(+1, enough=0.2),
    "mouth/envelope_slope": DOWN,
    "lipsync/confidence": DOWN, "lipsync/confidence_min": DOWN, "lipsync/control_gap": DOWN, "lipsync/distance": UP,
}  # fmt: skip
_OF_CLEAN, _RATIO = Aim(+1, 0.01, of_clean=True), Aim(+1, 0.01)
_APERTURE = {
    "mouth/aperture_p95": _OF_CLEAN, "mouth/aperture_sd": _OF_CLEAN, "mouth/envelope_slope": _OF_CLEAN,
    "mouth/aperture_p95_real": _RATIO, "mouth/aperture_sd_real": _RATIO,
}  # fmt: skip


def _always(effect: Effect) -> Maker:
    return lambda strength, _: lambda frame, __: effect(frame, strength)


def _timed(effect: Effect, when: When) -> Maker:
    return lambda strength, scene: lambda frame, index: effect(frame, strength * when(index, scene))


def _on_face(effect: Callable[..., Picture], when: When = lambda *_: 1.0) -> Maker:
    def made(strength: float, scene: Scene) -> FrameChange:
        return lambda frame, index: effect(frame, scene.places[index], strength * when(index, scene))

    return made


def _sideways(when: When) -> Maker:
    """The whole picture moved by per cents of the face's width."""

    def made(strength: float, scene: Scene) -> FrameChange:
        unit = scene.face_width / 100
        return lambda frame, index: picture.moved(frame, strength * unit * when(index, scene), 0.0)

    return made


def _hidden(strength: float, scene: Scene) -> FrameChange:
    first, length = round(0.3 * scene.spoken), round(strength / 100 * scene.spoken)
    fade = 0.3 * scene.fps  # a face that turns away or is covered, not a cut

    def change(frame: Picture, index: int) -> Picture:
        share = min((index - first) / fade, (first + length - index) / fade, 1.0)
        return warp.face_hidden(frame, scene.places[index], share)

    return change


def _exaggerated(strength: float, scene: Scene) -> FrameChange:
    return lambda frame, index: warp.jaw_lowered(frame, scene.places[index], strength / 100 * scene.loud(index))


def _grain(strength: float, _: Scene) -> FrameChange:
    return lambda frame, index: picture.grainy(frame, strength, index)


def _flicker(strength: float, _: Scene) -> FrameChange:
    high = strength // 2  # the rest is taken away in every other frame, so that the mean stays
    return lambda frame, index: picture.brightened(frame, high if index % 2 else high - strength)


def _gaping(strength: float, scene: Scene) -> FrameChange:
    gaping = timeline.pauses(scene)
    return lambda frame, index: warp.jaw_lowered(frame, scene.places[index], strength / 100 * gaping[index])


_ROWS = [
    Distortion(
        "blur", "Gaussian blur", "px", (0.5, 0.8, 1.2, 2.0, 3.0), 1.2,
        {**dict.fromkeys(_DETAIL, DOWN), "likeness/lpips": UP},
        (*_OVERSHOOT, "sharpness/clipped", "likeness/lpips_slope"), _always(picture.blurred),
    ),
    Distortion(
        "rescale", "made smaller and enlarged again", "% smaller", (15, 30, 45, 60), 45,
        {**dict.fromkeys(_DETAIL, DOWN), "likeness/lpips": UP},
        (*_OVERSHOOT, "sharpness/clipped", "likeness/lpips_slope"), _always(picture.rescaled),
    ),
    Distortion(
        "unsharp", "unsharp mask of 1.5 px", "amount", (0.25, 0.5, 1.0, 1.5, 2.0), 1.0,
        {**dict.fromkeys(_DETAIL, UP), **dict.fromkeys(_OVERSHOOT, UP)},
        ("sharpness/clipped", "likeness/lpips*"), _always(picture.unsharp),
    ),
    Distortion(
        "grain", "random grain, new in each frame", "levels", (1, 2, 4, 8), 2, {},
        ("likeness/lpips*",), _grain,
    ),
    Distortion(
        "crf", "encoded with loss by x264", "CRF", (12, 18, 23, 28, 34, 40), 28, {},
        ("sharpness/*", "likeness/lpips*"),
    ),
    Distortion(
        "contrast", "more contrast around mid grey", "%", (10, 20, 40, 60), 20, {"sharpness/clipped": UP},
        ("sharpness/laplacian*", "colour/*", "likeness/lpips*", "motion/flicker", "tail/face_change"),
        _always(picture.contrasted),
    ),
    Distortion(
        "cast", "warm cast (+b) of known ΔE00 in every pixel", "ΔE00", (1, 2, 3, 5, 8), 3, _LEVEL,
        ("colour/chroma_ratio", "likeness/lpips*"), _always(cast.warmed),
    ),
    Distortion(
        "dim", "darker by a known ΔE00 in every pixel", "ΔE00", (1, 2, 3, 5, 8), 3, _LEVEL,
        ("likeness/lpips*", "sharpness/clipped"), _always(cast.darkened),
    ),
    Distortion(
        "saturation", "more or less chroma", "%", (-40, -20, 20, 40), 20, {"colour/chroma_ratio": Aim(+1, 0.01)},
        ("colour/*", "likeness/lpips*"), _always(cast.saturated),
    ),
    Distortion(
        "drift", "warm cast that grows with time", "ΔE00/min", (3, 6, 12, 24, 48), 12, {**_DRIFT, **_ENDS},
        ("colour/*", "likeness/lpips*", "tail/face_change"), _timed(cast.warmed, timeline.minutes),
    ),
    Distortion(
        "flicker", "brightness jumps from frame to frame", "levels", (1, 2, 4, 8), 4, {"motion/flicker": Aim(+1, 1.0)},
        ("colour/*", "seam/colour", "likeness/lpips*", "tail/face_change"), _flicker,
    ),
    Distortion(
        "seam_colour", "every second window has a warm cast", "ΔE00", (0.5, 1, 2, 4), 2, {"seam/colour": UP},
        ("colour/*", "seam/lpips", "likeness/lpips*"), _timed(cast.warmed, timeline.odd_window),
    ),
    Distortion(
        "seam_position", "every second window is moved sideways", "% of face", (0.5, 1, 2, 4), 2,
        {"seam/motion": UP, "seam/lpips": UP}, ("motion/*", "seam/colour", "colour/*", "likeness/lpips*"),
        _sideways(timeline.odd_window),
    ),
    Distortion(
        "seam_sharpness", "every second window is blurred", "px", (0.5, 0.8, 1.2, 2.0), 1.2,
        {"seam/sharpness": UP, "seam/lpips": UP}, ("sharpness/*", "likeness/lpips*"),
        _timed(picture.blurred, timeline.odd_window),
    ),
    Distortion(
        "head_shake", "the head sways, the background does not", "% of face", (0.5, 1, 2, 4), 2,
        {"motion/head_mean": UP, "motion/head_p95": UP, "motion/head_jitter": UP, "motion/stillness": DOWN},
        ("motion/longest_still", "seam/motion", "likeness/lpips*"), _on_face(
            lambda frame, place, strength: warp.head_moved(frame, place, strength / 100), timeline.sway
        ),
    ),
    Distortion(
        "camera_shake", "the whole picture sways", "% of face", (0.5, 1, 2, 4), 2,
        {"motion/background_mean": Aim(+1, _BACKGROUND_SPEED), "motion/background_p95": UP},
        ("motion/*", "seam/motion", "likeness/lpips*"), _sideways(timeline.sway),
    ),
    Distortion(
        "frame_drops", "frames shown twice in place of the next", "% of frames", (5, 10, 20, 33, 50), 10,
        {"motion/head_jitter": UP}, ("motion/*", "seam/*"), frames=timeline.dropped,
    ),
    Distortion(
        "freeze", "the picture stands still for a while", "s", (0.5, 1, 2, 3), 2,
        {"motion/longest_still": Aim(+1, 1.0), "motion/stillness": UP},
        ("motion/*", "mouth/*", "lipsync/*", "seam/*"), frames=timeline.standing,
    ),
    Distortion(
        "face_hidden", "the head smeared for a while", "% of time", (10, 20, 30), 20,
        {"lipsync/coverage": Aim(-1, -0.01)}, ("colour/cheeks_*", "colour/chroma_ratio", "sharpness/*"), _hidden,
    ),
    Distortion(
        "mouth_gain", "lips part more or less", "%", (-25, -15, 15, 25), 25, _APERTURE,
        ("mouth/aperture_silence", "lipsync/*", "likeness/*", "tail/mouth"), _on_face(warp.mouth_gain),
    ),
    Distortion(
        "mouth_exaggerated", "the jaw falls further the louder the speech", "% of face", (1, 2, 3, 5), 2,
        {
            "mouth/aperture_p95": UP, "mouth/aperture_sd": UP, "mouth/envelope_slope": Aim(+1, 1.0),
            "mouth/aperture_p95_real": UP, "mouth/aperture_sd_real": UP,
        },
        ("mouth/aperture_silence", "lipsync/*", "likeness/*"), _exaggerated,
    ),
    Distortion(
        "mouth_gaping", "the jaw hangs while nobody speaks", "% of face", (1, 2, 3, 5), 2,
        {"mouth/aperture_silence": Aim(+1, 1.0)}, ("mouth/*", "lipsync/*", "likeness/*"), _gaping,
    ),
    Distortion(
        "mouth_frozen", "mouth and chin stand still on a moving face", "% of time", (25, 50, 75, 100), 50,
        {**_NO_SYNC, "mouth/aperture_sd": DOWN, "mouth/aperture_sd_real": DOWN},
        ("mouth/*", "lipsync/*", "likeness/*", "motion/longest_still"),
        lambda strength, scene: frozen_mouth(strength / 100, scene),
    ),
    Distortion(
        "audio_shift", "speech before (+) or after (−) the lips", "frames",
        (-10, -8, -5, -3, -2, -1, 1, 2, 3, 5, 8, 10), 5,
        {"lipsync/envelope_offset": Aim(+1, 1.0), "lipsync/offset": Aim(+1, 1.0)},
        ("mouth/aperture_silence", "mouth/envelope_slope"), sound=sounds.shifted,
    ),
    Distortion(
        "foreign_speech", "the end of the speech replaced by speech backwards", "% of time", (25, 50, 75, 100), 100,
        _NO_SYNC, ("lipsync/*", "mouth/aperture_silence"), sound=sounds.foreign, draws=sounds.FOREIGN,
    ),
    Distortion(
        "face_shape", "a wider head: another face", "%", (4, 8, 12, 20), 12,
        {"likeness/face": DOWN, "likeness/face_p05": DOWN}, ("likeness/*", "mouth/*"), _on_face(warp.face_shape),
    ),
    Distortion(
        "shape_drift", "a head that widens with time", "%/min", (24, 48, 96), 48, {"likeness/face_slope": DOWN},
        ("likeness/*", "mouth/*", "tail/face_change"), _on_face(warp.face_shape, timeline.minutes),
    ),
    Distortion(
        "blur_drift", "blur that grows with time", "px/min", (3, 6, 12, 18), 6, {"likeness/lpips_slope": UP},
        ("likeness/*", "sharpness/*"), _timed(picture.blurred, timeline.minutes),
    ),
    Distortion(
        "tail_longer", "more video after the speech", "s", (0.5, 1, 2, 3), 1, {"tail/seconds": Aim(+1, 1.0)},
        ("tail/*",), frames=timeline.longer,
    ),
    Distortion(
        "tail_mouth", "the jaw swings after the speech", "% of face", (1, 2, 4, 8), 4, {"tail/mouth": UP},
        ("tail/face_change",), _on_face(
            lambda frame, place, strength: warp.jaw_lowered(frame, place, strength / 100), timeline.swing_in_tail
        ),
    ),
    Distortion(
        "tail_face", "the picture brightens after the speech", "levels", (4, 8, 16, 32), 8, {"tail/face_change": UP},
        (), _timed(picture.brightened, timeline.along_tail),
    ),
]  # fmt: skip

DISTORTIONS: dict[str, Distortion] = {row.name: row for row in _ROWS}
"""Every distortion by name, in the order of reports."""
