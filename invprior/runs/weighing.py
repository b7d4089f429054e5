"""The weight of a prior's penalty: given, or chosen without the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import invprior.weight as weight
from invprior.data_term import DataTerm
from invprior.errors import InvpriorError
from invprior.prior import Prior
from invprior.problem import Problem

# Share of its weight that a penalty gets beside DIP, where it only stabilises.
BESIDE_DIP = 0.1

# λ beside ½‖Ax − y‖²; a rule that chooses λ; or ``own``, the prior as it is, beside the negative log-likelihood.
Weight = float | Literal["auto", "discrepancy", "own"]


@dataclass(frozen=True)
class Weighted:
    """A weighted prior, its weight λ beside ½‖Ax − y‖², and the rule that gave λ.

    Attributes
    ----------
    scales
        The factors of its penalties, beside the negative log-likelihood, for :func:`with_weights`: those of a blend
        in the order of its members, 1 for what has no weight.
    """

    prior: Prior
    weight: float | None
    rule: str
    scales: tuple[float, ...] = (1.0,)


def with_weight(prior: Prior, c: float) -> Prior:
    """The prior with c times its penalty; c is a weight beside the negative log-likelihood."""
    generator, penalty = prior.parametrisation, prior.penalty
    if penalty is None:
        return prior
    return c * penalty if generator is None else generator + c * penalty


def with_weights(prior: Prior, scales: Sequence[float]) -> Prior:
    """The prior with the :attr:`~Weighted.scales` that :func:`weigh` found for an equal one."""
    return _scaled(prior, iter(scales))


def _scaled(prior: Prior, scales: Iterator[float]) -> Prior:
    if prior.parts:
        return prior.with_parts(tuple(_scaled(part, scales) for part in prior.parts))
    return with_weight(prior, next(scales))


def weigh(
    prior: Prior, data: tuple[DataTerm, ...], given: Weight, seed: int, iterations: int | None = None
) -> Weighted:
    """The prior with λ/σ² times its penalty: λ/σ² beside the negative log-likelihood is λ beside ½‖Ax − y‖².

    For noise that is not Gaussian σ² is its mean variance, so that λ keeps its scale. With several data terms σ is
    that of the first. ``iterations`` limits every solve of a search.
    """
    if given == "own":
        return Weighted(prior, None, "the prior's own")
    if prior.parts:
        parts = [weigh(part, data, given, seed, iterations) for part in prior.parts]
        whole = prior.with_parts(tuple(part.prior for part in parts))
        one = parts[0].weight if len(parts) == 1 else None
        scales = tuple(c for part in parts for c in part.scales)
        return Weighted(whole, one, "; ".join(part.rule for part in parts), scales)
    penalty = prior.penalty
    if penalty is None:
        return Weighted(prior, None, "no penalty")
    variance = data[0].sigma ** 2
    if variance == 0:
        raise InvpriorError("the data are black, where photon noise has no level; take Gaussian noise")

    def weighted(c: float, rule: str) -> Weighted:
        return Weighted(with_weight(prior, c), c * variance, rule, (c,))

    if isinstance(given, float):
        return Weighted(with_weight(prior, given / variance), given, "given", (given / variance,))
    if penalty.calibrated:
        return weighted(1.0, "the level of the noise")
    problem = Problem.from_terms(data, penalty)
    choice = (
        weight.auto(problem, seed=seed, iterations=iterations)
        if given == "auto"
        else weight.discrepancy(problem, iterations=iterations)
    )
    if not prior.parametrised:
        return weighted(choice.weight, choice.rule)
    return weighted(BESIDE_DIP * choice.weight, f"a tenth of: {choice.rule}")
