"""Images inside a page."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pyvips
from torch import Tensor


def data_url(x: Tensor) -> str:
    """An image (C, H, W) in [0, 1] as the address of a PNG; one channel of images that are neither gray nor RGB.

    Complex values are shown by their modulus, values beyond [0, 1] as black and white.
    """
    x = x.detach().cpu()
    x = x.abs() if x.is_complex() else x
    x = x if x.shape[0] in (1, 3) else x[:1]
    values = (x.float().nan_to_num(0.5).clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
    image: Any = pyvips.Image.new_from_array(np.ascontiguousarray(values))
    data: bytes = image.pngsave_buffer(compression=3, keep="none")
    return "data:image/png;base64," + base64.b64encode(data).decode()
