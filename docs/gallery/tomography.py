"""
Tomography: least squares, total variation and the deep image prior
===================================================================

A slice is X-rayed from 30 directions: far fewer than its 64 × 64 pixels would need. deepinv brings the projector, we
bring the problem

    x* = argmin_x ‖Ax − y‖² / (2σ²) + R(x)

and the three pictures differ in R alone. Run with a folder to save the comparison there:
``python docs/gallery/tomography.py OUT``. ``INVPRIOR_DOCS=short`` makes it a matter of seconds, for the tests.
"""

# %%
# What is needed
# --------------
# ``pip install 'invprior[deepinv]'``.

from __future__ import annotations

import os
import sys
from pathlib import Path

import deepinv.physics
import torch
from PIL import Image
from skimage.data import shepp_logan_phantom

import invprior as ip
from invprior.interop.deepinv import from_physics

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"

# %%
# The slice
# ---------
# The Shepp–Logan phantom, brought to 64 × 64 by our own Lanczos operator.

phantom = torch.from_numpy(shepp_logan_phantom()).float()[None, 8:-8, 8:-8]
truth = ip.operators.Lanczos(phantom.shape, factor=12 if SHORT else 6)(phantom).clamp(0, 1)
size = truth.shape[-1]

# %%
# The projector
# -------------
# Any linear physics of deepinv becomes an operator, and its adjoint is checked on the way. Lengths are counted in
# pixels: a ray through the whole slice sums up to some 20 units.

physics = deepinv.physics.Tomography(angles=30, img_width=size, circle=False, normalize=False)
A = from_physics(physics, truth.shape)
model = ip.noise.Gaussian(0.2)
y = model.sample(A(truth), torch.Generator().manual_seed(0))
print(f"{A!r}: {A.in_shape} to {A.out_shape}, rays up to {float(y.max()):.1f}")

# %%
# Three priors, one solve
# -----------------------
# Without a prior, conjugate gradients fit the noise. The weight of the total variation is the one of least estimated
# risk, which never looks at the truth. The deep image prior stops where the misfit has come down to the noise, or after
# the 400 iterations of its preset.

priors: dict[str, ip.Prior] = {"none": ip.priors.NoPrior()}
weight = ip.weight.auto(ip.Problem(A, y, noise=model, prior=ip.priors.TV()))
print(f"weight of the total variation: {weight.weight:.2f} ({weight.rule})")
priors["tv"] = weight.weight * ip.priors.TV()
priors["dip"] = ip.priors.DIP()

results = {}
for name, prior in priors.items():
    stop = ip.stop.MaxIterations(10) if SHORT else None
    result = ip.solve(ip.Problem(A, y, noise=model, prior=prior), stop=stop)
    results[name] = result
    print(
        f"{name:4s} {ip.metrics.psnr(result.x, truth):6.2f} dB  {result.seconds:5.1f} s  "
        f"{result.iterations} iterations of {type(result.solver).__name__}, {result.status.name}"
    )

# %%
# Side by side
# ------------
# Truth, least squares, total variation, deep image prior.

if len(sys.argv) > 1:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    row = torch.cat([truth, *(r.x.clamp(0, 1) for r in results.values())], dim=-1)
    picture = Image.fromarray((row[0] * 255).round().byte().numpy())
    picture.resize((4 * picture.width, 4 * picture.height), Image.Resampling.NEAREST).save(folder / "tomography.png")
    print(f"wrote {folder / 'tomography.png'}")
