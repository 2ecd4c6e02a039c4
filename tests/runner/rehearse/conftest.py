"""A ComfyUI folder as far as a rehearsal sees it, and small things to write into it."""

import json
from pathlib import Path

import pytest

PACK = "custom_nodes/comfyui-wanvideowrapper"  # as the registry spells it


@pytest.fixture
def comfyui(tmp_path: Path) -> Path:
    """Folders for models and node packs; the wrapper knows its cache of text embeddings."""
    folder = tmp_path / "我的 ComfyUI"
    for name in ("diffusion_models", "vae", "loras", "text_encoders"):
        (folder / "models" / name).mkdir(parents=True)
    (folder / PACK).mkdir(parents=True)
    (folder / PACK / "nodes.py").write_text("cache_dir = 'text_embed_cache'\n", encoding="utf-8")
    return folder


@pytest.fixture
def small_graph(tmp_path: Path) -> Path:
    """A graph that names a VAE, a text encoder and two prompts, and none of the large files."""
    nodes = {
        "1": {"class_type": "WanVideoVAELoader", "inputs": {"model_name": "Wan2_1_VAE_bf16.safetensors"}},
        "2": {
            "class_type": "WanVideoTextEncodeCached",
            "inputs": {"model_name": "umt5.safetensors", "positive_prompt": "你好", "negative_prompt": ""},
        },
    }
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(nodes, ensure_ascii=False), encoding="utf-8")
    return path


@pytest.fixture
def no_conf(tmp_path: Path) -> Path:
    """A folder of configs that names a LoRA and nothing else."""
    folder = tmp_path / "conf" / "model"
    folder.mkdir(parents=True)
    (folder / "only.yaml").write_text("loras: [{name: L/one.safetensors, strength: 1.0}]\n", encoding="utf-8")
    return folder.parent
