"""Groups of similar patches: found by their distances, estimated together, and put back into the picture."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from invprior.priors.patches.noise_field import NoiseField
from invprior.priors.patches.tiles import Search, tiles

# Falls towards the border of a patch, where an estimate knows only one side of its surroundings (Dabov et al. 2007).
KAISER = 2.0

# From B groups of k patches of C·p² values, those of the noisy film, of an earlier estimate and the variances of the
# noise (None if they are one number), each (B, k, C·p²): the estimates, and their weights (B, 1, C).
Estimator = Callable[[Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor]]


def collaborate(
    film: Tensor,
    pilot: Tensor,
    guide: Tensor,
    noise: NoiseField,
    search: Search,
    count: int,
    estimator: Estimator,
    motion: Tensor | None = None,
) -> Tensor:
    """The film (T, C, H, W) with every pixel the weighted mean of the estimates of the patches that hold it.

    Parameters
    ----------
    pilot
        An earlier estimate of the film.
    guide
        (T, c, H, W), in which similar patches are found.
    count
        Patches of a group.
    """
    channels = film.shape[1]
    p = search.patch
    profile = torch.kaiser_window(p, periodic=False, beta=KAISER, dtype=film.dtype, device=film.device)
    window = profile[:, None] * profile
    total, share = torch.zeros_like(film), torch.zeros_like(film)
    for tile in tiles(tuple(film.shape), search, motion, film.device):
        near = nearest(tile.patches(guide), tile.references, tile.outside, count)
        N, R, k = near.shape
        noisy = tile.patches(film)
        positions = noisy.shape[1]
        # indices into the patches of all tiles of the batch
        at = (near + positions * torch.arange(N, device=near.device)[:, None, None]).flatten()

        def grouped(patches: Tensor, at: Tensor = at, k: int = k) -> Tensor:
            return patches.flatten(0, 1)[at].view(-1, k, patches.shape[-1])

        variances = noise.in_patches(tile, film)
        estimate, weight = estimator(
            grouped(noisy),
            grouped(noisy if pilot is film else tile.patches(pilot)),
            None if variances is None else grouped(variances),
        )
        weighted = (estimate.view(N * R, k, channels, p * p) * weight[..., None]).view(N * R * k, -1)
        sums = noisy.new_zeros(N * positions, channels * p * p).index_add_(0, at, weighted)
        counts = noisy.new_zeros(N * positions, channels).index_add_(
            0, at, weight.expand(-1, k, -1).reshape(-1, channels)
        )
        tile.add(total, sums.view(N, positions, -1), window)
        tile.add_shares(share, counts.view(N, positions, channels), window)
    return total / share


def nearest(patches: Tensor, references: Tensor, outside: Tensor, count: int) -> Tensor:
    """Positions of the ``count`` patches that are nearest to each reference, the reference itself first, (N, R, count).

    ‖a − b‖² is taken as ‖b‖² − 2⟨a, b⟩ plus a constant, a product of matrices.
    """
    patches = patches - patches.mean(1, keepdim=True)  # fewer digits are lost in the difference
    of_reference = torch.take_along_dim(patches, references[..., None], 1)
    norms = patches.square().sum(-1).masked_fill_(outside, torch.inf)
    distances = torch.baddbmm(norms[:, None], of_reference, patches.mT, alpha=-2)
    distances.scatter_(2, references[..., None], -torch.inf)
    return distances.topk(count, dim=2, largest=False).indices
