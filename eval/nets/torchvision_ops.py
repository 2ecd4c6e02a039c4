"""Torchvision beside a torch of another kind.

A CPU-only torch takes the package registry's torchvision, which was built for CUDA: its library of compiled operators
does not load, its Python half then describes operators that nobody declared, and ``import torchvision`` ends in
*operator torchvision::nms does not exist*. LPIPS needs none of them, only the definition of AlexNet, so the two that
are described unasked are declared here, without code behind them: calling one still fails, and says so.
"""

from typing import Any

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
"""As torchvision's own C++ declares them."""

_declared: list[Any] = []  # declarations end with the object that made them


def importable_torchvision() -> None:
    """After this, ``import torchvision`` works, if it ever can. Where it does by itself, nothing is declared.

    Declaring first and asking later would break a torchvision that fits: its own library could not declare the same
    names any more. Raises what the import raises for any other reason, ImportError where there is no torchvision.
    """
    import torch

    try:
        import torchvision
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
        if not _declared:
            library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
            for schema in SCHEMAS:
                library.define(schema)
            _declared.append(library)
        import torchvision  # noqa: F401
