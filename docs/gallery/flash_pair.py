"""
Flash/no-flash pairs
====================

In a dim room the picture without flash has the desired light, and noise. The picture with flash is sharp and clean, but
its light is wrong. There are two ways to use the second for the first. Either it guides the prior of the first,

    x* = argmin_x ‖x − y₀‖² / (2σ²) + R(x; y₁)

or both are measurements of one unknown x = (a, f), the picture in ambient light and the light that the flash adds:

    x* = argmin_(a,f) E₀(a; y₀) + E₁(t (a + f); y₁) + R(a, f)
"""

# %%
# A scene lit twice
# -----------------
# Real pairs have no truth. So we use one photograph as the colours of the scene and light it in both ways: dim, warm
# and from the right; and by a flash that falls off, throws a shadow and makes a highlight. ``FlashPair`` is the
# operator A(a, f) = (a, t (a + f)), where the flash picture is exposed for t = 0.4 of the time.

from __future__ import annotations

import os

import torch
from skimage import data

import invprior as ip
from invprior.priors.contrast import EDGE, contrast

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, STOP = (32, ip.stop.MaxIterations(10)) if SHORT else (144, None)

photograph = torch.from_numpy(data.coffee()).movedim(-1, 0) / 255
part = photograph[:, 10 : 10 + 2 * SIZE, 190 : 190 + 2 * SIZE]
scene = ip.operators.Lanczos(part.shape, factor=2)(part).clamp(0, 1)

down, right = torch.meshgrid(torch.linspace(0, 1, SIZE), torch.linspace(0, 1, SIZE), indexing="ij")
ambient = scene * torch.tensor([0.8, 0.65, 0.45])[:, None, None] * (0.7 + 0.6 * right)
shadow = (right - down > 0.25) & (right - down < 0.55)
highlight = torch.exp(-((down - 0.75) ** 2 + (right - 0.3) ** 2) / 0.06**2)
flash_light = (scene * (1.5 - down**2 / 2) + 0.75 * highlight) * ~shadow

A = ip.operators.FlashPair(scene.shape, exposures=(1.0, 0.4))
rng = torch.Generator().manual_seed(0)
without, with_flash = A(torch.stack([ambient, flash_light]))
dim_noise, flash_noise = ip.noise.PoissonGaussian(0.03, 0.02), ip.noise.Gaussian(0.004)
y0, y1 = dim_noise.sample(without, rng).clamp(0, 1), flash_noise.sample(with_flash, rng).clamp(0, 1)
ip.show({"ambient light, the truth": ambient, "without flash, measured": y0, "with flash, measured": y1})

# %%
# How noisy is the first picture?
# -------------------------------
# The part that the flash picture cannot explain, window by window, is noise. Photon noise is stronger in bright parts;
# one σ for the whole picture is a simplification, which the command ``invprior flash`` makes too.

sigma = ip.noise.estimate_beside(y0, y1)
print(f"estimated beside the flash picture: σ = {sigma:.3f}; truly {float((y0 - without).std()):.3f}")
model = ip.noise.Gaussian(sigma)
single = ip.operators.Identity(y0.shape)


def restore(prior: ip.Prior) -> torch.Tensor:
    """x* for the picture without flash; the weight of a penalty is chosen without the truth."""
    problem = ip.Problem(single, y0, noise=model, prior=prior)
    if not prior.parametrised:
        problem = ip.Problem(single, y0, noise=model, prior=ip.weight.auto(problem).weight * prior)
    return ip.solve(problem, stop=STOP).x


# %%
# The flash picture as a guide
# ----------------------------
# - ``GuidedTV`` (Ehrhardt & Betcke 2016) penalises only the part of the gradient that is not along the guide's: an edge
#   that the flash picture has too is nearly free.
# - ``DIP(..., input=...)`` feeds the flash picture to the network instead of random numbers (Ulyanov, Vedaldi &
#   Lempitsky 2018, section 3.5), so its edges are there from the start.
#
# ``contrast`` is the logarithm of the picture: an edge then counts equally in shade and in light. Plain TV and DIP,
# which never see the flash picture, are shown for comparison.

guide = contrast(y1)
restored = {
    "TV": restore(ip.priors.TV()),
    "DIP": restore(ip.priors.DIP()),
    "guided TV": restore(ip.priors.GuidedTV(guide, eta=EDGE)),
    "guided DIP": restore(ip.priors.DIP("fast", "flash", input=guide)),
}

# %%
# Two measurements of one unknown
# -------------------------------
# Each exposure is a data term with its own noise: ``Take`` selects it from the output of ``FlashPair``. ``Joint`` turns
# a prior of one picture into a prior of both: here the edges of a and f coincide.

data_terms = (
    ip.DataTerm(ip.operators.Take(A.out_shape, 0) @ A, y0, model),
    ip.DataTerm(ip.operators.Take(A.out_shape, 1) @ A, y1, flash_noise),
)
joint = ip.priors.Joint(ip.priors.TV())
weight = ip.weight.auto(ip.Problem.from_terms(data_terms, joint)).weight
pair = ip.solve(ip.Problem.from_terms(data_terms, weight * joint), stop=STOP)
restored["pair, joint TV"] = pair.x[0]

# %%
# Results
# -------
# Each result is scored on the whole picture, and inside the flash's shadow. Look along the border of that shadow: any
# trace of it comes from the flash picture and is wrong. A prior that makes all edges coincide is the most likely to
# leave one.

dark = shadow.expand_as(ambient)
print(f"{'as measured':15s} {ip.metrics.psnr(y0, ambient):5.2f} dB")
for name, x in restored.items():
    x = x.clamp(0, 1)
    inside = ip.metrics.psnr(x[dark], ambient[dark])
    print(f"{name:15s} {ip.metrics.psnr(x, ambient):5.2f} dB, in the flash's shadow {inside:5.2f} dB")

ip.show(
    {"truth": ambient} | {f"{k}, {ip.metrics.psnr(x.clamp(0, 1), ambient):.1f} dB": x for k, x in restored.items()},
    columns=3,
)

# %%
# The second unknown of the pair is a picture as well: the light of the flash alone, shown at 0.6 of its brightness.

ip.show({"flash light, the truth": 0.6 * flash_light, "flash light, found": 0.6 * pair.x[1]})
