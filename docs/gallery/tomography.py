"""
Tomography: least squares, total variation and the deep image prior
===================================================================

A slice is X-rayed from 30 directions, far fewer than its 64 × 64 pixels would need. deepinv provides the projector,
invprior solves the problem

    x* = argmin_x  E(Ax; y) + R(x),        E(Ax; y) = ‖Ax − y‖² / (2σ²)

with the operator A (sums along the rays), the noise model E and the prior R. Three results differ only in R.
"""

# %%
# Requirements
# ------------
# ``pip install 'invprior[deepinv]'``.

from __future__ import annotations

import os

import deepinv.physics
import torch
from skimage.data import shepp_logan_phantom

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
FACTOR, STOP = (12, ip.stop.MaxIterations(10)) if SHORT else (6, None)

# %%
# The slice
# ---------
# The Shepp–Logan phantom, reduced to 64 × 64 by the operator ``Lanczos``.

phantom = torch.from_numpy(shepp_logan_phantom()).float()[None, 8:-8, 8:-8]
truth = ip.operators.Lanczos(phantom.shape, FACTOR)(phantom).clamp(0, 1)
size = truth.shape[-1]

# %%
# The projector
# -------------
# Any linear physics of deepinv becomes an operator; ``from_physics`` checks its adjoint. Lengths are in pixels: a ray
# through the whole slice sums to about 20 units. The measurement is a picture too, the sinogram, with a column for each
# direction.

physics = deepinv.physics.Tomography(angles=30, img_width=size, circle=False, normalize=False)
A = ip.interop.deepinv.from_physics(physics, truth.shape)
noise = ip.noise.Gaussian(0.2)
y = noise.sample(A(truth), torch.Generator().manual_seed(0))
print(f"{A!r}: {A.in_shape} to {A.out_shape}, rays up to {float(y.max()):.1f}")
ip.show({"the slice": truth, "the sinogram": y / y.max()})

# %%
# Three priors, one solve
# -----------------------
# Without a prior, conjugate gradients fit the noise. The weight of total variation is that of least estimated risk,
# which does not use the truth. The deep image prior (Ulyanov, Vedaldi & Lempitsky 2018) stops when the misfit reaches
# the noise level, or at its preset's limit of iterations. Its settings depend on the task. Those for denoising assume
# that every pixel is measured, and end long before these rays are fitted. Those for upscaling, also a measurement
# through an operator, run longer.

choice = ip.weight.auto(ip.Problem(A, y, noise=noise, prior=ip.priors.TV()))
print(f"weight of the total variation: {choice.weight:.2f} ({choice.rule})")
priors: dict[str, ip.Prior] = {
    "least squares": ip.priors.NoPrior(),
    "TV": choice.weight * ip.priors.TV(),
    "DIP": ip.priors.DIP(task="upscale"),
}

pictures = {"truth": truth}
for name, prior in priors.items():
    result = ip.solve(ip.Problem(A, y, noise=noise, prior=prior), stop=STOP)
    psnr = ip.metrics.psnr(result.x, truth)
    pictures[f"{name}, {psnr:.1f} dB"] = result.x
    print(
        f"{name:13s} {psnr:6.2f} dB  {result.seconds:5.1f} s  "
        f"{result.iterations} iterations of {type(result.solver).__name__}, {result.status.name}"
    )

# %%
# Side by side
# ------------
# Least squares follows the noise. Total variation suits flat regions with sharp edges; it leaves speckle and a trace of
# the three small ellipses at the bottom. DIP has the better figure here, but has lost these ellipses.

ip.show(pictures)
