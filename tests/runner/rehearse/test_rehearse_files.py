"""What is written can be read by the libraries that ComfyUI reads it with, and says that it is random."""

import hashlib
import tracemalloc
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from safetensors import safe_open

from runner.rehearse.checkpoint import Checkpoint, Model, Tensor, checkpoint
from runner.rehearse.embeds import entry_name, write_entry
from runner.rehearse.mark import ABOUT, KEY, mark_of
from runner.rehearse.values import STD, Values
from runner.rehearse.write import write_checkpoint

MARK = "tiny seed=0 table=abc"


def written(folder: Path, model: Model, name: str, seed: int = 0) -> tuple[Path, Checkpoint]:
    made = checkpoint(model, "x", name, "tiny")
    write_checkpoint(folder / name, made, Values(seed), MARK)
    return folder / name, made


def test_a_gguf_file_is_read_by_gguf_with_names_shapes_types_and_tame_values(tmp_path: Path) -> None:
    path, made = written(tmp_path, "i2v", "a.gguf")
    reader = gguf.GGUFReader(path)
    assert [one.name for one in reader.tensors] == [one.name for one in made.tensors]
    for read, meant in zip(reader.tensors, made.tensors, strict=True):
        assert (tuple(map(int, reversed(read.shape))), read.tensor_type.name) == (meant.shape, meant.dtype)
    queries = next(one for one in reader.tensors if one.name == "blocks.0.self_attn.q.weight")
    values = gguf.quants.dequantize(queries.data, queries.tensor_type)
    assert values.std() == pytest.approx(STD, rel=0.05) and abs(values.mean()) < STD / 10
    gain = next(one for one in reader.tensors if one.name == "blocks.0.norm3.weight")
    assert np.all(gain.data == 1)
    assert reader.get_field("general.architecture").contents() == "wan"
    assert "random weights" in reader.get_field("general.name").contents()
    assert reader.get_field("general.description").contents() == ABOUT
    assert mark_of(path) == MARK


@pytest.mark.parametrize(
    ("model", "name"),
    [("vae", "v_bf16.safetensors"), ("lora", "l.safetensors"), ("i2v", "i_fp8_e4m3fn_scaled.safetensors")],
)
def test_a_safetensors_file_is_read_by_safetensors(tmp_path: Path, model: Model, name: str) -> None:
    path, made = written(tmp_path, model, name)
    types = {"BF16": torch.bfloat16, "F32": torch.float32, "F8_E4M3": torch.float8_e4m3fn}
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == {KEY: MARK, "about": ABOUT, "format": "pt"}
        assert set(file.keys()) == {one.name for one in made.tensors}
        for one in made.tensors:
            read = file.get_tensor(one.name)
            assert (tuple(read.shape), read.dtype) == (one.shape, types[one.dtype])
            assert torch.isfinite(read.float()).all()
    assert mark_of(path) == MARK


def test_an_fp8_weight_times_its_scale_is_as_tame_as_the_rest(tmp_path: Path) -> None:
    path, _ = written(tmp_path, "i2v", "i_fp8_e4m3fn_scaled.safetensors")
    with safe_open(path, framework="pt") as file:
        weight = file.get_tensor("blocks.3.ffn.0.weight").float() * file.get_tensor("blocks.3.ffn.0.scale_weight")
    assert STD / 2 < float(weight.std()) < STD * 2


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    digests = []
    for number, seed in enumerate((0, 0, 1)):
        (tmp_path / str(number)).mkdir()
        path, _ = written(tmp_path / str(number), "vae", "v.safetensors", seed)
        digests.append(hashlib.sha256(path.read_bytes()).hexdigest())
    assert digests[0] == digests[1] != digests[2]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    made = Checkpoint("vae", "x", "big.safetensors", (Tensor("a.weight", (1 << 13, 1 << 13), "BF16"),))
    values = Values(0)
    list(values.chunks(Tensor("b.weight", (2, 2), "BF16")))  # the pool
    tracemalloc.start()
    try:
        write_checkpoint(tmp_path / made.name, made, values, MARK)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (tmp_path / made.name).stat().st_size > 1 << 27 and peak < 4 << 20


@pytest.mark.parametrize(("prompt", "parts"), [("a person", 1), (" 一个人 | 说话 ", 2), ("", 1)])
def test_a_text_embedding_is_what_the_wrapper_reads(tmp_path: Path, prompt: str, parts: int) -> None:
    name = entry_name(prompt)
    assert name == f"{hashlib.sha256(prompt.strip().encode()).hexdigest()}.pt"  # WanVideoTextEncodeCached's own rule
    write_entry(tmp_path / name, prompt, 0, MARK)
    read = torch.load(tmp_path / name)
    assert isinstance(read, list) and len(read) == parts
    assert all(one.dtype == torch.bfloat16 and one.shape[1] == 4096 and 1 < len(one) <= 512 for one in read)
    assert mark_of(tmp_path / name) == MARK


@pytest.mark.parametrize("name", ["a.gguf", "a.safetensors"])
def test_a_name_that_is_taken_stays_as_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"theirs")
    with pytest.raises(FileExistsError):
        written(tmp_path, "vae", name)
    assert (tmp_path / name).read_bytes() == b"theirs" and len(list(tmp_path.iterdir())) == 1


def test_a_link_that_leads_nowhere_is_no_free_name(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        written(tmp_path, "vae", "a.safetensors")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GGUF",
        b"\xff" * 64,
        b"PK\x03\x04",
        (1 << 62).to_bytes(8, "little"),
        b"\x04\0\0\0\0\0\0\0null",
        KEY.encode(),
    ],
)
@pytest.mark.parametrize("ending", ["gguf", "safetensors", "pt"])
def test_nothing_but_the_mark_makes_a_file_ours(tmp_path: Path, ending: str, content: bytes) -> None:
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content)
    assert mark_of(path) is None
