"""
A 16-bit picture from a microscope
==================================

Microscopes count photons, few of them, and write 16 bits. This page reads such a file, finds its noise from the picture
itself, solves

    x* = argmin_x  E(Ax; y) + R(x)

with A the identity, E the likelihood of photons and read noise, R total variation or the deep image prior, and writes
16 bits back.
"""

# %%
# The file
# --------
# We make one, so that the truth is known. A sensor adds read noise and a constant, its black level; 60 photons in the
# brightest pixel are usual for living cells, which light harms.

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import torch
from skimage import data, io

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, STOP = (96, ip.stop.MaxIterations(10)) if SHORT else (192, None)
BLACK, PER_PHOTON, READ, PHOTONS = 100.0, 2.2, 3.5, 60.0  # in steps of the file, but for the photons

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "cell.tif"
cell = torch.from_numpy(data.cell()).float()[None, 375 - SIZE // 2 : 375 + SIZE // 2, 430 - SIZE // 2 : 430 + SIZE // 2]
truth = (cell - cell.min()) / (cell.max() - cell.min())
camera = ip.noise.PoissonGaussian(gain=PER_PHOTON, read=READ, offset=BLACK)
steps = camera.sample(PHOTONS * PER_PHOTON * truth, torch.Generator().manual_seed(0))
io.imsave(path, steps.round().clamp(0, 65535)[0].numpy().astype("uint16"), check_contrast=False)

# %%
# Read it
# -------
# ``ip.io.read`` gives the pixels in [0, 1] of the full scale and remembers all else: depth, metadata, colour profile.
# Few photons use little of the scale: as 8 bits next to nothing would be left.

picture = ip.io.read(path)
print(f"{picture.format}, {tuple(picture.x.shape)}, from {picture.x.min():.5f} to {picture.x.max():.5f} of the scale")
print(f"gray levels: {len(picture.x.unique())}; in 8 bits: {len((picture.x * 255).round().unique())}")

# %%
# Priors and pictures on a screen want [0, 1] to be what is there. So take off the black level, which cameras state, and
# divide by the brightest value. A line of code undoes that at the end.

black = BLACK / 65535
white = float(picture.x.max())
y = (picture.x - black) / (white - black)

# %%
# How much noise?
# ---------------
# Photon noise grows with the light, read noise is everywhere the same: variance = gain · u + read². Both are found from
# the flat places of the picture (in the spirit of Foi et al. 2008).

noise = ip.noise.estimate_poisson_gaussian(y)
scale = 65535 * (white - black)
print(f"gain {noise.gain * scale:.2f} steps a photon (truth {PER_PHOTON})")
print(f"read noise {noise.read * scale:.2f} steps (truth {READ})")

# %%
# Restore
# -------
# The weight of total variation (Rudin, Osher & Fatemi 1992) is the one of least estimated risk; the deep image prior
# (Ulyanov, Vedaldi & Lempitsky 2018) stops by the noise level. Neither sees the truth.

truth = truth * PHOTONS * PER_PHOTON / scale
A = ip.operators.Identity(y.shape)
tv = ip.weight.auto(ip.Problem(A, y, noise=noise, prior=ip.priors.TV())).weight * ip.priors.TV()
restored = {}
for name, prior in {"TV": tv, "DIP": ip.priors.DIP()}.items():
    result = ip.solve(ip.Problem(A, y, noise=noise, prior=prior), stop=STOP)
    restored[name] = result.x
    print(f"{name:3s} {ip.metrics.psnr(result.x, truth):.2f} dB in {result.seconds:.1f} s, {result.status.name}")
print(f"the measurement: {ip.metrics.psnr(y, truth):.2f} dB")

captions = {f"{name}, {ip.metrics.psnr(x, truth):.1f} dB": x for name, x in restored.items()}
ip.show({"truth": truth, "measured": y} | captions)

# %%
# TV flattens the granules inside the cell. DIP keeps more of them, and adds some grain of its own: not every spot in
# its picture is in the truth, so do not count granules by it.
#
# Write it back
# -------------
# With the black level and in the scale of the file, as it came. ``with_pixels`` keeps what the file said.

out = Path(folder.name) / "cell-restored.tif"
ip.io.write(out, picture.with_pixels(restored["DIP"] * (white - black) + black, picture.alpha))
again = ip.io.read(out)
kept = (again.x - black) / (white - black)
print(f"written: {again.format}, {len(again.x.unique())} gray levels")
print(f"largest change by writing: {float((kept - restored['DIP']).abs().max()) * scale:.2f} steps of the file")
folder.cleanup()
