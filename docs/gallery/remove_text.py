"""
Removing overlaid text
======================

Text covers a photograph. The mask m is 0 under the letters and 1 where the picture is known, and

    x* = argmin_x ‖m ⊙ x − y‖² / (2σ²) + R(x)

so A is the multiplication with m. Under the letters there are no data; the picture there comes from R.
"""

# %%
# The damage
# ----------
# ``Mask.text`` makes such a mask; ``Mask.from_file`` reads a painted one, white on the parts to remove. σ is the error
# of rounding to 8 bits.

from __future__ import annotations

import os

import torch
from skimage import data

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, STOP = (32, ip.stop.MaxIterations(10)) if SHORT else (128, None)

photograph = torch.from_numpy(data.stereo_motorcycle()[0]).movedim(-1, 0) / 255
truth = photograph[:, 265 : 265 + SIZE, 115 : 115 + SIZE]

A = ip.operators.Mask.text(truth.shape)
model = ip.noise.Gaussian(1 / (255 * 12**0.5))
y = A(truth)
print(f"{A}; as measured {ip.metrics.psnr(y, truth):.2f} dB")

# %%
# Two priors
# ----------
# TV fills a hole as flat as its border allows. DIP (Ulyanov, Vedaldi & Lempitsky 2018) fits a network's picture to the
# known pixels, and takes the pixels under the letters from it.
#
# No prior may change the known pixels: after the solve they are put back as measured.

tv = ip.priors.TV()
weight = ip.weight.auto(ip.Problem(A, y, noise=model, prior=tv)).weight
hole = ~A.known

restored = {}
for name, prior in {"TV": weight * tv, "DIP": ip.priors.DIP("fast", "inpaint")}.items():
    result = ip.solve(ip.Problem(A, y, noise=model, prior=prior), stop=STOP)
    x = result.x.clamp(0, 1)
    restored[name] = torch.where(A.known, y, x)
    print(
        f"{name:3s} {ip.metrics.psnr(restored[name], truth):5.2f} dB, under the letters alone "
        f"{ip.metrics.psnr(x[:, hole], truth[:, hole]):5.2f} dB, "
        f"{result.iterations} iterations in {result.seconds:.1f} s, {result.status}"
    )
    assert torch.equal(A(restored[name]), y)  # not one known pixel was touched

# %%
# Before and after
# ----------------
# The text is drawn in white here.

pictures = {"truth": truth, "covered by text": torch.where(A.known, y, 1.0)}
pictures |= {f"{name}, {ip.metrics.psnr(x, truth):.1f} dB": x for name, x in restored.items()}
ip.show(pictures, columns=2)

# %%
# A closer look at the middle: where a letter crossed a strut or the edge of a spoke, TV leaves a gap, because a short
# edge across the line costs less than the two long ones along it. DIP continues the line.

ip.show(pictures, part=(slice(5 * SIZE // 16, 11 * SIZE // 16), slice(5 * SIZE // 16, 11 * SIZE // 16)))
