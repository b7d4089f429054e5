"""
Is my operator right? Property-test it
======================================

Every solver of

    x* = argmin_x  E(Ax; y) + R(x)

uses the adjoint: E's gradient is Aᴴ times a residual. With a wrong Aᴴ a solver silently converges to something else.
This page plants such a fault, shows its effect on a picture, finds it by the laws, and mends it.
"""

# %%
# A faulty operator
# -----------------
# A cheap camera averages 2 × 2 pixels, *binning*. Automatic differentiation could give the adjoint; a hand-written one
# is faster, and easily wrong. This one puts every value back into one of its four pixels, which is the adjoint of
# *taking* one pixel of four, not of averaging them.

from __future__ import annotations

import os

import torch
from skimage import data
from torch import Tensor

import invprior as ip
from invprior import noise, operators, priors, testing

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, CASES, STOP = (32, 5, ip.stop.MaxIterations(10)) if SHORT else (160, 40, ip.stop.MaxIterations(200))


class Binning(ip.LinearOperator):
    """The mean of 2×2 pixels; the last row or column of an odd size is not seen."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        if min(shape[-2:]) < 2:
            raise ip.InvpriorError(f"binning needs two rows and columns or more, got {shape}")
        super().__init__(shape, (*shape[:-2], shape[-2] // 2, shape[-1] // 2))

    def forward(self, x: Tensor) -> Tensor:
        height, width = self.out_shape[-2:]
        cells = x[..., : 2 * height, : 2 * width].unflatten(-2, (height, 2)).unflatten(-1, (width, 2))
        return cells.mean((-3, -1))

    def adjoint(self, y: Tensor) -> Tensor:
        height, width = self.out_shape[-2:]
        x = y.new_zeros(*y.shape[:-2], *self.in_shape[-2:])
        x[..., : 2 * height : 2, : 2 * width : 2] = y
        return x


# %%
# Its effect
# ----------
# The solver notices nothing: it makes its iterations and returns a picture.

picture = torch.from_numpy(data.chelsea()).permute(2, 0, 1).float() / 255
truth = picture[:, 60 : 60 + SIZE, 110 : 110 + SIZE]
y = noise.Gaussian(0.02).sample(Binning(truth.shape)(truth), torch.Generator().manual_seed(0))


def restore(A: ip.LinearOperator) -> Tensor:
    problem = ip.Problem(A, y, noise=noise.Gaussian(0.02), prior=10 * priors.TV())
    result = ip.solve(problem, stop=STOP)
    print(f"{type(A).__name__}: {ip.metrics.psnr(result.x, truth):.2f} dB, {result.status.name}")
    return result.x


wrong = restore(Binning(truth.shape))

# %%
# The laws find it
# ----------------
# ``operator_outcomes`` measures twenty-two laws on generated shapes, including odd ones, with random pictures, ramps,
# single points, huge and tiny numbers, in both precisions. If a law is broken, it searches for the *smallest* case that
# breaks it (hypothesis' shrinking; MacIver & Donaldson 2020).

for outcome in testing.operator_outcomes(Binning, examples=CASES):
    if not outcome.holds:
        print(outcome)

# %%
# ``adjoint``: on a picture of 2 × 2 pixels ⟨Ax, y⟩ and ⟨x, Aᴴy⟩ differ. ``vjp`` compares with automatic
# differentiation, ``norm`` with the matrix.
#
# Mend it, and find the next fault
# --------------------------------
# Each of the four pixels contributed a quarter, so each gets a quarter back.


class Repeating(Binning):
    """Binning whose adjoint repeats a quarter of every value."""

    def adjoint(self, y: Tensor) -> Tensor:
        return y.repeat_interleave(2, -2).repeat_interleave(2, -1) / 4


try:
    testing.check_linear_operator(Repeating, examples=CASES)
except testing.LawError as error:
    print(error)

# %%
# This is right for our picture, and still wrong: the smallest failing shape has an odd side. The column that binning
# never sees is missing from the adjoint's picture. It must be there, as zeros.


class Mended(Binning):
    """Binning with its adjoint, which is zero on the unseen pixels."""

    def adjoint(self, y: Tensor) -> Tensor:
        rows, columns = self.in_shape[-2] % 2, self.in_shape[-1] % 2
        repeated = y.repeat_interleave(2, -2).repeat_interleave(2, -1) / 4
        return torch.nn.functional.pad(repeated, (0, columns, 0, rows))


testing.check_linear_operator(Mended, examples=CASES)
print("every law holds")
right = restore(Mended(truth.shape))
ip.show({"truth": truth, "measured": y, "wrong adjoint": wrong, "mended": right})

# %%
# In your tests, and from the shell
# ---------------------------------
# One line in a test is enough; pytest prints the smallest failing case. ::
#
#     def test_binning_obeys_the_laws():
#         testing.check_linear_operator(Binning)
#
# Without a test, ``invprior check mypackage.mymodule:Binning`` prints a line per law and exits with 1 if one is broken.
# ``check_functional``, ``check_noise`` and ``check_solver`` do the same for the other pieces. invprior's own tests find
# every included piece by introspection and check it in this way:

testing.check_linear_operator(operators.Lanczos, examples=CASES)
