"""The one loop that runs every solver."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from math import isfinite, isnan
from typing import Any

import torch
from torch import Tensor

from invprior.arguments import check_seed, shown
from invprior.errors import InvpriorError
from invprior.functionals import Quadratic
from invprior.linear_operator import LinearOperator
from invprior.problem import Problem
from invprior.shapes import all_finite, check_tensor
from invprior.solvers.adam import Adam
from invprior.solvers.base import Solver, State
from invprior.solvers.conjugate_gradient import ConjugateGradient
from invprior.solvers.iterate import Iterate
from invprior.solvers.pdhg import PDHG
from invprior.solvers.proximal_gradient import ProximalGradient
from invprior.solvers.recipe import Recipe
from invprior.solvers.result import Result, SolveState
from invprior.solvers.saddle import smooth_and_rest
from invprior.stop import AnyOf, Status, StopRule

# Called after every iteration; a Status that it returns ends the solve, anything else is ignored.
Callback = Callable[[Iterate], object]


class StepDropped(Exception):  # noqa: N818 - nothing is wrong
    """Raised in a step, or around one, to end the solve at once with the last whole step, and this status."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.message)
        self.status = status


DIVERGED = Status("diverged", "the objective is no longer finite; take a smaller step or another solver")


def choose(problem: Problem) -> Recipe:
    """The solver and the stop rule that suit the problem best.

    A parametrised prior recommends its own. Otherwise: all terms quadratic → ConjugateGradient; a plug-and-play
    denoiser → ProximalGradient; all linear and proximable → PDHG; all with gradients but for one that is proximable on
    the pixels → ProximalGradient; anything else → Adam on the pixels.
    """
    recommended = problem.prior.recipe()
    if recommended is not None:
        return Recipe(recommended.solver, recommended.stop)
    solver: Solver[Any] = Adam()
    if not problem.prior.parametrised and all(isinstance(t.operator, LinearOperator) for t in problem.terms):
        if all(isinstance(t.functional, Quadratic) for t in problem.terms):
            solver = ConjugateGradient()
        elif not all(t.functional.valued for t in problem.terms):
            solver = ProximalGradient()
        elif all(t.functional.proximable for t in problem.terms):
            solver = PDHG()
        elif _is_smooth_but_for_one(problem):
            solver = ProximalGradient()
    return Recipe(solver, solver.default_stop())


def solve(
    problem: Problem,
    solver: Solver[Any] | None = None,
    *,
    stop: StopRule | None = None,
    x0: Tensor | None = None,
    callbacks: Iterable[Callback] = (),
    seed: int = 0,
    state: SolveState | None = None,
) -> Result:
    """Minimise E(Ax; y) + R(x).

    The result hangs on no graph: gradients go through operators and terms, and not through a solve, whose memory stays
    level.

    Parameters
    ----------
    problem
        The problem to solve.
    solver, stop
        If ``solver`` is None, :func:`choose` picks both; a given solver has its own default stop rule.
    x0
        The image to start from, of ``problem.full_shape``; not for a parametrised prior.
    callbacks
        Each is called with the :class:`~invprior.solvers.iterate.Iterate` after every iteration. One that returns a
        :class:`~invprior.stop.Status` ends the solve with it; whatever else it returns is ignored. Where a solver has
        parts (the fits of ``Restarts``, the tiles of ``Tiled``), that ends all of them. Stop rules go first.
    seed
        Seed of all random numbers: the generator's weights and input, the jitter.
    state
        ``result.state`` of an earlier solve, to go on from; ``x0`` must then be None, and ``seed`` has no effect. With
        an equal problem the solve continues bit for bit. Another problem of the same shape starts from that state, with
        its iterations counted anew.

    Raises
    ------
    InvpriorError
        If the solver cannot solve the problem; the message names one that can.
    """
    _check(problem, solver, stop, state, seed)
    # in the precision of the data: under autocast a convolution would return another dtype than it was given
    with torch.autocast(problem.device.type, enabled=False):
        return _solve(problem, solver, stop, x0, _listeners(callbacks), seed, state)


def _solve(
    problem: Problem,
    solver: Solver[Any] | None,
    stop: StopRule | None,
    x0: Tensor | None,
    listeners: Iterable[Callback],
    seed: int,
    state: SolveState | None,
) -> Result:
    chosen = choose(problem) if solver is None else Recipe(solver, solver.default_stop())
    solver = chosen.solver
    rule = stop or chosen.stop
    rules = AnyOf(rule.rules)
    solver.accept(problem)
    rules.check(problem)
    if x0 is not None:
        check_tensor("x0", x0, problem.full_shape, problem.data_terms[0].y)
    if state is None:
        with torch.no_grad():
            x0 = None if x0 is None else problem.variable(x0)
            inner = solver.init(problem, x0, torch.Generator().manual_seed(seed))
        if not isinstance(inner, State):
            raise InvpriorError(
                f"{solver!r}.init returns a State, such as State(0, problem.start()), got {shown(inner)}"
            )
        state = SolveState(problem.mark, _maker(solver, problem), inner, None, None, 0, (), 0.0)
    elif x0 is not None:
        raise InvpriorError("give x0 to start anew or state to go on, not both")
    elif state.made_by != _maker(solver, problem):
        raise InvpriorError(
            f"the state is one of {state.made_by} and this solve takes {_maker(solver, problem)}; start from the image "
            "instead, with x0=result.x"
        )
    elif state.mark != problem.mark:  # the kept image and the memory belong to the other problem
        with torch.no_grad():
            inner = solver.carry(problem, state.solver_state, torch.Generator().manual_seed(seed))
        state = SolveState(problem.mark, state.made_by, inner, None, None, 0, (), 0.0)

    inner, memory, kept_x, kept = state.solver_state, state.memory, state.kept_x, state.kept
    mark, made_by, history = state.mark, state.made_by, list(state.history)
    begin = time.perf_counter() - state.seconds
    del state, x0  # else the arrays of the first state would stay until the end
    sound: Tensor | None = None
    sound_at = 0
    status: Status | None = None
    iterate: Iterate | None = None
    while status is None:
        try:
            inner = _step(solver, problem, inner)
            iterate = Iterate(problem, solver, inner, time.perf_counter() - begin)
            memory, verdict = rules.update(memory, iterate)
            if verdict.keep:
                kept_x, kept = iterate.x, iterate.iteration
            due = iterate.iteration % solver.log_every == 0
            if due:
                history.append(iterate.row() | rules.log(memory))
            if listeners:  # nobody else asks for the state that was reached
                rows = tuple(history)
                iterate.after(rules, SolveState(mark, made_by, inner, memory, kept_x, kept, rows, iterate.seconds))
            answers = [listener(iterate) for listener in listeners]
            status = solver.ended(inner) or verdict.stop or next((a for a in answers if isinstance(a, Status)), None)
            if status is not None and not due:
                history.append(iterate.row() | rules.log(memory))
            if status is not None or due:
                if _diverged(iterate):
                    status = DIVERGED
                elif kept_x is None:
                    sound, sound_at = iterate.latest, iterate.iteration
        except StepDropped as dropped:
            if iterate is None:
                raise KeyboardInterrupt from None
            status = dropped.status

    assert iterate is not None
    final = SolveState(mark, made_by, inner, memory, kept_x, kept, tuple(history), iterate.seconds)
    if kept_x is None and status is DIVERGED:  # the last image that was still finite
        kept_x, kept = problem.image(problem.start()) if sound is None else sound, sound_at
    elif kept_x is None:
        kept_x, kept = iterate.x, iterate.iteration
    return Result(kept_x.detach(), status, kept, iterate.iteration, final.history, final.seconds, final, solver, rule)


@torch.no_grad()
def _step(solver: Solver[Any], problem: Problem, state: Any) -> Any:
    """The next state; mistakes that a new solver is likely to make are named."""
    try:
        new = solver.step(problem, state)
    except RuntimeError as error:
        if "does not require grad" not in str(error):
            raise
        raise InvpriorError(
            f"{solver!r}.step asks for a gradient that nothing recorded; take problem.gradient(x), or open "
            "torch.enable_grad() around what is differentiated"
        ) from error
    if not isinstance(new, State) or new.iteration != state.iteration + 1:
        got = f"iteration {new.iteration}" if isinstance(new, State) else shown(new)
        raise InvpriorError(
            f"{solver!r}.step returns the State of iteration {state.iteration + 1}, such as "
            f"replace(state, iteration=state.iteration + 1, x=x), got {got}"
        )
    return new


def _maker(solver: Solver[Any], problem: Problem) -> str:
    """What states of this solver and problem have in common."""
    names = [type(solver).__name__]
    while isinstance(inner := getattr(solver, "inner", None), Solver):
        names.append(type(inner).__name__)
        solver = inner
    parametrised = ", a parametrised prior" if problem.prior.parametrised else ""
    return f"{' of '.join(names)} for a variable of shape {problem.variable_shape}{parametrised}"


def _check(problem: object, solver: object, stop: object, state: object, seed: object) -> None:
    """Raise if an argument of :func:`solve` is of a wrong kind."""
    takes: list[tuple[str, object, type, str]] = [
        ("problem", problem, Problem, "Problem(operator, y, noise=…, prior=…)"),
        ("solver", solver, Solver, "solvers.PDHG()"),
        ("stop", stop, StopRule, "stop.MaxIterations(100)"),
        ("state", state, SolveState, "result.state of an earlier solve"),
    ]
    for name, value, kind, such in takes:
        if not isinstance(value, kind) and (value is not None or name == "problem"):
            raise InvpriorError(f"solve takes a {name} such as {such}, got {shown(value)}")
    check_seed(seed)


def _listeners(callbacks: object) -> tuple[Callback, ...]:
    try:
        listeners: tuple[Any, ...] = tuple(callbacks)  # type: ignore[arg-type]
    except TypeError:
        listeners = (None,)
    if not all(map(callable, listeners)):
        remedy = "; put it into a list, as in callbacks=[f]" if callable(callbacks) else ""
        raise InvpriorError(f"solve takes callbacks as a sequence of functions, got {shown(callbacks)}{remedy}")
    return listeners


def _is_smooth_but_for_one(problem: Problem) -> bool:
    """True if proximal gradient steps solve the problem, whose operators are linear."""
    _, rest = smooth_and_rest(problem)
    return len(rest) <= 1 and all(t.operator.is_identity and t.functional.proximable for t in rest)


def _diverged(iterate: Iterate) -> bool:
    """True if the solve has diverged; a primal–dual one may pass through finite points of infinite objective."""
    if isfinite(iterate.value):
        return False
    allowed = iterate.solver.passes_infinity and not isnan(iterate.value)
    return not allowed or not all_finite(iterate.x)
