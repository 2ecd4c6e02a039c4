"""The tunable parameters: their typed names, and which node's input each one is."""

from dataclasses import dataclass
from typing import Any


@dataclass
class LoraSpec:
    """One LoRA of the chain."""

    name: str = ""
    """File name as the server lists it, folders with ``/``."""
    strength: float = 1.0
    """Multiplier of its weights; 0 leaves it out."""


@dataclass
class Parameters:
    """Values of the tunable parameters; None leaves what the graph has.

    Also the schema of the config group ``workflow``, hence mutable and with plain optional types.
    """

    positive_prompt: str | None = None
    """What happens in the picture; ``|`` separates one prompt per window."""
    negative_prompt: str | None = None
    """What to steer away from; never read at cfg 1."""
    audio_scale: float | None = None
    """Strength of the speech's influence on the picture."""
    audio_cfg_scale: float | None = None
    """Guidance of the speech; other than 1 costs one more pass a step."""
    normalize_loudness: bool | None = None
    """Bring the speech to -23 LUFS before it is encoded; the server needs pyloudnorm."""
    combine_embeds: str | None = None
    """How the embeddings of reference frame and close-up are joined: average, sum, concat, batch."""
    tiles: int | None = None
    """Tiles of the image encoding; 0 and 1 encode the picture whole, in two different ways."""
    ratio: float | None = None
    """Weight of the whole picture against its tiles."""
    second_image: str | None = None
    """What image_2 is: ``face`` the close-up, ``frame`` the reference frame again."""
    width: int | None = None
    """Width in pixels, divisible by 16; None takes the clip's."""
    height: int | None = None
    """Height in pixels, divisible by 16; None takes the clip's."""
    frame_window_size: int | None = None
    """Frames of one window, 4n+1."""
    motion_frame: int | None = None
    """Frames by which windows overlap; only 4n+1 values are encoded whole."""
    colormatch: str | None = None
    """Colour transfer from the reference frame to every frame; the server needs color_matcher."""
    steps: int | None = None
    """Denoising steps of a window."""
    cfg: float | None = None
    """Guidance of the prompt; other than 1 costs one more pass a step."""
    shift: float | None = None
    """Timestep shift of the scheduler."""
    scheduler: str | None = None
    """Name of the scheduler."""
    loras: list[LoraSpec] | None = None
    """The LoRA chain in order; an empty list takes all LoRAs out."""
    merge_loras: bool | None = None
    """Merge LoRAs into the weights; refused with a GGUF model."""
    block_swap: int | None = None
    """Transformer blocks kept in host memory; what the card decides."""
    i2v_model: str | None = None
    """File of the image-to-video model, folders with ``/``."""
    base_precision: str | None = None
    """Number type of the model."""
    quantization: str | None = None
    """Quantisation of the model; ``disabled`` detects scaled fp8 by itself."""
    attention_mode: str | None = None
    """Attention implementation; the sage ones need sageattention on the server."""
    infinitetalk_model: str | None = None
    """File of the InfiniteTalk model, folders with ``/``."""


@dataclass(frozen=True)
class Alias:
    """Where a parameter lives: ``input`` of the node of ``class_type``; the binding knows that class's kin."""

    class_type: str
    input: str
    kind: str


_TEXT, _SPEECH, _CLIP = "WanVideoTextEncodeCached", "MultiTalkWav2VecEmbeds", "WanVideoClipVisionEncode"
_I2V, _SAMPLER, _LOADER = "WanVideoImageToVideoMultiTalk", "WanVideoSampler", "WanVideoModelLoader"

ALIASES: dict[str, Alias] = {
    "positive_prompt": Alias(_TEXT, "positive_prompt", "STRING"),
    "negative_prompt": Alias(_TEXT, "negative_prompt", "STRING"),
    "audio_scale": Alias(_SPEECH, "audio_scale", "FLOAT"),
    "audio_cfg_scale": Alias(_SPEECH, "audio_cfg_scale", "FLOAT"),
    "normalize_loudness": Alias(_SPEECH, "normalize_loudness", "BOOLEAN"),
    "combine_embeds": Alias(_CLIP, "combine_embeds", "COMBO"),
    "tiles": Alias(_CLIP, "tiles", "INT"),
    "ratio": Alias(_CLIP, "ratio", "FLOAT"),
    "second_image": Alias(_CLIP, "image_2", "IMAGE"),
    "width": Alias(_I2V, "width", "INT"),
    "height": Alias(_I2V, "height", "INT"),
    "frame_window_size": Alias(_I2V, "frame_window_size", "INT"),
    "motion_frame": Alias(_I2V, "motion_frame", "INT"),
    "colormatch": Alias(_I2V, "colormatch", "COMBO"),
    "steps": Alias(_SAMPLER, "steps", "INT"),
    "cfg": Alias(_SAMPLER, "cfg", "FLOAT"),
    "shift": Alias(_SAMPLER, "shift", "FLOAT"),
    "scheduler": Alias(_SAMPLER, "scheduler", "COMBO"),
    "loras": Alias("WanVideoLoraSelect", "lora", "WANVIDLORA"),
    "merge_loras": Alias("WanVideoLoraSelect", "merge_loras", "BOOLEAN"),
    "block_swap": Alias("WanVideoBlockSwap", "blocks_to_swap", "INT"),
    "i2v_model": Alias(_LOADER, "model", "COMBO"),
    "base_precision": Alias(_LOADER, "base_precision", "COMBO"),
    "quantization": Alias(_LOADER, "quantization", "COMBO"),
    "attention_mode": Alias(_LOADER, "attention_mode", "COMBO"),
    "infinitetalk_model": Alias("MultiTalkModelLoader", "model", "COMBO"),
}
"""Parameter name → its place. ``second_image`` and ``loras`` change links and nodes instead of one value."""

LOADER = frozenset(
    {
        "attention_mode",
        "base_precision",
        "block_swap",
        "i2v_model",
        "infinitetalk_model",
        "loras",
        "merge_loras",
        "quantization",
    }
)
"""Parameters whose change makes the server read the whole loader again from disk."""


def lora_specs(value: Any) -> list[LoraSpec]:
    """``loras`` as given by config or Python (specs, or mappings with name and strength) as specs.

    Raises ValueError, TypeError, KeyError or AttributeError for anything else, and for a LoRA without a name.

    >>> lora_specs([{"name": "a.safetensors"}])
    [LoraSpec(name='a.safetensors', strength=1.0)]
    """
    specs = [
        entry if isinstance(entry, LoraSpec) else LoraSpec(str(entry["name"]), float(entry.get("strength", 1.0)))
        for entry in value
    ]
    if not all(spec.name for spec in specs):
        raise ValueError("a LoRA has no name")
    return specs
