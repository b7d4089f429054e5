"""Every penalty converges alone, beside bounds, inside Joint, and all of these together."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest
import torch

from invprior import Prior, Problem, noise, priors, solve, solvers, stop
from invprior.operators import Identity, Mask
from invprior.priors import Box, Joint
from invprior.purpose import Purpose
from tests.helpers import photograph

CLEAN = photograph(size=10)
PENALTIES = {
    name: make()
    for kind in (getattr(priors, name) for name in priors.__all__)
    if inspect.isclass(kind) and issubclass(kind, Prior)
    for name, make in kind.names(Purpose()).items()
    if name not in ("dip", "none", "box", "nlm", "nonlocal")  # the last two have no value
}
SUMS: dict[str, Callable[[Prior], Prior]] = {
    "alone": lambda R: 5 * R,
    "bounded": lambda R: 5 * R + Box(0.1, 0.9),
    "bounded first": lambda R: Box(0.1, 0.9) + 5 * R,
    "joint": lambda R: Joint(5 * R),
    "joint and bounded": lambda R: Joint(5 * R) + Box(0.1, 0.9),
    "joint, bounded within": lambda R: Joint(5 * R + Box(0.1, 0.9)),
}


@pytest.mark.parametrize(("how", "known"), [(how, 0.6) for how in SUMS] + [("bounded", 1.0), ("joint", 1.0)])
@pytest.mark.parametrize("name", PENALTIES)
def test_pdhg_converges(name: str, how: str, known: float) -> None:
    clean = torch.stack([CLEAN, 1 - CLEAN]) if how.startswith("joint") else CLEAN
    shape = tuple(clean.shape)
    held = torch.rand(shape[-2:], generator=torch.Generator().manual_seed(0)) < known
    A = Identity(shape) if known == 1 else Mask(shape, held)
    y = noise.Gaussian(0.1).sample(A(clean), torch.Generator().manual_seed(1))
    prior = SUMS[how](PENALTIES[name])
    result = solve(Problem(A, y, noise=noise.Gaussian(0.1), prior=prior), solvers.PDHG(), stop=LOOSE)
    assert result.status.name == "converged"
    if "bounded" in how:
        assert float(result.x.min()) >= 0.1 - 1e-9
        assert float(result.x.max()) <= 0.9 + 1e-9


LOOSE = stop.RelativeGap(1e-3) | stop.MaxIterations(2500)


def test_every_penalty_is_among_them() -> None:
    assert {"tv", "tgv", "tikhonov", "wavelet"} <= set(PENALTIES)
