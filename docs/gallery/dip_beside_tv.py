"""
DIP beside TV
=============

Two of three pixels of a photograph are lost. With the operator A that keeps the others,

    x* = argmin_x E(A x; y) + R(x)

is solved twice, once with total variation as R and once with the deep image prior. Nothing else differs.
"""

# %%
# A photograph
# ------------
# Half the size of scikit-image's astronaut, so that the noise of the original is gone.

from __future__ import annotations

import os

import torch
from skimage import data

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, STOP = (32, ip.stop.MaxIterations(5)) if SHORT else (128, None)

part = torch.from_numpy(data.astronaut()[: 2 * SIZE, 96 : 96 + 2 * SIZE]).movedim(-1, 0) / 255
clean = ip.operators.Lanczos(part.shape, factor=2)(part).clamp(0, 1)

# %%
# Ten lines
# ---------
# With ``stop=None`` each prior stops by its own rule; none of them sees the clean picture.

A = ip.operators.Mask.random(clean.shape, 0.33, torch.Generator().manual_seed(0))
model = ip.noise.Gaussian(0.5 / 255)  # the rounding of a file
y = model.sample(A(clean), torch.Generator().manual_seed(1))
restored = {}
for name, prior in {"TV": 10 * ip.priors.TV(), "DIP": ip.priors.DIP(task="inpaint")}.items():
    problem = ip.Problem(A, y, noise=model, prior=prior)
    result = ip.solve(problem, stop=STOP)  # None: by the prior's own rule
    restored[f"{name}, {ip.metrics.psnr(result.x.clamp(0, 1), clean):.1f} dB"] = result.x
    print(f"{name}: {result.iterations} iterations in {result.seconds:.0f} s, {result.status}")
ip.show({"given": A.H(y), **restored, "truth": clean})

# %%
# TV fills the gaps with flat patches and breaks fine lines. The network draws lines as lines and shading as shading,
# and takes minutes instead of a second. :doc:`Which prior when </which-prior>` says where each is better, and where a
# third prior is.
