"""The device to solve on."""

from __future__ import annotations

import torch

from invprior.errors import InvpriorError


def pick_device(name: str) -> str:
    """Resolve ``auto`` to CUDA if there is one, else to the CPU."""
    if name not in ("auto", "cpu", "cuda"):
        raise InvpriorError(f"the device is auto, cpu or cuda, got {name!r}")
    if name == "cuda" and not torch.cuda.is_available():
        raise InvpriorError("there is no CUDA device here; take the device cpu")
    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name
