"""
Write your own operator: a rolling shutter
==========================================

Every problem here has the form

    x* = argmin_x  E(Ax; y) + R(x)

with an operator A from the scene x to the measurement y, the noise model E and the prior R. This page adds an operator
that is not included, the rolling shutter of a phone. It checks the operator, joins it with two included ones, and
solves with two priors. The page *Write your own operator* is a shorter start.
"""

# %%
# One class, one method
# ---------------------
# A phone's sensor is read row by row. While the camera pans to the right, each row sees the scene a little further to
# the right than the row above, so upright lines lean. Row i of the sensor sees the columns from slope · i on, and
# interpolates between two pixels of the scene.
#
# The constructor of an operator declares the input and output shapes, and ``forward`` computes Ax. Axes in front of
# (channels, height, width) are a batch, so index from the back. The base class provides the rest: the adjoint by
# automatic differentiation, checked calls, the norm, products and sums.

from __future__ import annotations

import math
import os
from random import Random
from typing import Self

import torch
from skimage import data
from torch import Tensor

import invprior as ip
from invprior import noise, operators, priors, testing

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, CASES, STOP = (40, 2, ip.stop.MaxIterations(10)) if SHORT else (160, 40, None)


class RollingShutter(ip.LinearOperator):
    """Row i of the sensor sees the columns of the scene from slope·i on, linearly interpolated."""

    def __init__(self, shape: tuple[int, ...], slope: float) -> None:
        height, width = shape[-2:]
        seen = width - math.ceil(slope * (height - 1))
        if slope < 0 or seen < 1:
            raise ip.InvpriorError(f"a slope of {slope} leaves no column that all {height} rows of {width} pixels see")
        super().__init__(shape, (*shape[:-1], seen))
        position = torch.arange(seen) + slope * torch.arange(height)[:, None]
        self.register_buffer("share", position - position.floor())
        self.register_buffer("left", position.floor().long())
        self.register_buffer("right", (self.left + 1).clamp(max=width - 1))

    @classmethod
    def example(cls, shape: tuple[int, ...], rng: Random) -> Self:
        return cls(shape, rng.choice([0.0, 0.25, 0.7]))

    def forward(self, x: Tensor) -> Tensor:
        lead = x.shape[:-1]
        left, right = (x.gather(-1, columns.expand(*lead, -1)) for columns in (self.left, self.right))
        return torch.lerp(left, right, self.share)


# %%
# ``register_buffer`` is for tensors that move with ``.to()``. ``example`` is needed only if the constructor takes more
# than a shape: the checks below use it to make instances. Unsuitable shapes raise ``InvpriorError``.
#
# Is it right?
# ------------
# ``check_linear_operator`` searches shapes, edge cases and both precisions for a case that breaks a law of linear
# operators, and raises with the smallest one.

testing.check_linear_operator(RollingShutter, examples=CASES)
print("every law of linear operators holds")

# %%
# Join it with others
# -------------------
# Light reaches the sensor through a lens that darkens the corners (vignetting, one factor per pixel: ``Diagonal``), and
# the camera writes every second pixel after a Lanczos filter. The product reads from right to left, as on paper; its
# shapes are checked when it is formed.

picture = torch.from_numpy(data.astronaut()).permute(2, 0, 1).float() / 255
truth = picture[:, :SIZE, 150 : 150 + SIZE]
shutter = RollingShutter(truth.shape, slope=0.25)
height, width = shutter.out_shape[-2:]
down, right = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
lens = operators.Diagonal(shutter.out_shape, (1 + 0.3 * (down.square() + right.square())).pow(-2))
A = operators.Lanczos(lens.out_shape, factor=2) @ lens @ shutter
print(f"{A!r}: {A.in_shape} to {A.out_shape}, norm {A.norm():.3f}")

model = noise.Gaussian(0.02)
y = model.sample(A(truth), torch.Generator().manual_seed(0))

# %%
# Solve
# -----
# The solvers need no change for the new operator. The weight of total variation is chosen without the truth; the deep
# image prior (Ulyanov, Vedaldi & Lempitsky 2018) uses the settings for upscaling and stops at the noise level.

tv = ip.weight.auto(ip.Problem(A, y, noise=model, prior=priors.TV())).weight * priors.TV()
pictures = {"scene": truth, "what the camera wrote": y}
for name, prior in {"TV": tv, "DIP": priors.DIP(task="upscale")}.items():
    result = ip.solve(ip.Problem(A, y, noise=model, prior=prior), stop=STOP)
    psnr = ip.metrics.psnr(result.x, truth)
    pictures[f"{name}, {psnr:.1f} dB"] = result.x
    print(f"{name:3s} {psnr:.2f} dB in {result.seconds:.1f} s, {result.iterations} iterations: {result.status.name}")

# %%
# Both results show the scene upright, with bright corners, and with twice the rows and columns. No row has ever seen
# the two triangles at the upper right and the lower left: their content comes from the prior alone and lowers the
# figures. The operator knows these pixels: its adjoint is zero there.

seen = shutter.H(torch.ones(shutter.out_shape)) > 0
ip.show(pictures | {"seen by the sensor": seen.float()})
print(f"{1 - float(seen.float().mean()):.0%} of the scene was never seen; on the rest")
for caption, x in list(pictures.items())[2:]:
    print(f"{caption.split(',')[0]:3s} {ip.metrics.psnr(x[seen], truth[seen]):.2f} dB")
