"""Planted bugs that hide: in some shapes, on other devices, in large instances, in what an operator says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from invprior import Generator, LinearOperator, Operator, Prior, Term, noise, operators
from invprior.functionals import L1
from invprior.operators import FiniteDifference
from invprior.shapes import Shape
from invprior.stop import GO_ON, MaxIterations, Status, StopRule, Verdict


class Doubles(LinearOperator):
    """A base: 2x, right in itself."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, shape)

    def forward(self, x: Tensor) -> Tensor:
        return 2 * x

    def wrong(self) -> bool:
        return False

    def adjoint(self, y: Tensor) -> Tensor:
        return 3 * y if self.wrong() else 2 * y


class AtFourChannels(Doubles):
    def wrong(self) -> bool:
        return len(self.in_shape) == 3 and self.in_shape[0] == 4


class AtThirtyOneChannels(Doubles):
    def wrong(self) -> bool:
        return self.in_shape[0] == 31


class AtOddSides(Doubles):
    def wrong(self) -> bool:
        return self.in_shape[-1] % 2 == 1 and self.in_shape[-1] > 1


class AtMultiplesOf32(Doubles):
    def wrong(self) -> bool:
        return self.in_shape[-1] % 32 == 0


class BeyondSide24(Doubles):
    def wrong(self) -> bool:
        return self.in_shape[-1] > 24


class AtFourAxes(Doubles):
    def wrong(self) -> bool:
        return len(self.in_shape) == 4


class AtOneAxis(Doubles):
    def wrong(self) -> bool:
        return len(self.in_shape) == 1


class KeepsTheFirst(Doubles):
    """Scales by what it saw in its first call."""

    def forward(self, x: Tensor) -> Tensor:
        if not hasattr(self, "scale"):
            self.scale = 1 + float(x.detach().real.float().mean() > 0)
        return self.scale * x

    def adjoint(self, y: Tensor) -> Tensor:
        return getattr(self, "scale", 1.0) * y


AROUND = torch.linspace(1, 2, 64, dtype=torch.float64)


class HoldsAround(Doubles):
    """Its weights are a float64 tensor of the module around it."""

    def forward(self, x: Tensor) -> Tensor:
        return x * AROUND[: x.shape[-1]]

    def adjoint(self, y: Tensor) -> Tensor:
        return self.forward(y)


def on_one_device(shape: Shape) -> LinearOperator:
    """Its weights are a tensor in a closure, converted to the precision of x and left on their device."""
    weights = torch.linspace(1, 2, shape[-1], dtype=torch.float64)
    return operators.from_function(lambda x: x * weights.to(x.dtype), shape)


class SeesFourOfABatch(Doubles):
    """Forgets all but the first four pictures of a batch."""

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim > len(self.in_shape):
            return torch.cat([2 * x[:4], 0 * x[4:]])
        return 2 * x


class Clamps(Doubles):
    def forward(self, x: Tensor) -> Tensor:
        return x.clamp(-3, 3)


class WrongDiagonal(Doubles):
    def diagonal(self) -> Tensor:
        return torch.tensor(2.001)


class WrongDense(Doubles):
    def to_dense(self, dtype: torch.dtype | None = None) -> Tensor:
        return 4 * super().to_dense(dtype)


class NoSelection(Doubles):
    @property
    def is_selection(self) -> bool:
        return True


class SmallNormOnLarge(FiniteDifference):
    """Says √7.8 where √8 is the bound, on pictures whose matrix nobody forms."""

    def __init__(self) -> None:
        super().__init__((1, 48, 48))

    def norm(self) -> float:
        return 0.987 * super().norm()


class DropsImaginary(LinearOperator):
    """From real to complex; its adjoint forgets the imaginary part."""

    in_complex, out_complex = False, True

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, shape)

    def forward(self, x: Tensor) -> Tensor:
        return torch.complex(x, 0.5 * x)

    def adjoint(self, y: Tensor) -> Tensor:
        return y.real


class Curve(Operator):
    """A base for operators that are not linear: x + x²/4, right in itself."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, shape)

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.25 * x * x


class _WrongSlope(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        out: Tensor = grads[0] * x
        return out


class WrongSlope(Curve):
    """The derivative of x² without its 2."""

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = _WrongSlope.apply(x)
        return out


class NormalisesBatch(Curve):
    def forward(self, x: Tensor) -> Tensor:
        return x / x.abs().max()


class InPlaceCurve(Curve):
    def forward(self, x: Tensor) -> Tensor:
        return x.mul_(x) if not x.requires_grad else x * x


class KeepsFirstPeak(Curve):
    def forward(self, x: Tensor) -> Tensor:
        if not hasattr(self, "peak"):
            self.peak = float(x.detach().abs().max())
        return x * x / self.peak


class LeavesGraph(Curve):
    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor((x.detach().numpy() ** 2).copy()) if x.device.type == "cpu" else x


class CastsCurve(Curve):
    def forward(self, x: Tensor) -> Tensor:
        return (x * x).float()


@dataclass(frozen=True)
class TermOfOtherShape(Prior):
    def terms(self, shape: Shape) -> tuple[Term, ...]:
        return (Term(L1(), operators.Identity((*shape, 2))),)


@dataclass(frozen=True)
class BareTerm(Prior):
    """Returns a term, not a tuple of terms."""

    def terms(self, shape: Shape) -> Any:
        return Term(L1(), operators.Identity(shape))


class Free(Generator):
    def __init__(self, start: Tensor) -> None:
        super().__init__()
        self.x = nn.Parameter(start)

    def forward(self, rng: torch.Generator | None = None) -> Tensor:
        return self.x


@dataclass(frozen=True)
class DrawsGlobally(Prior):
    def generator(self, shape: Shape, rng: torch.Generator) -> Generator:
        return Free(torch.rand(shape))

    @property
    def parametrised(self) -> bool:
        return True


@dataclass(frozen=True)
class SaysNoGenerator(DrawsGlobally):
    @property
    def parametrised(self) -> bool:
        return False


@dataclass(frozen=True)
class AnswersTrue(StopRule):
    def update(self, memory: Any, iterate: Any) -> Any:
        return memory, True


@dataclass(frozen=True)
class CountsItself(StopRule):
    """Counts its calls in itself."""

    def update(self, memory: Any, iterate: Any) -> tuple[Any, Verdict]:
        calls = self.__dict__.setdefault("calls", [0])
        calls[0] += 1
        return None, Verdict(Status("enough", "that was enough")) if calls[0] % 9 == 0 else GO_ON


@dataclass(frozen=True)
class AppendsInPlace(StopRule):
    def update(self, memory: Any, iterate: Any) -> tuple[Any, Verdict]:
        memory = [] if memory is None else memory
        memory.append(iterate.value)
        return memory, GO_ON


@dataclass(frozen=True)
class GoesBeyondMost(MaxIterations):
    n: int = 20

    @property
    def most(self) -> int:
        return 10


class DropsOut(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Conv2d(16, 3, 3, padding=1), nn.Dropout(0.2), nn.Sigmoid())


class Shrinks(nn.Sequential):
    """Without padding."""

    def __init__(self) -> None:
        super().__init__(nn.Conv2d(16, 3, 3), nn.Sigmoid())


class UnusedLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.used, self.unused = nn.Conv2d(16, 3, 1), nn.Conv2d(16, 3, 1)

    def forward(self, z: Tensor) -> Tensor:
        return self.used(z).sigmoid()  # type: ignore[no-any-return]


class ComplexHalf(noise.Gaussian):
    """Of complex data, half the variance in each part."""

    def sample(self, u: Tensor, rng: torch.Generator | None = None) -> Tensor:
        return u + self.sigma * torch.randn(u.shape, generator=rng, dtype=u.dtype)


# Each with the law that must catch it. An instance stands for itself, a function is a factory of a shape.
HIDDEN: dict[Any, str] = {
    AtFourChannels: "adjoint",
    AtThirtyOneChannels: "adjoint",
    AtOddSides: "adjoint",
    AtMultiplesOf32: "adjoint",
    BeyondSide24: "adjoint",
    AtFourAxes: "adjoint",
    AtOneAxis: "adjoint",
    KeepsTheFirst: "copy",
    HoldsAround: "movable",
    on_one_device: "movable",
    SeesFourOfABatch: "batch",
    Clamps: "linearity",
    WrongDiagonal: "diagonal",
    WrongDense: "dense",
    NoSelection: "selection",
    DropsImaginary: "adjoint",
    WrongSlope: "vjp",
    NormalisesBatch: "batch",
    InPlaceCurve: "purity",
    KeepsFirstPeak: "copy",
    LeavesGraph: "vjp",
    CastsCurve: "dtype",
    TermOfOtherShape: "terms",
    BareTerm: "terms",
    DrawsGlobally: "seeded",
    SaysNoGenerator: "generator",
    AnswersTrue: "answer",
    CountsItself: "purity",
    AppendsInPlace: "purity",
    GoesBeyondMost: "most",
    DropsOut: "purity",
    Shrinks: "shape",
    UnusedLayer: "fits",
    ComplexHalf: "complex",
}
