"""Which device the networks run on."""

from workflow.errors import HarnessError


class NoGpuError(HarnessError):
    """A GPU was asked for and there is none that torch can use."""

    code = "no-gpu"


def resolve(device: str) -> str:
    """``cpu`` or ``cuda`` for ``cpu``, ``cuda``, or ``auto``, which is cuda where torch sees a card.

    A card that renders is only used when the settings say so: their default is cpu. Raises NoGpuError.
    """
    if device == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "auto":
        return "cpu"
    raise NoGpuError(
        f"device {device!r} was asked for, but torch {torch.__version__} sees no GPU",
        hint="device: auto takes a GPU where there is one; nvidia-smi shows whether the driver sees it",
    )
