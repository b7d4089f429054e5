"""The alpha channel of frames."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter


def opacity(frame: Any, reformatter: VideoReformatter) -> np.ndarray[Any, Any]:
    """The alpha channel of a frame as it is stored, float32 in [0, 1]; 1 without one."""
    depth = _bits(frame.format.name)
    if depth is None:
        return np.ones((frame.height, frame.width), np.float32)
    values: np.ndarray[Any, Any] = reformatter.reformat(frame, format="rgba64le").to_ndarray()[..., 3]
    # FFmpeg fills the lower bits in one way or another, so the upper ones alone are exact
    return np.asarray((values >> (16 - depth)) / (2**depth - 1), dtype=np.float32)


def deep(alpha: np.ndarray[Any, Any], pixels: str) -> np.ndarray[Any, Any]:
    """Alpha in [0, 1] as 16-bit values whose upper bits are those of the format ``pixels``."""
    depth = _bits(pixels) or 16
    return np.asarray(np.rint(alpha * (2**depth - 1)) * 2 ** (16 - depth), dtype=np.uint16)


def _bits(pixels: str) -> int | None:
    """Bits of the alpha channel; None without one."""
    kind = av.VideoFormat(pixels)
    return 8 if kind.has_palette else next((c.bits for c in kind.components if c.is_alpha), None)
