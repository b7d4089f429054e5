"""deepinv's physics as operators, and operators as deepinv's physics."""

from __future__ import annotations

from importlib.util import find_spec

from invprior.errors import InvpriorError

if find_spec("deepinv") is None:
    raise InvpriorError("invprior.interop.deepinv needs deepinv; pip install -e '.[deepinv]' in the clone")

# only once deepinv is known to be installed
from invprior.interop.conversion import OperatorPhysics, from_physics, to_physics
from invprior.interop.denoiser import from_denoiser
from invprior.interop.physics import LinearPhysicsOperator, PhysicsOperator
from invprior.interop.reconstructor import PriorReconstructor, as_reconstructor

__all__ = [
    "LinearPhysicsOperator",
    "OperatorPhysics",
    "PhysicsOperator",
    "PriorReconstructor",
    "as_reconstructor",
    "from_denoiser",
    "from_physics",
    "to_physics",
]
