"""
Write your own noise model: speckle
===================================

In

    x* = argmin_x  E(Ax; y) + R(x)

the noise model E says how far a measurement y may lie from Ax: it is the negative log-likelihood. Radar, ultrasound and
laser pictures have *speckle*, which multiplies the light instead of adding to it: bright parts are noisy, dark parts
clean. This page adds such a model, and compares it with Gaussian noise of the same strength on the same data.
"""

# %%
# Sample and likelihood
# ---------------------
# The average of L looks at a surface of brightness u is y = u n, where n is Gamma-distributed with mean 1 and
# variance 1/L. Its likelihood (Aubert & Aujol 2008) is
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
DARKEST = 0.01  # no surface is black: smaller values of u count as this


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
        # a Gamma variable of integer order L is the sum of L exponential ones
        draws = torch.empty(int(self.looks), *u.shape, dtype=u.dtype, device=u.device).exponential_(generator=rng)
        return u * draws.mean(0)

    def nll(self, y: Tensor) -> ip.Functional:
        return SpeckleNll(y, self.looks)

    def variance(self, u: Tensor) -> Tensor:
        return u.square() / self.looks


# %%
# Is it right?
# ------------
# ``check_noise`` draws many samples and compares them with the model: the variance, the slope of the likelihood, its
# minimum at the level that was sampled, and its curvature, so that it is neither over- nor underconfident.

try:
    testing.check_noise(Speckle, examples=CASES)
except testing.LawError as error:
    print(error)

# %%
# It has found a fault. Stop rules ask a model for the ``estimated_variance``, the mean squared distance of y from u. As
# u is unknown, the default is the variance at ``signal(y)``, here y itself. That is unbiased for photons, but the mean
# of y² is (1 + 1/L) times u². So we override the method.


@dataclass(frozen=True)
class MendedSpeckle(Speckle):
    """Speckle with an unbiased estimate of its variance from the data."""

    def estimated_variance(self, y: Tensor) -> Tensor:
        return y.square() / (self.looks + 1)


testing.check_noise(MendedSpeckle, examples=CASES)
print("every law of noise models holds")

# %%
# The same data, two likelihoods
# ------------------------------
# Gaussian noise of the same mean strength assumes that bright and dark parts are equally noisy. As E is a likelihood,
# one weight of the prior suits both models; 10 is typical for total variation of photographs.

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
# With the Gaussian model a prior either keeps the grain of the sky as detail or removes the folds of the coat as noise.
# Here total variation does the latter, the deep image prior (Ulyanov, Vedaldi & Lempitsky 2018) the former. The right
# likelihood trusts dark pixels more than bright ones. Total variation then leaves some grain in the hair, because its
# cost of an edge does not shrink with the light; Aubert & Aujol discuss better penalties.
