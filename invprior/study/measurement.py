"""What all priors of a study are given alike: operator, measurement and noise model."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from invprior import noise
from invprior.errors import InvpriorError
from invprior.io.image import rounding
from invprior.operator import Operator
from invprior.operators import Mask
from invprior.specs import noises, parse_noise
from invprior.study.operator_spec import OperatorSpec
from invprior.study.source import Subject

# Data kept as 8-bit files: the only noise is their rounding.
ROUNDED = "rounding"
ESTIMATED = "auto"

# A solve draws a network's input from its seed: from the same numbers as the noise, that input would hold the noise.
# torch's generator looks at 32 bits.
DATA_SEED = 2**31


@dataclass(frozen=True, eq=False)
class Measurement:
    """y of A x, and the truth x that nothing but the scores may see.

    Attributes
    ----------
    exact
        The known pixels of a mask are as good as the file can hold them, so that they come back as they were measured.
    """

    operator: Operator
    y: Tensor
    noise: noise.Noise
    truth: Tensor
    exact: bool


def check_noise(text: str, degraded: bool) -> str:
    """Raise where a noise spec cannot be read, or asks for an estimate of noise that the study itself has to add."""
    if text == ESTIMATED and not degraded:
        raise InvpriorError(
            f"noise {ESTIMATED!r} estimates the level of degraded files; to degrade clean pictures take "
            f"{ROUNDED}, or {', '.join(noises())} with a level"
        )
    if text != ROUNDED:
        parse_noise(text)
    return text


def measure(subject: Subject, operator: OperatorSpec, model: str, seed: int) -> Measurement:
    """Degrade a picture, or take its degraded file; the seed draws the mask and the noise.

    Raises
    ------
    InvpriorError
        If the operator does not fit the picture, or the file does not fit the operator.
    """
    rng = torch.Generator().manual_seed(DATA_SEED + seed)
    A = operator.build(subject.frame, rng)
    given = None if model == ROUNDED else parse_noise(model)
    exact = given is None
    if subject.file is not None:
        y = subject.file.x
        if tuple(y.shape) != A.out_shape:
            raise InvpriorError(
                f"the degraded picture has shape {tuple(y.shape)} and operator {operator.text!r} gives {A.out_shape}"
            )
        if given is None:
            level = subject.file.rounding
            if model == ESTIMATED and A.is_identity:
                level, exact = max(noise.estimate(y), level), False
            given = noise.Gaussian(level)
    else:
        with torch.no_grad():
            clean = A(subject.truth)
        if given is None:
            given = noise.Gaussian(rounding(8))
            y = clean.clamp(0, 1).mul(255).round() / 255
        else:
            y = given.sample(clean, rng)
    if isinstance(A, Mask):
        y = A(y)  # what stands in a hole was not measured
    return Measurement(A, y, given, subject.truth, exact)
