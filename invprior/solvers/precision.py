"""Which devices multiply in bfloat16."""

from __future__ import annotations

from functools import cache
from typing import Literal

import torch
from torch import Tensor

Precision = Literal["float32", "bfloat16"]


@cache
def has_bfloat16(device: str) -> bool:
    """Whether a type of device has bfloat16 products, rather than float32 ones with conversions."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device != "cpu":
        return False
    has = torch.cpu.get_capabilities()
    return bool(has.get("avx512_bf16") or has.get("amx_bf16") or has.get("bf16"))


def rounded(x: Tensor, precision: Precision) -> Tensor:
    """A float32 x in the asked precision where its device has it; anything else as it is, above all float64."""
    if precision == "bfloat16" and x.dtype == torch.float32 and has_bfloat16(x.device.type):
        return x.bfloat16()
    return x
