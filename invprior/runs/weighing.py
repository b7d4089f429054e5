"""The weight of a prior's penalty: given, or found without the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from invprior import weight
from invprior.prior import Prior
from invprior.problem import DataTerm, Problem
from invprior.specs import PriorSpec

# A penalty beside DIP only steadies it: a tenth of what it needs alone.
BESIDE_DIP = 0.1

# What --weight says; None for auto.
Weight = float | Literal["discrepancy"] | None


@dataclass(frozen=True)
class Weighted:
    """A prior with its weight λ beside ½‖Ax − y‖², and where λ is from."""

    prior: Prior
    weight: float | None
    rule: str


def weigh(spec: PriorSpec, data: tuple[DataTerm, ...], given: Weight, seed: int) -> Weighted:
    """The prior with its weight: λ/σ² beside the negative log-likelihood is λ beside ½‖Ax − y‖².

    For noise that is not Gaussian σ² is its mean variance, so that λ keeps its scale. Of several data terms σ is the
    first one's.
    """
    variance = data[0].noise.residual_level(data[0].y)
    problem = Problem.from_terms(data, spec.penalty)
    if len(problem.terms) == len(data):
        return Weighted(spec.weighted(0.0), None, "no penalty")
    if isinstance(given, float):
        return Weighted(spec.weighted(given / variance), given, "given")
    choice = weight.auto(problem, seed=seed) if given is None else weight.discrepancy(problem)
    if spec.generator is None:
        return Weighted(spec.weighted(choice.weight), choice.weight * variance, choice.rule)
    share = BESIDE_DIP * choice.weight
    return Weighted(spec.weighted(share), share * variance, f"a tenth of: {choice.rule}")
