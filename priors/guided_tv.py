"""Total variation steered by a second picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.functional import Term
from invprior.functionals import L21
from invprior.linear_operator import LinearComposition
from invprior.operators.directional import Directional
from invprior.operators.finite_difference import FiniteDifference
from invprior.prior import Prior
from invprior.priors.contrast import EDGE, contrast
from invprior.purpose import Memory, Purpose
from invprior.shapes import Shape

# η relative to the guide's largest gradient. A smaller η gains half a decibel more in denoising with a perfect guide,
# but loses where the data leave pixels free: R is then nearly flat along the guide's edges, and PDHG is slow.
SHARE = 0.05


class _Steered(LinearComposition):
    """P D, with the norm of D as its norm."""

    def norm(self) -> float:
        # ‖PD‖ ≤ ‖P‖‖D‖ = ‖D‖ is tight to a few percent if the guide has a flat part; the Lanczos process would apply
        # P D a hundred times to gain these
        return self.right.norm()


@dataclass(frozen=True, eq=False)
class GuidedTV(Prior):
    """R(x) = Σ_i ‖(I − ξ_iξ_iᵀ)(Dx)_i‖ with ξ = ∇g / √(‖∇g‖² + η²): directional TV (Ehrhardt & Betcke 2016, dTV).

    D and ∇ are forward differences along the last two axes, g the mean of the guide's channels. Edges that run along
    those of the guide cost little, whatever their contrast and sign; where the guide is flat this is TV. Nothing is
    copied from the guide, and an edge that it lacks is still allowed.

    Parameters
    ----------
    guide
        A picture of the same scene, ``(C, H, W)`` or ``(H, W)``, in the precision and on the device of the data.
    eta
        η > 0, in the guide's units: gradients well above η count as edges, those well below, such as the guide's noise,
        do not. None means a twentieth of the guide's largest gradient.
    coupled
        Take the norm over the channels too, axis −3 of the event shape; without effect on images of two axes.

    Raises
    ------
    InvpriorError
        If the guide is not such a picture or ``eta`` is not positive; from ``terms``, if the guide and the image differ
        in size.

    Cost
    ----
    Its proximal map has no closed form: ``solve`` takes PDHG, whose step applies PD and its adjoint once and projects
    every vector onto a ball, O(n).

    References
    ----------
    - Ehrhardt & Betcke, "Multicontrast MRI reconstruction with structure-guided total variation", SIAM J. Imaging Sci.
      9 (2016).
    """

    guide: Tensor
    eta: float | None = None
    coupled: bool = True

    def __post_init__(self) -> None:
        g = self.guide
        if not (isinstance(g, Tensor) and g.is_floating_point() and g.ndim in (2, 3) and bool(g.isfinite().all())):
            received = f"{g.dtype} of shape {tuple(g.shape)}" if isinstance(g, Tensor) else type(g).__name__
            raise InvpriorError(f"a guide is a finite floating tensor (C, H, W) or (H, W), got {received}")
        if self.eta is not None and not 0 < self.eta < float("inf"):
            raise InvpriorError(f"eta must be a positive number, got {self.eta!r}")

    def __repr__(self) -> str:
        return f"GuidedTV(guide of shape {tuple(self.guide.shape)}, eta={self.eta}, coupled={self.coupled})"

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        if tuple(self.guide.shape[-2:]) != shape[-2:]:
            raise InvpriorError(
                f"a guide of shape {tuple(self.guide.shape)} does not fit an image of shape {shape}; "
                "resize it to the same height and width"
            )
        D = FiniteDifference(shape)
        channels = (1,) * (len(shape) - 2)
        P = Directional(D.out_shape, self.directions().reshape(2, *channels, *shape[-2:]))
        couple = self.coupled and len(shape) >= 3
        return (Term(L21((-len(shape) - 1, -3) if couple else (-len(shape) - 1,)), _Steered(P, D)),)

    def directions(self) -> Tensor:
        """ξ, of shape (2, H, W)."""
        gray = self.guide if self.guide.ndim == 2 else self.guide.mean(0)
        gradient = FiniteDifference(gray.shape)(gray)
        length = torch.linalg.vector_norm(gradient, dim=0)
        eta: float | Tensor = SHARE * length.max() if self.eta is None else self.eta
        # for a constant guide gradient and η are 0, and the clamp makes ξ = 0
        eta = torch.as_tensor(eta, dtype=gray.dtype, device=gray.device)
        return gradient / torch.hypot(length, eta).clamp(min=torch.finfo(gray.dtype).tiny)

    @property
    def any_size(self) -> bool:
        return False

    @property
    def memory(self) -> Memory:
        return Memory(0.35)

    @classmethod
    def names(cls, purpose: Purpose) -> Mapping[str, Callable[..., Prior]]:
        """``tv`` with a guide: steered by the guide's contrast, so that the light matters little."""
        guide = purpose.guide
        return {} if guide is None else {"tv": lambda: cls(contrast(guide), EDGE)}
