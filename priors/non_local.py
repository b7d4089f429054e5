"""Patches that recur in the image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.denoised import Denoised
from invprior.errors import InvpriorError
from invprior.functional import Term
from invprior.noise import Noise
from invprior.operators.identity import Identity
from invprior.prior import Prior
from invprior.priors.patches.denoise import Level, denoise
from invprior.priors.patches.layout import Layout
from invprior.priors.plugged import Plugged
from invprior.purpose import Memory, Purpose
from invprior.shapes import Shape

# Neighbouring frames, or slices, that are searched on each side.
BESIDE = 2


@dataclass(frozen=True, eq=False)
class Recurring(Denoised):
    """c·φ whose proximal map is the non-local estimate; see :class:`NonLocal`."""

    layout: Layout
    frames: int
    weight: float = 1.0

    def denoised(self, u: Tensor, sigma: float) -> Tensor:
        variance = torch.tensor(sigma**2, dtype=u.real.dtype, device=u.device)
        return self._each(u, lambda _: variance, None)

    def estimate(self, y: Tensor, noise: Noise) -> Tensor:
        def variance(u: Tensor) -> Tensor:
            found = self.weight * noise.variance(u).to(u.real.dtype)
            return found / 2 if u.is_complex() else found

        correlation = noise.correlation
        if correlation is not None:
            correlation = correlation.to(dtype=y.real.dtype, device=y.device)
        return self._each(noise.signal(y), variance, correlation)

    def _each(self, u: Tensor, variance: Callable[[Tensor], Tensor], correlation: Tensor | None) -> Tensor:
        """Estimate every image of a batch, in single precision at least: covariances are factorised."""
        if u.dtype in (torch.float16, torch.bfloat16):
            return self._each(u.float(), variance, correlation).to(u.dtype)
        layout = self.layout

        def in_film(film: Tensor) -> Tensor:
            image = layout.image(film, u.dtype)
            found = variance(image)
            if found.numel() == 1:
                return found
            spread = found.expand(image.shape)
            return layout.film(torch.complex(spread, spread) if u.is_complex() else spread)

        level = Level(in_film, correlation)
        images = u.reshape(-1, *layout.shape)
        done = [denoise(layout.film(image), level, self.frames) for image in images]
        return torch.stack([layout.image(film, u.dtype) for film in done]).view(u.shape)


@dataclass(frozen=True, eq=False)
class NonLocal(Plugged):
    """R = φ with prox_{σ²φ} = D(·, σ), where D estimates patches of the image that are alike together.

    It has no value, as PnP. For A = I one pass is the estimate. First groups of patches are thresholded in a transform
    of three dimensions (BM3D). Then, twice, each patch y of a group becomes

        y − μN (S + μN)⁻¹(y − m)

    with mean m and covariance S of the group in the estimate before, and the covariance N of the noise (NL-Bayes);
    μ = ½, since S is that of an image which is smoothed.
    N follows the noise model: a level per pixel, that of photons at the estimate, or an autocorrelation. For any other
    A, ``solve`` takes :class:`~invprior.solvers.PlugAndPlay`.

    Parameters
    ----------
    axes
        Axes of the event shape along which patches are searched: ``(-3, -2, -1)`` for volumes ``(D, H, W)``, whose
        neighbouring slices are then searched too. Axis −3 otherwise holds channels, which are estimated together.
    frames
        Neighbouring frames of a film, or slices of a volume, that are searched on each side; the search follows what
        moves.

    Raises
    ------
    InvpriorError
        If ``axes`` or ``frames`` are others; from ``terms``, if the image is of no such shape.

    Cost
    ----
    About ten seconds of one core a megapixel and channel, and memory for eight images: tiles of one size are worked on.

    References
    ----------
    - Dabov, Foi, Katkovnik & Egiazarian, "Image denoising by sparse 3-D transform-domain collaborative filtering", IEEE
      TIP 16 (2007).
    - Lebrun, Buades & Morel, "A nonlocal Bayesian image denoising algorithm", SIAM J. Imaging Sci. 6 (2013).
    - Herbreteau & Kervrann, "Towards a unified view of unsupervised non-local methods for image denoising: the NL-Ridge
      approach", ICIP 2022.
    """

    axes: tuple[int, ...] = (-2, -1)
    frames: int = BESIDE

    def __post_init__(self) -> None:
        if tuple(self.axes) not in ((-2, -1), (-3, -2, -1)):
            raise InvpriorError(f"NonLocal searches along axes (-2, -1) or (-3, -2, -1), got {self.axes!r}")
        if not (isinstance(self.frames, int) and 0 <= self.frames <= 8):
            raise InvpriorError(f"NonLocal searches 0 to 8 neighbouring frames, got {self.frames!r}")

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        layout = Layout("NonLocal", tuple(shape), slices=-3 in self.axes)
        along = layout.slices or len(shape) == 4
        return (Term(Recurring(layout, self.frames if along else 0), Identity(shape)),)

    @property
    def memory(self) -> Memory:
        return Memory(0.25)

    @classmethod
    def names(cls, purpose: Purpose) -> Mapping[str, Callable[..., Prior]]:
        """``nonlocal``, for pictures and films; it takes no guide."""
        return {} if purpose.guide is not None or purpose.volume else {"nonlocal": cls}
