"""A sample of each noise model, and its negative log-likelihood around two measured values."""

from __future__ import annotations

from pathlib import Path
from random import Random

import torch
from matplotlib import pyplot

from catalogue.pictures.scene import photograph, save
from invprior import noise

SHOWN = {
    "Coloured": noise.Coloured(0.1, 1.0),
    "Gaussian": noise.Gaussian(0.1),
    "Laplace": noise.Laplace(0.07),
    "Poisson": noise.Poisson(0.03),
    "Quantisation": noise.Quantisation(0.2),
    "PoissonGaussian": noise.PoissonGaussian(0.03, 0.05),
}


def draw(name: str, path: Path) -> None:
    model, x = SHOWN.get(name) or getattr(noise, name).example(Random(0)), photograph()
    y = model.sample(x, torch.Generator().manual_seed(0))
    figure, axes = pyplot.subplots(1, 3, figsize=(9, 3.3), layout="constrained")
    for axis, picture, caption in zip(axes, (x, y), ("u", "y"), strict=False):
        axis.imshow(picture.clamp(0, 1).movedim(0, -1).numpy(), interpolation="nearest")
        axis.set_title(caption, fontsize="medium")
        axis.set_axis_off()
    u = torch.linspace(0.005, 1, 200)
    for measured in (0.2, 0.6):
        loss = model.nll(torch.tensor([[measured]]))
        values = torch.stack([loss(v.view(1, 1)) for v in u])
        axes[2].plot(u.numpy(), (values - values.min()).numpy(), label=f"y = {measured}")
    axes[2].set(title="−log p(y | u) + constant", xlabel="u", ylim=(0, 8))
    axes[2].title.set_fontsize("medium")
    axes[2].legend()
    save(figure, path)
