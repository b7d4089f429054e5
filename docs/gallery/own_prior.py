"""
Write your own prior: a penalty, and a parametrisation
======================================================

In

    x* = argmin_x  E(Ax; y) + R(x)

with the operator A and the noise model E, the prior R may be a *penalty* on the pixels, such as total variation, or a
*parametrisation* x = f(θ), which restricts the possible pictures, such as the deep image prior. This page adds one of
each and sums them with included priors.
"""

# %%
# A penalty is functionals after operators
# ----------------------------------------
# Total variation penalises every slope, so it turns smooth shading into stairs. Penalising *bending*, the second
# differences, leaves ramps free but softens edges; the sum of both is a compromise (Papafitsoros & Schönlieb 2014). Our
# own penalty also smooths the norm at 0, after Huber: bends below δ are penalised by their square.
#
#     R(x) = Σ_i h(‖(∇²x)_i‖),    h(r) = r²/(2δ) for r ≤ δ,  r − δ/2 above
#
# A functional needs its value. With ``prox``, argmin_v f(v) + ‖v − u‖²/(2 step), the fast convex solver PDHG accepts
# it; with the conjugate ``conj`` that solver also computes its distance from the minimum. Class attributes declare what
# the functional provides.

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
from skimage import data
from torch import Tensor, nn

import invprior as ip
from invprior import noise, operators, priors, testing

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, CASES, STOP = (48, 5, ip.stop.MaxIterations(10)) if SHORT else (160, 60, None)


@dataclass(frozen=True, eq=False)
class HuberNorm(ip.Functional):
    """Σ_i h(‖u_i‖), the norm over axis −4 (the kinds of differences) and axis −3 (the colours)."""

    lipschitz = 1.0
    delta: float

    def norms(self, u: Tensor) -> Tensor:
        return u.abs().square().sum((-4, -3), keepdim=True).clamp(min=1e-30).sqrt()

    def __call__(self, u: Tensor) -> Tensor:
        r = self.norms(u)
        return torch.where(r <= self.delta, r.square() / (2 * self.delta), r - self.delta / 2).sum()

    def prox(self, u: Tensor, step: float | Tensor) -> Tensor:
        return u * (1 - step / self.norms(u).clamp(min=self.delta + step))

    def conj(self, u: Tensor) -> Tensor:
        r = self.norms(u)
        return torch.where(r <= 1 + 1e-6, self.delta / 2 * r.square(), torch.inf).sum()


@dataclass(frozen=True)
class Bending(ip.Prior):
    """R(x) = Σ_i h(‖(∇²x)_i‖)."""

    delta: float = 0.01

    def terms(self, shape: tuple[int, ...]) -> tuple[ip.Term, ...]:
        second = operators.SymmetricGradient(shape) @ operators.FiniteDifference(shape)
        return (ip.Term(HuberNorm(self.delta), second),)


# %%
# Is it right?
# ------------
# A wrong ``prox`` silently gives a wrong picture. ``check_functional`` compares it with many other points, the
# conjugate with Fenchel's identity, and more; it raises with the smallest case that breaks a law.

testing.check_functional(HuberNorm(0.3), shapes=[(3, 1, 4, 5)], examples=CASES)
print("every law of functionals holds")

# %%
# Together with total variation
# -----------------------------
# Priors can be added and multiplied by weights. The weight of the whole sum is chosen without the truth.

portrait = torch.from_numpy(data.astronaut()).permute(2, 0, 1).float() / 255
truth = portrait[:, 30 : 30 + SIZE, 150 : 150 + SIZE]
model = noise.Gaussian(0.1)
A = operators.Identity(truth.shape)
y = model.sample(truth, torch.Generator().manual_seed(0))

pictures = {"truth": truth, "measured": y}
for name, prior in {
    "TV": priors.TV(),
    "bending": Bending(),
    "TV + bending": 0.5 * priors.TV() + 0.5 * Bending(),
}.items():
    weight = ip.weight.auto(ip.Problem(A, y, noise=model, prior=prior)).weight
    result = ip.solve(ip.Problem(A, y, noise=model, prior=weight * prior), stop=STOP)
    psnr = ip.metrics.psnr(result.x, truth)
    pictures[f"{name}, {psnr:.1f} dB"] = result.x
    print(
        f"{name:12s} {psnr:.2f} dB, weight {weight:.1f}, "
        f"{result.iterations} iterations of {type(result.solver).__name__}, {result.status.name}"
    )
ip.show(pictures, part=(slice(SIZE // 4, SIZE), slice(SIZE // 8, SIZE * 7 // 8)))

# %%
# The figures are close, but the pictures differ: TV turns cheeks and wall into patches, bending shades them but leaves
# a grain and soft edges, and the sum lies between.
#
# A parametrisation is a module that gives the picture
# ----------------------------------------------------
# A brick wall repeats itself, so each of its rows is nearly a mixture of a few rows: as a matrix, the picture is the
# product of a tall matrix and a wide one. The method ``generator`` of a prior returns a module, whose parameters are
# optimised. ``recipe`` names the solver and the stop rule, here the noise level (Morozov 1966). Half of the pixels are
# measured.


class Product(ip.Generator):
    """x = U V for every channel."""

    def __init__(self, shape: tuple[int, ...], rank: int, rng: torch.Generator) -> None:
        super().__init__()
        height, width = shape[-2:]
        self.u = nn.Parameter(torch.randn(*shape[:-2], height, rank, generator=rng) / rank)
        self.v = nn.Parameter(torch.randn(*shape[:-2], rank, width, generator=rng) / rank)

    def forward(self, rng: torch.Generator | None = None) -> Tensor:
        return self.u @ self.v


@dataclass(frozen=True)
class LowRank(ip.Prior):
    """Pictures whose rows are mixtures of ``rank`` rows."""

    rank: int
    parametrised = True

    def generator(self, shape: tuple[int, ...], rng: torch.Generator) -> ip.Generator:
        return Product(shape, self.rank, rng)

    def recipe(self) -> ip.Recipe:
        return ip.Recipe(ip.solvers.Adam(lr=0.01), ip.stop.Discrepancy() | ip.stop.MaxIterations(1500))


wall = torch.from_numpy(data.brick()).float()[None] / 255
truth = wall[:, 100 : 100 + SIZE, 100 : 100 + SIZE]
model = noise.Gaussian(0.05)
A = operators.Mask.random(truth.shape, 0.5, torch.Generator().manual_seed(1))
y = model.sample(A(truth), torch.Generator().manual_seed(2))

tv = ip.weight.auto(ip.Problem(A, y, noise=model, prior=priors.TV())).weight * priors.TV()
pictures = {"truth": truth, "measured": A(y)}
for name, prior in {"TV": tv, "low rank": LowRank(12), "low rank + TV": LowRank(12) + 0.3 * tv}.items():
    result = ip.solve(ip.Problem(A, y, noise=model, prior=prior), stop=STOP)
    psnr = ip.metrics.psnr(result.x, truth)
    pictures[f"{name}, {psnr:.1f} dB"] = result.x
    print(
        f"{name:13s} {psnr:.2f} dB, {result.iterations} iterations of {type(result.solver).__name__}, "
        f"{result.status.name}"
    )
ip.show(pictures)

# %%
# Low rank alone is worse than TV: nothing ties a row to the next one, and the noise comes back as stripes. Adding TV
# with a smaller weight removes the stripes. A new prior is quickly written, and the same ``solve`` shows as quickly
# whether it is a good one.
