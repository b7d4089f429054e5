"""
A 16-bit picture from a microscope
==================================

Microscopes count few photons and write 16 bits. This page reads such a file, estimates its noise from the picture
itself, solves

    x* = argmin_x  E(Ax; y) + R(x)

with A the identity, E the likelihood of photons and read noise, R total variation or the deep image prior, and writes
16 bits back.
"""

# %%
# The file
# --------
# The file is simulated, so the truth is known. A sensor adds read noise and a constant, its black level. 60 photons in
# the brightest pixel are usual for living cells, which light harms.

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import torch
from skimage import data, io

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, STOP = (96, ip.stop.MaxIterations(10)) if SHORT else (192, None)
BLACK, PER_PHOTON, READ, PHOTONS = 100.0, 2.2, 3.5, 60.0  # in steps of the file, except PHOTONS

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
# ``ip.io.read`` gives the pixels in [0, 1] of the full scale and keeps the depth, metadata and colour profile. Few
# photons use little of the scale: in 8 bits next to nothing would be left.

picture = ip.io.read(path)
print(f"{picture.format}, {tuple(picture.x.shape)}, from {picture.x.min():.5f} to {picture.x.max():.5f} of the scale")
print(f"gray levels: {len(picture.x.unique())}; in 8 bits: {len((picture.x * 255).round().unique())}")

# %%
# Priors and displays expect values that fill [0, 1]. So subtract the black level, which cameras state, and divide by
# the brightest value. One line of code undoes this at the end.

black = BLACK / 65535
white = float(picture.x.max())
y = (picture.x - black) / (white - black)

# %%
# How much noise?
# ---------------
# Photon noise grows with the light, read noise is the same everywhere: variance = gain · u + read². Both are estimated
# from flat places of the picture (in the spirit of Foi et al. 2008).

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
# TV flattens the granules inside the cell. DIP keeps more of them and adds some grain of its own: not every spot in its
# picture is in the truth, so do not count granules in it.
#
# Write it back
# -------------
# The result gets back the black level and the scale of the file. ``with_pixels`` keeps the file's metadata.

out = Path(folder.name) / "cell-restored.tif"
ip.io.write(out, picture.with_pixels(restored["DIP"] * (white - black) + black, picture.alpha))
again = ip.io.read(out)
kept = (again.x - black) / (white - black)
print(f"written: {again.format}, {len(again.x.unique())} gray levels")
print(f"largest change by writing: {float((kept - restored['DIP']).abs().max()) * scale:.2f} steps of the file")
folder.cleanup()
