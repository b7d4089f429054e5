"""The weight that a search starts from, in the units of the data: y → s·y + c changes it as it changes the prior."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from invprior.problem import Problem

# 1/weight is the size of a typical edge in the prior's own Laplace model; 0.1 suits photographs in [0, 1].
TYPICAL = 10.0
# The middle nine tenths of the values of a photograph in [0, 1] span about this much.
PHOTOGRAPH = 0.6
# So many values tell the contrast.
VALUES = 2**20


def typical(problem: Problem) -> float:
    """The typical weight for this problem's units and prior: c u⁻ᵏ with R(s x) = sᵏ R(x) and the unit u."""
    return TYPICAL * unit(problem) ** -degree(problem)


def unit(problem: Problem) -> float:
    """The contrast of the image over that of a photograph in [0, 1], as a power of 4: 1 for photographs.

    By the middle nine tenths of the measured values, less the noise, where A gives a constant image as a constant; else
    by those of the back-projection. A pedestal and a few extreme values change nothing.
    """
    d = problem.data_terms[0]
    gain = d.gain
    values = problem.back_projection().flatten() if gain is None else _some(d.noise.signal(d.y), d.observed) / gain
    noise = 0.0 if gain is None else 3.29 * d.sigma / abs(gain)  # what the noise alone would span
    span = _span(values)
    contrast = max(math.sqrt(max(span**2 - noise**2, 0.0)), 0.1 * span)
    return 4.0 ** round(math.log(contrast / PHOTOGRAPH, 4)) if 0 < contrast < math.inf else 1.0


def degree(problem: Problem) -> int:
    """k with R(s x) = sᵏ R(x), measured at a random point: 1 for norms, 2 for squares, 0 for what has no value."""
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(problem.variable_shape, generator=rng, dtype=torch.float64).to(problem.dtype).to(problem.device)
    penalties = [t for t in problem.terms[len(problem.data_terms) :] if t.functional.valued]
    with torch.no_grad():
        pairs = [(float(t(x)), float(t(2 * x))) for t in penalties]
    once, twice = (
        (sum(v for v in values if math.isfinite(v)) for values in zip(*pairs, strict=True)) if pairs else (0, 0)
    )
    return round(math.log2(twice / once)) if once > 0 and twice > 0 else 0


def _some(y: Tensor, observed: Tensor) -> Tensor:
    """About :data:`VALUES` of the observed values, or all."""
    step = max(1, int(observed.count_nonzero()) // VALUES)
    return y.flatten()[::step][observed.flatten()[::step]]


def _span(values: Tensor) -> float:
    flat = (torch.view_as_real(values) if values.is_complex() else values).detach().flatten()
    flat = flat[:: max(1, flat.numel() // VALUES)].double()
    if not flat.numel():
        return 0.0
    low, high = torch.quantile(flat.cpu()[:VALUES], torch.tensor([0.05, 0.95], dtype=torch.float64)).tolist()
    return float(high - low)
