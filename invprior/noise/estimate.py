"""The noise level from one picture."""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

from invprior.arguments import checked
from invprior.errors import InvpriorError
from invprior.noise.photon_transfer import fit_line, like_means
from invprior.noise.poisson_gaussian import PoissonGaussian


@checked
def estimate(y: Tensor) -> float:
    """Estimate the standard deviation of white Gaussian noise in one picture of shape (C, H, W).

    The median absolute deviation of the finest diagonal wavelet coefficients, averaged over the channels
    (Donoho & Johnstone 1994), as computed by ``skimage.restoration.estimate_sigma``. Channels without any detail, such
    as an unused one, tell nothing and are left out; 0 if all are such.

    References
    ----------
    - Donoho & Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 81 (1994), section 4.2.
    """
    from skimage.restoration import estimate_sigma  # half a second to import, and not needed to solve

    if y.ndim != 3 or min(y.shape[-2:]) < 4:
        raise InvpriorError(
            f"a noise level can be estimated from a picture of shape (C, H, W) of at least 4×4, got {tuple(y.shape)}"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the median of no coefficients, in a constant channel
        # channel by channel, as each takes several times its memory
        levels = [float(estimate_sigma(channel.double().numpy())) for channel in y.detach().cpu()]
    # a channel of one value is 0 (whose median is NaN, which compares false) or rounding error
    told = [level for level in levels if level > 1e-3 * max(filter(math.isfinite, levels), default=0.0)]
    return sum(told) / len(told) if told else 0.0


@checked
def estimate_poisson_gaussian(y: Tensor) -> PoissonGaussian:
    """Estimate gain and read noise from one picture of shape (C, H, W), with black subtracted and all channels alike.

    In the spirit of Foi, Trimeche, Katkovnik & Egiazarian (2008): a detail filter that vanishes on linear ramps
    measures the noise, a mean over 5×5 pixels its level. The pixels are grouped by level, and only the flattest third
    of each group counts; flatness is judged by differences of means, which for white noise are uncorrelated with the
    detail. The median absolute deviation gives the variance of a group, and a line through variance against level the
    two settings. In data with maximum 1, means that touch 1 are left out as saturated. Fine texture everywhere is
    mistaken for noise.

    Raises
    ------
    InvpriorError
        If the picture is smaller than 32×32, or has one gray level only.

    References
    ----------
    - Foi, Trimeche, Katkovnik & Egiazarian, "Practical Poissonian-Gaussian noise modeling and fitting for single-image
      raw-data", IEEE TIP 17 (2008).
    """
    if y.ndim != 3 or min(y.shape[-2:]) < 32:
        raise InvpriorError(
            f"gain and read noise can be estimated from a picture (C, H, W) of at least 32×32, got {tuple(y.shape)}"
        )
    pixels = y.detach().double()[:, None]
    second = torch.tensor([1.0, -2.0, 1.0], dtype=pixels.dtype, device=pixels.device)
    detail = conv2d(pixels, torch.outer(second, second)[None, None] / 6)[..., 5:-5, 5:-5]  # the filter has norm one
    means = avg_pool2d(pixels, 5, 1)
    # differences of means on either side of a pixel, which share no value with its detail
    across = means[..., 4:-4, 8:] - means[..., 4:-4, :-8]
    down = means[..., 8:, 4:-4] - means[..., :-8, 4:-4]
    activity, level = (across.square() + down.square()).flatten(), means[..., 4:-4, 4:-4].flatten()
    detail = detail.flatten()
    if float(pixels.max()) == 1:
        saturated = avg_pool2d((pixels == 1).double(), 5, 1)[..., 4:-4, 4:-4].flatten()
        detail, activity, level = (t[saturated == 0] for t in (detail, activity, level))
    levels, variances, counts = [], [], []
    for pick in like_means(level):
        flat = pick[activity[pick].argsort()[: max(len(pick) // 3, 1)]]
        levels.append(level[flat].mean())
        # 1.4826: standard over median absolute deviation of a normal variable
        variances.append((1.4826 * detail[flat].abs().median()).square())
        counts.append(len(flat))
    # variance of a mean over 25 pixels by noise alone
    chance = float(torch.stack(variances).mean()) / 25 if variances else 0.0
    return fit_line(levels, variances, counts, chance)
