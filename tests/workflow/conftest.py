"""Graphs and clips for the graph side's tests."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import hypothesis
import numpy as np
import pytest

from workflow.cell import Clip
from workflow.graph import Graph, default_graph

# A machine shared with others makes single examples slow; the suite has its own time limit.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture
def shipped() -> Graph:
    """A copy of the shipped graph, free to be changed."""
    return copy.deepcopy(default_graph())


@pytest.fixture
def node_of(shipped: Graph) -> Callable[[str], dict[str, Any]]:
    """The inputs of the shipped graph's node with a title."""
    return lambda title: next(node["inputs"] for node in shipped.values() if node["_meta"]["title"] == title)


@pytest.fixture
def exported() -> Graph:
    """A graph of the shape that the wrapper's own InfiniteTalk example exports to: size, frame count and pictures
    through links, no titles of ours, no close-up, no decoder, loose nodes, Windows paths."""

    def node(class_type: str, **inputs: Any) -> dict[str, Any]:
        return {"class_type": class_type, "inputs": inputs, "_meta": {"title": class_type}}

    return {
        "120": node("MultiTalkModelLoader", model="WanVideo\\InfiniteTalk\\Wan2_1-InfiniteTalk_Single_Q8.gguf"),
        "122": node(
            "WanVideoModelLoader",
            model="WanVideo\\wan2.1-i2v-14b-480p-Q8_0.gguf",
            base_precision="fp16_fast",
            quantization="disabled",
            load_device="offload_device",
            attention_mode="sageattn",
            block_swap_args=["134", 0],
            lora=["138", 0],
            multitalk_model=["120", 0],
        ),
        "125": node("LoadAudio", audio="hush.mp3", audioUI=""),
        "128": node(
            "WanVideoSampler",
            steps=6,
            cfg=1.0000000000000002,
            shift=11.000000000000002,
            seed=2,
            force_offload=True,
            scheduler="dpm++_sde",
            riflex_freq_index=0,
            model=["122", 0],
            image_embeds=["192", 0],
            text_embeds=["241", 0],
            multitalk_embeds=["194", 0],
        ),
        "129": node("WanVideoVAELoader", model_name="wanvideo\\Wan2_1_VAE_bf16.safetensors", precision="bf16"),
        "131": node(
            "VHS_VideoCombine",
            frame_rate=25,
            loop_count=0,
            filename_prefix="WanVideo2_1_InfiniteTalk",
            format="video/h264-mp4",
            pix_fmt="yuv420p",
            crf=19,
            save_metadata=True,
            trim_to_audio=False,
            pingpong=False,
            save_output=False,
            images=["309", 0],
            audio=["125", 0],
        ),
        "134": node("WanVideoBlockSwap", blocks_to_swap=20, offload_img_emb=False, offload_txt_emb=False),
        "137": node("DownloadAndLoadWav2VecModel", model="chinese-wav2vec2-base", base_precision="fp16"),
        "138": node("WanVideoLoraSelect", lora="WanVideo\\lightx2v.safetensors", strength=1, merge_loras=False),
        "177": node("WanVideoTorchCompileSettings", backend="inductor"),
        "192": node(
            "WanVideoImageToVideoMultiTalk",
            width=["291", 1],
            height=["291", 2],
            frame_window_size=81,
            motion_frame=9,
            force_offload=False,
            colormatch="disabled",
            tiled_vae=False,
            mode="infinitetalk",
            output_path="",
            vae=["129", 0],
            start_image=["291", 0],
            clip_embeds=["237", 0],
        ),
        "194": node(
            "MultiTalkWav2VecEmbeds",
            normalize_loudness=True,
            num_frames=["270", 0],
            fps=25,
            audio_scale=1,
            audio_cfg_scale=1,
            multi_audio_type="para",
            wav2vec_model=["137", 0],
            audio_1=["302", 0],
        ),
        "237": node(
            "WanVideoClipVisionEncode",
            strength_1=1,
            strength_2=1,
            crop="center",
            combine_embeds="average",
            force_offload=True,
            tiles=0,
            ratio=0.5,
            clip_vision=["238", 0],
            image_1=["291", 0],
        ),
        "238": node("CLIPVisionLoader", clip_name="clip_vision_h.safetensors"),
        "241": node(
            "WanVideoTextEncodeCached",
            model_name="umt5-xxl-enc-bf16.safetensors",
            precision="bf16",
            positive_prompt="a woman is singing",
            negative_prompt="static",
            quantization="disabled",
            use_disk_cache=True,
            device="gpu",
        ),
        "245": node("INTConstant", value=640) | {"_meta": {"title": "Width"}},
        "246": node("INTConstant", value=640) | {"_meta": {"title": "Height"}},
        "270": node("INTConstant", value=500) | {"_meta": {"title": "Max frames"}},
        "281": node(
            "ImageResizeKJv2",
            width=["245", 0],
            height=["246", 0],
            upscale_method="lanczos",
            keep_proportion="crop",
            divisible_by=16,
            image=["284", 0],
        ),
        "284": node("LoadImage", image="woman.png", upload="image"),
        "291": node("GetImageSizeAndCount", image=["281", 0]),
        "293": node("PreviewAny", source=["194", 2]),
        "300": node("Wav2VecModelLoader", model="wav2vec2-chinese-base_fp16.safetensors", base_precision="fp16"),
        "301": node("MelBandRoFormerModelLoader", model="MelBandRoFormer\\MelBandRoformer_fp16.safetensors"),
        "302": node("MelBandRoFormerSampler", model=["301", 0], audio=["125", 0]),
        "309": node("WanVideoPassImagesFromSamples", samples=["128", 0]),
    }


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    """A clip whose files hold a few bytes: the graph side never looks into them."""
    for name in ("frame.png", "face.png", "speech.wav"):
        (tmp_path / name).write_bytes(name.encode())
    return Clip("anna", tmp_path / "frame.png", tmp_path / "face.png", tmp_path / "speech.wav", 464, 832, 6.0)


@pytest.fixture
def tagged(tmp_path: Path) -> Callable[..., Path]:
    """``tagged({"prompt": …}, "a.webm")``: a video of three frames with these tags, as ffmpeg writes them."""

    def make(tags: dict[str, str], name: str = "video.mp4") -> Path:
        path = tmp_path / name
        codec = "vp9" if path.suffix == ".webm" else "mpeg4"
        options = {"movflags": "use_metadata_tags"} if path.suffix.lower() in (".mp4", ".mov") else {}
        with av.open(str(path), "w", options=options) as container:
            container.metadata.update(tags)
            stream = container.add_stream(codec, rate=25)
            stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
            for _ in range(3):
                frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return make
