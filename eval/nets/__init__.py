"""Networks that score: definition, fast form for inference, streaming. Importing this package imports torch."""

from eval.nets.embed import LipStream, lip_embeddings, sound_embeddings
from eval.nets.folded import Folded, fold
from eval.nets.syncnet import NotSyncNetError, SyncNet, load_syncnet

__all__ = [
    "Folded",
    "LipStream",
    "NotSyncNetError",
    "SyncNet",
    "fold",
    "lip_embeddings",
    "load_syncnet",
    "sound_embeddings",
]
