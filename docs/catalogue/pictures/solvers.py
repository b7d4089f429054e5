"""The objective over the iterations of each solver, on a small problem that suits it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from matplotlib import pyplot

import invprior as ip
from catalogue.pictures.scene import SHORT, photograph, save
from invprior import priors, solvers
from invprior.stop import MaxIterations

NOISE = ip.noise.Gaussian(0.05)
FIT = 10 if SHORT else 60


def draw(name: str, path: Path) -> None:
    label, prior, solver, iterations = SHOWN.get(name) or ("Tikhonov", priors.Tikhonov(), getattr(solvers, name)(), 50)
    x = photograph(64)
    A = ip.operators.Lanczos(x.shape, factor=2)
    problem = ip.Problem(A, NOISE.sample(A(x), torch.Generator().manual_seed(0)), noise=NOISE, prior=prior)
    values: list[float] = []
    ip.solve(problem, solver, stop=MaxIterations(iterations), callbacks=[lambda i: values.append(float(i.value))])
    figure, axes = pyplot.subplots(figsize=(6, 3), layout="constrained")
    axes.semilogy(range(1, len(values) + 1), values)
    axes.set(xlabel="iteration", ylabel="E(Ax; y) + R(x)")
    axes.set_title(f"×2, σ = 0.05, R = {label}", fontsize="medium")
    save(figure, path)


SHOWN: dict[str, tuple[str, ip.Prior, ip.Solver[Any], int]] = {
    "Adam": ("DIP", priors.DIP(), solvers.Adam(), 2 * FIT),
    "ConjugateGradient": ("50 · Tikhonov", 50 * priors.Tikhonov(), solvers.ConjugateGradient(), 30),
    "Muon": ("DIP", priors.DIP(), solvers.Muon(), 2 * FIT),
    "PDHG": ("10 · TV", 10 * priors.TV(), solvers.PDHG(), 200),
    "PlugAndPlay": ("NonLocal", priors.NonLocal(), solvers.PlugAndPlay(), 12),
    "ProximalGradient": ("Box", priors.Box(), solvers.ProximalGradient(), 60),
    "Restarts": ("DIP", priors.DIP(), solvers.Restarts(solvers.Muon(), MaxIterations(FIT), 2), 2 * FIT),
    "Tiled": ("10 · TV", 10 * priors.TV(), solvers.Tiled(solvers.PDHG(), 40, 16), 200),
}
