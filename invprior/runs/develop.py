"""Developing a camera's raw file: mosaic and noise are undone at once, in the values of the sensor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import conv2d

import invprior.noise as noise
import invprior.operators as operators
from invprior.data_term import DataTerm
from invprior.errors import InvpriorError
from invprior.io import Picture
from invprior.io.kinds import RAW
from invprior.io.orientation import upright
from invprior.io.raw import Raw, as_picture, read_raw
from invprior.linear_operator import LinearOperator
from invprior.noise import Noise
from invprior.runs.restoration import Measured
from invprior.runs.tasks import Denoise, Task
from invprior.shapes import Shape
from invprior.specs import NoiseOrWord
from invprior.values import PHOTOGRAPH

# The weights of neighbours in the colours to start from.
NEAR = (1.0, 4.0, 6.0, 4.0, 1.0)
# The curve of sRGB, IEC 61966-2-1: straight near black, then a power.
STRAIGHT, SLOPE, POWER, OFFSET = 0.0031308, 12.92, 2.4, 0.055


@dataclass(frozen=True, eq=False)
class Develop(Task):
    """A = the filters of the sensor on the colours before white balance; noise is that of the sensor.

    x holds linear colours of the camera, white-balanced: grays are gray, as priors that couple channels expect.

    Attributes
    ----------
    raw
        What the file holds; None until it is read.
    """

    raw: Raw | None = None
    name: ClassVar[str] = "develop"
    noisy: ClassVar[bool] = True
    most: ClassVar[int | None] = 100  # 1000 move PSNR by 0.05 dB at most
    suffixes: ClassVar[frozenset[str]] = RAW
    written: ClassVar[str | None] = ".tif"

    @property
    def preset_task(self) -> str:
        return Denoise.name

    def of_file(self, path: Path) -> Task:
        return Develop(read_raw(path))

    def check_readable(self, path: Path) -> None:
        """Nothing: the file is read before the solve."""

    def read(self, source: Path) -> Picture:
        return as_picture(self._read)

    @property
    def _read(self) -> Raw:
        if self.raw is None:
            raise InvpriorError("what a sensor saw stands in its raw file; develop takes the file itself")
        return self.raw

    def finished(self, shape: Shape) -> Shape:
        H, W = shape[-2:]
        return (3, W, H) if self._read.orientation >= 5 else (3, H, W)

    def span(self, picture: Picture) -> float:
        return self._read.span

    def operator(self, shape: Shape) -> LinearOperator:
        colours = (3, *shape[-2:])
        balance = 1 / self._read.balance[:, None, None]
        return operators.Bayer(colours, self._read.pattern) @ operators.Diagonal(colours, balance)

    def measured(self, y: Tensor, rounding: float, given: NoiseOrWord) -> Measured:
        if given == "auto" and self._read.profile is not None:
            stated = noise.PoissonGaussian(*self._read.profile)
            return Measured(self.data(y, stated), "stated by the file", False, PHOTOGRAPH)
        if given == "auto":
            return Measured(self.data(y, self._estimated(y)), "estimated", False, PHOTOGRAPH)
        return super().measured(y, rounding, given)

    def _estimated(self, y: Tensor) -> Noise:
        """The noise of each filter's own picture: neighbours of a colour lie a pattern apart."""
        rows = operators.Bayer((3, 1, 1), self._read.pattern).rows
        h, w = len(rows), len(rows[0])
        y = y[..., : y.shape[-2] // h * h, : y.shape[-1] // w * w]
        return noise.estimate_poisson_gaussian(torch.cat([y[:, i::h, j::w] for i in range(h) for j in range(w)]))

    def data(self, y: Tensor, model: Noise) -> tuple[DataTerm, ...]:
        """Values above what white has are those of light that is too bright, and have no colour."""
        A = self.operator(tuple(y.shape))
        return (DataTerm(A, torch.minimum(y, A(torch.ones(A.in_shape))), model),)

    def start(self, measured: Measured) -> Tensor | None:
        return self._spread(measured.data[0])

    def _spread(self, d: DataTerm) -> Tensor:
        """The colours of each pixel, averages of the values near it: a normalised convolution."""
        assert isinstance(d.operator, LinearOperator)
        seen = d.operator.H(d.y)
        counts = d.operator.gram(torch.ones_like(seen))
        near = torch.tensor(NEAR).outer(torch.tensor(NEAR)).expand(3, 1, -1, -1).to(seen)
        sums, totals = conv2d(torch.stack([seen, counts]), near, padding=2, groups=3)
        colours: Tensor = sums / totals.clamp(min=1e-6)
        return colours

    def finish(self, x: Tensor) -> Tensor:
        """The picture in sRGB, upright."""
        matrix = self._read.matrix
        light = (x if matrix is None else torch.einsum("kc,chw->khw", matrix.to(x), x)).clamp(0, 1)
        curved = (1 + OFFSET) * light.clamp(min=STRAIGHT) ** (1 / POWER) - OFFSET
        encoded = torch.where(light <= STRAIGHT, SLOPE * light, curved)
        turned = upright(encoded.permute(1, 2, 0).numpy(), self._read.orientation)
        return torch.from_numpy(turned.copy()).permute(2, 0, 1)

    def plain(self, y: Tensor, whole: Tensor) -> Tensor:
        (d,) = self.data(y, noise.Gaussian(1.0))
        return self.finish(self._spread(d).clamp(0, 1))
