"""SyncNet as it runs fast: batch-norm folded into the layer before it, pictures stacked, channels last.

What changes is the order of arithmetic, not what is computed:

* batch-norm at inference is a factor and an addend per channel, so it goes into weights and bias (in float64);
* a 3-D convolution over 5 frames that moves one frame at a time is a 2-D one over 5×3 stacked channels;
* 128 is taken from each pixel and given back by the bias: smaller numbers, smaller rounding;
* ReLU after the pooling that followed it: both are monotone, so they commute, on a quarter of the numbers.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  # the name it has everywhere
from torch import Tensor, nn

from eval.nets.syncnet import SyncNet

SPAN = 5  # frames a window sees
COLUMNS = 20  # MFCC columns a window hears
HOP = 4  # MFCC columns a frame
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
CACHED = {torch.float32: 4, torch.bfloat16: 8}  # windows whose first feature maps, 18 MB, stay in a processor's cache


@dataclass(frozen=True)
class Layer:
    """One convolution with its batch-norm inside, the pooling behind it (kernel, stride, padding), and ReLU."""

    weight: Tensor
    bias: Tensor
    stride: tuple[int, int]
    padding: tuple[int, int]
    pool: tuple[tuple[int, int], tuple[int, int], tuple[int, int]] | None

    def __call__(self, x: Tensor) -> Tensor:
        """``[n, in, height, width]`` to ``[n, out, …]``."""
        x = F.conv2d(x.to(self.weight.dtype), self.weight, self.bias, self.stride, self.padding)
        return F.relu_(x if self.pool is None else F.max_pool2d(x, *self.pool))


@dataclass(frozen=True)
class Half:
    """One half of the network: feature layers, then two dense ones, which are always float32."""

    layers: tuple[Layer, ...]
    dense: tuple[tuple[Tensor, Tensor], ...]

    def features(self, x: Tensor) -> Tensor:
        """All but the last convolution, which is a dense layer in disguise and likes large batches."""
        for layer in self.layers[:-1]:
            x = layer(x)
        return x

    def project(self, x: Tensor) -> Tensor:
        """The rest, to ``[n, 1024]`` float32."""
        x = self.layers[-1](x).flatten(1)
        (first, first_bias), (second, second_bias) = self.dense
        return F.linear(F.relu_(F.linear(x, first, first_bias)), second, second_bias)


@dataclass(frozen=True)
class Folded:
    """What :func:`fold` makes. Later changes of the model do not reach it."""

    lip_half: Half
    sound_half: Half
    dtype: torch.dtype
    device: torch.device

    def lips(self, frames: Tensor) -> Tensor:
        """Frames ``[n + 4, 224, 224, 3]`` uint8 BGR, on the device, to ``[n, 1024]`` float32."""
        windows = frames.shape[0] - SPAN + 1
        step = CACHED[self.dtype] if self.device.type == "cpu" else windows
        centred = torch.bitwise_xor(frames, 128).view(torch.int8)  # flips the top bit: pixel − 128
        with torch.inference_mode(), self._exact():
            maps = [
                self.lip_half.features(self._stacked(centred[start : start + step + SPAN - 1]))
                for start in range(0, windows, step)
            ]
            return self.lip_half.project(torch.cat(maps))

    def _stacked(self, centred: Tensor) -> Tensor:
        windows = centred.shape[0] - SPAN + 1
        side_by_side = torch.cat([centred[k : k + windows] for k in range(SPAN)], dim=3)
        return side_by_side.to(self.dtype).permute(0, 3, 1, 2)  # channels last in memory

    def sounds(self, cepstra: Tensor) -> Tensor:
        """MFCC ``[4n + 16, 13]`` float32, on the device, to ``[n, 1024]`` float32: window i hears columns 4i…4i+19."""
        windows = cepstra.unfold(0, COLUMNS, HOP).unsqueeze(1)
        with torch.inference_mode(), self._exact():
            return self.sound_half.project(self.sound_half.features(windows))

    def _exact(self) -> AbstractContextManager[None]:
        """Keep a GPU's convolutions from rounding float32 to TF32's 10 bits, which they do unasked."""
        if self.device.type != "cuda" or self.dtype != torch.float32:
            return nullcontext()
        flags: AbstractContextManager[None] = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
        return flags


def fold(model: SyncNet, dtype: str | torch.dtype = "float32") -> Folded:
    """The fast form of ``model`` in its inference mode, on the model's device; the model stays as it is.

    In bfloat16 the convolutions between the first of the sound and the last of both halves are rounded to 8 bits,
    the rest stays float32. Pixels are exact in both.
    """
    kind = DTYPES.get(str(dtype).removeprefix("torch."))
    if kind is None:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, got {dtype}")
    device = next(model.parameters()).device
    plain = torch.float32
    with torch.no_grad():
        lips = _layers(model.netcnnlip, [*[kind] * 5, plain], taken=128.0)
        sounds = _layers(model.netcnnaud, [plain, *[kind] * 4, plain])
        lip_half = Half(lips, _dense(model.netfclip))
        sound_half = Half(sounds, _dense(model.netfcaud))
    return Folded(lip_half, sound_half, dtype=kind, device=device)


def _layers(parts: nn.Sequential, dtypes: list[torch.dtype], taken: float = 0.0) -> tuple[Layer, ...]:
    """Convolution, batch-norm, ReLU and perhaps pooling at a time; ``taken`` was subtracted from the first's input."""
    modules: list[Any] = list(parts)
    starts = [index for index, module in enumerate(modules) if isinstance(module, nn.Conv2d | nn.Conv3d)]
    layers = []
    for start, dtype in zip(starts, dtypes, strict=True):
        weight, bias = _without_norm(modules[start], modules[start + 1])
        bias = bias + (taken if start == 0 else 0.0) * weight.flatten(1).sum(1)
        if weight.ndim == 5:  # frames beside each other become channels: [out, in, time, …] → [out, time × in, …]
            weight = weight.transpose(1, 2).flatten(1, 2)
        pool = modules[start + 3] if start + 3 < len(modules) else None
        layers.append(
            Layer(
                weight.to(dtype).contiguous(memory_format=torch.channels_last),
                bias.to(dtype),
                _plane(modules[start].stride),
                _plane(modules[start].padding),
                _pooling(pool) if isinstance(pool, nn.MaxPool2d | nn.MaxPool3d) else None,
            )
        )
    return tuple(layers)


def _dense(parts: nn.Sequential) -> tuple[tuple[Tensor, Tensor], ...]:
    first, norm, last = parts[0], parts[1], parts[3]
    pairs = (_without_norm(first, norm), (_numbers(last.weight), _numbers(last.bias)))
    return tuple((weight.float(), bias.float()) for weight, bias in pairs)


def _without_norm(layer: Any, norm: Any) -> tuple[Tensor, Tensor]:
    """Weight and bias, float64, of a layer that does what ``layer`` and then ``norm`` in inference do."""
    factor = _numbers(norm.weight) / torch.sqrt(_numbers(norm.running_var) + norm.eps)
    weight = _numbers(layer.weight) * factor.reshape(-1, *[1] * (layer.weight.ndim - 1))
    return weight, (_numbers(layer.bias) - _numbers(norm.running_mean)) * factor + _numbers(norm.bias)


def _numbers(parameter: Any) -> Tensor:
    """A copy in float64."""
    return torch.as_tensor(parameter.detach(), dtype=torch.float64).clone()


def _plane(size: int | tuple[int, ...]) -> tuple[int, int]:
    """Height and width of a size that may have time before them, or be one number for both."""
    return (size, size) if isinstance(size, int) else (size[-2], size[-1])


def _pooling(pool: Any) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]] | None:
    kernel, stride, padding = _plane(pool.kernel_size), _plane(pool.stride), _plane(pool.padding)
    return None if kernel == (1, 1) else (kernel, stride, padding)
