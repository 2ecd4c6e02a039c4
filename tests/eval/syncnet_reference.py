"""SyncNet scored plainly, along the code path of joonson/syncnet_python: what the fast form is measured against.

Nothing of the package is used. The whole clip is held as float32, windows are cut one by one and go through a 3-D
convolution in batches of 20, sound likewise; distances are taken window by window with torch's own function. Layers
are written as one function of a state dict, by the checkpoint's names. Loaded by path (``runpy``) from tests and the
benchmark.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

Weights = dict[str, torch.Tensor]
BATCH = 20
VSHIFT = 15
# in, out, kernel, stride, padding, pooling (kernel, stride, padding) of each convolution, at 0, 4, 8, 11, 14, 18
AUDIO = [
    (1, 64, (3, 3), 1, 1, ((1, 1), (1, 1), (0, 0))),
    (64, 192, (3, 3), 1, 1, ((3, 3), (1, 2), (0, 0))),
    (192, 384, (3, 3), 1, 1, None),
    (384, 256, (3, 3), 1, 1, None),
    (256, 256, (3, 3), 1, 1, ((3, 3), (2, 2), (0, 0))),
    (256, 512, (5, 4), 1, 0, None),
]
LIP = [
    (3, 96, (5, 7, 7), (1, 2, 2), 0, ((1, 3, 3), (1, 2, 2), (0, 0, 0))),
    (96, 256, (1, 5, 5), (1, 2, 2), (0, 1, 1), ((1, 3, 3), (1, 2, 2), (0, 1, 1))),
    (256, 256, (1, 3, 3), 1, (0, 1, 1), None),
    (256, 256, (1, 3, 3), 1, (0, 1, 1), None),
    (256, 256, (1, 3, 3), 1, (0, 1, 1), ((1, 3, 3), (1, 2, 2), (0, 0, 0))),
    (256, 512, (1, 6, 6), 1, 0, None),
]
AT = (0, 4, 8, 11, 14, 18)


@dataclass
class Plain:
    """What the reference prints and returns, and the features before."""

    lips: np.ndarray
    sounds: np.ndarray
    distances: np.ndarray
    mean_distances: np.ndarray
    offset: int
    min_distance: float
    confidence: float
    framewise_confidence: np.ndarray


def random_weights(seed: int) -> Weights:
    """A state dict of the original's names and shapes, all drawn at random: batch-norm's four parts too, some factors
    negative. Means and variances that fit data, as training leaves them: :func:`fit`."""
    draw = torch.Generator().manual_seed(seed)
    weights: Weights = {}
    for half, layers in (("aud", AUDIO), ("lip", LIP)):
        for at, (inner, outer, kernel, *_) in zip(AT, layers, strict=True):
            _draw_layer(weights, f"netcnn{half}", at, (outer, inner, *kernel), draw)
        _draw_layer(weights, f"netfc{half}", 0, (512, 512), draw)
        _draw_layer(weights, f"netfc{half}", 3, (1024, 512), draw, norm=False)
    return weights


def _draw_layer(
    weights: Weights, part: str, at: int, shape: tuple[int, ...], draw: torch.Generator, norm: bool = True
) -> None:
    spread = (2.0 / np.prod(shape[1:])) ** 0.5
    weights[f"{part}.{at}.weight"] = torch.randn(shape, generator=draw) * spread
    weights[f"{part}.{at}.bias"] = torch.randn(shape[0], generator=draw) * 0.1
    if norm:
        signs = torch.where(torch.rand(shape[0], generator=draw) < 0.1, -1.0, 1.0)
        weights[f"{part}.{at + 1}.weight"] = signs * (0.5 + torch.rand(shape[0], generator=draw))
        weights[f"{part}.{at + 1}.bias"] = torch.randn(shape[0], generator=draw) * 0.3
        weights[f"{part}.{at + 1}.running_mean"] = torch.randn(shape[0], generator=draw) * 0.5
        weights[f"{part}.{at + 1}.running_var"] = 0.2 + 2 * torch.rand(shape[0], generator=draw)


def fit(weights: Weights, frames: np.ndarray, audio: np.ndarray) -> Weights:
    """A copy whose batch-norm means and variances are those of this clip's first windows, as training leaves them."""
    fitted = {name: value.clone() for name, value in weights.items()}
    with torch.no_grad():
        forward_lip(fitted, torch.cat(list(_windows(_pictures(frames), range(BATCH)))), measure=True)
        forward_aud(fitted, torch.cat(list(_columns(_cepstra(audio), range(BATCH)))), measure=True)
    return fitted


def _norm(w: Weights, part: str, at: int, x: torch.Tensor, measure: bool) -> torch.Tensor:
    mean, variance = w[f"{part}.{at}.running_mean"], w[f"{part}.{at}.running_var"]
    if measure:
        along = [d for d in range(x.ndim) if d != 1]
        mean.copy_(x.mean(along))
        variance.copy_(x.var(along))
    return F.batch_norm(x, mean, variance, w[f"{part}.{at}.weight"], w[f"{part}.{at}.bias"])


def _features(w: Weights, part: str, layers: list, x: torch.Tensor, measure: bool) -> torch.Tensor:
    solid = part == "netcnnlip"
    conv, pool = (F.conv3d, F.max_pool3d) if solid else (F.conv2d, F.max_pool2d)
    for at, (_, _, _, stride, padding, pooling) in zip(AT, layers, strict=True):
        x = conv(x, w[f"{part}.{at}.weight"], w[f"{part}.{at}.bias"], stride, padding)
        x = torch.relu_(_norm(w, part, at + 1, x, measure))
        x = x if pooling is None else pool(x, *pooling)
    return x.flatten(1)


def _dense(w: Weights, part: str, x: torch.Tensor, measure: bool) -> torch.Tensor:
    x = F.linear(x, w[f"{part}.0.weight"], w[f"{part}.0.bias"])
    x = torch.relu(_norm(w, part, 1, x, measure))
    return F.linear(x, w[f"{part}.3.weight"], w[f"{part}.3.bias"])


def forward_lip(w: Weights, x: torch.Tensor, measure: bool = False) -> torch.Tensor:
    """``[n, 3, 5, 224, 224]`` to ``[n, 1024]``."""
    return _dense(w, "netfclip", _features(w, "netcnnlip", LIP, x, measure), measure)


def forward_aud(w: Weights, x: torch.Tensor, measure: bool = False) -> torch.Tensor:
    """``[n, 1, 13, 20]`` to ``[n, 1024]``."""
    return _dense(w, "netfcaud", _features(w, "netcnnaud", AUDIO, x, measure), measure)


def _pictures(frames: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.transpose(np.stack(list(frames), axis=3)[None], (0, 3, 4, 1, 2)).astype(float)).float()


def _cepstra(audio: np.ndarray) -> torch.Tensor:
    import python_speech_features

    return torch.from_numpy(python_speech_features.mfcc(audio, 16000).T[None, None].astype(float)).float()


def _windows(pictures: torch.Tensor, which: range):
    return (pictures[:, :, i : i + 5] for i in which)


def _columns(cepstra: torch.Tensor, which: range):
    return (cepstra[:, :, :, 4 * i : 4 * i + 20] for i in which)


def features(w: Weights, frames: np.ndarray, audio: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Points of pictures and of sound, each ``[N, 1024]``."""
    pictures, cepstra = _pictures(frames), _cepstra(audio)
    home = w["netfclip.3.bias"]  # its device and dtype
    last = min(len(frames), len(audio) // 640) - 5
    lips, sounds = [], []
    with torch.no_grad():
        for start in range(0, last, BATCH):
            which = range(start, min(last, start + BATCH))
            lips.append(forward_lip(w, torch.cat(list(_windows(pictures, which)), 0).to(home)).cpu())
            sounds.append(forward_aud(w, torch.cat(list(_columns(cepstra, which)), 0).to(home)).cpu())
    return torch.cat(lips), torch.cat(sounds)


def score(w: Weights, frames: np.ndarray, audio: np.ndarray) -> Plain:
    """The reference's figures. Weights in float64 give them in float64: the truth that float32 is rounded from."""
    from scipy import signal

    lips, sounds = features(w, frames, audio)
    padded = F.pad(sounds, (0, 0, VSHIFT, VSHIFT))
    size = 2 * VSHIFT + 1
    gaps = [F.pairwise_distance(lips[[i]].repeat(size, 1), padded[i : i + size]) for i in range(len(lips))]
    means = torch.stack(gaps, 1).mean(1)
    least, index = torch.min(means, 0)
    middle = torch.median(means)
    framewise = middle.numpy() - np.stack([gap[index].numpy() for gap in gaps])
    return Plain(
        lips=lips.numpy(),
        sounds=sounds.numpy(),
        distances=torch.stack(gaps).numpy(),
        mean_distances=means.numpy(),
        offset=int(VSHIFT - index),
        min_distance=float(least),
        confidence=float(middle - least),
        framewise_confidence=signal.medfilt(framewise, kernel_size=9),
    )
