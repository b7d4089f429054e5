"""Missing pixels, for inpainting."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operator import Operator
from invprior.operators.pad import image_shape
from invprior.shapes import Shape, Window, check_broadcast, own


class Mask(LinearOperator):
    """Ax = m ⊙ x with m = 1 where a pixel is known and 0 where it is missing; Aᴴ = A, ‖A‖ = max |m|.

    Parameters
    ----------
    shape
        Event shape of the image, ``(C, H, W)``.
    known
        m, boolean or floating, of a shape that broadcasts to ``shape``: ``(H, W)`` masks all channels alike. A
        boolean mask works with images of every dtype; a floating one may be soft and sets the dtype.

    Raises
    ------
    InvpriorError
        If ``known`` does not broadcast to ``shape``.

    Cost
    ----
    One multiplication per value, in both directions.
    """

    known: Tensor

    def __init__(self, shape: Iterable[int], known: Tensor) -> None:
        shape = tuple(shape)
        super().__init__(shape, shape)
        known = own(known)
        check_broadcast("a mask", known, shape)
        if known.is_floating_point() and not bool(((known >= 0) & (known <= 1)).all()):
            raise InvpriorError(
                f"a floating mask holds weights from 0 to 1, got {float(known.min()):g} to {float(known.max()):g}; "
                "compare it with a threshold, or divide it by its largest value"
            )
        if not (known.dtype == torch.bool or known.is_floating_point()):
            known = known != 0
        self.register_buffer("known", known)

    @classmethod
    def random(cls, shape: Iterable[int], fraction: float, rng: torch.Generator) -> Mask:
        """A random mask: each pixel is known with probability ``fraction``, the same in all channels.

        Raises
        ------
        InvpriorError
            If the fraction is not in [0, 1].
        """
        shape = tuple(shape)
        if not 0 <= fraction <= 1:
            raise InvpriorError(f"the known fraction must be from 0 to 1, got {fraction}")
        return cls(shape, torch.rand(shape[-2:], generator=rng, device=rng.device) < fraction)

    @classmethod
    def from_file(cls, shape: Iterable[int], path: str | Path, invert: bool = False) -> Mask:
        """A mask from an image file: white marks missing pixels, or with ``invert`` known ones.

        Raises
        ------
        InvpriorError
            If the file cannot be read or has another size than the image.
        """
        from invprior.io import read_mask  # loads an imaging library, needed only here

        shape = image_shape("Mask.from_file", shape)
        known = read_mask(path, invert)
        if tuple(known.shape) != shape[-2:]:
            raise InvpriorError(
                f"the mask {path} is {known.shape[1]}×{known.shape[0]} pixels but an image of shape {shape} "
                f"needs {shape[-1]}×{shape[-2]}; resize the mask"
            )
        return cls(shape, known)

    @classmethod
    def text(cls, shape: Iterable[int], text: str = "argmin E(Ax; y) + R(x)  x = f(z)") -> Mask:
        """A mask that hides a text, repeated line by line over the whole picture."""
        from PIL import Image, ImageDraw, ImageFont

        shape = image_shape("Mask.text", shape)
        height, width = shape[-2:]
        hole = Image.new("L", (width, height), 0)
        draw = ImageDraw.Draw(hole)
        font = ImageFont.load_default(size=13)
        for k, line in enumerate(range(2, height, 21)):
            # staggered, so that the gaps between letters do not line up
            draw.text((-3 - 11 * (k % 3), line), text, fill=255, font=font)
        return cls(shape, torch.from_numpy(np.array(hole) <= 127))

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Mask:
        known = torch.rand(shape[-2:], generator=torch.Generator().manual_seed(rng.getrandbits(31)))
        return cls(shape, known if rng.random() < 0.3 else known > rng.random())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.known

    def adjoint(self, y: Tensor) -> Tensor:
        return y * self.known

    @property
    def H(self) -> LinearOperator:
        return self

    def diagonal(self) -> Tensor:
        return self.known

    def on_window(self, window: Window) -> tuple[Mask, Window] | None:
        if len(self.in_shape) < 2:
            return None
        shape = (*self.in_shape[:-2], window.height, window.width)
        return Mask(shape, window.of_constant(self.known, self.in_shape)), window

    def norm(self) -> float:
        return float(self.known.abs().max()) if self.known.is_floating_point() else float(self.known.any())

    def extra_repr(self) -> str:
        return f"{self.in_shape}, known={float(self.known.mean(dtype=torch.float32)):.0%}"


def put_back(x: Tensor, A: Operator, y: Tensor) -> Tensor:
    """``x`` with the known pixels of a mask A replaced by their measurements; ``x`` itself for other operators."""
    return torch.where(A.known.to(y.device), y, x.to(y)) if isinstance(A, Mask) else x
