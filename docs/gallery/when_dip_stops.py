"""
When the deep image prior stops
===============================

A network fitted to a noisy picture learns the picture first and the noise later (Ulyanov, Vedaldi & Lempitsky 2018). So
the answer is not the minimiser of

    θ* = argmin_θ ‖f_θ(z) − y‖² / (2σ²)

but a point on the way to it, and one has to stop there without knowing the clean picture. This example watches one fit:
what a stop rule sees, where it stops, and how the fit would continue.
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
SIZE, WINDOW, PATIENCE, ITERATIONS = (32, 3, 3, 25) if SHORT else (192, 30, 40, 350)

photograph = torch.from_numpy(data.coffee()).movedim(-1, 0) / 255
part = photograph[:, : 2 * SIZE, 150 : 150 + 2 * SIZE]
clean = ip.operators.Lanczos(part.shape, factor=2)(part).clamp(0, 1)

A = ip.operators.Identity(clean.shape)
model = ip.noise.Gaussian(0.1)
y = model.sample(clean, torch.Generator().manual_seed(0))
problem = ip.Problem(A, y, noise=model, prior=ip.priors.DIP())

# %%
# Watching a solve
# ----------------
# A callback is called after every iteration with an ``Iterate``: ``iterate.x`` is the estimate that would be returned
# now (here an average of the last outputs), ``iterate.latest`` the network's last output, ``iterate.value`` the
# objective. This callback records the curves to plot. The PSNR is for the reader; no rule uses it.

seen: dict[str, list[float]] = {"iteration": [], "objective": [], "psnr": []}


def watch(iterate) -> None:
    """Record the objective per value and the PSNR of the estimate."""
    seen["iteration"].append(iterate.iteration)
    seen["objective"].append(iterate.value / y.numel())
    seen["psnr"].append(ip.metrics.psnr(iterate.x.clamp(0, 1), clean))


# %%
# A rule that looks only at the iterates
# --------------------------------------
# While the network learns the picture, its outputs move; while it learns the noise, they move again; in between they
# rest. ``WindowedVariance`` (Wang et al. 2021) measures how much the last outputs differ, keeps the estimate where that
# is least, and stops when it has not fallen for a while. It needs no noise level.
#
# ``DIP()`` averages three fits, each with its own rules. Here we use the solver of a single fit, so there is one curve.

solver = ip.priors.DIP().settings.solver
rule = ip.stop.WindowedVariance(window=WINDOW, patience=PATIENCE, min_start=WINDOW + 10)
result = ip.solve(problem, solver, stop=rule | ip.stop.MaxIterations(ITERATIONS), callbacks=[watch])
print(f"stopped after {result.iterations} iterations, {result.status}")
print(f"kept the estimate of iteration {result.kept}: {ip.metrics.psnr(result.x.clamp(0, 1), clean):.2f} dB")

# %%
# How the fit would continue
# --------------------------
# ``result.state`` holds everything needed to continue as if the solve had never stopped. Here it continues with more
# patience.

stopped = result.iterations
patient = ip.stop.WindowedVariance(window=WINDOW, patience=ITERATIONS, min_start=WINDOW + 10)
later = ip.solve(
    problem, solver, stop=patient | ip.stop.MaxIterations(ITERATIONS), callbacks=[watch], state=result.state
)
best = max(range(len(seen["psnr"])), key=seen["psnr"].__getitem__)
print(f"the best estimate was that of iteration {seen['iteration'][best]}: {seen['psnr'][best]:.2f} dB")
print(f"the last one, of iteration {seen['iteration'][-1]}: {seen['psnr'][-1]:.2f} dB")

# %%
# The curves
# ----------
# - The objective only falls: it does not show when the network begins to learn noise. With Gaussian noise it is ½ per
#   value when the residual is as large as the noise. A rule that knows σ stops near there (``Discrepancy``, Morozov
#   1966), as the presets do for denoising.
# - The variance of the outputs (shown from 0.9 to 2 times its minimum) has a valley there, and needs no σ.
# - The PSNR, which no rule sees, rises and falls again. It jumps where the average of the outputs begins.

signal = {row["iteration"]: row["windowed_variance"] for row in later.history if "windowed_variance" in row}
figure, (objective, variance, score) = pyplot.subplots(1, 3, figsize=(12, 3.5), layout="constrained")
objective.plot(seen["iteration"], seen["objective"])
objective.axhline(0.5, color="gray", linewidth=0.8)
objective.set(title="objective per value", ylim=(0, 1.5))
variance.plot(list(signal), list(signal.values()))
variance.set(title="windowed variance", ylim=(0.9 * min(signal.values()), 2 * min(signal.values())))
score.plot(seen["iteration"], seen["psnr"])
score.set(title="PSNR of the estimate, dB")
for axes in (objective, variance, score):
    axes.axvline(result.kept, color="tab:green", label=f"kept: {result.kept}")
    axes.axvline(stopped, color="tab:red", linestyle="--", label=f"stopped: {stopped}")
    axes.set_xlabel("iteration")
objective.legend()

# %%
# The pictures
# ------------
# The kept estimate, and the one at the end of the longer fit, which has learned the noise.

last = solver.estimate(later.state.solver_state)
estimates = {"kept": result.x, f"at iteration {later.iterations}": last}
captions = {f"{name}, {ip.metrics.psnr(x.clamp(0, 1), clean):.1f} dB": x for name, x in estimates.items()}
ip.show({"clean": clean, "noisy": y, **captions}, columns=2)
