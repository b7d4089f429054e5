"""
DIP + TV
========

TV is a penalty on x. The deep image prior is a parametrisation, x = f_θ(z). The two do not exclude each other, and
their sum is a prior as well:

    θ* = argmin_θ ‖A f_θ(z) − y‖² / (2σ²) + λ TV(f_θ(z))

In Python it is ``DIP() + 3 * TV()`` (Liu, Sun, Xu & Kamilov 2019 call it DIP-TV). What does a small penalty do?
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
# Which weight?
# -------------
# ``weight.auto`` finds the weight of TV alone. With a network it cannot choose one, because the risk estimate does not
# hold there. We use a tenth, a third and all of TV's weight, and let each fit run far beyond the point where it should
# stop. The network, its start and its random numbers are the same in all four fits; only the penalty differs.
#
# ``DIP()`` averages three fits, each stopped by the noise level. To watch a single fit run on, we use its solver alone
# with a limit. A callback is called with every iterate. It looks at the clean picture for this figure only.

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
        """Record the PSNR of the estimate, and the distance of the network's picture from the data."""
        if iterate.iteration % 5 == 0:
            curves[name][iterate.iteration] = ip.metrics.psnr(iterate.x.clamp(0, 1), clean)
            noise_left[name][iterate.iteration] = float((iterate.state.x - y).square().mean().sqrt()) / 0.1

    problem = ip.Problem(A, y, noise=model, prior=dip + weight * tv)
    ip.solve(problem, solver, stop=ip.stop.MaxIterations(ITERATIONS), callbacks=[watch])
    best = max(curves[name], key=curves[name].get)
    last = curves[name][ITERATIONS]
    print(f"{name:13s} best {curves[name][best]:5.2f} dB at iteration {best}, {last:5.2f} dB at {ITERATIONS}")

# %%
# Left: without a penalty the fit reaches its best and then learns the noise. A little TV makes the best higher and
# broader, so it matters less when the fit stops. The whole λ keeps the noise out for good; but then the penalty does
# the work, and the picture is close to that of TV alone.
#
# Right: the distance of the network's picture from the data, in units of σ; at 1 the residual is as large as the noise.
# A larger penalty slows the descent below 1, because TV penalises noise most.

figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
for name in weights:
    left.plot(list(curves[name]), list(curves[name].values()), label=name)
    right.plot(list(noise_left[name]), list(noise_left[name].values()), label=name)
left.set(xlabel="iteration", ylabel="PSNR of the average, dB")
right.set(xlabel="iteration", ylabel="‖x − y‖ / (σ √n)", ylim=(0.5, 2))
right.axhline(1, color="gray", linewidth=0.8)
left.legend()

# %%
# In normal use
# -------------
# The preset makes three fits and stops each at the noise level, or where the iterates differ least. On this picture the
# network alone gains little over TV. The third of λ was a guess before the first run; it was not chosen by the scores.

stop = ip.stop.MaxIterations(ITERATIONS) if SHORT else None
restored = {}
for name, prior in {"TV": auto * tv, "DIP": dip, "DIP + TV": dip + auto / 3 * tv}.items():
    result = ip.solve(ip.Problem(A, y, noise=model, prior=prior), stop=stop)
    score = ip.metrics.psnr(result.x.clamp(0, 1), clean)
    restored[f"{name}, {score:.1f} dB"] = result.x
    print(f"{name:8s} {score:5.2f} dB, {result.iterations} iterations in {result.seconds:.1f} s, {result.status}")

ip.show({"clean": clean, "noisy": y, **restored}, columns=3)
