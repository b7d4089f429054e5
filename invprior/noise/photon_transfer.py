"""A sensor's gain and read noise from repeated exposures."""

from __future__ import annotations

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.noise.poisson_gaussian import PoissonGaussian

BINS = 24
# A gain below this share of read² changes no variance in [0, 1] by more than a percent, and a smaller one would cost
# the shifted likelihood its digits in float32.
LEAST_GAIN = 0.01


def profile(frames: Tensor) -> PoissonGaussian:
    """Gain and read noise of a sensor by photon transfer: variance against mean, both over the exposures.

    The mean and the variance of every pixel are averaged over pixels of like mean, and a line is fitted through them
    with weights: its slope is the gain, its height at 0 the squared read noise (Janesick 2007).
    Fixed patterns and texture have no part in it. Of data with maximum 1, levels with more than a
    thousandth of their values at 1 are left out as saturated.

    Parameters
    ----------
    frames
        Exposures of one static scene, black subtracted, of shape (N, H, W) or (N, C, H, W) with N ≥ 2. Flats of
        several levels go side by side, as one scene with N exposures.

    Raises
    ------
    InvpriorError
        If there are too few frames or pixels, or the scene has one gray level only, from which the two kinds of
        noise cannot be told apart.

    References
    ----------
    - Janesick, Photon Transfer, SPIE Press 2007.
    """
    if frames.ndim not in (3, 4) or len(frames) < 2:
        raise InvpriorError(
            f"a noise profile needs two or more frames as (N, H, W) or (N, C, H, W), got {tuple(frames.shape)}"
        )
    values = frames.detach().double().flatten(1)
    means, variances = values.mean(0), values.var(0)
    levels, heights, counts = [], [], []
    clipped = (values >= 1).double().mean(0) if float(values.max()) == 1 else torch.zeros_like(means)
    for pick in like_means(means):
        if float(clipped[pick].mean()) > 1e-3:
            continue
        levels.append(means[pick].mean())
        heights.append(variances[pick].mean())
        counts.append(len(pick))
    # what the means would vary by if all pixels had one level
    chance = float(variances.mean()) / len(frames) if len(means) else 0.0
    return fit_line(levels, heights, counts, chance)


def like_means(means: Tensor) -> list[Tensor]:
    """The indices of the values in groups of like mean, equally many in each; none for too few values."""
    if len(means) < 4 * BINS:
        return []
    return list(means.argsort().tensor_split(BINS))


def fit_line(levels: list[Tensor], variances: list[Tensor], counts: list[int], chance: float) -> PoissonGaussian:
    """The line variance = gain·level + read² with gain > 0 and read ≥ 0.

    Weighted least squares, reweighted by its own line, since the standard error of a variance is in proportion to it.
    ``chance`` is the variance that levels of one gray have by noise alone.
    """
    if not levels:
        raise InvpriorError(f"too few unsaturated pixels for a noise profile; give {4 * BINS} or more")
    m, v, n = torch.stack(levels), torch.stack(variances), torch.tensor(counts, dtype=torch.float64)
    if len(m) < 2 or float(m.var()) <= 4 * chance:
        raise InvpriorError(
            "one gray level does not tell photon noise from read noise; show darker and brighter parts, or take "
            "noise.Gaussian"
        )
    expected = v.mean().expand_as(v)
    gain = read2 = 0.0
    for _ in range(4):
        w = n / expected.square()
        centre, height = (w * m).sum() / w.sum(), (w * v).sum() / w.sum()
        gain = float((w * (m - centre) * (v - height)).sum() / (w * (m - centre).square()).sum())
        read2 = float(height - gain * centre)
        if read2 < 0:  # through the origin
            gain, read2 = float((w * m * v).sum() / (w * m.square()).sum()), 0.0
        if gain <= 0:
            gain, read2 = 0.0, float(height)
        expected = (gain * m + read2).clamp(min=0.01 * float(v.mean()) + 1e-300)
    return PoissonGaussian(max(gain, LEAST_GAIN * read2, 1e-9), read2**0.5)
