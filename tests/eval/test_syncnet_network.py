"""SyncNet's checkpoint, its folded form and the streaming halves."""

import os
import pickle
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import eval.mfcc
from eval.nets import Folded, LipStream, NotSyncNetError, SyncNet, fold, lip_embeddings, load_syncnet, sound_embeddings

pytestmark = pytest.mark.usefixtures("one_thread")
PLAIN = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("syncnet_reference.py"))))
SIDE = (224, 224, 3)


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for each other cost most where cores are busy, as in a test run."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    return PLAIN.random_weights(0)


@pytest.fixture(scope="module")
def model(weights: dict[str, torch.Tensor]) -> SyncNet:
    net = SyncNet()
    net.load_state_dict(weights, strict=False)
    return net.eval()


@pytest.fixture(scope="module")
def folded(model: SyncNet) -> Folded:
    return fold(model)


def noise(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (frames, *SIDE), np.uint8)


def hiss(samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-9000, 9000, samples).astype(np.int16)


def test_tensors_bear_the_checkpoints_names_and_number_13_64_million(weights: dict[str, torch.Tensor]) -> None:
    own = {name: tuple(value.shape) for name, value in SyncNet().state_dict().items() if "num_batches" not in name}
    assert own == {name: tuple(value.shape) for name, value in weights.items()}
    # The original file holds 54,573,114 bytes: four for each number and some kilobytes of names.
    assert 0 < 54_573_114 - 4 * sum(value.numel() for value in weights.values()) < 20_000


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_loads_unchanged(weights: dict[str, torch.Tensor], tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "syncnet_v2.model"
    torch.save(weights, path, _use_new_zipfile_serialization=zipped)  # the original predates the zipped form
    loaded = load_syncnet(path)
    assert not loaded.training
    state = loaded.state_dict()
    assert all(torch.equal(state[name], value) for name, value in weights.items())


def test_training_counters_of_newer_checkpoints_do_not_matter(model: SyncNet, tmp_path: Path) -> None:
    path = tmp_path / "newer.pt"
    torch.save(model.state_dict(), path)
    assert torch.equal(load_syncnet(path).netfclip[3].bias, model.netfclip[3].bias)


def test_a_file_that_is_no_checkpoint_is_refused_and_named(tmp_path: Path) -> None:
    for name, content in {"empty": b"", "text": b"<html>404</html>", "zip": b"PK\x03\x04" + bytes(60)}.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(NotSyncNetError, match=name):
            load_syncnet(path)
    with pytest.raises(NotSyncNetError, match="nowhere"):
        load_syncnet(tmp_path / "nowhere")
    with pytest.raises(NotSyncNetError):
        load_syncnet(tmp_path)


def test_a_truncated_checkpoint_is_refused(weights: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = tmp_path / "half.model"
    torch.save(weights, path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(NotSyncNetError, match=r"half\.model"):
        load_syncnet(path)


class _Harmful:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


def test_nothing_in_a_checkpoint_is_executed(tmp_path: Path) -> None:
    path, mark = tmp_path / "harmful.model", tmp_path / "mark"
    for content in (
        pickle.dumps(_Harmful(mark), protocol=2),
        pickle.dumps({"netfclip.3.bias": _Harmful(mark)}, protocol=2),
    ):
        path.write_bytes(content)
        with pytest.raises(NotSyncNetError, match="weights only"):
            load_syncnet(path)
    torch.save({"netfclip.3.bias": _Harmful(mark)}, path)
    with pytest.raises(NotSyncNetError, match="weights only"):
        load_syncnet(path)
    assert not mark.exists()


def test_wrong_names_shapes_and_numbers_are_told(weights: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path, bias = tmp_path / "w.pt", "netfcaud.3.bias"
    wrong: dict[str, object] = {
        f"{bias} missing": {name: value for name, value in weights.items() if name != bias},
        "netlips.9.weight not known": {**weights, "netlips.9.weight": torch.zeros(1)},
        r"netfcaud\.3\.bias is \(1024, 1\), not \(1024,\)": {**weights, bias: weights[bias][:, None]},
        f"{bias} is a list": {**weights, bias: [1.0]},
        f"{bias} does not hold finite numbers": {**weights, bias: weights[bias] * torch.nan},
        "holds a list": [1, 2],
    }
    for message, content in wrong.items():
        torch.save(content, path)
        with pytest.raises(NotSyncNetError, match=message):
            load_syncnet(path)


def test_folding_changes_the_order_of_arithmetic_not_the_result(model: SyncNet, folded: Folded) -> None:
    frames, columns = torch.from_numpy(noise(7)), torch.randn(28, 13, generator=torch.Generator().manual_seed(1)) * 9
    clips = torch.stack([frames[i : i + 5].permute(3, 0, 1, 2) for i in range(3)]).float()
    heard = torch.stack([columns[4 * i : 4 * i + 20].T[None] for i in range(3)])
    with torch.inference_mode():
        lips, sounds = model(clips, heard)
    for slow, fast in ((lips, folded.lips(frames)), (sounds, folded.sounds(columns))):
        assert float((fast - slow).abs().max() / slow.abs().max()) < 1e-5


def test_a_folded_model_is_a_copy(weights: dict[str, torch.Tensor]) -> None:
    net = SyncNet()
    net.load_state_dict(weights, strict=False)
    fast, columns = fold(net), torch.ones(20, 13)
    before = fast.sounds(columns)
    with torch.no_grad():
        for value in net.parameters():
            value.zero_()
    assert torch.equal(fast.sounds(columns), before)


def test_an_unknown_dtype_is_named(model: SyncNet) -> None:
    with pytest.raises(ValueError, match="float16"):
        fold(model, torch.float16)


@settings(max_examples=8, deadline=None)
@given(pieces=st.lists(st.integers(0, 9), max_size=8), batch=st.integers(1, 4))
def test_lips_are_the_same_however_the_frames_arrive(folded: Folded, pieces: list[int], batch: int) -> None:
    frames = noise(min(sum(pieces), 12))
    stream, found, start = LipStream(folded, batch=batch), [], 0
    for length in pieces:
        found.append(stream.push(frames[start : start + length]))
        start += length
    found.append(stream.finish())
    whole = np.concatenate(found)
    assert whole.shape == (max(len(frames) - 5, 0), 1024)
    assert np.array_equal(whole, lip_embeddings(folded, frames, batch=batch))
    assert len(stream.finish()) == 0


def test_lips_hardly_depend_on_the_batch(folded: Folded) -> None:
    frames = noise(12)
    one, many = lip_embeddings(folded, frames, batch=1), lip_embeddings(folded, frames)
    assert np.abs(one - many).max() < 1e-5 * np.abs(one).max()


def test_frames_may_be_read_only_or_a_view(folded: Folded) -> None:
    frames = noise(8)
    expected = lip_embeddings(folded, frames)
    turned = np.ascontiguousarray(frames[:, :, ::-1])[:, :, ::-1]
    turned.flags.writeable = False
    assert np.array_equal(lip_embeddings(folded, turned), expected)


def test_wrong_arrays_are_named(folded: Folded) -> None:
    with pytest.raises(ValueError, match=r"float32 \[2, 224, 224, 3\]"):
        LipStream(folded).push(noise(2).astype(np.float32))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"\[2, 112, 224, 3\]"):
        lip_embeddings(folded, noise(2)[:, ::2])
    with pytest.raises(ValueError, match="float64"):
        sound_embeddings(folded, hiss(9000).astype(np.float64))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="got 0"):
        LipStream(folded, batch=0)


@pytest.mark.parametrize("samples", [0, 3839, 3840, 4479, 4480, 9999])
def test_sound_gives_a_window_a_frame_but_for_the_last_five(folded: Folded, samples: int) -> None:
    assert sound_embeddings(folded, hiss(samples)).shape == (max(samples // 640 - 5, 0), 1024)


@settings(max_examples=40, deadline=None)
@given(samples=st.integers(1, 4000), piece=st.integers(1, 9))
def test_mfcc_in_pieces_is_the_librarys_on_the_whole(samples: int, piece: int) -> None:
    import python_speech_features

    sound = hiss(samples, seed=samples)
    sound[samples // 3 : samples // 2] = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eval.mfcc, "PIECE", piece)
        found = eval.mfcc.mfcc(sound)
    np.testing.assert_allclose(found, python_speech_features.mfcc(sound, 16000), rtol=1e-12, atol=1e-12)


def test_importing_the_scores_does_not_import_torch() -> None:
    code = "import sys, eval.metrics.syncnet, eval.mfcc; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA card here")
def test_a_card_agrees_with_the_processor(weights: dict[str, torch.Tensor], folded: Folded) -> None:
    net = SyncNet()
    net.load_state_dict(weights, strict=False)
    card = fold(net.to("cuda"))
    for slow, fast in (
        (lip_embeddings(folded, noise(12)), lip_embeddings(card, noise(12))),
        (sound_embeddings(folded, hiss(9000)), sound_embeddings(card, hiss(9000))),
    ):
        assert np.abs(fast - slow).max() < 1e-4 * np.abs(slow).max()
