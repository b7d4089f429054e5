"""Non-local means."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from invprior.denoised import Denoised
from invprior.errors import InvpriorError
from invprior.functional import Term
from invprior.operators.identity import Identity
from invprior.priors.patches.layout import Layout
from invprior.priors.plugged import Plugged
from invprior.purpose import Memory
from invprior.shapes import Shape


@dataclass(frozen=True, eq=False)
class Means(Denoised):
    """c·φ whose proximal map is non-local means, see :class:`NLM`."""

    layout: Layout
    strength: float
    weight: float = 1.0

    def denoised(self, u: Tensor, sigma: float) -> Tensor:
        from skimage.restoration import denoise_nl_means  # half a second to import

        images = []
        for image in u.reshape(-1, *self.layout.shape):
            film = self.layout.film(image)
            gray = film.shape[1] == 1  # of which scikit-image returns the transpose if it has an axis of channels
            frames = [
                denoise_nl_means(
                    np.ascontiguousarray((frame[0] if gray else frame.movedim(0, -1)).cpu().numpy()),
                    h=self.strength * sigma,
                    sigma=sigma,
                    fast_mode=True,
                    channel_axis=None if gray else -1,
                )
                for frame in film
            ]
            images.append(self.layout.image(_film(np.stack(frames)).to(film), u.dtype))
        return torch.stack(images).view(u.shape)


def _film(frames: np.ndarray) -> Tensor:
    """Frames (T, H, W) or (T, H, W, C) as a film (T, C, H, W)."""
    film = torch.from_numpy(frames)
    return film[:, None] if film.ndim == 3 else film.movedim(-1, 1)


@dataclass(frozen=True)
class NLM(Plugged):
    """D(u)_i = Σ_j w_ij u_j / Σ_j w_ij with w_ij = exp(−(‖P_i u − P_j u‖² − 2σ²)₊ / h²): non-local means.

    P_i is the patch around pixel i, with its mean square as the norm. A baseline beside :class:`NonLocal`: quicker, and
    less good. It has no value, as :class:`PnP`; films are denoised frame by frame.

    Parameters
    ----------
    strength
        h/σ > 0.

    Raises
    ------
    InvpriorError
        If ``strength`` is not positive; from ``terms``, if the image is not (H, W), (C, H, W) or a film's (T, C, H, W).

    Cost
    ----
    The running sums of scikit-image (fast mode): about three seconds of one core a megapixel.

    References
    ----------
    - Buades, Coll & Morel, "A non-local algorithm for image denoising", CVPR 2005.
    - Darbon, Cunha, Chan, Osher & Jensen, "Fast nonlocal filtering applied to electron cryomicroscopy", ISBI 2008.
    """

    strength: float = 0.6

    def __post_init__(self) -> None:
        if not 0 < self.strength < float("inf"):
            raise InvpriorError(f"NLM takes a positive strength, got {self.strength!r}")

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        return (Term(Means(Layout("NLM", tuple(shape), slices=False), self.strength), Identity(shape)),)

    @property
    def memory(self) -> Memory:
        return Memory(0.15)
