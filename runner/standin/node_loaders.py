"""Loader nodes: they load nothing, and refuse the combinations of files and settings that the real ones refuse."""

from typing import Any

from runner.standin.errors import NodeError
from runner.standin.run import Result, Run
from runner.standin.values import Loaded, Lora, Model, TextEmbeds


def loaded(run: Run, inputs: dict[str, Any]) -> Result:
    """VAE, CLIP vision, wav2vec2, block swap: kept as what was asked for."""
    return Result((Loaded(run.prompt[run.node_id]["class_type"], inputs),))


def text_encode(run: Run, inputs: dict[str, Any]) -> Result:
    """WanVideoTextEncodeCached."""
    embeds = TextEmbeds(inputs["positive_prompt"], inputs["negative_prompt"])
    return Result((embeds, TextEmbeds(embeds.negative, ""), embeds.positive))


def lora_select(run: Run, inputs: dict[str, Any]) -> Result:
    """WanVideoLoraSelect: adds to the chain that comes in through ``prev_lora``."""
    chain: tuple[Lora, ...] = inputs.get("prev_lora") or ()
    return Result(((*chain, Lora(inputs["lora"], inputs["strength"], inputs.get("merge_loras", True))),))


def model_loader(run: Run, inputs: dict[str, Any]) -> Result:
    """WanVideoModelLoader. ``color_matcher`` and ``sageattention`` pretend to be installed."""
    name: str = inputs["model"]
    talk: Loaded | None = inputs.get("multitalk_model")
    swap: Loaded | None = inputs.get("block_swap_args")
    loras: tuple[Lora, ...] = inputs.get("lora") or ()
    talk_name = str(talk.options["model"]) if talk else ""
    quantization = _quantization(name, inputs["quantization"], loras)
    if talk_name.endswith(".gguf") and not name.endswith(".gguf"):
        message = "Multitalk/InfiniteTalk model is a GGUF model, main model also has to be a GGUF model."
        raise NodeError("ValueError", message)
    if "_fast" in quantization and loras and not any(lora.merged for lora in loras):
        raise NodeError("NotImplementedError", "fp8_fast is not supported with unmerged LoRAs")
    model = Model(
        name=name,
        quantization=quantization,
        base_precision=inputs["base_precision"],
        attention=inputs.get("attention_mode", "sdpa"),
        blocks_to_swap=int(swap.options["blocks_to_swap"]) if swap else 0,
        infinitetalk=talk_name,
        loras=loras,
    )
    return Result((model,))


def _quantization(name: str, asked: str, loras: tuple[Lora, ...]) -> str:
    """The quantization in effect, or the refusal; whether a file is scaled fp8 is read off its name."""
    if name.endswith(".gguf"):
        if asked != "disabled":
            raise NodeError("ValueError", "Quantization should be disabled when loading GGUF models.")
        if any(lora.merged for lora in loras):
            message = "GGUF models do not support LoRA merging, please disable merge_loras in the LoRA select node."
            raise NodeError("ValueError", message)
    if "infinitetalk" in name.rsplit("/", 1)[-1].lower():
        message = "No patch_embedding weight found, is the selected model a full WanVideo model?"
        raise NodeError("ValueError", message)
    if name.endswith(".gguf"):
        return "gguf"
    scaled = "scaled" in name.lower()
    if asked == "disabled":
        fp8 = "fp8_e5m2" if "e5m2" in name else "fp8_e4m3fn" if "fp8" in name else "disabled"
        return f"{fp8}_scaled" if scaled and fp8 != "disabled" else fp8
    if not scaled and "scaled" in asked:
        message = "The model is not a scaled fp8 model, please disable '_scaled' in quantization"
        raise NodeError("ValueError", message)
    return asked if "scaled" in asked or not scaled else f"{asked}_scaled"
