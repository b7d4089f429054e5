"""A sensor's gain and read noise from repeated exposures."""

from __future__ import annotations

import torch
from torch import Tensor

from invprior.arguments import checked
from invprior.errors import InvpriorError
from invprior.noise.poisson_gaussian import PoissonGaussian

BINS = 24  # groups of pixels of similar mean
# Least gain as a share of read²: a smaller one changes no variance in [0, 1] by more than a percent, and would cost the
# shifted likelihood its digits in float32.
LEAST_GAIN = 0.01


@checked
def profile(frames: Tensor) -> PoissonGaussian:
    """Gain and read noise of a sensor by photon transfer: variance against mean, both over the exposures.

    The mean and the variance of every pixel are averaged over pixels of similar mean, and a weighted line is fitted
    through them: its slope is the gain, its intercept the squared read noise (Janesick 2007). Fixed patterns and
    texture do not enter. In data with maximum 1, levels with more than a thousandth of their values at 1 are left out
    as saturated.

    Parameters
    ----------
    frames
        Exposures of one static scene, black subtracted, of shape (N, H, W) or (N, C, H, W) with N ≥ 2. Flat
        fields of several levels are placed side by side, as one scene with N exposures.

    Raises
    ------
    InvpriorError
        If there are too few frames or pixels, or the scene has one gray level only, which cannot tell the two
        kinds of noise apart.

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
    levels, level_variances, counts = [], [], []
    clipped = (values >= 1).double().mean(0) if float(values.max()) == 1 else torch.zeros_like(means)
    for pick in like_means(means):
        if float(clipped[pick].mean()) > 1e-3:
            continue
        levels.append(means[pick].mean())
        level_variances.append(variances[pick].mean())
        counts.append(len(pick))
    # variance of the means if all pixels had one level
    chance = float(variances.mean()) / len(frames) if len(means) else 0.0
    return fit_line(levels, level_variances, counts, chance)


def like_means(means: Tensor) -> list[Tensor]:
    """The indices of the values in BINS groups of similar mean and equal size; no group for too few values."""
    if len(means) < 4 * BINS:
        return []
    return list(means.argsort().tensor_split(BINS))


def fit_line(levels: list[Tensor], variances: list[Tensor], counts: list[int], chance: float) -> PoissonGaussian:
    """The line variance = gain·level + read² with gain > 0 and read ≥ 0.

    Weighted least squares, reweighted with the fitted line, since the standard error of a variance is proportional to
    it. ``chance`` is the variance that the levels of one gray have by noise alone.
    """
    if not levels:
        raise InvpriorError(f"too few unsaturated pixels for a noise profile; give {4 * BINS} or more")
    m, v, n = torch.stack(levels), torch.stack(variances), torch.tensor(counts).to(torch.stack(levels))
    if len(m) < 2 or float(m.var()) <= 4 * chance:
        raise InvpriorError(
            "one gray level does not tell photon noise from read noise; show darker and brighter parts, or take "
            "noise.Gaussian"
        )
    expected = v.mean().expand_as(v)
    gain = read2 = 0.0
    for _ in range(4):
        w = n / expected.square()
        m_mean, v_mean = (w * m).sum() / w.sum(), (w * v).sum() / w.sum()
        gain = float((w * (m - m_mean) * (v - v_mean)).sum() / (w * (m - m_mean).square()).sum())
        read2 = float(v_mean - gain * m_mean)
        if read2 < 0:  # no read noise: the line through the origin
            gain, read2 = float((w * m * v).sum() / (w * m.square()).sum()), 0.0
        if gain <= 0:  # read noise alone
            gain, read2 = 0.0, float(v_mean)
        expected = (gain * m + read2).clamp(min=0.01 * float(v.mean()) + 1e-300)
    return PoissonGaussian(max(gain, LEAST_GAIN * read2, 1e-9), read2**0.5)
