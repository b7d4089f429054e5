"""Sixteen honest operators of sixteen kinds, which no law may accuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from invprior import InvpriorError, LinearOperator, Operator, operators
from invprior.shapes import Shape


def _numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Bayer(LinearOperator):
    """One of three colours a pixel."""

    def __init__(self, shape: Shape) -> None:
        if len(shape) != 3 or shape[0] != 3:
            raise InvpriorError("Bayer takes (3, H, W)")
        super().__init__(shape, (1, *shape[1:]))
        rows, cols = torch.meshgrid(torch.arange(shape[1]), torch.arange(shape[2]), indexing="ij")
        self.register_buffer("pick", (rows % 2 + cols % 2)[None])

    def forward(self, x: Tensor) -> Tensor:
        index = self.get_buffer("pick").expand(*x.shape[:-3], 1, *x.shape[-2:])
        return x.gather(-3, index)


class Coils(LinearOperator):
    """Multi-coil MRI of a complex picture: complex sensitivities, and a real mask beside them."""

    in_complex, out_complex = True, True

    def __init__(self, shape: Shape) -> None:
        if len(shape) != 3 or shape[0] != 1:
            raise InvpriorError("one complex channel")
        super().__init__(shape, (4, *shape[1:]))
        self.register_buffer("maps", torch.complex(_numbers(4, *shape[1:]), _numbers(4, *shape[1:], seed=1)))
        self.register_buffer("mask", (_numbers(*shape[1:], seed=2) > 0.4).double())

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.get_buffer("mask") * torch.fft.fft2(self.get_buffer("maps") * x, norm="ortho")
        return out


class Cassi(LinearOperator):
    """Sixteen bands through a mask, each shifted by one pixel more, summed."""

    def __init__(self, shape: Shape) -> None:
        if len(shape) != 3 or shape[0] != 16:
            raise InvpriorError(f"16 bands, got {shape}")
        super().__init__(shape, (shape[1], shape[2] + 15))
        self.register_buffer("mask", (_numbers(*shape[1:]) > 0.5).double())

    def forward(self, x: Tensor) -> Tensor:
        x = x * self.get_buffer("mask")
        return sum((F.pad(x[..., b, :, :], (b, 15 - b)) for b in range(16)), torch.zeros((), dtype=x.dtype))


class Slices(LinearOperator):
    """Every second slice of a volume (D, C, H, W)."""

    def __init__(self, shape: Shape) -> None:
        if len(shape) != 4:
            raise InvpriorError("a volume has four axes")
        super().__init__(shape, ((shape[0] + 1) // 2, *shape[1:]))

    def forward(self, x: Tensor) -> Tensor:
        return x[..., ::2, :, :, :]


class Hadamard(LinearOperator):
    """Random signs of a whole picture, as a single-pixel camera measures."""

    def __init__(self, shape: Shape) -> None:
        n = torch.Size(shape).numel()
        if n > 300:
            raise InvpriorError("too large for its matrix")
        super().__init__(shape, (7,))
        self.register_buffer("signs", (_numbers(7, n) > 0.5).double() * 2 - 1)

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(-len(self.in_shape)) @ self.get_buffer("signs").T


class RealToComplex(LinearOperator):
    """Half of the Fourier plane of a real picture."""

    in_complex, out_complex = False, True

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, (*shape[:-1], shape[-1] // 2 + 1))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = torch.fft.rfft(x)
        return out


class ComplexToReal(LinearOperator):
    """The real part of a complex picture turned in phase: linear over the real numbers."""

    in_complex, out_complex = True, False

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, shape)
        self.register_buffer("phase", torch.exp(1j * _numbers(shape[-1]).to(torch.complex128)))

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.get_buffer("phase")).real


class ComplexBlur(LinearOperator):
    """Real to real by way of a complex buffer."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, shape)
        self.register_buffer("transfer", torch.fft.fft(_numbers(shape[-1])))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = torch.fft.ifft(torch.fft.fft(x) * self.get_buffer("transfer")).real
        return out


class Convolves(LinearOperator):
    """A convolution by torch.nn.functional, which takes one batch axis."""

    def __init__(self, shape: Shape) -> None:
        C, H, W = shape
        super().__init__(shape, (2, H, W))
        self.register_buffer("weight", _numbers(2, C, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        flat = x.reshape(-1, *self.in_shape)
        return F.conv2d(flat, self.get_buffer("weight"), padding=1).reshape(*x.shape[:-3], *self.out_shape)


class Zero(LinearOperator):
    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, (2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(*x.shape[: x.ndim - len(self.in_shape)], 2, 3)

    def adjoint(self, y: Tensor) -> Tensor:
        return y.new_zeros(*y.shape[:-2], *self.in_shape)

    def norm(self) -> float:
        return 0.0


class WideOnly(LinearOperator):
    """Multiples of 32 alone, as some cameras have."""

    def __init__(self, shape: Shape) -> None:
        if shape[-1] % 32:
            raise InvpriorError("widths are multiples of 32")
        super().__init__(shape, (*shape[:-1], 32))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x.unflatten(-1, (-1, 32)).mean(-2)
        return out


class CachesTables(LinearOperator):
    """Remembers nothing that changes a result: a cache by precision, as buffers of transforms are."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, shape)
        self.ramps: dict[torch.dtype, list[float]] = {}

    def forward(self, x: Tensor) -> Tensor:
        ramp = self.ramps.setdefault(x.dtype, [1 + k for k in range(x.shape[-1])])
        return x * x.new_tensor(ramp)


def converts(shape: Shape) -> LinearOperator:
    """A tensor in a closure that follows the input in dtype and device."""
    weights = _numbers(shape[-1])
    return operators.from_function(lambda x: x * weights.to(x), shape)


def composed(shape: Shape) -> LinearOperator:
    A = operators.FiniteDifference(shape)
    return 2.0 * A.gram + 0.5 * operators.Identity(shape)


HONEST: dict[str, Callable[[Shape], LinearOperator]] = {
    k.__name__: k
    for k in (
        Bayer, Coils, Slices, Hadamard, RealToComplex, ComplexToReal, ComplexBlur, Convolves, Zero, WideOnly,
        CachesTables, converts, composed,
    )
}  # fmt: skip
INSTANCES: dict[str, Any] = {
    "CASSI": Cassi((16, 9, 7)),
    "large FiniteDifference": operators.FiniteDifference((1, 48, 48)),
    "differences of Bayer": operators.FiniteDifference((3, 6, 5)) @ Bayer((3, 6, 5)).gram,
}


class Phaseless(Operator):
    """|Fx|² of a real picture."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, shape)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = torch.fft.fft(x, norm="ortho").abs().square()
        return out


class Gamma(Operator):
    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, shape)

    def forward(self, x: Tensor) -> Tensor:
        return x.clamp(1e-3, 1) ** 0.45


class ComplexPhaseless(Operator):
    in_complex, out_complex = True, False

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, shape)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = torch.fft.fft(x, norm="ortho").abs().square()
        return out


CURVED: tuple[type[Operator], ...] = (Phaseless, Gamma, ComplexPhaseless)
