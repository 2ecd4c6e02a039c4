"""A scene without a film: fifty frames of a face that stands, a second of speech, a second after it."""

import pytest

from eval.calibrate.scene import Place, Scene

FACE = Place(60.0, 50.0, 100.0, 100.0)


@pytest.fixture(scope="session")
def scene() -> Scene:
    """Two seconds of speech at 25 frames a second, now soft, now loud, a second of tail, four windows."""
    return Scene(25.0, 50, 25, (FACE,) * 160, (13, 25, 37), tuple(0.1 + 0.9 * (index % 20 > 9) for index in range(50)))
