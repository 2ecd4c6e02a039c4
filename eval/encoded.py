"""A still picture after the codec that every render went through, in memory.

H.264 smooths what it does not repay to keep: against an untouched reference every render would look softer than it is.
"""

import io
from typing import Any

import av
import cv2
import numpy as np

from eval.view import Image

CRF = 19  # VideoHelperSuite's default, where the video does not tell
STILL = 3  # frames; the last one is settled
_OPTIONS = {"preset": "medium", "threads": "1", "x264-params": "mbtree=0"}
# medium is ffmpeg's default, which VideoHelperSuite keeps. Macroblock trees would spend more on a still picture, whose
# first frame serves all later ones, than on one of a moving video, and make the bytes differ from run to run.


def as_encoded(picture: Image, crf: int | None = None) -> Image:
    """The picture as a frame of a still H.264 video, 8-bit 4:2:0, ``crf`` 0 … 51 (None: the usual one).

    Odd sizes, which 4:2:0 does not have, are returned as they are.
    """
    height, width = picture.shape[:2]
    if height % 2 or width % 2:
        return picture
    buffer, options = io.BytesIO(), {"crf": str(CRF if crf is None else crf), **_OPTIONS}
    with av.open(buffer, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        planes = np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_BGR2YUV_I420), np.uint8)
        for index in range(STILL):
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer, "r") as still:
        *_, last = still.decode(video=0)
        return np.asarray(cv2.cvtColor(last.to_ndarray(), cv2.COLOR_YUV2BGR_I420), np.uint8)
