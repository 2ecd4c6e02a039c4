"""The network of Chung and Zisserman, "Out of time: automated lip sync in the wild" (2016), as its checkpoint has it.

Two halves turn 0.2 s of picture and of sound into 1024 numbers each; talk in sync gives near points. The names of
the parts are the checkpoint's, so that ``syncnet_v2.model`` loads unchanged.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from workflow.errors import HarnessError

COUNTER = "num_batches_tracked"  # a training counter of batch-norm: checkpoints of torch < 0.4.1 lack it


class NotSyncNetError(HarnessError):
    """A file given as SyncNet's weights cannot be read as such."""

    code: ClassVar[str] = "not-syncnet-weights"


class SyncNet(nn.Module):
    """Lip and sound half, 13.64 M numbers in all. Made with random weights; :func:`load_syncnet` reads trained ones.

    Scoring runs :func:`eval.nets.folded.fold` of it, which gives the same figures sooner.
    """

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = nn.Sequential(
            *_block2(1, 64, 3, padding=1),
            nn.MaxPool2d(1),  # changes nothing; it keeps the numbering of the checkpoint
            *_block2(64, 192, 3, padding=1),
            nn.MaxPool2d(3, (1, 2)),
            *_block2(192, 384, 3, padding=1),
            *_block2(384, 256, 3, padding=1),
            *_block2(256, 256, 3, padding=1),
            nn.MaxPool2d(3, 2),
            *_block2(256, 512, (5, 4)),
        )
        self.netfcaud = _projection()
        self.netcnnlip = nn.Sequential(
            *_block3(3, 96, (5, 7, 7), stride=2),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_block3(96, 256, (1, 5, 5), stride=2, padding=1),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_block3(256, 256, (1, 3, 3), padding=1),
            *_block3(256, 256, (1, 3, 3), padding=1),
            *_block3(256, 256, (1, 3, 3), padding=1),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_block3(256, 512, (1, 6, 6)),
        )
        self.netfclip = _projection()

    def forward(self, frames: Tensor, cepstra: Tensor) -> tuple[Tensor, Tensor]:
        """``[n, 3, 5, 224, 224]`` BGR 0–255 and ``[n, 1, 13, 20]`` MFCC to two times ``[n, 1024]``."""
        lips: Tensor = self.netfclip(self.netcnnlip(frames).flatten(1))
        sounds: Tensor = self.netfcaud(self.netcnnaud(cepstra).flatten(1))
        return lips, sounds


def _block2(inner: int, outer: int, kernel: int | tuple[int, int], padding: int = 0) -> list[nn.Module]:
    return [nn.Conv2d(inner, outer, kernel, padding=padding), nn.BatchNorm2d(outer), nn.ReLU()]


def _block3(inner: int, outer: int, kernel: tuple[int, int, int], stride: int = 1, padding: int = 0) -> list[nn.Module]:
    layer = nn.Conv3d(inner, outer, kernel, (1, stride, stride), (0, padding, padding))
    return [layer, nn.BatchNorm3d(outer), nn.ReLU()]


def _projection() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 1024))


def load_syncnet(path: Path, device: str = "cpu") -> SyncNet:
    """Read a checkpoint: a pickled state dict of the original's names. Nothing in the file is executed.

    Raises :class:`NotSyncNetError` where the file cannot be read, is no such pickle, or has other names or shapes.
    """
    tensors = _read(path)
    model = SyncNet()
    wanted = {name: value for name, value in model.state_dict().items() if not name.endswith(COUNTER)}
    given = {name: value for name, value in tensors.items() if not str(name).endswith(COUNTER)}
    if missing := sorted(wanted.keys() - given.keys()):
        raise _refused(path, f"{_some(missing)} missing")
    if strange := sorted(str(name) for name in given.keys() - wanted.keys()):
        raise _refused(path, f"{_some(strange)} not known")
    for name, value in wanted.items():
        _check(path, name, given[name], value)
    model.load_state_dict(given, strict=False)
    return model.to(device).eval()


def _read(path: Path) -> Mapping[Any, Any]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise NotSyncNetError(f"SyncNet's weights cannot be read: {path}: {error.strerror or error}") from error
    except Exception as error:  # a damaged or hostile pickle fails in any way there is
        raise _refused(path, f"it does not load as weights only ({type(error).__name__})") from error
    if not isinstance(found, Mapping):
        raise _refused(path, f"it holds a {type(found).__name__}, not names with tensors")
    return found


def _check(path: Path, name: str, given: object, wanted: Tensor) -> None:
    if not isinstance(given, Tensor):
        raise _refused(path, f"{name} is a {type(given).__name__}, not a tensor")
    if given.shape != wanted.shape:
        raise _refused(path, f"{name} is {tuple(given.shape)}, not {tuple(wanted.shape)}")
    if given.layout is not torch.strided or not given.is_floating_point() or not bool(torch.isfinite(given).all()):
        raise _refused(path, f"{name} does not hold finite numbers")


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


def _refused(path: Path, why: str) -> NotSyncNetError:
    hint = "the original is syncnet_v2.model of 54,573,114 bytes"
    return NotSyncNetError(f"{path} does not hold SyncNet's weights: {why}", hint=hint)
