"""
DIP + TV
========

A prior has two faces. TV is a penalty on x; the deep image prior is no penalty but a way to write x = f_θ(z). So they
do not exclude each other, and their sum is a prior as well:

    θ* = argmin_θ ‖A f_θ(z) − y‖² / (2σ²) + λ TV(f_θ(z))

In Python it is ``DIP() + 3 * TV()`` (Liu, Sun, Xu & Kamilov 2019 call it DIP-TV). What does the small penalty do?
"""

# %%
# A noisy photograph
# ------------------

from __future__ import annotations

import os

import torch
from matplotlib import pyplot
from skimage import data

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, ITERATIONS = (32, 10) if SHORT else (128, 240)

photograph = torch.from_numpy(data.camera())[None] / 255
part = photograph[:, 50 : 50 + 2 * SIZE, 140 : 140 + 2 * SIZE]
clean = ip.operators.Lanczos(part.shape, factor=2)(part).clamp(0, 1)

A = ip.operators.Identity(clean.shape)
model = ip.noise.Gaussian(0.1)
y = model.sample(clean, torch.Generator().manual_seed(0))

# %%
# How much is small?
# ------------------
# Alone, TV wants the weight that ``weight.auto`` finds; it cannot choose one beside a network, where no risk estimate
# holds. We take a tenth and a third of that one, and all of it, and let each fit run on far beyond the point where it
# should stop. The network, its start and its random numbers are the same in all four; the penalty is the only change.
#
# ``DIP()`` averages three fits, each stopped by the noise level. To see a single one run on, we take its solver alone
# and a limit. A callback is called with every iterate; that it may look at the clean picture is for this figure alone.

tv = ip.priors.TV()
auto = ip.weight.auto(ip.Problem(A, y, noise=model, prior=tv)).weight
print(f"TV alone: λ = {auto:.1f}")

dip = ip.priors.DIP()
solver = dip.settings.solver
weights = {"DIP": 0.0, "DIP + λ/10 TV": auto / 10, "DIP + λ/3 TV": auto / 3, "DIP + λ TV": auto}
curves: dict[str, dict[int, float]] = {name: {} for name in weights}
noise_left: dict[str, dict[int, float]] = {name: {} for name in weights}

for name, weight in weights.items():

    def watch(iterate, name=name):
        """Note how near the estimate is to the truth, and how near the network's picture is to the data."""
        if iterate.iteration % 5 == 0:
            curves[name][iterate.iteration] = ip.metrics.psnr(iterate.x.clamp(0, 1), clean)
            noise_left[name][iterate.iteration] = float((iterate.state.x - y).square().mean().sqrt()) / 0.1

    problem = ip.Problem(A, y, noise=model, prior=dip + weight * tv)
    ip.solve(problem, solver, stop=ip.stop.MaxIterations(ITERATIONS), callbacks=[watch])
    best = max(curves[name], key=curves[name].get)
    last = curves[name][ITERATIONS]
    print(f"{name:13s} best {curves[name][best]:5.2f} dB at iteration {best}, {last:5.2f} dB at {ITERATIONS}")

# %%
# Left: without a penalty the fit comes to its best and then learns the noise. A little TV makes the best better, and
# broader, so that it matters less when one stops. All of λ holds the noise off for good; but then the penalty does the
# work, and the picture is near that of TV alone.
#
# Right: how far the network's picture is from the data, in units of σ; at 1 it has left out as much as there was noise.
# The more penalty, the slower the descent below that, since noise is what TV charges most for.

figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
for name in weights:
    left.plot(list(curves[name]), list(curves[name].values()), label=name)
    right.plot(list(noise_left[name]), list(noise_left[name].values()), label=name)
left.set(xlabel="iteration", ylabel="PSNR of the average, dB")
right.set(xlabel="iteration", ylabel="‖x − y‖ / (σ √n)", ylim=(0.5, 2))
right.axhline(1, color="gray", linewidth=0.8)
left.legend()

# %%
# As one would use it
# -------------------
# With the rules of the preset: three fits, each stopped where the data are fitted to the noise level, or where the
# iterates differ least. On this picture the network alone gains little over TV; mind that a third of λ was taken as a
# guess before the first run and kept, not chosen by the scores.

stop = ip.stop.MaxIterations(ITERATIONS) if SHORT else None
found = {}
for name, prior in {"TV": auto * tv, "DIP": dip, "DIP + TV": dip + auto / 3 * tv}.items():
    result = ip.solve(ip.Problem(A, y, noise=model, prior=prior), stop=stop)
    score = ip.metrics.psnr(result.x.clamp(0, 1), clean)
    found[f"{name}, {score:.1f} dB"] = result.x
    print(f"{name:8s} {score:5.2f} dB, {result.iterations} iterations in {result.seconds:.1f} s, {result.status}")

ip.show({"clean": clean, "noisy": y, **found}, columns=3)
