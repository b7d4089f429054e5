"""
Profile a camera's noise
========================

In

    x* = argmin_x  E(Ax; y) + R(x)

the noise model E weighs every pixel by its noise. A dozen pictures of the same thing are enough to measure a sensor's
noise. This page does so, and compares the result with the usual assumption of the same noise everywhere.
"""

# %%
# A dozen exposures
# -----------------
# With the camera on a tripod, nothing moving and the black level subtracted, the differences between exposures are
# noise. Here the sensor is simulated: white is 80 photons, and the electronics add a little noise.

from __future__ import annotations

import os

import torch
from matplotlib import pyplot
from skimage import data

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, STOP = (48, ip.stop.MaxIterations(10)) if SHORT else (144, None)

sensor = ip.noise.PoissonGaussian(gain=1 / 80, read=0.02)
target = torch.from_numpy(data.coins()).float()[None, :SIZE, :SIZE] / 255
rng = torch.Generator().manual_seed(0)
frames = torch.stack([sensor.sample(target, rng) for _ in range(12)])

# %%
# Photon transfer
# ---------------
# Photons arrive at random, so their variance grows with the light; the variance of the electronics does not. Variance
# against mean is a straight line, ``variance = gain · mean + read²``, the *photon transfer curve* (Janesick 2007).
# ``noise.profile`` takes mean and variance of every pixel over the exposures, so the scene does not matter, and fits
# the line.

measured = ip.noise.profile(frames)
print(f"gain {measured.gain:.5f} (the sensor's: {sensor.gain:.5f}), read noise {measured.read:.4f} ({sensor.read:.4f})")

mean, variance = frames.mean(0).flatten(), frames.var(0).flatten()
order = mean.argsort()
_, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
axes.plot(mean, variance, ",", color="0.7", label="a pixel")
axes.plot(
    [float(mean[part].mean()) for part in order.tensor_split(24)],
    [float(variance[part].mean()) for part in order.tensor_split(24)],
    "o",
    label="mean of pixels of similar brightness",
)
levels = torch.linspace(0, float(mean.max()), 2)
axes.plot(levels, measured.gain * levels + measured.read**2, label="fitted line")
axes.set(xlabel="mean of the exposures", ylabel="their variance", ylim=(0, 4 * float(variance.mean())))
axes.legend()

# %%
# One picture of something else
# -----------------------------
# The profile belongs to the camera (at one ISO setting), not to the scene. Here is one exposure of another scene. The
# weight of total variation (Rudin, Osher & Fatemi 1992) is that of least estimated risk; the deep image prior (Ulyanov,
# Vedaldi & Lempitsky 2018) stops by the noise level. The level of the Gaussian model is estimated from the picture
# (Donoho & Johnstone 1994).

coffee = torch.from_numpy(data.coffee()).permute(2, 0, 1).float() / 255
truth = coffee[:, 160 : 160 + SIZE, 170 : 170 + SIZE]
y = sensor.sample(truth, torch.Generator().manual_seed(1))
A = ip.operators.Identity(truth.shape)
gaussian = ip.noise.Gaussian(ip.noise.estimate(y))
print(f"Gaussian noise estimated from the picture: sigma = {gaussian.sigma:.4f}")

light = truth.mean(0)
dark, bright = light < light.quantile(0.33), light > light.quantile(0.67)
pictures = {"truth": truth, "one exposure": y}
for name, noise in {"Gaussian": gaussian, "profile": measured}.items():
    tv = ip.weight.auto(ip.Problem(A, y, noise=noise, prior=ip.priors.TV())).weight * ip.priors.TV()
    for kind, prior in {"TV": tv, "DIP": ip.priors.DIP()}.items():
        result = ip.solve(ip.Problem(A, y, noise=noise, prior=prior), stop=STOP)
        psnr = ip.metrics.psnr(result.x, truth)
        pictures[f"{name}, {kind}, {psnr:.1f} dB"] = result.x
        thirds = [ip.metrics.psnr(result.x[:, part], truth[:, part]) for part in (dark, bright)]
        print(f"{name:8s} {kind:3s} {psnr:.2f} dB, darkest third {thirds[0]:.2f}, brightest {thirds[1]:.2f}")

ip.show(pictures, columns=3)

# %%
# Look at the coffee and the rim of the cup. One level for all pixels is here about that of the many dark ones, so the
# bright ones, which are noisier, are trusted too much, and their grain stays. The profile removes it, with either
# prior. The cost shows in the figures of the darkest third: there the likelihood trusts the data, and total variation,
# which has one weight for all pixels, leaves more noise than with the Gaussian model.
