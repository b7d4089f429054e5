"""Images inside a page."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pyvips
from torch import Tensor


def on_screen(x: Tensor) -> Any:
    """An image (C, H, W) in [0, 1] as a vips image of 8 bits; one channel of images that are neither gray nor RGB.

    Complex values are shown by their modulus, NaN as gray, values beyond [0, 1] as black and white.
    """
    x = x.detach().cpu()
    x = x.abs() if x.is_complex() else x
    x = x if x.shape[0] in (1, 3) else x[:1]
    values = (x.float().nan_to_num(0.5).clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
    return pyvips.Image.new_from_array(np.ascontiguousarray(values))


def data_url(x: Tensor) -> str:
    """An image as the address of a PNG, as it is :func:`on_screen`."""
    data: bytes = on_screen(x).pngsave_buffer(compression=3, keep="none")
    return "data:image/png;base64," + base64.b64encode(data).decode()
