"""The weight with the least estimated risk."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from invprior.arguments import check_seed, checked
from invprior.data_term import DataTerm
from invprior.linear_operator import LinearOperator
from invprior.problem import Problem
from invprior.shapes import as_complex
from invprior.weight.choice import Choice, check_limit, without_search
from invprior.weight.excerpt import excerpt
from invprior.weight.held_out import held_out
from invprior.weight.path import Path
from invprior.weight.search import Descent
from invprior.weight.typical import typical

# ε: small against the noise, large against the rounding of float32.
PROBE = 0.05
# SURE holds for the iterate itself, however loosely the problem is solved; a wide gap halves the time.
GAP = 1e-2
# Added to the seed of the probe.
STREAM = 0x5DEECE66D


@checked
def auto(problem: Problem, *, seed: int = 0, iterations: int | None = None) -> Choice:
    """Choose c for the prior c·R.

    Minimises Stein's unbiased estimate of the predicted risk E‖A x̂ − A x‖² (Stein 1981; for a general A, Vonesch,
    Ramani & Unser 2008), its divergence estimated with one random probe (Ramani, Blu & Unser 2008):

        SURE(c) = ‖A x̂ − y‖² − Σ v_i + 2 Σ √v_i b_i (A x̂(y + ε√v b) − A x̂(y))_i / ε,   b ~ N(0, I),  ε = 1/20

    with the noise variances v, and y minus the sensor's offset; √v b has the covariance of the noise, where that is
    correlated. That is exact for Gaussian noise. For Poisson and Poisson–Gaussian noise v is the variance at the data,
    as if the noise were Gaussian of that variance: an approximation good from a few counts on.
    The risks of several data terms are summed.

    The search walks downhill from the typical weight, each solve started from the last, and ends with a narrower step
    and a parabola in log c. For a large picture the search uses 4×4 of its tiles, since one weight holds for the whole.
    For noise below two 8-bit steps the typical weight is taken.

    SURE needs a linear A. For an operator that is not linear the same search minimises the squared error on a random
    twentieth of the measured values, which is then not fitted; each of its dozen solves starts from the last.

    Parameters
    ----------
    problem
        The problem, with the prior R at weight 1.
    seed
        Seed of the probe.
    iterations
        A limit of iterations of each of the search's solves, of which there are about a dozen; None for 500. With few
        the weight is a rough one.

    Raises
    ------
    InvpriorError
        If the prior is more than a penalty, or the noise has heavy tails.

    References
    ----------
    - Stein, "Estimation of the mean of a multivariate normal distribution", Ann. Statist. 9 (1981).
    - Vonesch, Ramani & Unser, "Recursive risk estimation for non-linear image deconvolution with a wavelet-domain
      sparsity constraint", ICIP 2008.
    - Ramani, Blu & Unser, "Monte-Carlo SURE: a black-box optimization of regularization parameters for general
      denoising algorithms", IEEE TIP 17 (2008), equation 14.
    """
    check_seed(seed)
    check_limit(iterations)
    known = without_search(problem)
    if known is not None:
        return known
    if not all(isinstance(d.operator, LinearOperator) for d in problem.data_terms):
        return held_out(problem, seed, iterations)
    part = excerpt(problem)
    search = Descent(_Risk(part, seed, iterations), typical(part))
    weight = search.least()
    return Choice(weight, "least Monte-Carlo SURE", tuple(sorted(search.tried.items())))


class _Probed:
    """One data term measured twice, y and y + εb, as a batch of two; and SURE's share of it."""

    def __init__(self, data: DataTerm, rng: torch.Generator) -> None:
        y = data.y
        self.operator, self.signal, self.variance = data.operator, data.noise.signal(y), data.variance
        self.observed = data.observed
        self.probe = probe(data, PROBE, rng)
        self.twice = replace(data, y=torch.stack([y, y + PROBE * self.probe]))

    def risk(self, x: Tensor) -> float:
        Ax, moved = self.operator(x)
        excess = (Ax - self.signal).abs().square().double() - self.variance.double()
        misfit = torch.where(self.observed, excess, 0).sum()
        divergence = torch.where(self.observed, (self.probe.conj() * (moved - Ax)).real, 0).double().sum() / PROBE
        return float(misfit + 2 * divergence)


def probe(data: DataTerm, step: float, rng: torch.Generator) -> Tensor:
    """Numbers with the covariance of the noise; y plus ``step`` times them can have been measured."""
    y = data.y
    dtype = as_complex(torch.float64, y.is_complex())
    if data.noise.correlation is not None:
        u = data.noise.signal(y).to("cpu", dtype)
        return (data.noise.sample(u, rng) - u).to(y)
    # 0 where there is no noise, so that counts of 0 stay 0; few counts cannot be less than none
    drawn = torch.randn(y.shape, generator=rng, dtype=dtype).to(y) * data.variance.sqrt()
    least = data.noise.least
    return drawn if least is None else torch.where(y + step * drawn < least, -drawn, drawn)


class _Risk:
    """SURE per measured value as a function of the weight.

    y and y + εb are solved as a batch of two. Both make the same steps, so that their difference is the derivative of
    the iterate itself, and SURE holds for it however loosely the problem is solved.
    """

    def __init__(self, problem: Problem, seed: int, iterations: int | None) -> None:
        # a stream of its own: with that of the measurement's noise, the probe would be the noise, and SURE wrong
        rng = torch.Generator().manual_seed(seed + STREAM)
        self.size = problem.size
        self.data = [_Probed(d, rng) for d in problem.data_terms]
        self.image = Path([d.twice for d in self.data], problem.prior, GAP, iterations)

    def __call__(self, weight: float) -> float:
        x = self.image(weight)
        return sum(d.risk(x) for d in self.data) / self.size
