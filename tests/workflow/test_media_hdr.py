"""HDR becomes SDR: against the standards' own formulas, written out once more here."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from workflow.media.decode import frames
from workflow.media.probe import probe

WHITE = 203.0  # cd/m², BT.2408
PRIMARIES = {
    "709": ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),
    "2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
}
D65 = (0.3127, 0.3290)


def to_xyz(name: str) -> np.ndarray:
    """Linear RGB to XYZ from the chromaticities of the primaries and of D65."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in PRIMARIES[name]]).T
    white = np.array([D65[0] / D65[1], 1, (1 - D65[0] - D65[1]) / D65[1]])
    return columns * np.linalg.solve(columns, white)


def pq(nits: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084: light to signal."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    y = (nits / 10000) ** m1
    return ((c1 + c2 * y) / (1 + c3 * y)) ** m2


def hlg(nits: np.ndarray) -> np.ndarray:
    """BT.2100 HLG for a display of 1000 cd/m²: undo the system gamma of 1.2, then the camera's curve."""
    display = nits / 1000
    luma = display @ np.array([0.2627, 0.6780, 0.0593])
    scene = display * np.maximum(luma, 1e-12)[..., None] ** (1 / 1.2 - 1)
    low = np.sqrt(3 * scene)
    return np.where(scene <= 1 / 12, low, 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-12)) + 0.55991073)


CURVES: dict[str, tuple[int, Callable[[np.ndarray], np.ndarray]]] = {"PQ": (16, pq), "HLG": (18, hlg)}


def written(path: Path, light: np.ndarray, name: str) -> Path:
    """A 10-bit BT.2020 video of patches with ``light`` ``[n, 3]`` in cd/m², linear BT.709 colours."""
    trc, curve = CURVES[name]
    wide = np.clip(light @ (np.linalg.inv(to_xyz("2020")) @ to_xyz("709")).T, 0, None)
    signal = np.clip(curve(wide), 0, 1)
    y = signal @ np.array([0.2627, 0.6780, 0.0593])
    planes = np.stack([y, (signal[:, 2] - y) / 1.8814, (signal[:, 0] - y) / 1.4746], axis=1)
    coded = np.rint(planes * [876, 896, 896] + [64, 512, 512]).astype(np.uint16)  # BT.2100, narrow range
    picture = coded.repeat(16, axis=0)[None].repeat(32, axis=0)  # [32, 16·n, 3]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = picture.shape[1], 32, "yuv444p10le"
        stream.codec_context.color_trc, stream.codec_context.colorspace = trc, 9
        stream.codec_context.color_primaries, stream.codec_context.color_range = 9, 1
        frame = av.VideoFrame(picture.shape[1], 32, "yuv444p10le")
        for index, plane in enumerate(frame.planes):
            rows = np.zeros((32, plane.line_size // 2), np.uint16)
            rows[:, : picture.shape[1]] = picture[..., index]
            plane.update(rows.tobytes())
        for _ in range(2):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def shown(path: Path, count: int) -> np.ndarray:
    """The patches as RGB."""
    picture = next(frames(path))
    return np.array([picture[8:24, 16 * i + 4 : 16 * i + 12, ::-1].mean((0, 1)) for i in range(count)])


COLOURS = np.array([[200, 150, 130], [90, 60, 50], [40, 80, 160], [30, 120, 40], [128, 128, 128], [8, 8, 8], [220] * 3])


@pytest.mark.parametrize("name", sorted(CURVES))
def test_what_is_below_three_quarters_of_white_looks_as_it_does_in_sdr(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / "a.mkv", (COLOURS / 255.0) ** 2.4 * WHITE, name)
    assert probe(path).hdr == name
    assert np.abs(shown(path, len(COLOURS)) - COLOURS).max() <= 3.5  # a step of 10-bit PQ is about two levels


@pytest.mark.parametrize("name", sorted(CURVES))
def test_highlights_rise_without_clipping_and_stay_grey(tmp_path: Path, name: str) -> None:
    nits = np.array([100, 160, 203, 300, 500, 800, 1000.0])
    seen = shown(written(tmp_path / "a.mkv", np.repeat(nits[:, None], 3, axis=1), name), len(nits))
    assert np.ptp(seen, axis=1).max() <= 2
    assert (np.diff(seen.mean(axis=1)) > 0).all() or seen.mean(axis=1)[-1] > 254
    assert 240 <= seen.mean(axis=1)[2] <= 252


def test_ten_bits_of_sdr_are_no_hdr(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p10le"
        grey = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 77, np.uint8), "bgr24").reformat(format="yuv420p10le")
        container.mux(stream.encode(grey))
        container.mux(stream.encode(None))
    assert probe(path).hdr == ""
    assert abs(float(next(frames(path)).mean()) - 77) <= 1.5
