"""The laws of a solver."""

from __future__ import annotations

import math
import pickle
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from hypothesis import reject
from hypothesis import strategies as st
from torch import Tensor

import invprior.noise as noise
import invprior.operators as operators
import invprior.priors as priors
import invprior.solvers as solvers
from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.prior import Prior
from invprior.problem import Problem
from invprior.solvers import Solver
from invprior.solvers.loop import solve
from invprior.stop import MaxIterations
from invprior.testing.law import Law, Measurement, Outcome, Skip, classes
from invprior.testing.search import Search, raise_first, survey

Target = Solver[Any] | type[Solver[Any]]
SHAPE = (2, 9, 7)
ITERATIONS = 1500
NO_PROBLEM = (
    "there was no case to check: the solver's check(problem) refused denoising, inpainting and upscaling, each without "
    "a prior, with TV and with a denoiser"
)
ONE_SCALE = Skip("only at scale 1, which a fixed learning rate suits")
STILL = 200  # steps between two looks at whether a solver has arrived


def _operator(kind: str) -> LinearOperator:
    rng = torch.Generator().manual_seed(3)
    if kind == "mask":
        return operators.Mask(SHAPE, torch.rand(SHAPE[1:], generator=rng) > 0.4)
    return operators.Lanczos(SHAPE, 2) if kind == "lanczos" else operators.Identity(SHAPE)


@dataclass(frozen=True, eq=False)
class SolverCase:
    """A solver, a small problem that it accepts, with a scaled operator, and another problem with other y and R."""

    solver: Solver[Any]
    problem: Problem
    other: Problem
    scale: float
    label: str
    settings: tuple[str, str, float, int]

    def __repr__(self) -> str:
        return f"{self.solver!r} on {self.label}"

    @property
    def subject(self) -> Solver[Any]:
        return self.solver

    @property
    def given(self) -> Tensor:
        return self.problem.data_terms[0].y

    @property
    def lines(self) -> tuple[str, ...]:
        return (
            "import invprior as ip",
            "from invprior.testing import solver_laws",
            f"solver = …  # {self.solver!r}",
            f"problem, other = solver_laws.problems{self.settings}",
            "print(ip.solve(problem, solver, stop=ip.stop.MaxIterations(40)))",
        )

    def fresh(self) -> SolverCase:
        return self  # the states that it has reached are what laws share

    def states(self, n: int, start: Any = None) -> Any:
        """The state after n steps, from ``start`` or else from the initial state."""
        if start is not None:
            return self._step(start, n)
        earlier = max((k for k in self._reached if k <= n), default=0)
        if not self._reached:
            self._reached[0] = self.solver.init(self.problem, None, torch.Generator().manual_seed(0))
        self._reached[n] = self._step(self._reached[earlier], n - earlier)
        return self._reached[n]

    def _step(self, state: Any, n: int) -> Any:
        """n steps, or fewer where the estimate stands still: more would change nothing."""
        before: Tensor | None = None
        for k in range(n):
            if k % STILL == 0:
                now = self.solver.estimate(state)
                if before is not None and float((now - before).abs().max()) <= 1e-14 * float(now.abs().max()):
                    return state
                before = now.clone()
            state = self.solver.step(self.problem, state)
        return state

    @cached_property
    def _reached(self) -> dict[int, Any]:
        """States by step number, so that a longer run goes on from a shorter one."""
        return {}


def _purity(case: SolverCase) -> Measurement:
    state = case.states(3)
    before = case.solver.estimate(state).clone()
    first = case.solver.estimate(case.states(4, state))
    second = case.solver.estimate(case.states(4, state))
    wrong = not torch.equal(first, second)
    other = not torch.equal(before, case.solver.estimate(state))
    what = "steps from one state gave two results" if wrong else "a step changed the state it was given"
    return Measurement(float(wrong + other), 0.0, f"{case!r}: {what}")


def _resume(case: SolverCase) -> Measurement:
    whole = solve(case.problem, case.solver, stop=MaxIterations(25))
    part = solve(case.problem, case.solver, stop=MaxIterations(11))
    rest = solve(case.problem, case.solver, stop=MaxIterations(25), state=part.state)
    off = float((whole.x - rest.x).abs().max())
    return Measurement(off, 0.0, f"{case!r}: resumed after 11 of 25 iterations, off by {off:.3g}")


def _checkpoint(case: SolverCase) -> Measurement:
    """A pickled state continues on an equal problem, built again, as it would have on the original."""
    whole = solve(case.problem, case.solver, stop=MaxIterations(25))
    part = solve(case.problem, case.solver, stop=MaxIterations(11))
    read = pickle.loads(pickle.dumps(part.state))
    rest = solve(deepcopy(case.problem), case.solver, stop=MaxIterations(25), state=read)
    off = float((whole.x - rest.x).abs().max())
    return Measurement(off, 0.0, f"{case!r}: from a pickled state with an equal problem, off by {off:.3g}")


def _another(case: SolverCase) -> Measurement | Skip:
    """Another problem is solved from this problem's state as well as from its image."""
    if case.scale != 1:
        return ONE_SCALE
    first = solve(case.problem, case.solver, stop=MaxIterations(40))
    fresh = solve(case.other, case.solver, stop=MaxIterations(120), x0=first.x)
    again = solve(case.other, case.solver, stop=MaxIterations(120), state=first.state)
    fresh_value, carried = (float(case.other.objective(r.x)) for r in (fresh, again))
    return Measurement(
        (carried - fresh_value) / _flat(case.other),
        0.05,
        f"{case!r}: another problem ends at {carried:.6g}, not {fresh_value:.6g}",
    )


def _format(case: SolverCase) -> Measurement:
    x = case.solver.estimate(case.states(2))
    wrong = (
        tuple(x.shape) != case.problem.variable_shape or x.dtype != case.problem.dtype or not bool(x.isfinite().all())
    )
    return Measurement(float(wrong), 0.0, f"{case!r}: the estimate is {tuple(x.shape)}, {x.dtype}")


def _certificate(case: SolverCase) -> Measurement | Skip:
    """The gap, or else the residual, goes to zero."""
    first = case.states(1)
    if case.solver.gap(first) is None and case.solver.residual(first) is None:
        return Skip("gap() and residual() are None")
    state = case.states(ITERATIONS)
    gap, residual = case.solver.gap(state), case.solver.residual(state)
    if gap is not None:
        relative = abs(float(gap)) / _flat(case.problem)
        return Measurement(relative, 1e-5, f"{case!r}: gap after {ITERATIONS} iterations over a flat image's objective")
    if residual is not None:
        return Measurement(float(residual), 1e-8, f"{case!r}: relative residual after {ITERATIONS} iterations")
    return Skip("gap() and residual() are None")


def _honesty(case: SolverCase) -> Measurement | Skip:
    """gap ≥ objective − minimum, the minimum taken from a long run."""
    state = case.states(20)
    gap = case.solver.gap(state)
    if gap is None:
        return Skip("gap() is None")
    minimum = float(case.problem.objective(case.states(4 * ITERATIONS).x))
    error = float(case.problem.objective(state.x)) - minimum
    excess = max(error - float(gap), 0.0) / _flat(case.problem)
    return Measurement(excess, 1e-7, f"{case!r}: gap {float(gap):.6g}, error {error:.6g}")


def _flat(problem: Problem) -> float:
    """The objective of an image of one gray level, to which the other values are relative."""
    start = problem.start()
    return float(problem.objective(torch.full_like(start, float(start.mean()))))


def _descent(case: SolverCase) -> Measurement | Skip:
    if case.scale != 1:
        return ONE_SCALE
    start, end = _flat(case.problem), float(case.problem.objective(case.solver.estimate(case.states(300))))
    return Measurement(end / start, 0.9, f"{case!r}: from {start:.6g} for flat gray to {end:.6g} in 300 iterations")


LAWS: tuple[Law[SolverCase], ...] = (
    Law("format", "the estimate has the image's shape and dtype and is finite", _format),
    Law("purity", "step gives the same bits for the same state, and leaves it as it was", _purity),
    Law("resume", "a resumed solve equals an uninterrupted one, bit for bit", _resume),
    Law("checkpoint", "a pickled state with an equal problem built again gives the same, bit for bit", _checkpoint),
    Law("another", "another problem is solved from this state, relative to a flat image's objective", _another),
    Law("descent", "the objective falls below 0.9 of a flat image's", _descent),
    Law(
        "certificate", "gap or residual goes to zero at every scale of the operator, relative", _certificate, core=False
    ),
    Law("honesty", "the gap is an upper bound of the error, relative", _honesty, core=False),
)


def exported() -> dict[str, type[Solver[Any]]]:
    """Every solver that ``invprior.solvers`` exports, by name."""
    return classes(solvers, Solver)  # type: ignore[type-abstract]  # the subclasses are concrete


def problems(kind: str, penalty: str, scale: float, seed: int) -> tuple[Problem, Problem]:
    """A small problem with a scaled operator, and another one with other data and another weight."""
    A = scale * _operator(kind)
    rng = torch.Generator().manual_seed(seed)
    clean = torch.linspace(0, 1, math.prod(SHAPE), dtype=torch.float64).reshape(SHAPE).sin().round(decimals=1)
    model = noise.Gaussian(0.05 * scale)
    prior: Prior = {"tv": 5.0 * priors.TV(), "denoiser": priors.PnP(_blended)}.get(penalty, priors.NoPrior())
    problem = Problem(A, model.sample(A(clean), rng), noise=model, prior=prior)
    return problem, Problem(A, model.sample(A(1 - clean), rng), noise=model, prior=2 * prior)


def _blended(u: Tensor, sigma: float) -> Tensor:
    """Half of u and half of its mean over neighbours: symmetric with values in [0, 1], so a proximal map."""
    return 0.5 * u + 0.25 * u.roll(1, -1) + 0.25 * u.roll(-1, -1)


@st.composite
def cases(draw: st.DrawFn, target: Target) -> SolverCase:
    """The solver on a problem that it accepts: operators scaled by 1e-3 to 1e3; no prior, TV or a denoiser."""
    solver = target() if isinstance(target, type) else target
    settings = (
        draw(st.sampled_from(["identity", "mask", "lanczos"])),
        draw(st.sampled_from(["tv", "none", "denoiser"])),
        draw(st.sampled_from([1.0, 1e-3, 1e3])),
        draw(st.integers(0, 3)),
    )
    problem, other = problems(*settings)
    try:
        solver.accept(problem)
    except InvpriorError:
        reject()
    kind, penalty, scale, _ = settings
    return SolverCase(solver, problem, other, scale, f"{scale:g} × {kind} with prior {penalty}", settings)


def _is_solver(target: Any) -> None:
    if not isinstance(target, Solver) and not (isinstance(target, type) and issubclass(target, Solver)):
        raise InvpriorError(f"there is nothing to check in {target!r}; give a solver or its class")


def solver_outcomes(
    target: Target,
    *,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int = 12,
    seed: int = 0,
) -> list[Outcome]:
    """Measure every law of :func:`check_solver` and return the outcomes."""
    _is_solver(target)
    return survey(LAWS, cases(target), Search(examples, seed, laws, tol), lambda: InvpriorError(NO_PROBLEM))


def check_solver(
    target: Target,
    *,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int = 12,
    seed: int = 0,
) -> None:
    """Search for a small problem on which a solver breaks one of its laws.

    Parameters
    ----------
    target
        A solver, or a class whose defaults are checked.
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
    InvpriorError
        If the solver refuses every problem.
    """
    raise_first(solver_outcomes(target, laws=laws, tol=tol, examples=examples, seed=seed))
