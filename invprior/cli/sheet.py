"""Pictures side by side with captions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from invprior.io.whole import whole_file

SCALE = 2  # screen pixels per picture pixel
GAP = 8
CAPTION = 26


@dataclass(frozen=True, eq=False)
class Panel:
    """A picture (C, H, W) in [0, 1] and its caption."""

    caption: str
    x: Tensor


def contact_sheet(path: Path, rows: list[tuple[str, list[Panel]]], size: int) -> None:
    """Write rows of panels, each ``size`` pixels square and magnified without smoothing, as one PNG."""
    side = size * SCALE
    width = max(len(panels) for _, panels in rows) * (side + GAP) + GAP
    sheet = Image.new("RGB", (width, len(rows) * (side + CAPTION + GAP) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=16)
    for i, (name, panels) in enumerate(rows):
        top = GAP + i * (side + CAPTION + GAP)
        for j, panel in enumerate(panels):
            left = GAP + j * (side + GAP)
            draw.text((left, top), f"{name}: {panel.caption}" if j == 0 else panel.caption, fill="black", font=font)
            image = _as_image(panel.x).resize((side, side), Image.Resampling.NEAREST)
            sheet.paste(image, (left, top + CAPTION))
    with whole_file(path) as temporary:
        sheet.save(temporary)


def _as_image(x: Tensor) -> Image.Image:
    values = np.rint(x.clamp(0, 1).mul(255).permute(1, 2, 0).cpu().numpy()).astype(np.uint8)
    return Image.fromarray(values[:, :, 0] if values.shape[2] == 1 else values)
