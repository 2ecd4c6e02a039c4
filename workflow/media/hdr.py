"""HDR frames as SDR pictures: PQ and HLG light, BT.2020 colours, brought to what an SDR display shows.

The transfer functions are those of ITU-R BT.2100-2 (tables 4 and 5), HLG on a nominal 1000 cd/m² display. Reference
white is 203 cd/m² (ITU-R BT.2408), which becomes nearly SDR white: light up to three quarters of it is kept as it is,
what is brighter is bent smoothly below white, hue kept, as the scale is that of the brightest channel. Colours go from
BT.2020 to BT.709 by the linear matrix of ITU-R BT.2087, the display's gamma is 2.4 (ITU-R BT.1886).
"""

from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workflow.media.arrays import Picture

TRANSFERS = {16: "PQ", 18: "HLG"}
"""AVColorTransferCharacteristic numbers of HDR, by name."""

WHITE = 203.0  # cd/m²
KNEE = 0.75  # of white: light below it is kept
_HLG_PEAK, _HLG_GAMMA = 1000.0, 1.2
_LUMA = np.array([[0.2627, 0.6780, 0.0593]], np.float32)  # BT.2020, of R, G, B
_TO_709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)  # rows R, G, B

Light = npt.NDArray[np.float32]


def tone_mapped(rgb48: Any, transfer: str) -> Picture:
    """A full-range BT.2020 picture ``[H, W, 3]``, RGB uint16, in "PQ" or "HLG", as SDR BGR uint8."""
    light: Light = np.take(_curve(transfer), rgb48)
    if transfer == "HLG":
        luma = np.asarray(cv2.transform(light, _LUMA), np.float32).reshape(light.shape[:2])
        light = _scaled(light, cv2.pow(luma, _HLG_GAMMA - 1.0) * (_HLG_PEAK / WHITE))
    colours: Any = np.maximum(cv2.transform(light, _TO_709), np.float32(0))
    red, green, blue = cv2.split(colours)
    brightest: Any = np.maximum(cv2.max(cv2.max(red, green), blue), np.float32(1e-6))
    bent = KNEE + (1.0 - KNEE) * (1.0 - cv2.exp((KNEE - brightest) / (1.0 - KNEE)))
    shown = _scaled(colours, np.where(brightest > KNEE, bent / brightest, np.float32(1.0)))
    # By table over the square root, which spaces the dark levels finely.
    codes = np.take(_display(), (cv2.sqrt(shown) * 65535.0 + 0.5).astype(np.uint16))
    return np.asarray(cv2.cvtColor(codes, cv2.COLOR_RGB2BGR), np.uint8)


def _scaled(colours: Any, by: Any) -> Any:
    return cv2.multiply(colours, cv2.merge([by, by, by]))


@cache
def _display() -> npt.NDArray[np.uint8]:
    """8-bit codes of light whose square root is 0 … 65535."""
    light = (np.arange(65536) / 65535.0) ** 2
    return np.asarray(np.rint(light ** (1.0 / 2.4) * 255.0), np.uint8)


@cache
def _curve(transfer: str) -> Light:
    """Light of each 16-bit code: PQ in units of white, HLG as scene light 0 … 1."""
    code = np.arange(65536) / 65535.0
    if transfer == "PQ":
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        power = code ** (1 / m2)
        return np.asarray((np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1) * (10000 / WHITE), np.float32)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.asarray(np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12), np.float32)
