"""Mel-frequency cepstra of speech as SyncNet hears them: python_speech_features on int16, in constant memory."""

import numpy as np
import numpy.typing as npt

RATE = 16000  # Hz
WINDOW, STEP = 400, 160  # samples: 25 and 10 ms
PIECE = 1000  # columns a piece, 10 s: the library holds some 20 MB for them while it works


def mfcc(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """``[columns, 13]`` from int16 mono at 16 kHz, one column each 10 ms; a last one may reach past the end (zeros).

    26 mel filters, 512-point FFT, pre-emphasis 0.97, lifter 22, rectangular window, log energy as the first number:
    python_speech_features' defaults, which the network was trained with. Its values are the library's on the whole
    signal: columns depend on their own 400 samples and the one before, so pieces can be computed apart.
    """
    from python_speech_features import mfcc as library

    if samples.dtype != np.int16 or samples.ndim != 1 or samples.size == 0:
        raise ValueError(f"MFCC needs int16 samples [n], n > 0, got {samples.dtype} {list(samples.shape)}")
    columns = 1 + max(-(-(samples.size - WINDOW) // STEP), 0)
    pieces = []
    for start in range(0, columns, PIECE):
        lead = min(start, 1)  # one column more before: pre-emphasis reaches one sample back
        end = samples.size if start + PIECE >= columns else (start + PIECE - 1) * STEP + WINDOW
        pieces.append(library(samples[(start - lead) * STEP : end], RATE)[lead:])
    return np.concatenate(pieces)
