"""Which devices multiply in bfloat16."""

from __future__ import annotations

from functools import cache
from typing import Literal

import torch
from torch import Tensor

Precision = Literal["float32", "bfloat16"]


@cache
def has_bfloat16(device: str) -> bool:
    """True if the device multiplies in bfloat16 natively, without conversions to float32."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device != "cpu":
        return False
    has = torch.cpu.get_capabilities()
    return bool(has.get("avx512_bf16") or has.get("amx_bf16") or has.get("bf16"))


def rounded(x: Tensor, precision: Precision) -> Tensor:
    """A float32 x in ``precision`` if its device has it; other tensors, float64 above all, stay unchanged."""
    if precision == "bfloat16" and x.dtype == torch.float32 and has_bfloat16(x.device.type):
        return x.bfloat16()
    return x
