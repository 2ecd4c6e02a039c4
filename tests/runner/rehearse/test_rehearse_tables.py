"""The tables of tensors: spelled out they are those of the published checkpoints."""

import hashlib
import math

import pytest

from runner.rehearse.checkpoint import Model, checkpoint
from runner.rehearse.shapes import shapes

# Compared once, name by name and in order, with tables read off the models' own code; kept here as count and hash.
TABLES = {
    ("i2v", "tiny"): (983, 17_215_808, "e9929e87fc9f5419"),
    ("infinitetalk", "tiny"): (250, 85_308_160, "f4aa3ecd0d7368a1"),
    ("vae", "tiny"): (194, 8_035_003, "374cf6497a73a379"),
    ("i2v", "full"): (1303, 16_394_878_784, "018e64adbb325a37"),
    ("infinitetalk", "full"): (330, 2_487_168_000, "46b6d14fc4f8c55d"),
    ("vae", "full"): (194, 126_892_531, "ccb19d8a91e2d397"),
    ("wav2vec2", "tiny"): (211, 94_371_712, "bb741375405cb941"),
    ("wav2vec2", "full"): (211, 94_371_712, "bb741375405cb941"),
    ("clip", "tiny"): (520, 632_076_800, "80c6b47594431f5c"),
    ("clip", "full"): (520, 632_076_800, "80c6b47594431f5c"),
}


@pytest.mark.parametrize(("model", "size"), TABLES)
def test_names_and_shapes_are_the_true_ones(model: str, size: str) -> None:
    table = shapes(model, size)
    text = "\n".join(f"{name} {list(shape)}" for name, shape in table.items())
    weights = sum(map(math.prod, table.values()))
    assert (len(table), weights, hashlib.sha256(text.encode()).hexdigest()[:16]) == TABLES[model, size]


def test_the_lora_has_a_pair_of_rank_64_for_every_linear_layer_of_a_block() -> None:
    lora, main = shapes("lora", "full"), shapes("i2v", "full")
    layers = [name for name, shape in main.items() if name.startswith("blocks.") and len(shape) == 2]
    assert len(lora) == 2 * len(layers)
    for layer in layers:
        stem = f"diffusion_model.{layer.removesuffix('.weight')}"
        out, inner = main[layer]
        assert lora[f"{stem}.lora_up.weight"] == (out, 64) and lora[f"{stem}.lora_down.weight"] == (64, inner)


@pytest.mark.parametrize(("model", "name", "gigabytes"), [("i2v", "Q8_0.gguf", 17), ("infinitetalk", "Q8.gguf", 2.5)])
def test_full_files_are_as_large_as_those_that_the_workflow_was_tuned_with(
    model: Model, name: str, gigabytes: float
) -> None:
    assert checkpoint(model, "x", name, "full").nbytes / 1e9 == pytest.approx(gigabytes, rel=0.06)


def test_number_types_are_those_that_the_wrapper_tells_forms_by() -> None:
    gguf = {one.name: one.dtype for one in checkpoint("i2v", "x", "a.gguf", "tiny").tensors}
    assert gguf["blocks.0.self_attn.q.weight"] == "Q8_0" and gguf["blocks.0.self_attn.q.bias"] == "F32"
    assert gguf["patch_embedding.weight"] == gguf["blocks.0.modulation"] == "F32"  # five sides, and no matrix
    assert gguf["text_embedding.0.weight"] == "F16"
    fp8 = {one.name: one for one in checkpoint("i2v", "x", "a_fp8_e4m3fn_scaled.safetensors", "tiny").tensors}
    scaled = [name for name, one in fp8.items() if one.dtype == "F8_E4M3" and name != "scaled_fp8"]
    assert len(scaled) == 30 * 12 and fp8["scaled_fp8"].shape == (0,)
    assert all(fp8[f"{name.removesuffix('weight')}scale_weight"].dtype == "F32" for name in scaled)
    assert fp8["head.head.weight"].dtype == "BF16"
