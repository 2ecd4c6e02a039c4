"""Makes the video: a ComfyUI client, the render of one cell, and the stand-in server."""
