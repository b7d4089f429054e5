"""Pixel formats: what each can hold, and which of an encoder's loses least of a film."""

from __future__ import annotations

import math
from collections.abc import Sequence

import av


def even(pixels: str) -> tuple[int, int]:
    """Numbers that must divide height and width: a chroma sample may cover up to four rows or columns."""
    kind = av.VideoFormat(pixels)
    return max(1, round(64 / kind.chroma_height(64))), max(1, round(64 / kind.chroma_width(64)))


def is_rgb(pixels: str) -> bool:
    """True if the format stores red, green and blue."""
    kind = av.VideoFormat(pixels)
    return bool(kind.is_rgb or kind.has_palette)


def has_alpha(pixels: str) -> bool:
    """True if the format has an alpha channel."""
    kind = av.VideoFormat(pixels)
    return bool(kind.has_palette) or any(c.is_alpha for c in kind.components)


def bits(pixels: str) -> int:
    """Bits per colour component."""
    return max(_bits(pixels))


def ranked(own: str, alpha: bool, supported: Sequence[str]) -> list[str]:
    """Formats by what they lose of pictures in the format ``own``, least first, then by what they add to them.

    Parameters
    ----------
    alpha
        True if some pixel is transparent, so that an alpha channel is needed.
    """

    def cost(n: int) -> tuple[float, ...]:
        name = supported[n]
        colour, clear, chroma, depth = _losses(own, alpha, name)
        other = name != own.replace("yuvj", "yuv")  # yuvj is another name of yuv at full range
        added = [has_alpha(name) and not alpha, min(_bits(name)) - bits(own), sum(_gain(own, name))]
        kind = (is_rgb(name) != is_rgb(own), has_alpha(own) == alpha and other, *added, name.startswith("yuvj"))
        return (colour, clear, chroma, depth, *kind, n)

    usable = [n for n, name in enumerate(supported) if _usable(name)]
    return [supported[n] for n in sorted(usable, key=cost)] if usable else [own]


def losses(own: str, alpha: bool, taken: str) -> list[str]:
    """What pictures in the format ``own`` lose in the format ``taken``, in words."""
    colour, clear, chroma, depth = _losses(own, alpha, taken)
    out = []
    if clear:
        out.append("its transparency (a .webm or .mov keeps it)")
    if colour:
        out.append("its colours")
    elif chroma:
        out.append(f"colour detail ({_sampling_name(own)} becomes {_sampling_name(taken)})")
    if depth:
        out.append(f"bits of its values ({bits(own)} become {min(_bits(taken))})")
    return out


def _losses(own: str, alpha: bool, taken: str) -> tuple[bool, bool, float, int]:
    colour = is_gray(taken) and not is_gray(own)
    chroma = sum(max(0.0, -g) for g in _gain(own, taken))
    return colour, alpha and not has_alpha(taken), chroma, max(0, bits(own) - min(_bits(taken)))


def _gain(own: str, taken: str) -> list[float]:
    """How often chroma is doubled down and across; negative where it is halved."""
    if is_gray(own) or is_gray(taken):
        return [0.0, 0.0]
    return [math.log2(a / b) for a, b in zip(even(own), even(taken), strict=True)]


def _bits(pixels: str) -> list[int]:
    return [c.bits for c in av.VideoFormat(pixels).components if not c.is_alpha]


def is_gray(pixels: str) -> bool:
    """True if the format stores brightness alone."""
    return not is_rgb(pixels) and len(_bits(pixels)) == 1


def _sampling_name(pixels: str) -> str:
    names = {(1, 1): "4:4:4", (1, 2): "4:2:2", (2, 2): "4:2:0", (2, 1): "4:4:0", (1, 4): "4:1:1", (4, 4): "4:1:0"}
    return "RGB" if is_rgb(pixels) else names.get(even(pixels), pixels)


def _usable(pixels: str) -> bool:
    """False for palettes, floats, and what lives on an accelerator."""
    kind = av.VideoFormat(pixels)
    odd = kind.has_palette or pixels.startswith("bayer") or any(f in pixels for f in ("f16", "f32", "mono"))
    return bool(kind.components) and not odd
