"""An image from its noisy version alone, by patches that recur in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from invprior.priors.patches.bayes import bayes
from invprior.priors.patches.groups import collaborate
from invprior.priors.patches.noise_field import NoiseField
from invprior.priors.patches.threshold import threshold
from invprior.priors.patches.tiles import Search

# The first estimate.
FIRST = Search(patch=8, step=4, radius=12)
FIRST_COUNT = 16
# The later ones, of up to JOINT channels together, and of a single one.
JOINT = 3
COLOURS, COLOURS_COUNT = Search(patch=5, step=5, radius=12), 60
GRAY, GRAY_COUNT = Search(patch=7, step=4, radius=12), 45
PASSES = 2
# Pixels that a region reaches beyond its tile in a film, where the neighbouring frames are searched too.
IN_FILMS = 6
# Least variance of the noise, relative to its mean.
QUIET = 1e-3


@dataclass(frozen=True, eq=False)
class Level:
    """The noise of a film: its variance, given the film without noise, and its autocorrelation; see NoiseField."""

    variance: Callable[[Tensor], Tensor]
    correlation: Tensor | None = None

    def at(self, estimate: Tensor) -> NoiseField:
        """The noise if this is the film; where photons are lacking it keeps a small share of its mean variance."""
        variance = self.variance(estimate)
        return NoiseField.of(torch.maximum(variance, QUIET * variance.mean()), self.correlation, estimate.shape[1])


def denoise(film: Tensor, level: Level, frames: int = 0) -> Tensor:
    """The film (T, C, H, W) without its noise; a picture is a film of one frame.

    Parameters
    ----------
    frames
        Neighbouring frames on each side that are searched for similar patches.
    """
    pedestal = film.mean((0, 2, 3), keepdim=True)  # covariances have no digits to spare for it
    noisy, channels = film - pedestal, film.shape[1]
    M = decorrelation(noisy)
    mixed = torch.einsum("ab,tbhw->tahw", M, noisy)
    field = level.at(avg_pool2d(film, 5, 1, 2, count_include_pad=False)).mixed(M)
    search, count = fitting(FIRST, film, FIRST_COUNT, frames)
    count = 2 ** (count.bit_length() - 1)
    estimator = threshold(field, channels, search.patch, count)
    guide = field.whitened(mixed[:, :1])
    estimate = collaborate(mixed, mixed, guide, field, search, count, estimator)
    estimate = torch.einsum("ab,tahw->tbhw", M, estimate)
    for _ in range(PASSES):
        estimate = _again(noisy, estimate, level.at(estimate + pedestal), M, frames)
    return estimate + pedestal


def _again(film: Tensor, pilot: Tensor, field: NoiseField, M: Tensor, frames: int) -> Tensor:
    """A better estimate from an earlier one: of up to three channels together, of more in threes, decorrelated."""
    channels = film.shape[1]
    one = channels == 1
    search, count = fitting(GRAY if one else COLOURS, film, GRAY_COUNT if one else COLOURS_COUNT, frames)
    if channels <= JOINT:
        estimator = bayes(field, channels, search.patch)
        return collaborate(film, pilot, pilot, field, search, count, estimator)
    estimate = torch.zeros_like(film)
    guide = torch.einsum("ab,tbhw->tahw", M[:JOINT], pilot)
    for part in M.split(JOINT):
        mixed, of_pilot = (torch.einsum("ab,tbhw->tahw", part, v) for v in (film, pilot))
        own = field.mixed(part)
        estimator = bayes(own, len(part), search.patch)
        of_part = collaborate(mixed, of_pilot, guide, own, search, count, estimator)
        estimate += torch.einsum("ab,tahw->tbhw", part, of_part)
    return estimate


def decorrelation(film: Tensor) -> Tensor:
    """Orthonormal rows: the mean of the channels, which has the least noise for its signal, then principal directions.

    For the three of a photograph these are close to opponent colours.
    """
    values = film.transpose(0, 1).flatten(1).double()
    channels = len(values)
    mean = values.new_full((channels, 1), channels**-0.5)
    rest = torch.eye(channels, dtype=values.dtype, device=values.device) - mean @ mean.T
    values = rest @ (values - values.mean(1, keepdim=True))
    # the smallest eigenvalue is 0, of the mean itself
    directions = torch.linalg.eigh(values @ values.T).eigenvectors.flip(1)[:, : channels - 1]
    return torch.cat((mean, directions), 1).T.to(film.dtype)


def fitting(search: Search, film: Tensor, count: int, frames: int) -> tuple[Search, int]:
    """The search and the number of patches for a film that may be smaller than a region."""
    H, W = film.shape[-2:]
    patch = min(search.patch, H, W)
    radius = IN_FILMS if frames else search.radius
    fitted = Search(patch, min(search.step, patch), radius, frames)
    rows, columns = (min(n - patch, fitted.positions - 1 - radius) + 1 for n in (H, W))
    return fitted, min(count, rows * columns)
