"""
Magnetic resonance: a complex image from several coils
======================================================

A scanner measures the spectrum of a slice, weighted by the sensitivity of each of its receiver coils. The image is
complex: its phase follows the magnetic field. A scan is short if it takes a part of the spectrum only, here every third
line and the middle, or a few spokes. invprior solves

    x* = argmin_x  Σ_k ‖S F C_k x − y_k‖² / (2σ²) + R(x)

with the sensitivities C_k, the Fourier transform F and the sampling S. All priors and solvers take complex images:
total variation is that of the modulus of the gradient, and a network gives the real and the imaginary part.
"""

from __future__ import annotations

import os

import torch
from skimage.data import shepp_logan_phantom
from torch import Tensor

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
FACTOR, STOP = (12, ip.stop.MaxIterations(10)) if SHORT else (6, None)

# %%
# The slice and the coils
# -----------------------
# The Shepp–Logan phantom with a smooth phase, and four coils beside it.

phantom = torch.from_numpy(shepp_logan_phantom()).float()[None, 8:-8, 8:-8]
modulus = ip.operators.Lanczos(phantom.shape, FACTOR)(phantom).clamp(0, 1)
size = modulus.shape[-1]
t = torch.linspace(-1, 1, size)
truth = torch.polar(modulus, (t[:, None] + t**2).expand_as(modulus).contiguous())
places = ((-1.2, 0.0), (1.2, 0.0), (0.0, -1.2), (0.0, 1.2))
near = [-((t[:, None] - r) ** 2 + (t - c) ** 2) / 2 + 1j * (r * t[:, None] - c * t) for r, c in places]
coils = torch.stack(near).exp()

# %%
# The operator
# ------------
# The sensitivities are an operator of three lines; its adjoint comes from autograd.


class Coils(ip.LinearOperator):
    """x ↦ (C_1 x, …, C_K x)."""

    def __init__(self, maps: Tensor) -> None:
        super().__init__((1, *maps.shape[1:]), maps.shape)
        self.in_complex = self.out_complex = True
        self.register_buffer("maps", maps)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.maps


C = Coils(coils)
lines = torch.zeros(size, size, dtype=torch.bool)
lines[::3] = True
lines[: size // 12] = lines[-(size // 12) :] = True  # the middle of the spectrum is at both ends
cartesian = ip.operators.Mask(C.out_shape, lines) @ ip.operators.Fourier(C.out_shape, "complex") @ C
radial = ip.operators.NonuniformFourier.radial(C.out_shape, size // 4, 2 * size) @ C
print(f"{float(lines.float().mean()):.0%} of the lines; {size // 4} spokes")
for A in (cartesian, radial):
    ip.testing.check_linear_operator(A, examples=2)

# %%
# Three priors, two trajectories
# ------------------------------
# The weight of total variation is that of least estimated risk, which does not use the truth. Without a prior,
# conjugate gradients fit the noise. DIP removes the aliases of the missing lines. Spokes measure low frequencies many
# times over and high ones hardly; these DIP fits too slowly for its preset's limit of iterations, and total variation
# is best.

noise = ip.noise.Gaussian(0.01)
for name, A in (("every third line", cartesian), ("radial", radial)):
    y = noise.sample(A(truth), torch.Generator().manual_seed(0))
    weight = ip.weight.auto(ip.Problem(A, y, noise=noise, prior=ip.priors.TV())).weight
    priors = {
        "none": ip.priors.NoPrior(),
        "TV": weight * ip.priors.TV(),
        "DIP": ip.priors.DIP(task="upscale"),
    }
    shown = {"the slice": modulus, "back-projection": A.H(y).abs() / A.norm() ** 2}
    for prior, R in priors.items():
        stop = STOP if prior == "DIP" else None
        x = ip.solve(ip.Problem(A, y, noise=noise, prior=R), stop=stop).x
        error = 10 * torch.log10(1 / (x - truth).abs().square().mean())
        print(f"{name}, {prior}: {float(error):.1f} dB")
        shown[prior] = x.abs()
    ip.show({what: picture.clamp(0, 1) for what, picture in shown.items()})
