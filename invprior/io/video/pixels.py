"""Conversion between the frames of a codec and tensors."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import torch
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from torch import Tensor

from invprior.io.video.clip import Clip

# 16 bits a colour in memory, so that 8- and 10-bit values survive the round trip unchanged.
RGB = "rgb48le"
SCALE = 65535.0
EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP

# YCbCr matrices by their H.273 number; untagged films are taken as BT.601, in both directions.
SPACES = {1: Colorspace.ITU709, 4: Colorspace.FCC, 7: Colorspace.SMPTE240M, 9: Colorspace.BT2020}


def to_tensor(frame: Any, clip: Clip, reformatter: VideoReformatter) -> Tensor:
    """One frame as it is shown, (3, H, W) float32 in [0, 1]."""
    space, span = _space(clip), _range(clip)
    rgb = reformatter.reformat(
        frame,
        format=RGB,
        src_colorspace=space,
        dst_colorspace=space,
        src_color_range=span,
        dst_color_range=ColorRange.JPEG,
        interpolation=EXACT,
    )
    upright = np.rot90(rgb.to_ndarray(), clip.turn)
    return torch.from_numpy(np.ascontiguousarray(upright.transpose(2, 0, 1), dtype=np.float32) / SCALE)


def to_frame(x: Tensor, clip: Clip, pixels: str, reformatter: VideoReformatter) -> Any:
    """The frame to encode for a picture (3, H, W) as shown: turned back, and padded to fit the format's chroma."""
    stored = np.rot90(x.detach().cpu().clamp(0, 1).permute(1, 2, 0).numpy(), -clip.turn)
    values = np.rint(stored * SCALE).astype(np.uint16)
    step = even(pixels)
    extra = [(-n) % s for n, s in zip(values.shape, (*step, 1), strict=True)]
    values = np.pad(values, [(0, n) for n in extra], mode="edge")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(values), format=RGB)
    space = _space(clip)
    out = reformatter.reformat(
        frame,
        format=pixels,
        src_colorspace=space,
        dst_colorspace=space,
        src_color_range=ColorRange.JPEG,
        dst_color_range=_range(clip),
        interpolation=EXACT,
    )
    c = clip.colour
    out.color_range, out.colorspace, out.color_primaries, out.color_trc = c.range, c.space, c.primaries, c.transfer
    return out


def even(pixels: str) -> tuple[int, int]:
    """Numbers that must divide height and width: a chroma sample may cover up to four rows or columns."""
    kind = av.VideoFormat(pixels)
    return max(1, round(64 / kind.chroma_height(64))), max(1, round(64 / kind.chroma_width(64)))


def _space(clip: Clip) -> Colorspace:
    return SPACES.get(clip.colour.space, Colorspace.ITU601)


def _range(clip: Clip) -> ColorRange:
    full = clip.colour.range == ColorRange.JPEG or clip.format.startswith(("yuvj", "rgb", "bgr", "gbr"))
    return ColorRange.JPEG if full else ColorRange.MPEG
