"""
Deblur and register without calibration
=======================================

An operator may depend on numbers that nobody measured: a point spread function, an exposure, a shift, an angle. Then

    x* = argmin_x  min_θ E(A_θ x; y) + R(x)

is solved for both. For blur, the point spread function is found first.
"""

# %%
# A blurred photograph
# --------------------
# The camera moved along a slanted line, and the sensor added a little noise. The measured picture is cut out of a
# larger scene, as pictures are: what lies beyond its border is unknown, and part of x.

from __future__ import annotations

import os

import torch
from skimage import data
from torch import Tensor

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, SIDE, ROUNDS, STOP = (48, 7, 2, ip.stop.MaxIterations(30)) if SHORT else (160, 11, 8, None)
MARGIN = 8

picture = torch.from_numpy(data.astronaut()).float() @ torch.tensor([0.299, 0.587, 0.114]) / 255
scene = picture[None, 60 : 60 + SIZE + 2 * MARGIN, 170 : 170 + SIZE + 2 * MARGIN].contiguous()
true_psf = torch.zeros(SIDE, SIDE)
for k in range(SIDE):
    true_psf[(SIDE + 2 * k) // 4 + 1, k] = 1 / SIDE


def camera(psf: Tensor) -> ip.LinearOperator:
    """The scene, blurred, and cut to what the sensor sees."""
    crop = ip.operators.Crop(scene.shape, MARGIN, MARGIN, SIZE, SIZE)
    return crop @ ip.operators.Blur(scene.shape, psf)


model = ip.noise.Gaussian(0.01)
y = model.sample(camera(true_psf)(scene), torch.Generator().manual_seed(0))

# %%
# Find the point spread function
# ------------------------------
# An image of few strong edges and h ≥ 0 with sum 1 are found in turn, on a pyramid from coarse to fine. The image
# serves for h alone.

psf = ip.blind.estimate_psf(y, SIDE, rounds=ROUNDS)
_ = ip.show({"h found": (psf / psf.max())[None], "h": (true_psf / true_psf.max())[None]})

# %%
# Restore
# -------
# From here on the blur is known, and any prior restores. If h is shifted one way and x the other, the blurred picture
# stays the same, so that pictures are compared after the shift that fits best.

weight = 10.0 if SHORT else ip.weight.auto(ip.Problem(camera(psf), y, noise=model, prior=ip.priors.TV())).weight
inside = (..., slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
shown = {"measured": y}
for name, h in (("blind", psf), ("h known", true_psf)):
    problem = ip.Problem(camera(h), y, noise=model, prior=weight * ip.priors.TV())
    shown[name] = ip.solve(problem, stop=STOP).x[inside]
for name, image in shown.items():
    print(f"{name}: {ip.metrics.psnr_shifted(image, scene[inside]):.2f} dB")
_ = ip.show(shown | {"truth": scene[inside]}, columns=2)

# %%
# Two exposures that do not fit
# -----------------------------
# The second picture of a pair was exposed longer or shorter, and the camera turned a little. ``from_parameters`` makes
# an operator that holds its parameters, and ``solve_blind`` finds them with the image.

rng = torch.Generator().manual_seed(1)
part = scene[..., 8:56, 8:56].contiguous()
side = part.shape[-1]


def second(gain: Tensor, angle: Tensor) -> ip.LinearOperator:
    """The scene turned by an angle about its middle, times a gain."""
    t = torch.arange(float(side)) - (side - 1) / 2
    r, c = torch.meshgrid(t, t, indexing="ij")
    flow = torch.stack([(angle.cos() - 1) * r - angle.sin() * c, angle.sin() * r + (angle.cos() - 1) * c])
    gains = ip.operators.Diagonal(part.shape, gain.expand(part.shape))
    return gains @ ip.operators.Warp(part.shape, flow, "bicubic")


y1 = model.sample(part, rng)
y2 = model.sample(second(torch.tensor(0.7), torch.tensor(0.06))(part), rng)
A = ip.blind.from_parameters(second, {"gain": torch.tensor(1.0), "angle": torch.tensor(0.0)})
pair = [ip.DataTerm(ip.operators.Identity(part.shape), y1, model), ip.DataTerm(A, y2, model)]
problem = ip.Problem.from_terms(pair, 10 * ip.priors.TV())
limits = {"gain": ip.blind.Bounds(0.1, 3), "angle": ip.blind.Bounds(-0.3, 0.3)}
found = ip.solve_blind(problem, limits, ip.blind.Alternation(rounds=3 if SHORT else 10))
print({name: round(float(value), 4) for name, value in found.parameters.items()}, "instead of 0.7 and 0.06")
print(f"{ip.metrics.psnr(y1, part):.1f} dB of one exposure, {ip.metrics.psnr(found.x, part):.1f} dB of both")
