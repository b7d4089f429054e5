"""The noise of a film as the estimators see it: its variance at every value, and its covariance within a patch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from invprior.errors import InvpriorError
from invprior.functionals.stationary import Stationary, circulant


@dataclass(frozen=True, eq=False)
class NoiseField:
    """Gaussian noise with a variance at every value and one autocorrelation everywhere.

    Attributes
    ----------
    variance
        Broadcasts to the film (T, C, H, W).
    correlation
        (C, C, 2r + 1, 2r + 1): correlation of channel a at a pixel with channel b at an offset from it, 1 at no offset
        for a = b; None for white noise.
    """

    variance: Tensor
    correlation: Tensor | None = None

    @property
    def even(self) -> bool:
        """True if the variance is one number."""
        return self.variance.numel() == 1

    @classmethod
    def of(cls, variance: Tensor, correlation: Tensor | None, channels: int) -> NoiseField:
        """The noise of a film of so many channels.

        A correlation of fewer holds for each group of as many by itself: for each part of complex values, and for
        each channel if it is of one.
        """
        if correlation is None or len(correlation) == channels:
            return cls(variance, correlation)
        if channels % len(correlation):
            raise InvpriorError(f"the noise is that of {len(correlation)} channels, the image has {channels}")
        groups = torch.eye(channels // len(correlation), dtype=correlation.dtype, device=correlation.device)
        blocks = torch.einsum("gh,abij->gahbij", groups, correlation)
        return cls(variance, blocks.reshape(channels, channels, *correlation.shape[-2:]))

    def mixed(self, M: Tensor) -> NoiseField:
        """The noise of the film whose channels are those of this one times the rows of M, (c, C).

        Where the variance differs between channels, those of the mixture are correlated; that is left out.
        """
        C = M.shape[1]
        if self.correlation is None:
            if self.even:  # the rows of M are orthonormal
                return self
            return NoiseField(torch.einsum("ac,tchw->tahw", M.square(), _channels(self.variance, C)))
        deviation = _channels(self.variance, C).sqrt()
        level = deviation.square().mean((0, 2, 3)).sqrt()
        mixed = torch.einsum("ac,bd,c,d,cdij->abij", M, M, level, level, self.correlation)
        c, centre = len(M), self.correlation.shape[-1] // 2
        own = torch.diagonal(mixed[:, :, centre, centre])
        correlation = mixed / (own[:, None] * own).sqrt()[..., None, None]
        relative = (deviation / level[:, None, None]).square().mean(1, keepdim=True)
        return NoiseField(relative * own.view(1, c, 1, 1), correlation)

    def whitened(self, guide: Tensor) -> Tensor:
        """The film's first channel (T, 1, H, W) with white noise instead, in which distances tell most."""
        if self.correlation is None:
            return guide
        r = self.correlation.shape[-1] // 2
        wide = pad(guide, (r, r, r, r), mode="replicate")  # a border does not meet the one across
        covariance = circulant(self.correlation[:1, :1], *wide.shape[-2:])[0, 0]
        white = Stationary(covariance, torch.zeros_like(wide)).whitened(wide)
        return white[..., r : r + guide.shape[-2], r : r + guide.shape[-1]]

    def beside(self, guide: Tensor) -> Tensor:
        """The guide, with the standard deviation of the noise as one more channel where it differs.

        The patches of a group then have noise alike, as their estimation takes it to be.
        """
        if self.even:
            return guide
        deviation = _channels(self.variance, 1 if self.variance.ndim < 3 else self.variance.shape[-3])
        deviation = deviation.mean(1, keepdim=True).sqrt()
        return torch.cat((guide, deviation.expand(len(guide), 1, *guide.shape[-2:])), dim=1)

    def maps(self, film: Tensor) -> list[Tensor]:
        """The variance at every value of the film, as a list of that one map; empty if it is one number."""
        return [] if self.even else [self.variance.expand_as(film)]

    def covariance(self, variances: Tensor, within: Tensor) -> Tensor:
        """Covariances of patches, (…, d, d), from their variances (…, d) and the correlation :meth:`within` a patch."""
        deviation = variances.sqrt()
        return deviation[..., :, None] * within * deviation[..., None, :]

    def within(self, channels: int, patch: int) -> Tensor:
        """Correlation matrix of the values of a patch, (p²·C, p²·C)."""
        d = channels * patch * patch
        if self.correlation is None:
            return torch.eye(d, dtype=self.variance.dtype, device=self.variance.device)
        r = self.correlation.shape[-1] // 2
        along = torch.arange(patch, device=self.variance.device)
        offset = along[None, :] - along[:, None]
        near = offset.abs() <= r
        at = offset.clamp(-r, r) + r
        # (C, C, p, p, p, p): from (row, column) to (row', column')
        table = self.correlation[:, :, at[:, None, :, None], at[None, :, None, :]]
        table = table * (near[:, None, :, None] & near[None, :, None, :])
        return table.permute(2, 3, 0, 4, 5, 1).reshape(d, d)


def _channels(variance: Tensor, channels: int) -> Tensor:
    """The variance with its channels spelled out and four axes."""
    four = variance.reshape((1,) * (4 - variance.ndim) + variance.shape)
    return four.expand(four.shape[0], channels, *four.shape[2:])
