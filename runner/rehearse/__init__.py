"""Rehearsal: random-weight checkpoints under the true names, to try a whole ComfyUI before downloading any model."""
