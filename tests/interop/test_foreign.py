"""The code of docs/foreign.md, for the libraries that are installed."""

from __future__ import annotations

import warnings

import pytest
import torch

from invprior import Problem, noise, priors, solve, stop
from invprior.testing import operator_outcomes
from tests.benchmarks.foreign import Example, examples
from tests.helpers import photograph

EXAMPLES = examples()
# What deprecations these libraries set off on import is theirs.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: f"{e.library}-{e.what.split()[0]}")
def test_an_operator_of_the_page_obeys_the_laws_and_takes_every_prior(example: Example) -> None:
    if example.installed() is None:
        pytest.skip(f"{example.library} is not installed")
    A = example.make()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert [str(o) for o in operator_outcomes(A, examples=3) if not o.holds] == []
    x = photograph(size=A.in_shape[-1]).float().mean(0)
    y = noise.Gaussian(0.02).sample(A(x), torch.Generator().manual_seed(0))
    for prior in (priors.NoPrior(), priors.Tikhonov(), 5 * priors.TV(), priors.DIP()):
        problem = Problem(A, y, noise=noise.Gaussian(0.02), prior=prior)
        found = solve(problem, stop=stop.MaxIterations(5)).x
        assert found.shape == x.shape
        assert found.dtype == x.dtype
        assert bool(found.isfinite().all())


def test_the_page_has_a_block_for_each_library() -> None:
    libraries = {"numpy", "scipy", "pylops", "astra-toolbox", "finufft", "mri-nufft", "torchkbnufft", "mrpro"}
    assert {e.library for e in EXAMPLES} == libraries
    assert {e.library for e in EXAMPLES if e.installed() is not None} >= {"numpy", "scipy"}
