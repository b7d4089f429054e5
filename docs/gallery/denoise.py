"""
Denoising with three priors
===========================

A photograph y = x + n with Gaussian noise n of standard deviation σ. We look for

    x* = argmin_x ‖x − y‖² / (2σ²) + R(x)

The first term is E(Ax; y): how badly x explains the measurement, here with A the identity. R describes natural
pictures. We use three R and change nothing else.
"""

# %%
# A photograph and its noise
# --------------------------
# Pictures are tensors of shape (channels, height, width) with values from 0 to 1. The operator A and the noise model
# are objects; the same noise model samples the measurement and later gives E.

from __future__ import annotations

import os

import torch
from skimage import data

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, STOP = (32, ip.stop.MaxIterations(10)) if SHORT else (160, None)

photograph = torch.from_numpy(data.astronaut()).movedim(-1, 0) / 255
corner = photograph[:, : 2 * SIZE, 60 : 60 + 2 * SIZE]
clean = ip.operators.Lanczos(corner.shape, factor=2)(corner).clamp(0, 1)

A = ip.operators.Identity(clean.shape)
model = ip.noise.Gaussian(0.1)
y = model.sample(A(clean), torch.Generator().manual_seed(0))
print(f"noisy: {ip.metrics.psnr(y.clamp(0, 1), clean):.2f} dB")

# %%
# Three priors
# ------------
# - ``NoPrior``: R = 0. Nothing opposes the data, so x* is y itself, including its noise.
# - ``TV``, total variation (Rudin, Osher & Fatemi 1992): R(x) = λ Σᵢ ‖(∇x)ᵢ‖. Flat areas and sharp edges cost little,
#   noise costs much. The weight λ is chosen by Stein's unbiased estimate of the risk, which needs y and σ and never the
#   clean picture.
# - ``DIP``, the deep image prior (Ulyanov, Vedaldi & Lempitsky 2018): no penalty. x = f(z) is the output of a
#   convolutional network with random weights, which are fitted to y. Such a network learns pictures before noise, so it
#   matters when the fit stops.

choice = ip.weight.auto(ip.Problem(A, y, noise=model, prior=ip.priors.TV()))
print(f"TV: λ = {choice.weight:.1f}, {choice.rule}")

priors = {"no prior": ip.priors.NoPrior(), "TV": choice.weight * ip.priors.TV(), "DIP": ip.priors.DIP()}

# %%
# One solve
# ---------
# ``solve`` chooses a solver and a stop rule for the problem, unless they are given. The result names both, and says why
# the solve stopped.

results = {name: ip.solve(ip.Problem(A, y, noise=model, prior=R), stop=STOP) for name, R in priors.items()}
for name, result in results.items():
    print(
        f"{name:8s} {ip.metrics.psnr(result.x.clamp(0, 1), clean):5.2f} dB  {type(result.solver).__name__}, "
        f"{result.iterations} iterations in {result.seconds:.1f} s, {result.status}"
    )

# %%
# Side by side
# ------------
# Without a prior the noise stays. TV removes it together with faint detail, because a flat area costs less than one
# that is nearly flat. DIP keeps more small detail, and leaves a soft mottle on the smooth background.

pictures = {"clean": clean} | {
    f"{name}, {ip.metrics.psnr(result.x.clamp(0, 1), clean):.1f} dB": result.x for name, result in results.items()
}
ip.show(pictures, columns=2)

# %%
# A closer look at the face: the two differ in the eyes and the teeth.

ip.show(pictures, part=(slice(SIZE // 4, 5 * SIZE // 8), slice(SIZE // 4, 5 * SIZE // 8)))
