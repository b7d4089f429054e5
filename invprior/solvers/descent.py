"""Gradient descent on the weights of a generator, or on the pixels: everything but the update rule."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.prior import Generator, Seen, shown
from invprior.problem import Problem
from invprior.shapes import as_complex
from invprior.solvers.base import Solver, State
from invprior.solvers.generators import Pixels, fitted_to
from invprior.solvers.held_back import HeldBack
from invprior.stop import MaxIterations, StopRule


class Weights(NamedTuple):
    """All that a gradient step changes: parameters as one flat vector, their moments, buffers, the objective."""

    theta: Tensor
    moments: tuple[Tensor, ...]
    buffers: dict[str, Tensor]
    loss: Tensor


@dataclass(frozen=True, eq=False)
class DescentState(State):
    """The weights now and at the last safe point; the average of the outputs and their number."""

    generator: Generator
    weights: Weights
    safe: Weights
    average: Tensor
    averaged: Tensor
    lr_scale: Tensor
    recoveries: Tensor
    seed: int


@dataclass(frozen=True)
class Descent(Solver[DescentState]):
    """Minimises the objective per measured value over θ in x = f_θ, f_θ being the prior's generator or the pixels.

    The estimate is the running average of the outputs, x̄ ← β x̄ + (1 − β) x, over which the fluctuations of the
    single iterates cancel (Ulyanov et al. 2018, section 3). The first ``average_from`` outputs and diverged ones
    are left out, and β grows from 0 so that the first output does not outweigh the rest.

    A generator with ``held_back`` is shown a random part of the measured values in each step and fitted to the others
    (Quan et al. 2020), see :class:`~invprior.solvers.held_back.HeldBack`.

    A guard saves the weights, moments and buffers every ``guard_every`` iterations. When the objective is not finite
    or has grown by more than ``explosion`` since, it restores all of them and halves the learning rate.

    Parameters
    ----------
    lr
        Learning rate.
    average
        β in [0, 1); with 0 the estimate is the current deterministic output of the generator.
    average_from
        Iterations of warm-up that are left out of the average.
    guard_every
        Iterations between two safe points.
    explosion
        The factor by which the objective may grow; 10^0.5 is 5 dB.
    """

    lr: float = 0.01
    average: float = 0.0
    average_from: int = 50
    guard_every: int = 50
    explosion: float = 10**0.5

    log_every: ClassVar[int] = 10

    def __post_init__(self) -> None:
        if not self.lr > 0:
            raise InvpriorError(f"the learning rate must be positive, got {self.lr}")
        if not 0 <= self.average < 1:
            raise InvpriorError(f"average must lie in [0, 1), got {self.average}; 0 turns averaging off")

    @abstractmethod
    def _moments(self, theta: Tensor) -> tuple[Tensor, ...]:
        """The moments before the first step, each of the shape of θ."""

    @abstractmethod
    def _update(
        self, generator: Generator, theta: Tensor, moments: tuple[Tensor, ...], grad: Tensor, iteration: int
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The direction to add to θ, for a learning rate scale of 1, and the new moments."""

    def check(self, problem: Problem) -> None:
        for t in problem.terms:
            if not t.functional.valued:
                raise InvpriorError(
                    f"{type(self).__name__} descends along the gradient of a value, and the denoiser in "
                    f"{problem.prior!r} has none; drop it from the sum, or take solvers.PlugAndPlay() for it alone"
                )
        if problem.prior.parametrised and problem.full_shape != problem.shape:
            raise InvpriorError(
                f"{problem.prior!r} fits one image at a time, and the measurement has batch axes "
                f"{problem.full_shape[: -len(problem.shape)]}; solve them one by one"
            )

    def init(self, problem: Problem, x0: Tensor | None, rng: torch.Generator) -> DescentState:
        generator = fitted_to(problem, rng)
        _check_seen(problem, generator)
        _check_shown(problem, generator)
        if generator is None:
            generator = Pixels(problem.start() if x0 is None else x0)
        elif x0 is not None:
            raise InvpriorError(f"{problem.prior!r} starts from random weights; drop x0, or pass state= to go on")
        real = as_complex(problem.dtype, False)
        generator = generator.to(device=problem.device, dtype=real)
        theta = torch.cat([p.detach().reshape(-1) for p in _parameters(generator).values()])
        buffers = {k: v for k, v in generator.named_buffers() if k not in generator.constants}
        zero = torch.zeros((), dtype=real, device=problem.device)
        weights = Weights(theta, self._moments(theta), buffers, torch.full_like(zero, torch.inf))
        x = torch.zeros(problem.variable_shape, dtype=problem.dtype, device=problem.device)
        seed = int(torch.randint(2**62, (), generator=rng))
        return DescentState(0, x, generator, weights, weights, x, zero, zero + 1, zero, seed)

    def carry(self, problem: Problem, state: DescentState, rng: torch.Generator) -> DescentState:
        """Keeps the network; its moments, the average and the guard belong to the other objective and start anew."""
        fresh, old = self.init(problem, None, rng), state.weights
        weights = fresh.weights._replace(theta=old.theta, buffers=old.buffers)
        return replace(fresh, generator=state.generator, weights=weights, safe=weights, seed=state.seed)

    def step(self, problem: Problem, state: DescentState) -> DescentState:
        iteration = state.iteration + 1
        # seeded anew in each step, so that the state holds a number and not a generator
        rng = torch.Generator(problem.device).manual_seed(state.seed + iteration)
        old = state.weights
        with torch.enable_grad():
            theta = old.theta.detach().requires_grad_()
            share = state.generator.held_back
            part = HeldBack.draw(problem, share, rng) if share > 0 else None
            x, buffers = _run(state.generator, theta, old.buffers, rng, None if part is None else part.seen)
            loss = (problem if part is None else part).objective(x) / problem.size
            (grad,) = torch.autograd.grad(loss, theta)
        x, loss = x.detach(), loss.detach()

        with torch.no_grad():
            bad = ~(loss <= self.explosion * state.safe.loss)  # a NaN compares false
            direction, moments = self._update(state.generator, old.theta, old.moments, grad, iteration)
            stepped = Weights(old.theta + state.lr_scale * direction, moments, buffers, loss)
            weights = _where(bad, state.safe, stepped)
            # the first step gives the guard a finite objective to compare with
            safe = weights if iteration % self.guard_every == 0 or iteration == 1 else state.safe
            frame, count = self._average(state, x, bad, iteration)
            return replace(
                state,
                iteration=iteration,
                x=x,
                weights=weights,
                safe=safe,
                average=frame,
                averaged=count,
                lr_scale=torch.where(bad, 0.5 * state.lr_scale, state.lr_scale),
                recoveries=state.recoveries + bad,
            )

    def _average(self, state: DescentState, x: Tensor, bad: Tensor, iteration: int) -> tuple[Tensor, Tensor]:
        if self.average == 0 or iteration <= self.average_from:
            return state.average, state.averaged
        # β = 1 − share grows from 0 to its setting
        share = (1 / (state.averaged + 1)).clamp(min=1 - self.average)
        frame = torch.where(bad, state.average, state.average + share * (x - state.average))
        return frame, state.averaged + ~bad

    def default_stop(self) -> StopRule:
        return MaxIterations(2000)

    def estimate(self, state: DescentState) -> Tensor:
        if self.average > 0 and state.iteration > self.average_from:
            return state.average
        if state.generator.held_back > 0:  # it has no pass without measurements to see
            return state.x
        return _run(state.generator, state.weights.theta, state.weights.buffers, None)[0]

    def value(self, problem: Problem, state: DescentState) -> Tensor:
        """The objective at the output where the last gradient was taken."""
        return problem.objective(state.x)

    def log(self, state: DescentState) -> dict[str, Tensor]:
        return {"recoveries": state.recoveries}


def _check_seen(problem: Problem, generator: Generator | None) -> None:
    """Raise if whole channels of the image are not measured that the generator does not tie to the others."""
    tied = None if generator is None else generator.tied
    if tied is None or len(tied) >= len(problem.shape):
        return
    if not all(isinstance(d.operator, LinearOperator) for d in problem.data_terms):
        return
    channels = problem.once(_seen).amax(tied)
    unseen = int((channels == 0).sum())
    if unseen:
        axes = (*(a for a in range(-len(problem.shape), 0) if a not in tied), *tied)
        raise InvpriorError(
            f"{unseen} of {channels.numel()} channels of the image are not measured, and {problem.prior!r} does not "
            f"tie channels to one another; take a prior along their axis, such as DIP(axes={axes})"
        )


def _check_shown(problem: Problem, generator: Generator | None) -> None:
    """Raise if a generator wants to see measurements that have no back-projection."""
    nonlinear = [d.operator for d in problem.data_terms if not isinstance(d.operator, LinearOperator)]
    if generator is not None and generator.held_back > 0 and nonlinear:
        raise InvpriorError(
            f"{problem.prior!r} sees the back-projection of the data, and {nonlinear[0]!r} is not linear and has none; "
            "take priors.DIP()"
        )


def _seen(problem: Problem) -> Tensor:
    """Of each value of the image 0 if no linear operator measures it; computed once for all fits of a problem."""
    rng = torch.Generator().manual_seed(0)
    seen = torch.zeros(problem.shape, device=problem.device)
    with torch.no_grad():
        for d in problem.data_terms:
            if isinstance(d.operator, LinearOperator):
                y = torch.rand(d.y.shape, generator=rng, dtype=d.y.dtype).to(d.y.device)
                seen += d.operator.H(y * d.observed).abs()
    return seen


def _parameters(generator: Generator) -> dict[str, nn.Parameter]:
    return {k: p for k, p in generator.named_parameters() if p.requires_grad}


def split(generator: Generator, theta: Tensor) -> dict[str, Tensor]:
    """The generator's parameters as views of the flat vector."""
    parameters = _parameters(generator)
    parts = theta.split([p.numel() for p in parameters.values()])
    return {k: part.view(p.shape) for (k, p), part in zip(parameters.items(), parts, strict=True)}


def _run(
    generator: Generator,
    theta: Tensor,
    buffers: dict[str, Tensor],
    rng: torch.Generator | None,
    seen: Seen | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """The image of these weights, and the buffers after the pass; the arguments stay unchanged."""
    after = {k: v.clone() for k, v in buffers.items()}
    x: Tensor = torch.func.functional_call(generator, split(generator, theta) | after, shown(rng, seen))
    return x, after


def _where(bad: Tensor, safe: Weights, new: Weights) -> Weights:
    """``safe`` if bad else ``new``, without reading the condition on the host."""

    def pick(a: Tensor, b: Tensor) -> Tensor:
        return torch.where(bad, a, b)

    return Weights(
        pick(safe.theta, new.theta),
        tuple(map(pick, safe.moments, new.moments)),
        {k: pick(safe.buffers[k], v) for k, v in new.buffers.items()},
        pick(safe.loss, new.loss),
    )
