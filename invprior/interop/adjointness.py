"""Whether the adjoint of a foreign operator is one."""

from __future__ import annotations

import torch

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.shapes import as_complex

# In eps. The inner products are summed in float64, so the defect is no larger than the relative error of Ax and Aᴴy: at
# most 0.4 eps for deepinv 0.5.0's correct adjoints. Its least wrong one, Tomography's interpolated back-projection, has
# 10⁴ eps for 16×16 float32 and 10³ for 512×512; a bound that grows with √n would accept it for large images.
SLACK = 10.0


def adjoint_defect(A: LinearOperator, like: torch.Tensor, draws: int = 3) -> float:
    """The largest |⟨Ax, y⟩ − ⟨x, Aᴴy⟩| / (‖Ax‖‖y‖ + ‖x‖‖Aᴴy‖) over a few random x and y, summed in float64.

    ``like`` has the device and the precision of the inputs.
    """
    rng = torch.Generator().manual_seed(0)
    defects = []
    for _ in range(draws):
        x = torch.randn(A.in_shape, generator=rng, dtype=as_complex(torch.float64, bool(A.in_complex)))
        y = torch.randn(A.out_shape, generator=rng, dtype=as_complex(torch.float64, bool(A.out_complex)))
        x, y = (t.to(device=like.device, dtype=as_complex(like.dtype, t.is_complex())) for t in (x, y))
        with torch.no_grad():
            x, Ax, y, Ay = (t.reshape(-1).to(torch.complex128) for t in (x, A(x), y, A.H(y)))
        size = float(Ax.norm() * y.norm() + x.norm() * Ay.norm())
        difference = torch.vdot(y, Ax) - torch.vdot(Ay, x)
        if not A.in_complex:  # real images: the real inner product
            difference = difference.real
        defects.append(float(difference.abs()) / size if size else 0.0)
    return float(torch.tensor(defects).max())  # NaN if one is


def allowed_defect(like: torch.Tensor) -> float:
    return SLACK * torch.finfo(like.dtype).eps


def check_adjoint(A: LinearOperator) -> None:
    """Raise unless Aᴴ is the adjoint of A, up to rounding in float32 or what A computes in."""
    like = torch.zeros((), dtype=torch.float32)
    defect, allowed = adjoint_defect(A, like), allowed_defect(like)
    if not defect <= allowed:
        raise InvpriorError(
            f"the adjoint of {A!r} is off by {defect:.1e} where rounding explains {allowed:.1e}: ⟨Ax, y⟩ = ⟨x, Aᴴy⟩ "
            "must hold for all x and y; correct one of the two functions, or accept it with check=False"
        )
