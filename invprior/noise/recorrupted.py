"""Two measurements of one, by adding and taking off noise."""

from __future__ import annotations

import math

from torch import Tensor


def recorrupted(y: Tensor, n: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """y + a n and y − n/a with a² = share/(1 − share) (Pang, Zheng, Quan & Ji 2021).

    If n has the covariance of the noise in y and both are Gaussian, the noise of the two is independent: its covariance
    is that of y less that of n. The first has 1/(1 − share) times the variance of y, the second 1/share times.

    References
    ----------
    - Pang, Zheng, Quan & Ji, "Recorrupted-to-recorrupted: unsupervised deep learning for image denoising", CVPR 2021.
    """
    a = math.sqrt(share / (1 - share))
    return y + a * n, y - n / a
