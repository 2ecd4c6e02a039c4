"""LPIPS in two steps is ``lpips.LPIPS`` in one."""

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from eval.nets.perceptual import Lpips, NotAlexNetError, load_lpips
from eval.nets.torchvision_ops import importable_torchvision

Plain = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def texture(seed: int, side: int = 224) -> np.ndarray:
    """A picture with structure at several scales, BGR."""
    rng = np.random.default_rng(seed)
    layers = [cv2.resize(rng.normal(size=(size, size, 3)), (side, side)) for size in (4, 14, 56, side)]
    return np.clip(128 + 40 * np.sum(layers, axis=0), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 3, 64, 64), (5, 3, 224, 224), (3, 3, 256, 141), (2, 3, 97, 331)])
def test_value_is_that_of_the_lpips_package(shape: tuple[int, ...], lpips_net: Lpips, plain_lpips: Plain) -> None:
    a, b = noise(*shape), noise(*shape, seed=1)
    mine, theirs = lpips_net.distance(lpips_net.features(a), lpips_net.features(b)), plain_lpips(a, b)
    assert theirs.min() > 1e-4
    torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-6)
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=0)


def test_one_reference_stands_for_one_a_picture(lpips_net: Lpips, plain_lpips: Plain) -> None:
    pictures, reference = noise(4, 3, 96, 96), noise(1, 3, 96, 96, seed=1)
    once = lpips_net.distance(lpips_net.features(pictures), lpips_net.features(reference))
    torch.testing.assert_close(once, plain_lpips(pictures, reference.expand(4, -1, -1, -1)), rtol=0, atol=1e-6)


def test_pictures_go_in_as_the_package_reads_them(lpips_net: Lpips, plain_lpips: Plain) -> None:
    import lpips

    a, b = texture(0), texture(1)
    theirs = plain_lpips(*(lpips.im2tensor(picture[..., ::-1]) for picture in (a, b)))
    torch.testing.assert_close(lpips_net.distance(lpips_net.of([a]), lpips_net.of([b])), theirs, rtol=0, atol=1e-6)


def test_it_is_zero_for_the_same_picture_and_symmetric(lpips_net: Lpips) -> None:
    a, b = lpips_net.features(noise(3, 3, 80, 80)), lpips_net.features(noise(3, 3, 80, 80, seed=1))
    assert lpips_net.distance(a, a).tolist() == [0, 0, 0]
    assert torch.equal(lpips_net.distance(a, b), lpips_net.distance(b, a))


def test_a_batch_is_its_pictures(lpips_net: Lpips) -> None:
    pictures, reference = noise(8, 3, 224, 224), lpips_net.features(noise(1, 3, 224, 224, seed=1))
    together = lpips_net.distance(lpips_net.features(pictures), reference)
    singly = torch.cat([lpips_net.distance(lpips_net.features(one[None]), reference) for one in pictures])
    torch.testing.assert_close(together, singly, rtol=0, atol=1e-6)


def test_more_blur_is_farther_away(lpips_net: Lpips) -> None:
    clear = lpips_net.of([texture(3)])
    blurred = lpips_net.of([cv2.GaussianBlur(texture(3), (0, 0), sigma) for sigma in (0.5, 1, 2, 4, 8)])
    assert (np.diff(lpips_net.distance(blurred, clear).numpy()) > 0).all()


def test_loading_says_nothing_downloads_nothing_and_draws_no_random_numbers(
    alexnet_file: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a download was tried")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    state = torch.random.get_rng_state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_lpips(alexnet_file)
    assert capfd.readouterr() == ("", "")
    assert torch.equal(state, torch.random.get_rng_state())


def test_checkpoints_of_the_old_format_and_of_a_whole_network_load(
    alexnet_state: dict[str, torch.Tensor], lpips_net: Lpips, tmp_path: Path
) -> None:
    path = tmp_path / "ältere.pth"
    whole = alexnet_state | {"classifier.6.bias": torch.zeros(1000)}
    torch.save(whole, path, _use_new_zipfile_serialization=False)
    picture = noise(1, 3, 64, 64)
    for mine, theirs in zip(load_lpips(path).features(picture), lpips_net.features(picture), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("fault", ["missing", "shape", "nan", "list", "text", "code", "folder"])
def test_other_files_are_refused_by_name(fault: str, alexnet_state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path, name = tmp_path / "weights.pth", "features.6.weight"
    if fault == "folder":
        path.mkdir()
    elif fault == "text":
        path.write_text("<html>not found</html>", encoding="utf-8")
    elif fault == "code":
        torch.save({name: Path(tmp_path)}, path)
    else:
        state: dict[str, torch.Tensor] = dict(alexnet_state)
        if fault == "missing":
            del state[name]
        elif fault == "shape":
            state[name] = state[name][:, :10]
        else:
            state[name] = torch.full_like(state[name], torch.nan)
        torch.save(list(state.values()) if fault == "list" else state, path)
    with pytest.raises(NotAlexNetError, match=r"weights\.pth") as caught:
        load_lpips(path)
    assert fault not in ("missing", "nan") or name in caught.value.message
    assert fault != "shape" or "size mismatch" in caught.value.message


TRY = """
import sys
import torch
from eval.nets import torchvision_ops

if sys.argv[1] == "declared":
    library = torch.library.Library("torchvision", "DEF")
    for schema in torchvision_ops.SCHEMAS:
        library.define(schema)
alone = "unknown"
if sys.argv[1] != "fresh":
    try:
        import torchvision
        alone = "yes"
    except RuntimeError:
        alone = "no"
torchvision_ops.importable_torchvision()
torchvision_ops.importable_torchvision()
import torchvision.models
print(alone, len(torchvision_ops._declared), torchvision.models.alexnet.__name__)
"""


def test_torchvision_can_be_imported_and_keeps_its_own_operators() -> None:
    """In processes of their own: at once, after an import that failed or did not, and where the operators are there."""
    kinds = ("fresh", "tried", "declared")
    command = (sys.executable, "-W", "ignore", "-c", TRY)
    running = [subprocess.Popen([*command, kind], stdout=subprocess.PIPE, text=True) for kind in kinds]
    fresh, tried, declared = (process.communicate()[0].split() for process in running)
    assert tried[0] in ("yes", "no")
    assert fresh[1] == tried[1] == ("0" if tried[0] == "yes" else "1")
    assert declared[:2] == ["yes", "0"]
    assert fresh[2] == tried[2] == declared[2] == "alexnet"


def test_another_fault_of_torchvision_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torchvision.py").write_text("raise RuntimeError('out of paper')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    with pytest.raises(RuntimeError, match="out of paper"):
        importable_torchvision()
