"""What a JPEG file keeps of a picture: the cosine transform of its blocks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from random import Random

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.operators.pad import image_shape
from invprior.shapes import Shape, as_shape

# Side of a block.
N = 8
# Y, Cb and Cr of R, G and B (ITU-T T.871).
COLOURS = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


class JPEG(LinearOperator):
    """Ax = the orthonormal cosine coefficients of the 8×8 blocks of Y, Cb and Cr, in a row, for values in [0, 1].

    A JPEG file holds them, less those of the value 128/255 in Y, rounded to multiples of its steps: together with
    :class:`~invprior.noise.Quantisation` this is its exact model, but for the rounding of colours and of averages.
    Chroma is averaged over the pixels that it is stored for. A picture of any size is the upper left part of one of
    whole blocks, whose shape :meth:`around` gives. The adjoint Aᴴy transforms the blocks back, spreads each average
    over its pixels, divided by their number, and mixes the planes by the transpose.

    Parameters
    ----------
    shape
        Event shape of the picture, (1, H, W) for gray, which has only Y, or (3, H, W), with sides of whole blocks.
    sampling
        For every plane how many pixels high and wide a stored value is; (1, 1), every pixel, by default.

    Raises
    ------
    InvpriorError
        If the shape has another number of channels or other sides, or the samplings do not fit it.

    Cost
    ----
    Some twenty products a value, in both directions.

    References
    ----------
    - Wallace, "The JPEG still picture compression standard", IEEE Trans. Consumer Electronics 38 (1992).
    """

    cosines: Tensor
    colours: Tensor

    def __init__(self, shape: Iterable[int], sampling: Sequence[tuple[int, int]] | None = None) -> None:
        shape = as_shape(shape)
        if len(shape) != 3 or shape[0] not in (1, 3):
            raise InvpriorError(f"JPEG takes pictures of shape (1 or 3, H, W), got {shape}")
        planes = shape[0]
        sampling = tuple(sampling or ((1, 1),) * planes)
        if len(sampling) != planes or any(not (1 <= n <= 4) for pair in sampling for n in pair):
            raise InvpriorError(f"JPEG takes a sampling (rows, columns) of 1 to 4 for {planes} planes, got {sampling}")
        whole = self.around(shape, sampling)
        if whole != shape:
            raise InvpriorError(f"JPEG takes pictures of whole blocks, such as {whole}, got {shape}")
        super().__init__(shape, (sum(shape[1] // v * (shape[2] // h) for v, h in sampling),))
        self.sampling = sampling
        self.register_buffer("cosines", _cosines())
        self.register_buffer("colours", torch.tensor(COLOURS if planes == 3 else ((1.0,),)))

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> JPEG:
        shape = image_shape("JPEG", shape)
        planes = shape[0] if len(shape) == 3 and shape[0] in (1, 3) else 1
        halved = ((1, 1), (2, 2), (2, 2)) if planes == 3 and rng.random() < 0.5 else None
        return cls(cls.around((planes, *shape[-2:]), halved or ((1, 1),)), halved)

    @staticmethod
    def around(shape: Shape, sampling: Sequence[tuple[int, int]]) -> Shape:
        """The least shape of whole blocks that holds a picture of this shape."""
        height, width = (N * max(pair[axis] for pair in sampling) for axis in (0, 1))
        return shape[0], math.ceil(shape[1] / height) * height, math.ceil(shape[2] / width) * width

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Rows and columns of the planes as they are stored."""
        H, W = self.in_shape[-2:]
        return [(H // v, W // h) for v, h in self.sampling]

    def per_value(self, of_frequencies: Tensor) -> Tensor:
        """Numbers (planes, 8, 8) of the frequencies of each plane, such as steps, for every value of Ax."""
        rows = [
            f.expand(r // N * (c // N), N, N).flatten() for f, (r, c) in zip(of_frequencies, self.sizes, strict=True)
        ]
        return torch.cat(rows)

    def forward(self, x: Tensor) -> Tensor:
        batch = x.shape[:-3]
        pixels = x.reshape(-1, *x.shape[-3:])
        planes = (self.colours.to(x) @ pixels.flatten(2)).reshape(pixels.shape)
        D, out = self.cosines.to(x), []
        for k, (v, h) in enumerate(self.sampling):
            plane = planes[:, k].unflatten(-1, (-1, h)).mean(-1).unflatten(-2, (-1, v)).mean(-2)
            # (rows of blocks, N, columns of blocks, N) to (…, columns of blocks, N, N): one product a side
            across = (plane.unflatten(-1, (-1, N)) @ D.T).unflatten(-3, (-1, N)).transpose(-3, -2)
            out.append((D @ across).flatten(1))
        return torch.cat(out, 1).reshape(*batch, -1)

    def adjoint(self, y: Tensor) -> Tensor:
        shares = [1 / (v * h) for v, h in self.sampling]
        planes = self._planes(y) * torch.tensor(shares).to(y)[:, None, None]
        return self._coloured(self.colours.T.to(y), planes, y.shape[:-1])

    def pseudo_inverse(self, y: Tensor) -> Tensor:
        """The decoded picture: the blocks are orthonormal, and averages have the mean of their pixels."""
        return self._coloured(torch.linalg.inv(self.colours).to(y), self._planes(y), y.shape[:-1])

    def _planes(self, y: Tensor) -> Tensor:
        """The planes (batch, planes, height, width) whose blocks have these coefficients, repeated to full size."""
        D, sizes, planes = self.cosines.to(y), self.sizes, []
        parts = y.reshape(-1, y.shape[-1]).split([rows * columns for rows, columns in sizes], dim=1)
        for part, (rows, columns), (v, h) in zip(parts, sizes, self.sampling, strict=True):
            blocks = part.reshape(-1, rows // N, columns // N, N, N)
            plane = (D.T @ blocks @ D).transpose(-3, -2).reshape(-1, rows, columns)
            planes.append(plane.repeat_interleave(v, -2).repeat_interleave(h, -1) if (v, h) != (1, 1) else plane)
        return torch.stack(planes, 1)

    def _coloured(self, colours: Tensor, planes: Tensor, batch: tuple[int, ...]) -> Tensor:
        return (colours @ planes.flatten(2)).reshape(*batch, *self.in_shape)


def _cosines() -> Tensor:
    """The orthonormal cosine transform of 8 values, (frequency, place)."""
    places, frequencies = torch.arange(N) + 0.5, torch.arange(N)[:, None]
    D = torch.cos(math.pi * frequencies * places / N) * math.sqrt(2 / N)
    D[0] /= math.sqrt(2)
    return D
