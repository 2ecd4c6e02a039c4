"""Which function plays which node class."""

from runner.standin import node_combine, node_inputs, node_loaders, node_sampler
from runner.standin.run import Node

NODES: dict[str, Node] = {
    "WanVideoVAELoader": node_loaders.loaded,
    "CLIPVisionLoader": node_loaders.loaded,
    "Wav2VecModelLoader": node_loaders.loaded,
    "MultiTalkModelLoader": node_loaders.loaded,
    "WanVideoBlockSwap": node_loaders.loaded,
    "WanVideoTextEncodeCached": node_loaders.text_encode,
    "WanVideoLoraSelect": node_loaders.lora_select,
    "WanVideoModelLoader": node_loaders.model_loader,
    "LoadImage": node_inputs.load_image,
    "LoadAudio": node_inputs.load_audio,
    "MultiTalkWav2VecEmbeds": node_inputs.speech_embeds,
    "WanVideoClipVisionEncode": node_inputs.clip_encode,
    "WanVideoImageToVideoMultiTalk": node_inputs.long_video,
    "WanVideoSampler": node_sampler.sample,
    "WanVideoDecode": node_sampler.decode,
    "VHS_VideoCombine": node_combine.combine,
}
