"""The later estimates: a normal distribution of the patches of each group (Lebrun, Buades & Morel 2013)."""

from __future__ import annotations

import torch
from torch import Tensor

from invprior.priors.patches.groups import Estimator
from invprior.priors.patches.noise_field import NoiseField

# The covariance of an estimate is less than that of the image, which it smooths; μ < 1 makes up for it.
MU = 0.5


def bayes(noise: NoiseField, channels: int, patch: int) -> Estimator:
    """E(x | y) = y − μN (S + μN)⁻¹(y − m), with mean m and covariance S of the group's patches in an earlier estimate.

    N is the covariance of the noise in a patch. The channels of a patch are estimated together, so that what they have
    in common is used.
    """
    white = noise.correlation is None
    within = noise.within(channels, patch)

    def estimate(noisy: Tensor, pilot: Tensor, variances: Tensor | None) -> tuple[Tensor, Tensor]:
        B, k, n, C = noisy.shape
        y, x = noisy.reshape(B, k, n * C), pilot.reshape(B, k, n * C)
        m = x.mean(1, keepdim=True)
        centred = x - m
        S = torch.bmm(centred.mT, centred).div_(k)
        of_group = noise.variance.view(1, 1) if variances is None else variances.mean(1).view(B, n * C)
        diagonal = torch.diagonal(S, dim1=1, dim2=2)
        # a covariance has this much rounding error, so that less noise is beyond its digits
        rounding = 16 * torch.finfo(S.dtype).eps * diagonal.sum(1, keepdim=True)
        N = MU * of_group if white else MU * noise.covariance(of_group.expand(B, n * C), within)
        if white:
            diagonal += torch.maximum(N, rounding)
        else:
            S += N
            diagonal += rounding
        solved = torch.cholesky_solve((y - m).mT, torch.linalg.cholesky(S)).mT
        removed = N[:, None] * solved if white else solved @ N
        # groups with much noise count less
        level = of_group.expand(B, n * C).view(B, n, C).mean(1)
        return (y - removed).view(noisy.shape), 1 / level

    return estimate
