"""The two array types that media modules exchange."""

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""One picture or frame: ``[height, width, 3]``, BGR, 0–255."""

Samples = npt.NDArray[np.int16]
"""Sound: ``[n]`` mono, −32768 … 32767."""
