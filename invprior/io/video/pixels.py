"""Conversion between the frames of a codec and tensors."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import torch
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from torch import Tensor

from invprior.io.video.clip import Clip, Colour
from invprior.io.video.formats import even, is_gray, is_rgb
from invprior.io.video.transparency import deep, opacity

# 16 bits a colour in memory, so that 8- and 10-bit values survive the round trip unchanged.
RGB, RGBA = "rgb48le", "rgba64le"
SCALE = 65535.0
EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP

LIMITED, FULL = int(ColorRange.MPEG), int(ColorRange.JPEG)
# YCbCr matrices by their H.273 number; untagged films are taken as BT.601, in both directions.
SPACES = {1: Colorspace.ITU709, 4: Colorspace.FCC, 7: Colorspace.SMPTE240M, 9: Colorspace.BT2020}


def to_tensor(frame: Any, clip: Clip, reformatter: VideoReformatter) -> Tensor:
    """One frame as it is shown, (3, H, W) float32 in [0, 1]."""
    space, span = _space(clip.colour), _range(clip.colour, clip.format)
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


def to_opacity(frame: Any, clip: Clip, reformatter: VideoReformatter) -> Tensor:
    """The alpha channel of one frame as it is shown, (1, H, W) float32 in [0, 1]."""
    upright = np.rot90(opacity(frame, reformatter), clip.turn)
    return torch.from_numpy(np.ascontiguousarray(upright)[None])


def to_frame(x: Tensor, clip: Clip, pixels: str, colour: Colour, reformatter: VideoReformatter) -> Any:
    """The frame to encode for a picture (3, H, W), or (4, H, W) with alpha, as shown.

    It is turned back, and padded to fit the format's chroma.
    """
    stored = np.rot90(x.detach().cpu().clamp(0, 1).permute(1, 2, 0).numpy(), -clip.turn)
    values = np.rint(stored * SCALE).astype(np.uint16)
    if stored.shape[-1] == 4:
        values[..., 3] = deep(stored[..., 3], pixels)
    step = even(pixels)
    extra = [(-n) % s for n, s in zip(values.shape, (*step, 1), strict=True)]
    values = np.pad(values, [(0, n) for n in extra], mode="edge")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(values), format=RGBA if values.shape[-1] == 4 else RGB)
    space = _space(colour)
    out = reformatter.reformat(
        frame,
        format=pixels,
        src_colorspace=space,
        dst_colorspace=space,
        src_color_range=ColorRange.JPEG,
        dst_color_range=_range(colour, pixels),
        interpolation=EXACT,
    )
    out.color_range, out.colorspace = colour.range, colour.space
    out.color_primaries, out.color_trc = colour.primaries, colour.transfer
    return out


def stored_colour(clip: Clip, pixels: str) -> Colour:
    """The colour tags of a film like ``clip`` in another pixel format."""
    c = clip.colour
    if is_rgb(pixels):
        return Colour(FULL, 0, c.primaries, c.transfer)
    if is_rgb(clip.format):
        return Colour(LIMITED, int(Colorspace.ITU709), c.primaries, c.transfer)
    if "yuvj" in (clip.format[:4], pixels[:4]):
        return Colour(FULL, c.space, c.primaries, c.transfer)
    if is_gray(clip.format):  # untagged gray has full range
        return Colour(c.range or (FULL if is_gray(pixels) else LIMITED), c.space, c.primaries, c.transfer)
    return c


def _space(colour: Colour) -> Colorspace:
    return SPACES.get(colour.space, Colorspace.ITU601)


def _range(colour: Colour, pixels: str) -> ColorRange:
    full = colour.range == FULL or pixels.startswith("yuvj") or is_rgb(pixels) or is_gray(pixels)
    return ColorRange.JPEG if full else ColorRange.MPEG
