"""Degradation operators, one per file.

``A @ B``, ``A + B``, ``A - B``, ``2 * A``, ``-A``, ``A.H`` and ``A.gram`` are operators too: identities drop out,
``(A @ B).H`` is ``B.H @ A.H`` by structure, and the repr reads like the formula. ``A.to_dense()`` is the matrix,
``A.as_scipy()`` a ``scipy.sparse.linalg.LinearOperator``.
"""

from invprior.arguments import check_all
from invprior.operators.bayer import Bayer
from invprior.operators.blur import Blur
from invprior.operators.channels import Channels
from invprior.operators.crop import Crop
from invprior.operators.diagonal import Diagonal
from invprior.operators.directional import Directional
from invprior.operators.finite_difference import FiniteDifference
from invprior.operators.flash_pair import FlashPair
from invprior.operators.fourier import Fourier
from invprior.operators.function import Function, from_function
from invprior.operators.identity import Identity
from invprior.operators.jpeg import JPEG
from invprior.operators.lanczos import Lanczos
from invprior.operators.mask import Mask
from invprior.operators.motion_difference import MotionDifference
from invprior.operators.nonuniform_fourier import NonuniformFourier
from invprior.operators.pad import Pad
from invprior.operators.per_frame import PerFrame
from invprior.operators.reshape import Reshape
from invprior.operators.saturate import Saturate
from invprior.operators.stack import Stack
from invprior.operators.symmetric_gradient import SymmetricGradient
from invprior.operators.take import Take
from invprior.operators.warp import Warp
from invprior.operators.wavelet import Wavelet

__all__ = [
    "JPEG",
    "Bayer",
    "Blur",
    "Channels",
    "Crop",
    "Diagonal",
    "Directional",
    "FiniteDifference",
    "FlashPair",
    "Fourier",
    "Function",
    "Identity",
    "Lanczos",
    "Mask",
    "MotionDifference",
    "NonuniformFourier",
    "Pad",
    "PerFrame",
    "Reshape",
    "Saturate",
    "Stack",
    "SymmetricGradient",
    "Take",
    "Warp",
    "Wavelet",
    "from_function",
]

check_all(globals(), __all__)
