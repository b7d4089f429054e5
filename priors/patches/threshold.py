"""The first estimate: thresholds in a transform of three dimensions (Dabov, Foi, Katkovnik & Egiazarian 2007)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from invprior.priors.patches.groups import Estimator
from invprior.priors.patches.noise_field import NoiseField

# Coefficients below LAMBDA σ are taken for noise.
LAMBDA = 2.7


def threshold(noise: NoiseField, channels: int, patch: int, count: int) -> Estimator:
    """Cosines within the patches and Haar wavelets across the group; coefficients below 2.7 σ become 0.

    A group's weight is one over the number of coefficients that are kept, in every channel by itself.
    """
    like = noise.variance
    cosines, haar = _cosines(patch).to(like), _haar(count).to(like)
    across = torch.kron(cosines, cosines)
    # variance of each coefficient, where those of the values are 1: all 1 for white noise
    n = patch * patch
    within = noise.within(channels, patch).view(n, channels, n, channels)
    within = torch.diagonal(within, dim1=1, dim2=3)  # (p², p², C)
    relative = torch.einsum("fi,ijc,fj->cf", across, within, across).clamp(min=1e-12)

    def estimate(noisy: Tensor, pilot: Tensor, variances: Tensor | None) -> tuple[Tensor, Tensor]:
        B, k, _, C = noisy.shape
        values = noisy.permute(0, 1, 3, 2).reshape(B, k, C * n)
        coefficients = ((haar @ values).view(B * k * C, n) @ across.T).view(B, k, C, n)
        # one level for a group, in every channel
        level = like.view(1, 1) if variances is None else variances.mean((1, 2))
        kept = coefficients.square() > LAMBDA**2 * level[:, None, :, None] * relative
        kept[:, 0, :, 0] = True  # the mean of the group
        number = kept.sum((1, 3)).to(noisy.dtype)
        out = torch.where(kept, coefficients, 0).view(B * k * C, n) @ across
        groups: Tensor = haar.T @ out.view(B, k, C * n)
        # groups with much noise count less
        return groups.view(B, k, C, n).permute(0, 1, 3, 2), 1 / (number * level)

    return estimate


def _cosines(n: int) -> Tensor:
    """The orthonormal cosine transform of n values."""
    k = torch.arange(n, dtype=torch.float64)
    matrix = torch.cos(math.pi * (k + 0.5) * k[:, None] / n) * math.sqrt(2 / n)
    matrix[0] /= math.sqrt(2)
    return matrix


def _haar(n: int) -> Tensor:
    """The orthonormal Haar transform of n values, n a power of 2."""
    if n == 1:
        return torch.ones(1, 1, dtype=torch.float64)
    sums = torch.kron(_haar(n // 2), torch.tensor([[1.0, 1.0]], dtype=torch.float64))
    differences = torch.kron(torch.eye(n // 2, dtype=torch.float64), torch.tensor([[1.0, -1.0]], dtype=torch.float64))
    return torch.cat([sums, differences]) / torch.cat([sums, differences]).norm(dim=1, keepdim=True)
