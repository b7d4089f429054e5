"""The result of each prior on one noisy picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from skimage.restoration import denoise_nl_means
from torch import Tensor

import invprior as ip
from catalogue.pictures.scene import SHORT, film, photograph, save
from invprior import priors

NOISE = ip.noise.Gaussian(0.1)


def draw(name: str, path: Path) -> None:
    prior, x = SHOWN.get(name, lambda: (getattr(priors, name)(), photograph()))()
    y = NOISE.sample(x, torch.Generator().manual_seed(0))
    A = ip.operators.Identity(x.shape)
    problem = ip.Problem(A, y, noise=NOISE, prior=prior)
    if name in WEIGHED:
        problem = ip.Problem(A, y, noise=NOISE, prior=ip.weight.auto(problem).weight * prior)
    stop = ip.stop.MaxIterations(20) if SHORT and prior.parametrised else None
    found = ip.solve(problem, stop=stop).x
    # one picture of a film or a pair; the PSNR is over all of it
    one = 0 if x.ndim == 4 else slice(None)
    pictures = {
        "x": x[one],
        f"y, {ip.metrics.psnr(y, x):.1f} dB": y[one],
        f"{name}, {ip.metrics.psnr(found, x):.1f} dB": found[one],
    }
    save(ip.show(pictures), path)


def nl_means(x: Tensor, sigma: float) -> Tensor:
    restored = denoise_nl_means(x.movedim(0, -1).numpy(), sigma=sigma, h=0.6 * sigma, channel_axis=-1, fast_mode=True)
    return torch.from_numpy(restored).movedim(-1, 0).to(x)


def two() -> Tensor:
    """The scene in two lights."""
    x = photograph()
    return torch.stack([x, (0.8 * x.flip(0) + 0.1)])


Shown = tuple[ip.Prior, Tensor]
SHOWN: dict[str, Callable[[], Shown]] = {
    "Blend": lambda: (priors.Blend((8 * priors.TV(), priors.NLM())), photograph()),
    "Guided": lambda: (priors.Guided(priors.DIP(iterations=20 if SHORT else None), 8 * priors.TV()), photograph()),
    "GuidedTV": lambda: (priors.GuidedTV(1 - photograph(), eta=0.05), photograph()),
    "Joint": lambda: (priors.Joint(priors.TV()), two()),
    "PnP": lambda: (priors.PnP(nl_means), photograph()),
    "VideoTV": lambda: (priors.VideoTV(1.5), film(3 if SHORT else 6)),
    "VideoDIP": lambda: (priors.VideoDIP("denoise"), film(3 if SHORT else 6)),
}
# Priors whose weight is that of least estimated risk.
WEIGHED = {"GuidedTV", "Joint", "TGV", "TV", "Tikhonov", "VideoTV", "Wavelet"}
