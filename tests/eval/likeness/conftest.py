"""Networks with seeded random weights, in files of the real ones' formats: none of the trained ones is here."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from eval.nets.perceptual import Lpips, load_lpips
from eval.nets.sface import SFace
from eval.nets.torchvision_ops import importable_torchvision
from eval.weights import Sources
from workflow.files import sha256_file

SEED = 5


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def alexnet_state() -> dict[str, torch.Tensor]:
    """Torchvision's AlexNet, its convolutions as a checkpoint names them."""
    importable_torchvision()
    from torchvision.models import alexnet

    torch.manual_seed(SEED)
    return {name: value for name, value in alexnet().state_dict().items() if name.startswith("features.")}


@pytest.fixture(scope="session")
def alexnet_file(alexnet_state: dict[str, torch.Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("alexnet") / "alexnet.pth"
    torch.save(alexnet_state, path)
    return path


@pytest.fixture(scope="session")
def lpips_net(alexnet_file: Path) -> Lpips:
    return load_lpips(alexnet_file)


@pytest.fixture(scope="session")
def plain_lpips() -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """The package's own network, made by itself: it draws the same random AlexNet from the same seed."""
    importable_torchvision()
    import lpips

    torch.manual_seed(SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lpips calls torchvision in a way that it deprecates
        network: Any = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)

    def distance(these: torch.Tensor, those: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return network(these, those).flatten()

    return distance


@pytest.fixture(scope="session")
def sface_bytes() -> bytes:
    """A network of SFace's input and output, ``[1, 3, 112, 112]`` to ``[1, 128]``: one convolution, one dense layer."""
    rng = np.random.default_rng(SEED)
    kernel = rng.normal(size=(8, 3, 8, 8))
    kernel -= kernel.mean(axis=(1, 2, 3), keepdims=True)  # blind to brightness, or every two faces would be alike
    nodes = [
        _node("Conv", ["data", "kernel"], "maps", kernel_shape=(8, 8), strides=(8, 8)),
        _node("Relu", ["maps"], "positive"),
        _node("Flatten", ["positive"], "flat"),
        _node("MatMul", ["flat", "dense"], "fc1"),
    ]
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, "tiny")
    graph += _field(5, _tensor("kernel", kernel)) + _field(5, _tensor("dense", rng.normal(size=(8 * 14 * 14, 128))))
    graph += _field(11, _shape("data", (1, 3, 112, 112))) + _field(12, _shape("fc1", (1, 128)))
    return _field(1, 7) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 11))


@pytest.fixture(scope="session")
def sface_net(sface_bytes: bytes) -> SFace:
    return SFace(sface_bytes)


@pytest.fixture(scope="session")
def own_weights(alexnet_file: Path, sface_bytes: bytes, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Where a user has these files, with their own checksums; the path is not ASCII."""
    sface = tmp_path_factory.mktemp("lächeln") / "脸.onnx"
    sface.write_bytes(sface_bytes)
    files = {"lpips": alexnet_file, "sface": sface}
    return Sources(files=files, sha256={name: sha256_file(path) for name, path in files.items()})


# ONNX files are protobuf messages: numbered fields, each a number or bytes with their length before them.
def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _node(kind: str, inputs: list[str], output: str, **attributes: tuple[int, ...]) -> bytes:
    out = b"".join(_field(1, name) for name in inputs) + _field(2, output) + _field(4, kind)
    for name, numbers in attributes.items():
        out += _field(5, _field(1, name) + b"".join(_field(8, number) for number in numbers) + _field(20, 7))
    return out


def _tensor(name: str, values: np.ndarray) -> bytes:
    dims = b"".join(_field(1, size) for size in values.shape)
    return dims + _field(2, 1) + _field(8, name) + _field(9, values.astype("<f4").tobytes())


def _shape(name: str, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(_field(1, _field(1, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, dims)))
