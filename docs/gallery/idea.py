"""
The idea: one line, and two kinds of prior
==========================================

Whatever degraded a picture, restoring it is one line,

    x* = argmin_x E(A x; y) + R(x)

A describes the measurement of the picture x (all of it, every fourth pixel, all but a scratch). E says how badly x
explains the measurement y, and R how unlike a picture x is. This page shows in four figures why E alone is not enough,
what the two kinds of R do, and what early stopping keeps.
"""

# %%
# E does not decide
# -----------------
# A leaves one value of sixteen, so many x agree with y. Here are three of them, the first without a prior, with the
# distance of A x from y in steps of an 8-bit file. All three explain the measurement to within about a step; only R
# distinguishes them.

from __future__ import annotations

import os

import torch
from matplotlib import pyplot
from skimage import data

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, LIMIT, FITS, LATE = (32, 5, 10, 40) if SHORT else (128, 300, 150, 400)

photograph = torch.from_numpy(data.chelsea()).movedim(-1, 0) / 255
part = photograph[:, 20 : 20 + 2 * SIZE, 96 : 96 + 2 * SIZE]
clean = ip.operators.Lanczos(part.shape, factor=2)(part).clamp(0, 1)

A = ip.operators.Lanczos(clean.shape, factor=4)
model = ip.noise.Gaussian(0.5 / 255)
y = model.sample(A(clean), torch.Generator().manual_seed(0))
restored = {}
priors = {"none": ip.priors.NoPrior(), "TV": 10 * ip.priors.TV(), "DIP": ip.priors.DIP(task="upscale")}
for name, prior in priors.items():
    x = ip.solve(ip.Problem(A, y, noise=model, prior=prior), stop=ip.stop.MaxIterations(LIMIT)).x
    steps = 255 * float((A(x) - y).square().mean().sqrt())
    restored[f"{name}: {steps:.1f} steps, {ip.metrics.psnr(x.clamp(0, 1), clean):.1f} dB"] = x
ip.show({"y": y, **restored})

# %%
# One kind: a penalty
# -------------------
# Total variation R(x) = Σ ‖∇x‖ is a number for every picture (Rudin, Osher & Fatemi 1992). It is small for pictures
# made of flat regions and large for noise. E + R is convex, so a solver finds its minimum and can prove it.

noisy = ip.noise.Gaussian(0.1).sample(clean, torch.Generator().manual_seed(1))
shuffled = clean.flatten(1)[:, torch.randperm(SIZE * SIZE, generator=torch.Generator().manual_seed(2))].view_as(clean)
pictures = {"photograph": clean, "with noise": noisy, "its pixels shuffled": shuffled}
(tv,) = ip.priors.TV().terms(tuple(clean.shape))
ip.show({f"{name}: R = {float(tv(x)):.0f}": x for name, x in pictures.items()})

# %%
# The other kind: a parametrisation
# ---------------------------------
# The deep image prior has no R at all. It writes x = f_θ(z) with a convolutional network f, random weights θ and a
# fixed random input z, and fits θ to this one picture (Ulyanov, Vedaldi & Lempitsky 2018). With enough iterations the
# network can draw nearly anything. It is a prior because some pictures take much longer: fitted to the three pictures
# above, the network reproduces the photograph first by far.

figure, axes = pyplot.subplots(figsize=(6, 3.5), layout="constrained")
solver = ip.priors.DIP().settings.solver
for name, target in pictures.items():
    losses: list[float] = []
    problem = ip.Problem(ip.operators.Identity(clean.shape), target, noise=model, prior=ip.priors.DIP())

    def note(iterate, losses=losses, target=target) -> None:
        losses.append(float((iterate.state.x - target).square().mean()))

    ip.solve(problem, solver, stop=ip.stop.MaxIterations(FITS), callbacks=[note])
    axes.semilogy(range(1, FITS + 1), losses, label=name)
    print(f"{name}: a mean squared error of {losses[-1]:.4f} after {FITS} iterations")
axes.set(xlabel="iteration", ylabel="mean squared error")
_ = axes.legend()

# %%
# What early stopping keeps
# -------------------------
# A network fitted to a noisy picture therefore passes near the clean one on its way. It first has the outlines, then
# the picture, and in the end the noise as well. :doc:`when_dip_stops` shows where to stop without knowing the clean
# picture.

moments = (LATE // 40, LATE // 10, LATE)
shots = {}


def photograph_now(iterate) -> None:
    if iterate.iteration in moments:
        x = iterate.state.x
        score = ip.metrics.psnr(x.clamp(0, 1), clean)
        shots[f"iteration {iterate.iteration}: {score:.1f} dB"] = x


problem = ip.Problem(ip.operators.Identity(clean.shape), noisy, noise=ip.noise.Gaussian(0.1), prior=ip.priors.DIP())
ip.solve(problem, solver, stop=ip.stop.MaxIterations(LATE), callbacks=[photograph_now])
ip.show({"measured": noisy, **shots})

# %%
# Both at once
# ------------
# A prior may be both: ``ip.priors.DIP() + 0.1 * ip.priors.TV()`` fits the weights of a network and penalises the total
# variation of its output, see :doc:`dip_plus_tv`. The solver asks a prior for its penalty terms and its parametrisation
# and knows nothing else about it, so results with different priors differ only in the prior.
