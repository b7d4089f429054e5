"""Groups of similar patches: found by their distances, estimated together, and put back into the picture."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from invprior.priors.patches.noise_field import NoiseField
from invprior.priors.patches.tiles import Search, tiles

# Falls towards the border of a patch, where an estimate knows only one side of its surroundings (Dabov et al. 2007).
KAISER = 2.0

# From B groups of k patches of p² pixels and C channels, those of the noisy film, of an earlier estimate and the
# variances of the noise (None if they are one number), each (B, k, p², C): the estimates, and the weights of the groups
# in every channel, (B, C) or (1, C).
Estimator = Callable[[Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor]]


def collaborate(
    film: Tensor,
    pilot: Tensor,
    guide: Tensor,
    noise: NoiseField,
    search: Search,
    count: int,
    estimator: Estimator,
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
    T, C, H, W = film.shape
    p = search.patch
    profile = torch.kaiser_window(p, periodic=False, beta=KAISER, dtype=film.dtype, device=film.device)
    window = (profile[:, None] * profile).view(p * p, 1)
    along = torch.arange(p, device=film.device)
    within = (along[:, None] * W + along).flatten()  # from a patch's first pixel to all of them
    pixels = _pixels([film, pilot, *noise.maps(film)])
    total, share = film.new_zeros(T * H * W, C), film.new_zeros(T * H * W, C)
    guide = noise.beside(guide)
    for tile in tiles(guide, search):
        near = nearest(tile.patches(guide), tile.references, tile.corners, count)  # (B, k)
        at = (near[..., None] + within).flatten()
        groups = pixels[at].view(*near.shape, p * p, -1).split(C, dim=-1)
        noisy, earlier, variances = (*groups, None)[:3]
        estimate, weight = estimator(noisy, earlier, variances)
        weights = (weight[:, None, None] * window).expand_as(estimate)
        total.index_add_(0, at, (estimate * weights).reshape(-1, C))
        share.index_add_(0, at, weights.reshape(-1, C))
    return (total / share).view(T, H, W, C).permute(0, 3, 1, 2).contiguous()


def nearest(patches: Tensor, references: Tensor, corners: Tensor, count: int) -> Tensor:
    """First pixels of the ``count`` patches that are nearest to each reference, itself first, (N·R, count).

    ‖a − b‖² is taken as ‖b‖² − 2⟨a, b⟩ plus a constant, a product of matrices.
    """
    patches = patches - patches.mean(1, keepdim=True)  # fewer digits are lost in the difference
    of_reference = torch.take_along_dim(patches, references[..., None], 1)
    norms = torch.linalg.vector_norm(patches, dim=-1).square_().masked_fill_(corners < 0, torch.inf)
    distances = torch.baddbmm(norms[:, None], of_reference, patches.mT, alpha=-2)
    distances.scatter_(2, references[..., None], -torch.inf)
    positions = distances.topk(count, dim=2, largest=False).indices
    return torch.take_along_dim(corners[:, None], positions, 2).flatten(0, 1)


def _pixels(films: list[Tensor]) -> Tensor:
    """The values of all films at every pixel, (T·H·W, channels), so that those of a pixel lie together."""
    joined = torch.cat(films, dim=1)
    return joined.permute(0, 2, 3, 1).reshape(-1, joined.shape[1])
