"""Planted bugs, each one that a published library has had or that is easy to make, and the law that catches it.

Here those of functionals and noise models; those of operators and solvers have files of their own.
``python -m tests.testing.table`` prints the table of docs/mutants.md.
"""

from __future__ import annotations

from random import Random
from typing import Any, Self

import torch
from torch import Tensor

from invprior.functional import Step
from invprior.functionals import L1, L21, Quadratic, Shifted
from invprior.noise import Gaussian
from invprior.shapes import Shape
from tests.testing.mutants_operators import OPERATORS
from tests.testing.mutants_solvers import SOLVERS


class WrongThreshold(L1):
    def prox(self, u: Tensor, step: Step) -> Tensor:
        return super().prox(u, 0.5 * step)


class HardThreshold(L1):
    def prox(self, u: Tensor, step: Step) -> Tensor:
        return torch.where(u.abs() > step, u, 0)


class PerAxisThreshold(L21):
    def prox(self, u: Tensor, step: Step) -> Tensor:
        return L1().prox(u, step)


class NoDomain(L1):
    def conj(self, u: Tensor) -> Tensor:
        return torch.zeros_like(u.sum())


class WarmProx(L1):
    """Starts from the last result, as an inner solver would."""

    def prox(self, u: Tensor, step: Step) -> Tensor:
        out: Tensor = super().prox(u, step) + 1e-9 * self.__dict__.get("last", 0.0)
        self.__dict__["last"] = float(u.abs().sum())
        return out


class ForgetsWeight(Quadratic):
    def prox(self, u: Tensor, step: Step) -> Tensor:
        return (u + step * self.center) / (1 + step)


class GradientOfTwice(Quadratic):
    def gradient(self, u: Tensor) -> Tensor:
        return 2 * super().gradient(u)


class IgnoresBox(Quadratic):
    """Its conjugate over a box is that over the whole space."""

    def conj_bounded(self, u: Tensor, low: Tensor, high: Tensor) -> Tensor:
        return self.conj(u)


class FirstRows(Quadratic):
    """Every band gets the weights of the first one."""

    def rows(self, start: int, stop: int, height: int) -> Self:
        return super().rows(0, stop - start, height)


class SmallConjugate(Quadratic):
    def conj(self, u: Tensor) -> Tensor:
        return 0.5 * super().conj(u)


class RealProx(L1):
    """Takes the real part on the way."""

    def prox(self, u: Tensor, step: Step) -> Tensor:
        return super().prox(u.real, step).to(u.dtype)


class PartByPart(L1):
    """Thresholds the real and the imaginary part, where the value is by the modulus."""

    def prox(self, u: Tensor, step: Step) -> Tensor:
        if not u.is_complex():
            return super().prox(u, step)
        return torch.complex(super().prox(u.real, step), super().prox(u.imag, step))


class DualNotConjugated(Shifted):
    """Its conjugate adds Σ u·b without the bar, right for real values."""

    def conj(self, u: Tensor) -> Tensor:
        return self.inner.conj(u) + (u * self.center).real.sum()

    @classmethod
    def example(cls, shape: Shape, rng: Random) -> Self:
        center = torch.randn(shape, generator=torch.Generator().manual_seed(rng.getrandbits(31)), dtype=torch.float64)
        return cls(L1(), torch.complex(center, center.flip(-1)))


class NotConjugatedGradient(Quadratic):
    """The derivative by u, where the gradient is that by its conjugate."""

    def gradient(self, u: Tensor) -> Tensor:
        return super().gradient(u).conj()


class HalfNll(Gaussian):
    def nll(self, y: Tensor) -> Quadratic:
        return 0.5 * super().nll(y)


class SigmaForVariance(Gaussian):
    def nll(self, y: Tensor) -> Quadratic:
        return Quadratic(1 / float(self.sigma), y)


class VarianceForSigma(Gaussian):
    def sample(self, u: Tensor, rng: torch.Generator | None = None) -> Tensor:
        return u + float(self.sigma) ** 2 * torch.randn(u.shape, generator=rng, dtype=u.dtype)


class GlobalRng(Gaussian):
    def sample(self, u: Tensor, rng: torch.Generator | None = None) -> Tensor:
        return super().sample(u, None)


class Biased(Gaussian):
    def sample(self, u: Tensor, rng: torch.Generator | None = None) -> Tensor:
        return super().sample(u, rng) + 0.1 * float(self.sigma)


class DeclaresSigma(Gaussian):
    def variance(self, u: Tensor) -> Tensor:
        return super().variance(u).sqrt()


# Each planted bug with the law that must catch it; others may catch it too.
FUNCTIONALS: dict[type[Any], str] = {
    WrongThreshold: "prox",
    HardThreshold: "firm",
    PerAxisThreshold: "prox",
    NoDomain: "young",
    WarmProx: "purity",
    ForgetsWeight: "prox",
    GradientOfTwice: "gradient",
    SmallConjugate: "fenchel",
    IgnoresBox: "bounded",
    FirstRows: "rows",
    RealProx: "prox",
    PartByPart: "phase",
    DualNotConjugated: "fenchel",
    NotConjugatedGradient: "gradient",
}
NOISES: dict[type[Any], str] = {
    HalfNll: "information",
    SigmaForVariance: "information",
    VarianceForSigma: "variance",
    GlobalRng: "seeded",
    Biased: "centred",
    DeclaresSigma: "variance",
}
MUTANTS = {**OPERATORS, **FUNCTIONALS, **NOISES, **SOLVERS}
