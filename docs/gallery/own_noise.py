"""
Write your own noise model: speckle
===================================

In

    x* = argmin_x  E(Ax; y) + R(x)

the noise model E says how far a measurement y may lie from Ax: it is the negative log-likelihood. Radar, ultrasound and
laser pictures have *speckle*, which multiplies the light instead of adding to it: bright parts are noisy, dark ones
clean. This page adds it, and compares it with Gaussian noise of the same strength on the same data.
"""

# %%
# Sample and likelihood
# ---------------------
# An average of L looks at a surface of brightness u gives y = u n, with n of mean 1 and variance 1/L,
# Gamma-distributed. Its likelihood (Aubert & Aujol 2008) is
#
#     −log p(y | u) = L Σ (log u + y/u) + constant
#
# A noise model is three methods: ``sample``, ``nll`` and ``variance``. The likelihood is a functional of u. It is not
# convex and has no simple proximal map, so it declares none; ``solve`` then takes Adam on the pixels.

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
from skimage import data
from torch import Tensor

import invprior as ip
from invprior import noise, operators, priors, testing

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, CASES, STOP = (48, 2, ip.stop.MaxIterations(10)) if SHORT else (160, 10, None)
DARKEST = 0.01  # no surface is black: values of u below count as this


@dataclass(frozen=True, eq=False)
class SpeckleNll(ip.Functional):
    """L Σ (log(u/y) + y/u − 1), 0 at u = y."""

    y: Tensor
    looks: float

    def __call__(self, u: Tensor) -> Tensor:
        ratio = self.y.clamp(min=1e-6) / u.clamp(min=DARKEST)
        return self.looks * (ratio - 1 - ratio.log()).sum()


@dataclass(frozen=True)
class Speckle(noise.Noise):
    """y = u n with n ~ Gamma(L, 1/L)."""

    looks: float = 8.0

    def sample(self, u: Tensor, rng: torch.Generator | None = None) -> Tensor:
        # a Gamma variable of whole order is the sum of as many exponential ones
        draws = torch.empty(int(self.looks), *u.shape, dtype=u.dtype, device=u.device).exponential_(generator=rng)
        return u * draws.mean(0)

    def nll(self, y: Tensor) -> ip.Functional:
        return SpeckleNll(y, self.looks)

    def variance(self, u: Tensor) -> Tensor:
        return u.square() / self.looks


# %%
# Is it right?
# ------------
# ``check_noise`` draws many samples and compares them with what the model says of itself: the variance, the slope of
# the likelihood, that it is least where the samples come from, and that it is neither too sure nor too unsure.

try:
    testing.check_noise(Speckle, examples=CASES)
except testing.LawError as error:
    print(error)

# %%
# It has found something. Stop rules ask a model for the ``estimated_variance``, how far y lies from u on average. We do
# not know u, and by default the variance at y stands for that at u: good for photons, but the mean of y² is (1 + 1/L)
# times that of u². So we say it ourselves.


@dataclass(frozen=True)
class MendedSpeckle(Speckle):
    """Speckle whose variance is told by the data without bias."""

    def estimated_variance(self, y: Tensor) -> Tensor:
        return y.square() / (self.looks + 1)


testing.check_noise(MendedSpeckle, examples=CASES)
print("every law of noise models holds")

# %%
# The same data, two likelihoods
# ------------------------------
# Gaussian noise of the same mean strength takes bright and dark parts for equally noisy. E being a likelihood, one
# weight of the prior stands for both; 10 is typical of total variation of photographs.

picture = torch.from_numpy(data.camera()).float()[None] / 255
truth = picture[:, 60 : 60 + SIZE, 150 : 150 + SIZE]
A = operators.Identity(truth.shape)
speckle = MendedSpeckle(8.0)
y = speckle.sample(truth, torch.Generator().manual_seed(0))
gaussian = noise.Gaussian(float(speckle.estimated_variance(y).mean()) ** 0.5)
print(f"Gaussian noise of the same strength: sigma = {gaussian.sigma:.3f}")

pictures = {"truth": truth, f"measured, {ip.metrics.psnr(y, truth):.1f} dB": y}
for name, model in {"Gaussian": gaussian, "speckle": speckle}.items():
    for prior in (10 * priors.TV(), priors.DIP()):
        kind = "DIP" if prior.parametrised else "TV"
        result = ip.solve(ip.Problem(A, y, noise=model, prior=prior), stop=STOP)
        psnr = ip.metrics.psnr(result.x, truth)
        pictures[f"{name}, {kind}, {psnr:.1f} dB"] = result.x
        print(
            f"{name:8s} {kind:3s} {psnr:.2f} dB in {result.seconds:.1f} s, {result.iterations} iterations of "
            f"{type(result.solver).__name__}, {result.status.name}"
        )

ip.show(pictures, columns=3)

# %%
# Told the noise is Gaussian, a prior must take the grain of the sky for detail or the folds of the coat for noise:
# total variation here does the latter, the deep image prior (Ulyanov, Vedaldi & Lempitsky 2018) the former. The right
# likelihood trusts dark pixels more than bright ones. Total variation then leaves some grain in the hair, since its
# charge for an edge does not shrink with the light; Aubert & Aujol discuss better ones.
