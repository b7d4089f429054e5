"""The laws of a noise model: its samples follow the distribution that its likelihood describes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

import torch
from hypothesis import strategies as st
from torch import Tensor

import invprior.noise as noise
from invprior.errors import InvpriorError
from invprior.noise import Noise
from invprior.testing.law import Law, Measurement, Outcome, Skip, classes
from invprior.testing.search import Search, raise_first, survey
from invprior.testing.strategies import seeds

Target = Noise | type[Noise]
NO_MODEL = "there was no case to check: no noise model could be made"
DRAWS = 40_000
SIGMAS = 5.0  # a statistic may be off by this many of its standard errors: one false alarm in two million
SIGNS = 0x51635  # added to the seed of random signs


@dataclass(frozen=True, eq=False)
class NoiseCase:
    """A noise model at one gray level u, with many samples."""

    model: Noise
    level: float
    seed: int
    y: Tensor
    lines: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{self.model!r} at gray level {self.level:.3g} (seed {self.seed})"

    @property
    def subject(self) -> Noise:
        return self.model

    @property
    def given(self) -> Tensor:
        return self.clean()

    def fresh(self) -> NoiseCase:
        return self

    def clean(self, level: float | None = None) -> Tensor:
        return torch.full_like(self.y, self.level if level is None else level)

    def signs(self) -> Tensor:
        """±1 at random, one per sample."""
        rng = torch.Generator().manual_seed(self.seed + SIGNS)
        return torch.randint(2, self.y.shape, generator=rng).to(self.y) * 2 - 1

    def score(self, shift: Tensor | float = 0.0) -> Tensor:
        """−∂/∂u of the nll at the clean level plus a shift, one value per sample."""
        u = (self.clean() + shift).requires_grad_()
        (grad,) = torch.autograd.grad(self.model.nll(self.y)(u), u)
        return -grad

    def spread(self) -> float:
        return math.sqrt(float(self.model.variance(self.clean()).expand_as(self.y).mean()))


def _seeded(case: NoiseCase) -> Measurement:
    u = case.clean()
    state = torch.random.get_rng_state()
    first, again, other = (case.model.sample(u, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    wrong = [
        what
        for what, bad in {
            "the same rng gave another sample": not torch.equal(first, again),
            "another seed gave the same sample": torch.equal(first, other),
            "the global generator was used": not torch.equal(state, torch.random.get_rng_state()),
            "the input was modified": not torch.equal(u, case.clean()),
            f"shape or dtype changed to {tuple(first.shape)}, {first.dtype}": (first.shape, first.dtype)
            != (u.shape, u.dtype),
        }.items()
        if bad
    ]
    return Measurement(float(len(wrong)), 0.0, f"{case!r}: {'; '.join(wrong)}")


def _variance(case: NoiseCase) -> Measurement:
    r = case.y - case.y.mean()
    var = r.square().mean()
    # the standard error of a sample variance, from the fourth moment
    error = (r.square() - var).square().mean().sqrt() / math.sqrt(DRAWS)
    declared = float(case.model.variance(case.clean()).expand_as(case.y).mean())
    off = abs(float(var) - declared) / max(float(error), 1e-300)
    return Measurement(off, SIGMAS, f"{case!r}: samples have variance {float(var):.6g}, the model says {declared:.6g}")


def _level(case: NoiseCase) -> Measurement:
    measured = float((case.model.signal(case.y) - case.clean()).square().mean())
    declared = float(case.model.estimated_variance(case.y).expand_as(case.y).mean())
    return Measurement(
        abs(declared / measured - 1), 0.1, f"{case!r}: estimated variance {declared:.6g}, samples {measured:.6g}"
    )


def _gradient(case: NoiseCase) -> Measurement:
    h = 1e-5 * case.spread()
    nll = case.model.nll(case.y)
    slope = -float(nll(case.clean(case.level + h)) - nll(case.clean(case.level - h))) / (2 * h)
    exact = float(case.score().sum())
    scale = float(case.score().abs().sum())
    return Measurement(
        abs(slope - exact) / scale, 1e-4, f"{case!r}: differences give {slope:.6g}, autograd {exact:.6g}"
    )


def _centred(case: NoiseCase) -> Measurement:
    """E[score] = 0 at the truth: the likeliest level of many samples is the one they were drawn at."""
    s = case.score()
    return Measurement(abs(float(s.mean())) / max(float(s.std()) / math.sqrt(DRAWS), 1e-300), SIGMAS, repr(case))


def _information(case: NoiseCase) -> Measurement:
    """Var[score] = −∂E[score]/∂u (Fisher): a likelihood off by a factor c has c² on the left and c on the right.

    The level moves by a random sign at each sample, which leaves the trace of the derivative where samples are
    correlated.
    """
    h = 0.1 * case.spread()
    fisher = float(case.score().square().mean())
    signs = case.signs()

    def slope(d: float) -> float:
        return float((signs * (case.score(-d * signs) - case.score(d * signs))).mean()) / (2 * d)

    near, far = slope(h), slope(2 * h)
    # extrapolated to h = 0, since a kink in the likelihood, as Laplace's, gives each quotient an error linear in h
    curvature = 2 * near - far
    return Measurement(
        abs(fisher / curvature - 1),
        0.08,
        f"{case!r}: the variance of the score is {fisher / curvature:.4g} × the curvature",
    )


def _complex(case: NoiseCase) -> Measurement | Skip:
    """On complex data E|y − u|² is the declared variance, and the score of both parts has the nll's curvature."""
    model, rng = case.model, torch.Generator().manual_seed(case.seed)
    u = torch.complex(case.clean(), 0.5 * case.clean())
    try:
        y = model.sample(u, rng)
        likelihood = model.nll(y)
        likelihood(u)
    except Exception as error:
        return Skip(f"it takes no complex data ({type(error).__name__})")
    if not y.is_complex():
        return Skip("its samples of complex data are real")
    power = (y - u).abs().square()
    declared = float(model.variance(u).expand_as(power).mean())
    standard_error = max(float(power.std()) / math.sqrt(DRAWS), 1e-300)
    off = abs(float(power.mean()) - declared) / standard_error

    def score(at: Tensor) -> Tensor:
        at = at.detach().requires_grad_()
        return -torch.view_as_real(torch.autograd.grad(likelihood(at), at)[0])

    h = 0.1 * math.sqrt(declared)
    ratios, signs = [], case.signs()
    for part, step in enumerate((h * signs, 1j * h * signs)):
        fisher = float(score(u)[..., part].square().mean())
        curvature = float((signs * (score(u - step) - score(u + step))[..., part]).mean()) / (2 * h)
        ratios.append(fisher / curvature)
    worst = max((abs(r - 1) for r in ratios), default=0.0)
    said = (
        f"{case!r}, complex data: E|y − u|² is {float(power.mean()):.6g}, the model says {declared:.6g}; the variance "
        f"of the score is {ratios[0]:.4g} × the curvature in the real part, {ratios[1]:.4g} × in the imaginary part"
    )
    return Measurement(max(off / SIGMAS, worst / 0.08), 1.0, said)


def _split(case: NoiseCase) -> Measurement | Skip:
    """Both parts of a split have the mean u, their share of what y tells, and noise that is independent.

    What the second has more than y is noise of mean 0, whatever y is.
    """
    share, u = 0.3, case.clean()
    parts = case.model.split(case.y, share, torch.Generator().manual_seed(case.seed + 1))
    if parts is None:
        return Skip("it knows no way to split a measurement")
    first, second = parts.noise.signal(parts.first) - u, parts.second - u
    whole = case.model.signal(case.y) - u
    added = second - whole
    v = float(case.model.variance(u).expand_as(u).mean())
    root = math.sqrt(DRAWS / 2)  # of the draws in a stretch that noise is correlated over, half are counted
    errors = {
        "mean of the first": float(first.mean()) / math.sqrt(v / (1 - share)) * root,
        "mean of the second": float(second.mean()) / math.sqrt(v / share) * root,
        "variance of the first": (float(first.square().mean()) * (1 - share) / v - 1) * root / 2,
        "variance of the second": (float(second.square().mean()) * share / v - 1) * root / 2,
        "model of the first": (float(parts.noise.variance(u).expand_as(u).mean()) * (1 - share) / v - 1) * DRAWS,
        "covariance": float((first * second).mean()) * math.sqrt(share * (1 - share)) / v * root,
        "covariance with y of what was added": float((added * whole).mean()) / math.sqrt(1 / share - 1) / v * root,
    }
    worst = max(errors, key=lambda name: abs(errors[name]))
    return Measurement(abs(errors[worst]), SIGMAS, f"{case!r}, split {1 - share:g} to {share:g}: the {worst} is off")


LAWS: tuple[Law[NoiseCase], ...] = (
    Law("seeded", "samples depend on the rng alone, in the shape and dtype of the input", _seeded),
    Law("variance", "samples have the declared variance, in standard errors", _variance),
    Law("level", "signal(y) is u and estimated_variance(y) its mean squared error, on average, relative", _level),
    Law("gradient", "autograd of the nll is its slope, relative", _gradient),
    Law("centred", "the nll is least at the level sampled from, in standard errors", _centred),
    Law("information", "the score's variance is the nll's mean curvature, relative", _information),
    Law(
        "split",
        "the parts of a split are independent, with the mean u, and y for the second given y, in standard errors",
        _split,
        core=False,
    ),
    Law(
        "complex",
        "on complex data E|y − u|² is variance(u), and the score's variance the curvature, relative to their bounds",
        _complex,
        core=False,
    ),
)


def exported() -> dict[str, type[Noise]]:
    """Every noise model that ``invprior.noise`` exports, by name."""
    return classes(noise, Noise)  # type: ignore[type-abstract]  # the subclasses are concrete


@st.composite
def cases(draw: st.DrawFn, target: Target) -> NoiseCase:
    """A noise model at a gray level between 0.2 and 0.8."""
    settings = draw(seeds())
    name = type(target).__name__ if isinstance(target, Noise) else target.__name__
    made = f"model = {name}.example(Random({settings}))" if isinstance(target, type) else f"model = …  # {target!r}"
    model = target.example(Random(settings)) if isinstance(target, type) else target
    level, seed = draw(st.sampled_from([0.5, 0.2, 0.8])), draw(seeds())
    u = torch.full((1, 1, DRAWS), level, dtype=torch.float64)
    lines = (
        "import torch",
        "from random import Random",
        made,
        f"u = torch.full((1, 1, {DRAWS}), {level}, dtype=torch.float64)",
        f"y = model.sample(u, torch.Generator().manual_seed({seed}))",
        "print(y.var(), model.variance(u))",
    )
    return NoiseCase(model, level, seed, model.sample(u, torch.Generator().manual_seed(seed)), lines)


def noise_outcomes(
    target: Target,
    *,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int = 10,
    seed: int = 0,
) -> list[Outcome]:
    """Measure every law of :func:`check_noise` and return the outcomes."""
    if not isinstance(target, Noise) and not (isinstance(target, type) and issubclass(target, Noise)):
        raise InvpriorError(f"there is nothing to check in {target!r}; give a noise model or its class")
    return survey(LAWS, cases(target), Search(examples, seed, laws, tol), lambda: InvpriorError(NO_MODEL))


def check_noise(
    target: Target,
    *,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int = 10,
    seed: int = 0,
) -> None:
    """Search for a gray level at which samples and likelihood of a noise model disagree.

    Complex data have a standard deviation σ in the real part and in the imaginary part, so that E|y − u|² = 2σ².

    Parameters
    ----------
    target
        A noise model with scalar settings, or a class with ``example``.
    laws
        Names of the laws to measure; None for all.
    tol
        Factor on every bound.
    examples, seed
        Cases drawn, and the seed of the search.

    Raises
    ------
    LawError
        With the broken law, the measured value, its bound and the smallest failing case.
    """
    raise_first(noise_outcomes(target, laws=laws, tol=tol, examples=examples, seed=seed))
