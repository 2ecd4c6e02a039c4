"""The stand-in: ComfyUI's HTTP and websocket protocol for the classes of the workflow, with a CPU puppet for a model.

It exists so that the harness runs, and is tested, where there is no GPU, no ComfyUI and no weights. What it renders is
invented (`mechanisms.py` says how) and is evidence of nothing about InfiniteTalk; whatever shows it says *stand-in*.
"""

VERSION = "1"
"""What ``/system_stats`` answers as ``system.stand_in.version``; raised whenever equal graphs render other pixels."""

COMFYUI_VERSION = "0.3.64"
"""The release whose protocol is spoken."""
