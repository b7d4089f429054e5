"""One window of a film: its motion, its weight, its solve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from invprior import motion, noise
from invprior.cli.options import Settings
from invprior.cli.restore import given_noise, given_weight
from invprior.cli.video.priors import FilmPrior
from invprior.cli.video.progress import FilmBar
from invprior.cli.video.tasks import FilmTask
from invprior.loop import Result, choose, solve
from invprior.operator import LinearOperator
from invprior.problem import DataTerm, Problem
from invprior.runs.weighing import weigh
from invprior.stop import AnyOf, RelativeGap, StopRule, at_most

# What the noise level and the weight are chosen by: so many frames of the middle, a square of so many pixels of them.
FRAMES, SIDE = 6, 128
# Where a convex window stops: ten times looser than a picture halves the time, and PSNR moves by 0.01 dB.
GAP = 1e-3


@dataclass(frozen=True, eq=False)
class Section:
    """Some frames (T, 3, H, W) of the file, and which pixels of them are known, (T, H, W), where some are not."""

    frames: Tensor
    known: Tensor | None

    def part(self, start: int, stop: int) -> Section:
        """Some of these frames."""
        return Section(self.frames[start:stop], None if self.known is None else self.known[start:stop])

    def middle(self) -> Section:
        """A square of the middle, whose hole is ignored where it has all or nothing of it."""
        rows, columns = (slice(max(0, (n - SIDE) // 2), (n + SIDE) // 2) for n in self.frames.shape[-2:])
        known = None if self.known is None else self.known[:, rows, columns]
        if known is not None and not bool(known.any()):
            return self
        return Section(self.frames[..., rows, columns], known)


@dataclass(frozen=True)
class Choice:
    """What is found once and holds for every window.

    Attributes
    ----------
    sigma
        The noise level.
    weight
        λ beside ½‖Ax − y‖², as ``--weight`` takes it; None without a penalty.
    scale
        The same beside the negative log-likelihood.
    """

    sigma: float
    noise_rule: str
    weight: float | None
    weight_rule: str
    scale: float


@dataclass(frozen=True)
class Job:
    """All that stays the same from window to window."""

    task: FilmTask
    prior: FilmPrior
    depth: int
    device: str
    settings: Settings

    def problem(self, section: Section) -> tuple[LinearOperator, Tensor]:
        """A and y."""
        A = self.task.operator(tuple(section.frames.shape), section.known)
        y = section.frames if section.known is None else A(section.frames)  # a hole was not measured
        return A.to(self.device), y.to(self.device)

    def flow(self, A: LinearOperator, y: Tensor, model: noise.Noise, known: Tensor | None) -> Tensor | None:
        """The motion, for a prior that follows it."""
        return motion.estimate(self.task.guide(A, y, model), known) if self.prior.moving else None

    def choose(self, section: Section) -> Choice:
        """The noise level and the weight, by an excerpt of the film."""
        level, noise_rule = self.task.sigma(section.frames, self.depth)
        model = given_noise(self.settings)
        if model is None:
            model = noise.Gaussian(level)
        else:
            noise_rule = "given"
        A, y = self.problem(section)
        weight = given_weight(self.settings.weight)
        flow = None if isinstance(weight, float) else self.flow(A, y, model, section.known)
        weighted = weigh(self.prior.spec(flow), (DataTerm(A, y, model),), weight, self.settings.seed)
        variance = model.residual_level(y)
        scale = 0.0 if weighted.weight is None else weighted.weight / variance
        return Choice(variance**0.5, noise_rule, weighted.weight, weighted.rule, scale)

    def restore(
        self,
        section: Section,
        choice: Choice,
        first: int,
        before: Mapping[str, Tensor] | None,
        interrupt: StopRule,
        bar: FilmBar,
    ) -> tuple[Tensor, Problem, Result]:
        """The restored frames, on the CPU, and how it went.

        ``first`` is the number of the section's first frame, ``before`` what the window before ended with.
        """
        given = given_noise(self.settings)
        model = given or noise.Gaussian(choice.sigma)
        A, y = self.problem(section)
        prior = self.prior.spec(self.flow(A, y, model, section.known), first, before).weighted(choice.scale)
        problem = Problem(A, y, noise=model, prior=prior)
        recipe = choose(problem)
        stop = _looser(recipe.stop)
        if self.settings.iterations is not None:
            stop = at_most(stop, self.settings.iterations)
        bar.solving(stop)
        seed = self.settings.seed
        result = solve(problem, recipe.solver, stop=stop | interrupt, callbacks=[bar.iteration], seed=seed)
        x = self.task.finish(result.x.cpu(), section.frames, section.known, given is not None)
        return x, problem, result


def _looser(stop: StopRule) -> StopRule:
    return AnyOf(tuple(RelativeGap(GAP) if isinstance(rule, RelativeGap) else rule for rule in stop.rules))
