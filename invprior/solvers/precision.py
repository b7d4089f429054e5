"""The precision and the layout in memory in which a device convolves fastest."""

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


@cache
def layout(device: str) -> torch.memory_format:
    """Channels side by side, or picture after picture on processors with AVX2 alone.

    There the weight gradients of side by side channels take the slow path: twice the time with 128 channels, a quarter
    more with 32 to 64.
    """
    narrow = device == "cpu" and torch.backends.cpu.get_cpu_capability() == "AVX2"
    return torch.contiguous_format if narrow else torch.channels_last


def convolvable(x: Tensor, precision: Precision) -> Tensor:
    """Pictures (b, c, H, W) as the device convolves them fastest, see :func:`rounded` and :func:`layout`."""
    return rounded(x, precision).contiguous(memory_format=layout(x.device.type))
