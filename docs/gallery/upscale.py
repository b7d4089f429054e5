"""
Four times larger
=================

A small photograph y, and the question which large one it was made from:

    x* = argmin_x ‖Ax − y‖² / (2σ²) + R(x)

A is a Lanczos decimation by 4, the filter that good software shrinks pictures with. Sixteen unknowns share one measured
value, so almost all of the answer is the prior's. Bicubic interpolation, which knows neither A nor a prior, stands
beside it.
"""

# %%
# The small photograph
# --------------------
# ``Lanczos`` decimates; a sample of a ×4 sits in the middle of its four pixels. What was measured is rounded to 8 bits:
# that error is even over a step of 1/255, and its standard deviation is 1/(255 √12). It is what σ stands for here.

from __future__ import annotations

import os

import torch
from skimage import data

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, STOP = (32, ip.stop.MaxIterations(10)) if SHORT else (192, None)

photograph = torch.from_numpy(data.stereo_motorcycle()[0]).movedim(-1, 0) / 255
truth = photograph[:, 210 : 210 + SIZE, 250 : 250 + SIZE]

A = ip.operators.Lanczos(truth.shape, factor=4)
model = ip.noise.Gaussian(1 / (255 * 12**0.5))
y = (A(truth) * 255).round().clamp(0, 255) / 255
print(f"{A}: {A.in_shape} to {A.out_shape}")

# %%
# Interpolation, TV, DIP
# ----------------------
# There is hardly any noise to weigh a prior against, so TV takes the typical weight. DIP is told the task, because the
# settings of its ``fast`` preset differ between denoising and upscaling (Ulyanov, Vedaldi & Lempitsky 2018 upscale so).

tv = ip.priors.TV()
choice = ip.weight.auto(ip.Problem(A, y, noise=model, prior=tv))
print(f"TV: λ = {choice.weight:g}, {choice.rule}")

enlarged = {"bicubic": torch.nn.functional.interpolate(y[None], scale_factor=4, mode="bicubic")[0]}
for name, prior in {"TV": choice.weight * tv, "DIP": ip.priors.DIP("fast", "upscale")}.items():
    result = ip.solve(ip.Problem(A, y, noise=model, prior=prior), stop=STOP)
    enlarged[name] = result.x
    print(f"{name}: {result.iterations} iterations in {result.seconds:.1f} s, {result.status}")

# %%
# What each is worth
# ------------------
# The literature measures the luma, four pixels off the border. The second column is how far A x is from y in steps of
# 8 bits: interpolation, made small again, is not the picture that was measured.

for name, x in enlarged.items():
    off = 255 * (A(x) - y).square().mean().sqrt()
    print(f"{name:8s} {ip.metrics.psnr_luma(x.clamp(0, 1), truth):5.2f} dB   Ax is {off:.2f} steps from y")

# %%
# The lettering and most of the cooling fins are finer than a measured pixel: no prior brings them back, and none
# invents them here. It is the edges that differ. Bicubic blurs them. TV makes them sharp and the areas between flat,
# so that slanted lines turn into polygons. DIP draws them sharp and continues them along their direction.

small = torch.nn.functional.interpolate(y[None], scale_factor=4, mode="nearest")[0]
pictures = {"truth": truth, "y, pixels enlarged": small}
pictures |= {f"{k}, {ip.metrics.psnr_luma(x.clamp(0, 1), truth):.1f} dB": x for k, x in enlarged.items()}
ip.show(pictures, columns=3)

# %%
# The crankcase, closer.

part = (slice(3 * SIZE // 8, SIZE), slice(3 * SIZE // 8, SIZE))
ip.show({name: pictures[name] for name in pictures if not name.startswith("y")}, part=part)
