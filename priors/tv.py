"""Total variation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from invprior.errors import InvpriorError
from invprior.functional import Functional, Term
from invprior.functionals import L1, L21
from invprior.operators.channels import Channels
from invprior.operators.finite_difference import FiniteDifference
from invprior.prior import Prior
from invprior.purpose import Memory, Purpose
from invprior.shapes import Shape

# Brightness and two differences of colours, orthonormal.
OPPONENT = (
    torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -2.0, 1.0]]) / torch.tensor([[3.0], [2.0], [6.0]]).sqrt()
)


@dataclass(frozen=True)
class TV(Prior):
    """R(x) = Σ_i ‖(Dx)_i‖ with forward differences D along ``axes`` (Rudin, Osher & Fatemi 1992).

    Isotropic: ‖·‖ is the Euclidean norm over the axes, and with ``coupled`` over the channels too, so that the
    edges of all channels coincide (Blomgren & Chan 1998). Anisotropic: the sum over the axes.

    Parameters
    ----------
    axes
        Axes of the event shape to take differences along.
    weights
        One per axis, e.g. a time weight of a video; None means all 1.
    isotropic
        True for the Euclidean norm over the axes, False for the sum over them.
    coupled
        Couple the channels, axis −3 of the event shape; without effect on images of two axes.
    chroma
        How many times a difference of colours counts more than one of brightness, for red, green and blue: D acts on
        (R+G+B)/√3 and, times ``chroma``, on (R−B)/√2 and (R−2G+B)/√6. About 3 for values behind the colour filters
        of a sensor (Condat & Mosaddegh 2012); 1 takes all channels alike.

    Raises
    ------
    InvpriorError
        If ``chroma`` is not positive, or is not 1 for an image without three channels.

    Cost
    ----
    Its proximal map has no closed form: ``solve`` takes PDHG, whose step applies D and Dᴴ once and projects every
    difference onto a ball, O(n).

    References
    ----------
    - Rudin, Osher & Fatemi, "Nonlinear total variation based noise removal algorithms", Physica D 60 (1992).
    - Blomgren & Chan, "Color TV: total variation methods for restoration of vector-valued images", IEEE TIP 7 (1998).
    - Condat & Mosaddegh, "Joint demosaicking and denoising by total variation minimization", ICIP 2012.
    """

    axes: tuple[int, ...] = (-2, -1)
    weights: tuple[float, ...] | None = None
    isotropic: bool = True
    coupled: bool = True
    chroma: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.chroma < math.inf:
            raise InvpriorError(f"the chroma of TV is a positive number, got {self.chroma}")

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        D = FiniteDifference(shape, self.axes, self.weights)
        norm = self._norm(len(shape), D.axes)
        if self.chroma == 1:
            return (Term(norm, D),)
        if len(shape) != 3 or shape[0] != 3:
            raise InvpriorError(f"the chroma of TV is that of red, green and blue, and the image has shape {shape}")
        return (Term(norm, D @ Channels(shape, OPPONENT * torch.tensor([[1.0], [self.chroma], [self.chroma]]))),)

    def _norm(self, ndim: int, axes: tuple[int, ...]) -> Functional:
        couple = self.coupled and ndim >= 3
        if couple and -3 in axes:
            raise InvpriorError(
                "TV cannot couple the channels, axis −3, and take differences along them; set coupled=False"
            )
        differences = -ndim - 1  # the axis that D puts in front
        if not self.isotropic and not couple:
            return L1()
        dims = ((differences,) if self.isotropic else ()) + ((-3,) if couple else ())
        return L21(dims)

    @property
    def memory(self) -> Memory:
        return Memory(0.35 * (1 + len(self.axes)) / 3)

    @classmethod
    def names(cls, purpose: Purpose) -> Mapping[str, Callable[..., Prior]]:
        """``tv`` for pictures, along all axes of volumes; ``frame-tv`` for films, whose ``tv`` acts in time too."""
        if purpose.guide is not None:
            return {}

        def along_all(depth: float = 1.0) -> TV:
            return cls((-3, -2, -1), (depth, 1.0, 1.0), coupled=False)

        if purpose.volume:
            return {"tv": along_all}
        return {"tv" if purpose.film is None else "frame-tv": cls}
