"""What a face mesh says of mouth and eyes, free of the head's size, turn and tilt.

Point numbers are those of MediaPipe's canonical face model.
"""

import numpy as np

from eval.landmarks import OUTER_CORNERS, Mesh

CHEEKS = (234, 454)  # the sides of the face's oval
BOX = 0.78
"""Cheek to cheek in widths of the tracked face box: the mean of 11 real clips, which range from 0.74 to 0.84."""

INNER_LIPS = ((13, 14), (82, 87), (312, 317))  # upper and lower edge in the middle third of the mouth
EYES = ((33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380))
"""Corner, two of the upper lid, corner, two of the lower lid, as the eye aspect ratio takes them."""


def face_width(mesh: Mesh) -> float:
    """Cheek to cheek in space: a turned head is not narrower."""
    return float(np.linalg.norm(mesh[CHEEKS[1]] - mesh[CHEEKS[0]]))


def lip_gap(mesh: Mesh) -> float:
    """How far the inner lips are apart, in % of the face's width (that of the tracked box, see :data:`BOX`).

    Measured at right angles to the line of the eyes and with its sign, so that lips that touch are 0 in the mean.
    """
    right = mesh[OUTER_CORNERS[1], :2] - mesh[OUTER_CORNERS[0], :2]
    down = np.array([-right[1], right[0]]) / max(float(np.linalg.norm(right)), 1e-9)
    gaps = [float((mesh[lower, :2] - mesh[upper, :2]) @ down) for upper, lower in INNER_LIPS]
    return 100 * BOX * float(np.mean(gaps)) / max(face_width(mesh), 1e-9)


def eye_aspect(mesh: Mesh) -> float:
    """Height over width of the eyes' opening, mean of both: Soukupová and Čech (2016), "Eye Blink Detection"."""
    return float(np.mean([_aspect(mesh[list(eye), :2]) for eye in EYES]))


def _aspect(eye: Mesh) -> float:
    heights = np.linalg.norm(eye[1] - eye[5]) + np.linalg.norm(eye[2] - eye[4])
    return float(heights / max(2 * float(np.linalg.norm(eye[0] - eye[3])), 1e-9))
