"""The tuning history's own table, typed off by hand."""

HISTORY = {
    "v1": {"second_image": "frame", "combine_embeds": "average", "tiles": 1, "motion_frame": 25},
    "v3": {"colormatch": "adain"},
    "v3_reinhard": {"colormatch": "reinhard"},
    "v4_13": {"motion_frame": 13},
    "v4_17": {"motion_frame": 17},
    "v4": {"motion_frame": 15},
    "v5": {"audio_scale": 2.0},
    "v6": {"cfg": 2.0},
    "v7": {"steps": 8},
    "current": {
        "i2v_model": "WanVideo/I2V/wan2.1-i2v-14b-480p-Q8_0.gguf",
        "infinitetalk_model": "WanVideo/InfiniteTalk/Wan2_1-InfiniteTalk_Single_Q8.gguf",
        "base_precision": "bf16",
    },
}
"""Parameter → value, by variant, as differences from v2."""
