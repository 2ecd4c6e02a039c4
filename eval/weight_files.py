"""The weight files that the networks of the judge load: what each is, whose, under which terms, and its checksum."""

from dataclasses import dataclass

from workflow.errors import HarnessError


class UnknownWeights(HarnessError):
    """A name that is no weight file's."""

    code = "unknown-weights"


@dataclass(frozen=True)
class WeightFile:
    """A downloadable file of weights."""

    name: str
    """What the user types: the network's name."""
    file: str
    """Name in the cache folder and on mirrors; never taken from a server."""
    purpose: str
    """What needs it."""
    licence: str
    """What is stated, and where nothing is."""
    source: str
    """Page of those who publish it."""
    urls: tuple[str, ...]
    """Where it can be had, tried in this order."""
    size: int
    """Bytes."""
    sha256: str
    """Of the whole file, hex."""


_HF = "https://huggingface.co"
_MEDIAPIPE = "https://storage.googleapis.com/mediapipe-assets"
_SFACE = "models/face_recognition_sface/face_recognition_sface_2021dec.onnx"

_FILES = (
    WeightFile(
        name="syncnet",
        file="syncnet_v2.model",
        purpose="lip sync by SyncNet",
        licence="none stated for the file; its code is MIT",
        source="https://github.com/joonson/syncnet_python",
        urls=(
            "https://www.robots.ox.ac.uk/~vgg/software/lipsync/data/syncnet_v2.model",
            "http://www.robots.ox.ac.uk/~vgg/software/lipsync/data/syncnet_v2.model",
            f"{_HF}/ByteDance/LatentSync-1.5/resolve/main/auxiliary/syncnet_v2.model",
        ),
        size=54_573_114,
        sha256="961e8696f888fce4f3f3a6c3d5b3267cf5b343100b238e79b2659bff2c605442",
    ),
    WeightFile(
        name="lpips",
        file="alexnet-owt-7be5be79.pth",
        purpose="LPIPS: likeness, seams",
        licence="BSD-3-Clause; ImageNet's terms may bind too",
        source="https://github.com/pytorch/vision",
        urls=("https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",),
        size=244_408_911,
        sha256="7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
    ),
    WeightFile(
        name="sface",
        file="face_recognition_sface_2021dec.onnx",
        purpose="likeness of the person",
        licence="Apache-2.0",
        source="https://github.com/opencv/opencv_zoo/tree/main/models/face_recognition_sface",
        urls=(
            f"https://media.githubusercontent.com/media/opencv/opencv_zoo/main/{_SFACE}",
            f"https://github.com/opencv/opencv_zoo/raw/main/{_SFACE}",
            f"{_HF}/opencv/face_recognition_sface/resolve/main/face_recognition_sface_2021dec.onnx",
        ),
        size=38_696_353,
        sha256="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
    ),
    WeightFile(
        name="landmarks",
        file="face_landmark.tflite",
        purpose="mouth and blinks by 468 points",
        licence="Apache-2.0",
        source="https://github.com/google-ai-edge/mediapipe",
        urls=(
            f"{_MEDIAPIPE}/face_landmark.tflite?generation=1676316347980492",
            f"{_MEDIAPIPE}/face_landmark.tflite",
            f"{_MEDIAPIPE}/tasks/testdata/vision/face_landmark.tflite",
        ),
        size=1_242_398,
        sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    ),
)
WEIGHTS: dict[str, WeightFile] = {weights.name: weights for weights in _FILES}
"""Every weight file by name."""

_OTHER_NAMES = {"alexnet": "lpips"}
"""What a file was called before it had its network's name."""


def known_name(name: str) -> str:
    """The name of the weights, also by another one that they have had. Raises UnknownWeights."""
    known = _OTHER_NAMES.get(name, name)
    if known not in WEIGHTS:
        raise UnknownWeights(f"no weights named {name!r}", hint=f"there are {', '.join(WEIGHTS)}")
    return known


def weights_named(name: str) -> WeightFile:
    """The registry's entry. Raises UnknownWeights."""
    return WEIGHTS[known_name(name)]
