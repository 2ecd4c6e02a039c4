"""LPIPS (Zhang et al., 2018) through the ``lpips`` package: AlexNet, version 0.1, in two steps.

``lpips.LPIPS`` runs its backbone on both pictures of a pair. Scoring compares many faces with one reference, so here
features come first and distances from features after; modules, weights and arithmetic are the package's own, and so
is the value, to 1e-6.
"""

import warnings
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from eval.nets.torchvision_ops import importable_torchvision
from eval.view import Image
from workflow.errors import HarnessError

Features = tuple[Tensor, ...]
PREFIX = "features."
SLICES = {0: 1, 3: 2, 6: 3, 8: 4, 10: 5}
"""Convolution of torchvision's AlexNet to the slice of lpips' backbone that holds it under the same number."""


class NotAlexNetError(HarnessError):
    """A file given as AlexNet's weights cannot be read as such."""

    code: ClassVar[str] = "not-alexnet-weights"


class Lpips:
    """Features of pictures and the LPIPS between them, in float32 on ``device``."""

    def __init__(self, network: Any, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self._network = network.requires_grad_(False).eval().to(self.device)
        self._network.net.to(memory_format=torch.channels_last)  # a quarter faster on a CPU
        self._heads = [head.model[-1].weight[0, :, 0, 0] for head in self._network.lins]

    def features(self, pictures: Tensor) -> Features:
        """RGB ``[n, 3, h, w]`` in −1…1 to five maps ``[n, c, h', w']``, each pixel's channels of unit length."""
        import lpips

        with torch.inference_mode(), self._exact():
            scaled = self._network.scaling_layer(pictures.to(self.device))
            maps = self._network.net(scaled.contiguous(memory_format=torch.channels_last))
            return tuple(lpips.normalize_tensor(one) for one in maps)

    def distance(self, these: Features, those: Features) -> Tensor:
        """LPIPS ``[n]`` between features of ``n`` pictures and of ``n`` or of one.

        The heads are linear, so that they are applied after the mean over the picture, on one pixel instead of all.
        """
        with torch.inference_mode(), self._exact():
            parts = [((a - b) ** 2).mean((2, 3)) @ head for a, b, head in zip(these, those, self._heads, strict=True)]
            return torch.stack(parts).sum(0)

    def of(self, pictures: Sequence[Image]) -> Features:
        """Features of BGR uint8 pictures ``[h, w, 3]`` of one size."""
        return self.features(as_input(torch.from_numpy(np.stack(pictures)).to(self.device)))

    def _exact(self) -> AbstractContextManager[None]:
        """Keep a GPU's convolutions from rounding float32 to TF32's 10 bits, which they do unasked."""
        if self.device.type != "cuda":
            return nullcontext()
        flags: AbstractContextManager[None] = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
        return flags


def as_input(pictures: Tensor) -> Tensor:
    """BGR uint8 ``[n, h, w, 3]`` to RGB ``[n, 3, h, w]`` in −1…1."""
    return pictures.flip(3).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def load_lpips(path: Path, device: str = "cpu") -> Lpips:
    """LPIPS on torchvision's AlexNet weights at ``path``, with the linear heads of the installed lpips.

    Nothing is downloaded and nothing in the file is executed. Raises :class:`NotAlexNetError` where the file cannot
    be read, is no pickle of tensors, or has other names or shapes.
    """
    backbone = _backbone(path)
    network, heads = _empty()
    try:
        network.load_state_dict(heads | backbone, strict=False, assign=True)
    except RuntimeError as error:
        raise _refused(path, str(error).splitlines()[-1].strip()) from error
    return Lpips(network, device)


def _empty() -> tuple[Any, dict[str, Tensor]]:
    """``lpips.LPIPS`` without memory for its weights, and the heads that go into it.

    Made on the meta device: no 61 million random numbers for an AlexNet of which 2.5 million are used.
    """
    importable_torchvision()
    import lpips

    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")  # lpips calls torchvision in a way that it deprecates
        network = lpips.LPIPS(net="alex", version="0.1", pretrained=False, pnet_rand=True, verbose=False)
    wheel = Path(lpips.__file__).parent / "weights" / "v0.1" / "alex.pth"
    return network, torch.load(wheel, map_location="cpu", weights_only=True)


def _backbone(path: Path) -> dict[str, Tensor]:
    tensors = _read(path)
    found = {}
    for number, part in SLICES.items():
        for kind in ("weight", "bias"):
            name = f"{PREFIX}{number}.{kind}"
            value = tensors.get(name)
            if not isinstance(value, Tensor):
                raise _refused(path, f"{name} missing")
            if not value.is_floating_point() or not bool(torch.isfinite(value).all()):
                raise _refused(path, f"{name} does not hold finite numbers")
            found[f"net.slice{part}.{number}.{kind}"] = value.float().clone()  # the rest of the file is let go
    return found


def _read(path: Path) -> Mapping[Any, Any]:
    try:
        # Mapped, so that of 244 MB only the convolutions' 10 MB are read; the format before 2020 cannot be.
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except OSError as error:
        raise NotAlexNetError(f"AlexNet's weights cannot be read: {path}: {error.strerror or error}") from error
    except Exception as error:  # a damaged or hostile pickle fails in any way there is
        raise _refused(path, f"it does not load as weights only ({type(error).__name__})") from error
    if not isinstance(found, Mapping):
        raise _refused(path, f"it holds a {type(found).__name__}, not names with tensors")
    return found


def _refused(path: Path, why: str) -> NotAlexNetError:
    hint = "the original is torchvision's alexnet-owt-7be5be79.pth of 244,408,911 bytes"
    return NotAlexNetError(f"{path} does not hold AlexNet's weights: {why}", hint=hint)
