"""The measurement that all priors of a study share: operator, data and noise model."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

import invprior.noise as noise
from invprior.data_term import DataTerm
from invprior.errors import InvpriorError
from invprior.io.image import rounding
from invprior.operator import Operator
from invprior.operators import Mask
from invprior.runs.restoration import Measured
from invprior.specs import Flat, InFileUnits, in_unit_range, noises, parse_noise
from invprior.specs.operator import OperatorSpec
from invprior.study.source import Subject


@dataclass(frozen=True, eq=False)
class Trial:
    """The measurement that all priors of a scene and seed share, and the truth, which only the scores may see."""

    measured: Measured
    truth: Tensor

    @property
    def operator(self) -> Operator:
        return self.measured.data[0].operator

    @property
    def y(self) -> Tensor:
        return self.measured.data[0].y


def check_noise(text: str, degraded: bool) -> str:
    """Raise if a noise spec cannot be read, or estimates noise that the study itself has to add."""
    given = parse_noise(text)
    if isinstance(given, InFileUnits) and not degraded:
        raise InvpriorError(f"noise {text!r} is in the values of degraded files, and there are none; take [0, 1]")
    if isinstance(given, Flat) and not degraded:
        raise InvpriorError(
            f"noise {text!r} is measured in degraded files, and there are none; take coloured:SIGMA,BLUR"
        )
    if given == "auto" and not degraded:
        raise InvpriorError(
            f"noise {text!r} estimates the level of degraded files; to degrade clean pictures take rounding, or "
            f"{', '.join(noises())} with a level"
        )
    return text


def measure(subject: Subject, operator: OperatorSpec, model: str, seed: int) -> Trial:
    """Degrade a picture, or take its degraded file; the seed, see ``draws.py``, draws the mask and the noise.

    Raises
    ------
    InvpriorError
        If the operator does not fit the picture, or the file does not fit the operator.
    """
    rng = torch.Generator().manual_seed(seed)
    A = operator.build(subject.frame, rng)
    unit = 1.0 if subject.file is None else subject.file.high - subject.file.low
    given, level = in_unit_range(parse_noise(model), unit), rounding(8)
    exact, rule = given == "rounding" or not A.is_identity, "rounding"
    if subject.file is not None:
        y, level = subject.file.x, subject.file.rounding
        if tuple(y.shape) != A.out_shape:
            raise InvpriorError(
                f"the degraded picture has shape {tuple(y.shape)} and operator {operator.text!r} gives {A.out_shape}"
            )
        if not exact:
            level, rule = max(noise.estimate(y), level), "estimated"
    else:
        with torch.no_grad():
            clean = A(subject.truth)
        y = given.sample(clean, rng) if isinstance(given, noise.Noise) else clean.clamp(0, 1).mul(255).round() / 255
    if isinstance(given, noise.Noise):
        likelihood, rule, exact = given, "given", False
    elif isinstance(given, Flat):
        likelihood, rule, exact = given.noise(y), f"measured, {given}", False
    else:
        likelihood = noise.Gaussian(level)
    if isinstance(A, Mask):
        y = A(y)  # values in a hole were not measured
    return Trial(Measured((DataTerm(A, y, likelihood),), rule, exact), subject.truth)
