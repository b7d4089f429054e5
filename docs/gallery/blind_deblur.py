"""
Deblur without the point spread function
========================================

In

    x* = argmin_x  E(A x; y) + R(x)

a blur A needs its point spread function h. If nobody measured it, image and h are solved for together: for the image
with TV while h is held, and for h by gradient steps while the image is held. h is nonnegative and sums to 1.
"""

# %%
# A blurred photograph
# --------------------
# The camera moved by seven pixels, and the sensor added a little noise.

from __future__ import annotations

import os

import torch
from skimage import data

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, ROUNDS, STEPS = (32, 3, 15) if SHORT else (64, 40, 40)

clean = torch.from_numpy(data.camera()).float()[None, 80 : 80 + 2 * SIZE : 2, 180 : 180 + 2 * SIZE : 2] / 255
true_psf = torch.zeros(9, 9)
true_psf[4, 1:8] = 1 / 7
model = ip.noise.Gaussian(0.005)
y = model.sample(ip.operators.Blur(clean.shape, true_psf)(clean), torch.Generator().manual_seed(0))

# %%
# Alternate
# ---------
# Any h ≥ 0 with sum 1 is the softmax of free numbers, which Adam moves. ``solve`` returns an image that hangs on no
# graph; the gradient of the misfit goes through ``Blur`` to its point spread function. The misfit is one of differences
# of neighbours, away from the border, where the boundary condition is a guess. The weight of TV is large at first, so
# that strong edges alone decide about h, and falls from round to round.

rows, cols = torch.meshgrid(torch.arange(9.0) - 4, torch.arange(9.0) - 4, indexing="ij")
free = (-0.08 * (rows.square() + cols.square())).requires_grad_()  # at first a round blob
adam = torch.optim.Adam([free], lr=0.1)


def psf() -> torch.Tensor:
    return free.flatten().softmax(0).reshape(9, 9)


D = ip.operators.FiniteDifference(clean.shape)
inside = (..., slice(6, -6), slice(6, -6))
start = psf().detach()
x = None
for k in range(ROUNDS):
    weight = 20 + 600 * 0.9**k
    A = ip.operators.Blur(clean.shape, psf().detach())
    problem = ip.Problem(A, y, noise=model, prior=weight * ip.priors.TV())
    x = ip.solve(problem, stop=ip.stop.MaxIterations(STEPS), x0=x).x
    for _ in range(10):
        residual = ip.operators.Blur(clean.shape, psf())(x) - y
        misfit = D(residual)[inside].square().sum()
        adam.zero_grad()
        misfit.backward()
        adam.step()

found = psf().detach()
print(f"distance of h from the true one, Σ|h − h*|: {float((start - true_psf).abs().sum()):.2f} at first, "
      f"{float((found - true_psf).abs().sum()):.2f} at the end")  # fmt: skip

# %%
# What came out
# -------------
# The problem is not convex, so that the start and the weights matter. With the true h the same prior does much better:
# measure the point spread function where that is possible.

known = ip.Problem(ip.operators.Blur(clean.shape, true_psf), y, noise=model, prior=10 * ip.priors.TV())
best = ip.solve(known, stop=ip.stop.MaxIterations(10 * STEPS)).x
for name, image in (("measured", y), ("blind", x), ("h known", best)):
    print(f"{name}: {ip.metrics.psnr(image, clean):.2f} dB")
_ = ip.show({"measured": y, "blind": x, "h known": best, "truth": clean}, columns=2)

# %%
# The two point spread functions, each over its largest value.

_ = ip.show({"h found": (found / found.max())[None], "h": (true_psf / true_psf.max())[None]})
