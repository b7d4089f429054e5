"""Solve for the image and for parameters of the operator together: blind deblurring, calibration.

    (x*, θ*) = argmin_(x, θ)  E(A_θ x; y) + R(x)

with θ in a constraint set.

:func:`invprior.solve_blind` takes a problem whose operator holds parameters of PyTorch. ``from_parameters`` makes such
an operator out of a function; ``Simplex`` and ``Bounds`` say what values are allowed; ``estimate_psf`` finds the point
spread function of a blurred photograph.
"""

from invprior.arguments import check_all
from invprior.blind.alternation import Alternation
from invprior.blind.constraint import Bounds, Constraint, Free, Simplex
from invprior.blind.family import from_parameters
from invprior.blind.joint import Joint
from invprior.blind.psf import estimate_psf

__all__ = [
    "Alternation",
    "Bounds",
    "Constraint",
    "Free",
    "Joint",
    "Simplex",
    "estimate_psf",
    "from_parameters",
]

check_all(globals(), __all__)
