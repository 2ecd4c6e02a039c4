"""How the reference detector's face box lies to ours."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from workflow.media.box import Box


class Place(NamedTuple):
    """Centre and half size of a face box in pixels, with fractions."""

    x: float
    y: float
    s: float


@dataclass(frozen=True)
class CropGeometry:
    """How the reference detector's box lies to ours: ``scale`` times its larger side, moved by shares of that side.

    The defaults are **assumed, not fitted**: the reference detector's weights were not at hand. They follow from
    published figures. OpenFace states how OpenCV's Haar box (x, y, w, w) lies to the box from eyebrow to chin and cheek
    to cheek: x + 0.0578 w, y + 0.2166 w, 0.8924 w × 0.8676 w, learned on LFPW, Helen, AFW and iBUG; and how the box
    (x, y, w, h) of MTCNN does: x − 0.0075 w, y + 0.2459 h, 1.0323 w × 0.7751 h. MTCNN and S3FD were both trained on
    WIDER FACE's boxes (forehead to chin and cheeks). One through the other: s = 0.560 w about the Haar box's own centre
    (0.003 w to the left, 0.001 w below), that is scale 1.12. OpenFace's Haar boxes were 0.95 times as wide as our
    tracker's about the same centre (medians 0.91, 0.97, 0.98 on three people): 1.06. To the eye the resulting boxes
    are rather large than small; ``lipsync/crop_sensitivity`` says what 10 % more or less would do.
    """

    scale: float = 1.06
    shift_x: float = 0.0
    shift_y: float = 0.0

    def place(self, box: "Box") -> Place:
        """Where the reference detector's box is assumed for ours."""
        (x, y), side = box.centre, max(box.w, box.h)
        return Place(x + self.shift_x * side, y + self.shift_y * side, self.scale * side / 2)


ASSUMED = CropGeometry()
