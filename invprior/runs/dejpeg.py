"""Undoing JPEG compression: the file states in which intervals its coefficients lie."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

import invprior.noise as noise
import invprior.operators as operators
from invprior.data_term import DataTerm
from invprior.errors import InvpriorError
from invprior.io.orientation import upright
from invprior.io.quantised import Quantised, header_orientation, read_quantised
from invprior.runs.restoration import Measured
from invprior.runs.tasks import Denoise, Task
from invprior.shapes import Shape
from invprior.specs import NoiseOrWord
from invprior.values import PHOTOGRAPH

# What 8 bits call white, and half of it.
WHITE, HALF = 255.0, 128.0


@dataclass(frozen=True, eq=False)
class Dejpeg(Task):
    """A = the cosine transform of a JPEG, whose file says in which intervals the coefficients lie.

    Attributes
    ----------
    stored
        What the file holds; None until it is read.
    orientation
        How the picture is stored, 1 to 8 as in EXIF.
    """

    stored: Quantised | None = None
    orientation: int = 1
    name: ClassVar[str] = "dejpeg"
    quality: ClassVar[int | None] = 95
    most: ClassVar[int | None] = 150  # 300 move PSNR by 0.01 dB

    @property
    def preset_task(self) -> str:
        return Denoise.name

    def of_file(self, path: Path) -> Task:
        return Dejpeg(read_quantised(path), header_orientation(path))

    def operator(self, shape: Shape) -> operators.JPEG:
        if self.stored is None:
            raise InvpriorError("what a JPEG was quantised with stands in its file; dejpeg takes the file itself")
        return operators.JPEG(operators.JPEG.around(self.stored.shape, self.stored.sampling), self.stored.sampling)

    def restored(self, shape: Shape) -> Shape:
        return shape

    def measured(self, y: Tensor, rounding: float, given: NoiseOrWord) -> Measured:
        if given != "auto":
            raise InvpriorError("dejpeg takes the intervals that the file states; give no noise level and no model")
        return Measured((self._term,), "stated by the file", False, PHOTOGRAPH)

    @cached_property
    def _term(self) -> DataTerm:
        A = self.operator(())
        assert self.stored is not None
        steps = A.per_value(self.stored.steps) / WHITE
        middle = torch.zeros_like(self.stored.steps)
        middle[0, 0, 0] = 8 * HALF / WHITE  # which the file subtracts from Y
        return DataTerm(A, self.stored.coefficients * steps + A.per_value(middle), noise.Quantisation(steps))

    def finish(self, x: Tensor) -> Tensor:
        """The picture with every coefficient moved into its interval: what the file says holds, whatever the prior."""
        d, A = self._term, self.operator(())
        assert self.stored is not None
        assert isinstance(d.noise, noise.Quantisation)
        H, W = self.stored.shape[-2:]
        found, half = A(x), torch.as_tensor(d.noise.step) / 2
        x = x + A.start(torch.minimum(torch.maximum(found, d.y - half), d.y + half) - found)
        inside = x[:, :H, :W].permute(1, 2, 0).numpy()
        return torch.from_numpy(upright(inside, self.orientation).copy()).permute(2, 0, 1)
